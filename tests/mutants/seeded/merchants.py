"""Bugs of merchants: cards held twice, partly handed over, or paid for twice."""

from tests.mutants.seeded.mutant import Mutant

_ASSIGNMENTS = "chalicelib/domain/merchants/assignments.py"
_HAND_OVER = "chalicelib/domain/merchants/handover.py"
_CARDS = "chalicelib/domain/cards/cards.py"
_DOOR = "tests/portals/merchant/test_assignments.py"

MUTANTS = (
    Mutant(
        name="hold-never-ends",
        bug="a card whose hold is over is no stock to anybody until it is swept",
        file=_CARDS,
        before="card.held_until is not None and card.held_until <= clock.now()",
        after="card.held_until is None",
        tests=(f"{_DOOR}::test_a_card_that_is_held_is_held_once_until_its_time_is_over",),
    ),
    Mutant(
        name="sweep-takes-the-next-hold",
        bug="the sweep of an old assignment takes a card back from whom it is held for by now",
        file="chalicelib/domain/merchants/card_holds.py",
        before=" and card.held_by == assignment.assignment_id:",
        after=":",
        tests=(f"{_DOOR}::test_the_sweep_leaves_a_card_to_whom_it_is_held_for_next",),
    ),
    Mutant(
        name="fee-not-booked",
        bug="a card is handed out and its fee is in no book",
        file=_HAND_OVER,
        before="    if fee:\n        writes += _fee(assignment, fee)\n",
        after="",
        tests=(f"{_DOOR}::test_the_code_makes_the_card_the_customers_and_all_changes_together",),
    ),
    Mutant(
        name="fee-booked-again",
        bug="a customer who has paid the fee at one shop pays it at the next",
        file=_HAND_OVER,
        before="fee = 0 if has_paid else assignment.fee",
        after="fee = assignment.fee",
        tests=(f"{_DOOR}::test_of_two_shops_that_collected_the_fee_the_second_is_told_that_none_was_due",),
    ),
    Mutant(
        name="hand-over-without-its-operation",
        bug="a hand-over whose answer was lost is not known again",
        file=_ASSIGNMENTS,
        before="proof.commit(idempotency.once(operation_id, assignment_id), *transfer.writes)",
        after="proof.commit(*transfer.writes)",
        tests=(f"{_DOOR}::test_a_card_is_handed_over_once_and_the_same_key_is_told_so_again",),
    ),
    Mutant(
        name="anothers-assignment-completed",
        bug="a shop completes another shop's assignment",
        file=_ASSIGNMENTS,
        before="if assignment is None or assignment.merchant_id != merchant_id:",
        after="if assignment is None:",
        tests=(f"{_DOOR}::test_an_assignment_of_another_shop_is_not_found",),
    ),
    Mutant(
        name="anothers-stock-handed-out",
        bug="a shop hands out another shop's card",
        file="chalicelib/domain/merchants/card_holds.py",
        before="not isinstance(card, Card) or card.merchant_id != merchant_id or ",
        after="not isinstance(card, Card) or ",
        tests=(f"{_DOOR}::test_a_card_that_is_not_in_ones_own_stock_is_refused_in_the_same_words",),
    ),
    Mutant(
        name="ticket-on-two-cards",
        bug="a new card opens what another card opens already",
        file="chalicelib/domain/cards/bindings.py",
        before="if not t.card_uid or t.card_uid in given_up]",
        after="if True]",
        tests=(f"{_DOOR}::test_a_ticket_that_another_card_opens_stays_there",),
    ),
    Mutant(
        name="ticket-bound-behind-our-back",
        bug="of two cards that are handed out at once, both open the same ticket",
        file="chalicelib/domain/cards/bindings.py",
        before="(Ticket.status == TicketStatus.VALID) & as_bound\n",
        after="(Ticket.status == TicketStatus.VALID)\n",
        tests=("tests/domain/cards/test_bindings.py",),
    ),
    Mutant(
        name="new-card-stays-frozen",
        bug="the money of a card that was handed out cannot be spent",
        file=_HAND_OVER,
        before="        card_balances.freeze(card.uid, is_frozen=False),\n",
        after="",
        tests=(f"{_DOOR}::test_the_card_has_a_balance_that_pays_from_then_on",),
    ),
    Mutant(
        name="inventory-place-kept",
        bug="a card that was handed out is still listed in stock",
        file=_CARDS,
        before="        actions += Card.in_gsi2(place)\n",
        after="        actions += [Card.gsi2pk.set(card.gsi2pk), Card.gsi2sk.set(card.gsi2sk)]\n",
        tests=("tests/portals/merchant/test_cards.py::test_a_shop_narrows_its_list",),
    ),
    Mutant(
        name="numbers-looked-up-without-end",
        bug="a shop finds out who is a customer, number by number",
        file="chalicelib/domain/merchants/customer_lookup.py",
        before="    count_look_up(merchant_id)\n    account",
        after="    account",
        tests=("tests/portals/merchant/test_recipients.py::test_a_shop_looks_up_thirty_numbers_in_any_minute",),
    ),
    Mutant(
        name="number-taken-from-its-owner",
        bug="a shop that changes its number takes another shop's log-in",
        file="chalicelib/domain/access/accounts.py",
        before="operations.put(login, Login.pk.does_not_exist()),\n        operations.change(",
        after="operations.put(login),\n        operations.change(",
        tests=("tests/portals/merchant/test_mobile_change.py::test_a_number_in_use_is_409_and_nothing_moves",),
    ),
    Mutant(
        name="held-cards-are-gone",
        bug="a shop is told that its cards run out each time one is held and comes back",
        file="chalicelib/domain/merchants/stock_notices.py",
        before="    return totals.stock + totals.held\n",
        after="    return totals.stock\n",
        tests=("tests/portals/merchant/test_notices.py",),
    ),
)
