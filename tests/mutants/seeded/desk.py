"""Bugs at the staff's desk: refunds in two hands, disputes, reconciliation."""

from tests.mutants.seeded.mutant import Mutant

MUTANTS = (
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
        file="chalicelib/domain/payments/reconciliations.py",
        before="    if theirs.currency != ours.currency:\n        return DifferenceKind.OTHER_CURRENCY\n",
        after="    if theirs.minor == ours.minor:\n        return None\n",
        tests=("tests/portals/admin/test_reconciliation.py",),
    ),
)
