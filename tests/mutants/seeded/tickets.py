"""Bugs of transfers: old codes that still admit, and tickets that move when they must not."""

from tests.mutants.seeded.mutant import Mutant

_OWNERSHIP = "chalicelib/domain/tickets/transfers.py"
_TRANSFERS = "tests/portals/webapp/test_transfers.py"
_GIFTS = "tests/portals/webapp/test_gifts.py"
_REFUNDS = "tests/portals/webapp/test_refund_requests.py"
_OVERTAKEN = "tests/domain/test_overtaken.py"

MUTANTS = (
    Mutant(
        name="old-credential-kept",
        bug="the code of the one who gave a ticket away still opens",
        file=_OWNERSHIP,
        before="        *states.renewing(),\n",
        after="",
        tests=(f"{_TRANSFERS}::test_the_old_code_is_stale_at_once_and_the_new_one_opens",),
    ),
    Mutant(
        name="senders-card-keeps-the-ticket",
        bug="the card of the one who gave a ticket away still lists it",
        file=_OWNERSHIP,
        before="        *rebound,\n",
        after="",
        tests=(f"{_TRANSFERS}::test_the_senders_card_lets_go_of_the_ticket_and_the_recipients_takes_it",),
    ),
    Mutant(
        name="scanned-ticket-moves",
        bug="a ticket that is in is given away",
        file=_OWNERSHIP,
        before="fit = fit & (passage.does_not_exist() if known is None else passage.exists())",
        after="fit = fit & Ticket.pk.exists()",
        tests=(f"{_OVERTAKEN}::test_a_ticket_that_something_happened_to_since_it_was_read_does_not_move",),
    ),
    Mutant(
        name="ticket-moves-twice",
        bug="a ticket that two are given at once ends with the second",
        file=_OWNERSHIP,
        before=(
            "        (Ticket.credential, ticket.credential),\n"
            "        (Ticket.customer_id, ticket.customer_id),\n"
            "        (Ticket.pledge, ticket.pledge),\n"
        ),
        after="        (Ticket.pledge, ticket.pledge),\n",
        tests=(f"{_OVERTAKEN}::test_a_ticket_that_something_happened_to_since_it_was_read_does_not_move",),
    ),
    Mutant(
        name="pledge-since-the-look-ignored",
        bug="a ticket that was pledged since it was read moves all the same",
        file=_OWNERSHIP,
        before="        (Ticket.pledge, ticket.pledge),\n        (Ticket.card_uid, ticket.card_uid),\n",
        after="        (Ticket.card_uid, ticket.card_uid),\n",
        tests=(f"{_OVERTAKEN}::test_a_ticket_that_something_happened_to_since_it_was_read_does_not_move",),
    ),
    Mutant(
        name="pledged-ticket-transferred",
        bug="a ticket that waits as a gift is transferred to somebody else",
        file="chalicelib/domain/events/deeds.py",
        before="Deed.TRANSFER: {**_GONE, TicketState.GIFTED: _GIFTED, TicketState.RETURNING: _RETURNING},",
        after="Deed.TRANSFER: _GONE,",
        tests=(f"{_GIFTS}::test_a_pledged_ticket_goes_nowhere_else",),
    ),
    Mutant(
        name="claimed-gift-waits-on",
        bug="a gift that was claimed may be claimed again",
        file="chalicelib/domain/tickets/gifts.py",
        before="    return [operations.remove(waiting.place, Gift.pk.exists()), ",
        after="    return [",
        tests=(f"{_GIFTS}::test_a_gift_waits_with_its_giver_until_its_number_registers",),
    ),
    Mutant(
        name="gift-ends-twice",
        bug="a gift that was taken back is closed by a claim that had found it waiting",
        file="chalicelib/domain/tickets/gifts.py",
        before="operations.remove(waiting.place, Gift.pk.exists())",
        after="operations.remove(waiting.place)",
        tests=(f"{_OVERTAKEN}::test_a_gift_that_was_taken_back_before_its_claim_stays_cancelled",),
    ),
    Mutant(
        name="gift-misses-a-registration",
        bug="a gift that is given while its number registers waits for ever",
        file="chalicelib/domain/tickets/gifts.py",
        before="operations.check(login, Login.pk.does_not_exist())",
        after="operations.check(login, Login.pk.does_not_exist() | Login.pk.exists())",
        tests=(f"{_OVERTAKEN}::test_a_gift_whose_number_registers_at_the_same_moment_moves_at_once",),
    ),
    Mutant(
        name="refund-deadline-ignored",
        bug="a ticket is given back after its event's deadline",
        file="chalicelib/domain/tickets/refund_requests.py",
        before="if last is not None and is_past(last):\n",
        after="if last is not None and is_past(event.ends_at):\n",
        tests=(f"{_REFUNDS}::test_a_ticket_is_given_back_until_a_day_before_the_start",),
    ),
)
