"""Bugs of states: deeds that an event's state forbids, money that strands, and wishes that are outdated."""

from tests.mutants.seeded.mutant import Mutant

_DEEDS = "chalicelib/domain/events/deeds.py"
_TABLE = "tests/portals/webapp/test_ticket_states.py"
_PRICES = "tests/portals/webapp/test_price_table.py"
_REFUNDS = "tests/portals/webapp/test_refund_requests.py"
_SHOPS = "tests/portals/merchant/test_assignments.py"
_LOST = "tests/portals/webapp/test_lost_cards.py"
_EDITS = "tests/portals/organizer/test_edit_requests.py"

MUTANTS = (
    Mutant(
        name="cancelled-events-ticket-moves",
        bug="a ticket of a cancelled event is given away, and its new owner has nothing",
        file=_DEEDS,
        before="    Deed.TRANSFER: _NOT_GIVEN_AWAY,\n",
        after="    Deed.TRANSFER: {},\n",
        tests=(f"{_TABLE}::test_the_table_has_a_cell_for_each_state_and_deed_and_the_rule_agrees",),
    ),
    Mutant(
        name="moved-event-forgotten",
        bug="a ticket for another evening than was booked cannot be returned",
        file=_DEEDS,
        before="event.moved_at is not None and booked_at < event.moved_at",
        after="event.moved_at is not None and booked_at > event.moved_at",
        tests=(f"{_REFUNDS}::test_a_ticket_of_a_moved_event_may_be_returned_until_it_starts_and_later_ones_as_usual",),
    ),
    Mutant(
        name="charged-for-nothing",
        bug="a customer is charged for an event that was cancelled after the booking",
        file="chalicelib/domain/payments/payments.py",
        before="return deeds.found_anew(Deed.CHECK_OUT, event) if is_late else deeds.found(Deed.CHECK_OUT, event)",
        after="return None",
        tests=(f"{_PRICES}::test_the_sale_asks_the_events_state_at_each_step",),
    ),
    Mutant(
        name="free-seat-waits-for-staff",
        bug="the seat of a free ticket that was returned stays empty",
        file="chalicelib/domain/payments/refunds.py",
        before="        if request.amount == 0:\n            _approve_free(request)\n",
        after="        if request.amount < 0:\n            _approve_free(request)\n",
        tests=(f"{_PRICES}::test_each_price_is_paid_with_each_method_and_comes_back_the_same_way",),
    ),
    Mutant(
        name="lost-cards-money-stays",
        bug="money that is refunded to a lost card stays on it",
        file="chalicelib/domain/cards/balances.py",
        before="    if isinstance(after, CardBalance) and after.frozen and after.amount:\n",
        after="    if isinstance(after, CardBalance) and after.frozen and not after.amount:\n",
        tests=(f"{_LOST}::test_money_that_still_arrives_on_a_lost_card_moves_on_and_both_statements_say_so",),
    ),
    Mutant(
        name="fraud-gets-its-money",
        bug="the balance of a card that staff blocked moves to its customer's next card",
        file="chalicelib/domain/cards/cards.py",
        before="return card.status in _OUT_OF_USE and not card.kept_by_staff",
        after="return card.status in _OUT_OF_USE",
        tests=(f"{_LOST}::test_what_a_card_held_and_what_is_refunded_to_it_follows_its_state",),
    ),
    Mutant(
        name="second-fee-kept-quiet",
        bug="the second of two shops keeps a fee that the customer has paid the first",
        file="chalicelib/domain/merchants/handover.py",
        before="assignment.fee - fee if assignment.fee_collected else 0",
        after="0",
        tests=(f"{_SHOPS}::test_of_two_shops_that_collected_the_fee_the_second_is_told_that_none_was_due",),
    ),
    Mutant(
        name="edit-approved-too-late",
        bug="an event is moved to a time that passed while its request waited",
        file="chalicelib/domain/organizers/edit_requests.py",
        before="        event_edits.require_times(present.event, request.diff)\n",
        after="",
        tests=(f"{_EDITS}::test_what_was_true_when_asked_is_checked_again_when_approved",),
    ),
)
