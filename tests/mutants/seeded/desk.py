"""Bugs at the staff's desk: refunds in two hands, disputes, reconciliation."""

from tests.mutants.seeded.mutant import Mutant

MUTANTS = (
    Mutant(
        name="difference-stored-by-day-of-callback",
        bug="a callback that comes again on another day stores a second difference, and alarms again",
        file="chalicelib/domain/payments/differences.py",
        before="        day = move.made_on or clock.now().date()\n",
        after="        day = clock.now().date()\n",
        tests=("tests/portals/admin/test_reconciliation.py",),
    ),
    Mutant(
        name="refund-approved-by-one",
        bug="a refund above the threshold is approved twice by one member of staff",
        file="chalicelib/domain/payments/refund_decisions.py",
        before="    second_person.require_other(asked_by=request.first_approved_by, by=by)\n",
        after="",
        tests=("tests/portals/admin/test_refund_requests.py",),
    ),
    Mutant(
        name="dispute-not-frozen",
        bug="what a dispute may take is not frozen on the event's account",
        file="chalicelib/domain/payments/returns.py",
        before="        frozen += amount if not is_taken and not words & _WON_OR_LOST else 0\n",
        after="",
        tests=("tests/portals/admin/test_disputes.py",),
    ),
    Mutant(
        name="other-currency-reconciled",
        bug="a charge in another currency is taken for the one in the journal",
        file="chalicelib/domain/payments/comparisons.py",
        before="    if theirs.currency != ours.currency:\n        return DifferenceKind.OTHER_CURRENCY\n",
        after="    if theirs.minor == ours.minor:\n        return None\n",
        tests=("tests/portals/admin/test_reconciliation.py",),
    ),
    Mutant(
        name="moved-ticket-not-in-totals",
        bug="a ticket that moved to another category still counts in the sales totals of the old one",
        file="chalicelib/domain/sale/category_moves.py",
        before="            *sales_totals.recategorizing(order, items),\n",
        after="",
        tests=(
            "tests/portals/admin/test_ticket_moves.py::test_a_moved_ticket_counts_in_its_new_category_everywhere_and_its_refund_too",
        ),
    ),
    Mutant(
        name="moved-ticket-counted-twice",
        bug="a ticket that moved before its order was settled counts twice for its customer",
        file="chalicelib/domain/tickets/seats.py",
        before="by = int(is_owner) - int(is_counted_later)",
        after="by = int(is_owner)",
        tests=(
            "tests/portals/admin/test_ticket_moves.py::test_what_a_customer_may_still_book_follows_the_ticket_also_to_its_next_owner",
        ),
    ),
    Mutant(
        name="moved-to-another-price",
        bug="a ticket moves to a category that costs more than was paid",
        file="chalicelib/domain/sale/category_moves.py",
        before="        if other != paid:\n",
        after="        if other.currency != paid.currency:\n",
        tests=(
            "tests/portals/admin/test_ticket_moves.py::test_a_move_is_refused_to_a_category_that_is_sold_out_costs_otherwise_or_is_of_another_event",
        ),
    ),
)
