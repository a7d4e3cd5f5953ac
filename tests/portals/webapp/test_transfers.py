"""The transfer of a ticket to another customer: immediate, once, and complete."""

import uuid
from typing import Any

import pytest

from chalicelib.domain.cards import bindings
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys
from chalicelib.table.items import Account, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import Evening, ask, card_of, forget_answers, listed, opened_by, raw_ticket
from tests.support import card_states, marked
from tests.support.client import Answer
from tests.support.closing import close_account
from tests.support.codes import texts
from tests.support.factories import make_customer
from tests.support.later import later

pytestmark = pytest.mark.usefixtures("moto_cloud")


def transfer(sender: Account, ticket: Ticket, to: str | None, *, key: str | None = None, **more: Any) -> Answer:
    return ask(sender, "POST", f"{ticket.ticket_id}/transfer/", {"mobile_number": to, **more}, key=key)


def test_a_transferred_ticket_is_the_recipients_alone(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    answer = transfer(ayesha, ticket, bilal.mobile_number, message="Enjoy!")
    assert (answer.status, answer.json) == (
        200,
        {"ticket_id": ticket.ticket_id, "status": "transferred", "mobile_number": bilal.mobile_number},
    )
    assert listed(ayesha) == []
    assert listed(bilal) == [ticket.ticket_id]
    for path in ("", "qr-code/"):
        assert ask(ayesha, "GET", f"{ticket.ticket_id}/{path}").status == 404
    shown = ask(bilal, "GET", f"{ticket.ticket_id}/").json
    assert (shown["status"], shown["holder"]) == ("valid", {"name": "Bilal Ahmed", "dependent_id": None})
    moved = tickets.get(ticket.ticket_id)
    assert (moved.customer_id, moved.credential) == (bilal.account_id, ticket.credential + 1)
    assert (moved.gsi1pk, moved.gsi1sk) == keys.gate.attendee(ticket.event_id, "Bilal Ahmed", ticket.ticket_id)
    # The stream's worker tells both (tests/domain/customer_notices).
    assert texts() == []
    assert shown["message"] == tickets.get(ticket.ticket_id).message == "Enjoy!"


def test_the_old_code_is_stale_at_once_and_the_new_one_opens(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    old = ask(ayesha, "GET", f"{ticket.ticket_id}/qr-code/").json["payload"]
    transfer(ayesha, ticket, bilal.mobile_number)
    assert evening.scan(qr=old) == ("invalid", "stale_credential")
    new = ask(bilal, "GET", f"{ticket.ticket_id}/qr-code/").json["payload"]
    assert evening.scan(qr=new) == ("valid", None)
    assert ask(bilal, "GET", f"{ticket.ticket_id}/").json["status"] == "used"


def test_the_senders_card_lets_go_of_the_ticket_and_the_recipients_takes_it(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    hers, his = card_of(ayesha, "04AA0000000001"), card_of(bilal, "04BB0000000001")
    kept, given = evening.sell(ayesha), evening.sell(ayesha)
    assert opened_by(hers) == {evening.event.event_id: [kept.ticket_id, given.ticket_id]}
    transfer(ayesha, given, bilal.mobile_number)
    assert opened_by(hers) == {evening.event.event_id: [kept.ticket_id]}
    assert opened_by(his) == {evening.event.event_id: [given.ticket_id]}
    assert ask(bilal, "GET", f"{given.ticket_id}/").json["card_id"] == his.card_id
    assert evening.scan(card_id=his.uid) == ("valid", None)
    assert evening.scan(card_id=hers.uid)[0] == "valid"
    with later():
        assert evening.scan(card_id=hers.uid)[0] == "already_scanned"


def test_a_card_that_opened_only_this_ticket_opens_nothing_more(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    hers = card_of(ayesha, "04AA0000000001")
    transfer(ayesha, evening.sell(ayesha), bilal.mobile_number)
    assert opened_by(hers) == {}
    assert evening.scan(card_id=hers.uid) == ("not_found", None)


def test_a_card_that_was_bound_by_hand_lets_go_as_well(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    hers = card_of(ayesha, "04AA0000000001")
    card_states.let_open(hers.uid, event_id=ticket.event_id, ticket_ids=[ticket.ticket_id])
    transfer(ayesha, ticket, bilal.mobile_number)
    assert opened_by(hers) == {}


def test_a_card_still_listing_a_ticket_that_is_anothers_does_not_open_it(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    hers = card_of(ayesha, "04AA0000000001")
    ticket = evening.sell(ayesha)
    transfer(ayesha, ticket, bilal.mobile_number)
    # What a gate read before the transfer, and still holds.
    card_states.let_open(hers.uid, event_id=ticket.event_id, ticket_ids=[ticket.ticket_id])
    assert evening.scan(card_id=hers.uid) == ("not_found", None)
    assert tickets.get(ticket.ticket_id).admission is None


@pytest.mark.parametrize("status", [CardStatus.BLOCKED, CardStatus.HELD])
def test_a_card_that_is_not_active_takes_no_ticket(
    evening: Evening, ayesha: Account, bilal: Account, status: CardStatus
) -> None:
    his = card_of(bilal, "04BB0000000001", status)
    ticket = evening.sell(ayesha)
    assert transfer(ayesha, ticket, bilal.mobile_number).status == 200
    assert opened_by(his) == {}
    assert tickets.get(ticket.ticket_id).card_uid is None


def test_a_full_card_takes_no_more_and_the_ticket_moves_all_the_same(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    his = card_of(bilal, "04BB0000000001")
    full = [f"tkt_{n}" for n in range(bindings.MAX_TICKETS_PER_EVENT)]
    card_states.let_open(his.uid, event_id=evening.event.event_id, ticket_ids=full)
    ticket = evening.sell(ayesha)
    assert transfer(ayesha, ticket, bilal.mobile_number).status == 200
    assert opened_by(his) == {evening.event.event_id: full}
    assert listed(bilal) == [ticket.ticket_id]


def test_a_scanned_ticket_stays(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    assert evening.scan(ticket_id=ticket.ticket_id) == ("valid", None)
    before = raw_ticket(ticket.ticket_id)
    answer = transfer(ayesha, ticket, bilal.mobile_number)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    assert raw_ticket(ticket.ticket_id) == before
    assert texts() == []


def test_a_ticket_that_was_refused_once_stays_contested_with_its_new_owner(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    ticket = evening.sell(ayesha)
    stale = tickets.code(ticket)
    marked.renew_credential(ticket.ticket_id)
    assert evening.scan(qr=stale) == ("invalid", "stale_credential")
    assert transfer(ayesha, ticket, bilal.mobile_number).status == 200
    moved = tickets.get(ticket.ticket_id)
    assert moved.contested
    assert evening.scan(qr=tickets.code(moved)) == ("valid", None)


@pytest.mark.parametrize("status", [TicketStatus.CANCELLED, TicketStatus.REFUNDED])
def test_a_dead_ticket_goes_nowhere(evening: Evening, ayesha: Account, bilal: Account, status: TicketStatus) -> None:
    ticket = evening.sell(ayesha)
    tickets.set_status(ticket.ticket_id, status)
    assert transfer(ayesha, ticket, bilal.mobile_number).code == "INVALID_STATE"


def test_an_unknown_or_closed_number_gets_no_ticket_but_the_hint_to_gift_it(evening: Evening, ayesha: Account) -> None:
    ticket = evening.sell(ayesha)
    gone = make_customer()
    close_account(gone.account_id)
    answers = [transfer(ayesha, ticket, number) for number in ("+923004444444", gone.mobile_number)]
    assert [answer.status for answer in answers] == [404, 404]
    assert answers[0].json["error"]["message"] == answers[1].json["error"]["message"]
    assert "Gift" in answers[0].json["error"]["message"]
    assert listed(ayesha) == [ticket.ticket_id]


def test_nobody_transfers_to_oneself(evening: Evening, ayesha: Account) -> None:
    assert transfer(ayesha, evening.sell(ayesha), ayesha.mobile_number).status == 409


def test_nobody_transfers_anothers_ticket(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    assert transfer(bilal, ticket, bilal.mobile_number).status == 404
    assert listed(ayesha) == [ticket.ticket_id]


@pytest.mark.usefixtures("one_window")
def test_numbers_cannot_be_tried_one_after_the_other(evening: Evening, ayesha: Account, bilal: Account) -> None:
    ticket = evening.sell(ayesha)
    answers = [transfer(ayesha, ticket, f"+9230044444{n:02}") for n in range(20)]
    assert {answer.status for answer in answers} == {404}
    limited = transfer(ayesha, ticket, bilal.mobile_number)
    assert (limited.status, limited.code) == (429, "RATE_LIMITED")
    assert int(limited.headers["retry-after"]) > 0
    gifted = ask(ayesha, "POST", f"{ticket.ticket_id}/gift/", {"mobile_number": bilal.mobile_number})
    assert gifted.status == 429
    assert listed(ayesha) == [ticket.ticket_id]


def test_the_same_key_gets_the_first_answer_and_another_body_is_a_mismatch(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    ticket, key = evening.sell(ayesha), uuid.uuid4().hex
    first = transfer(ayesha, ticket, bilal.mobile_number, key=key)
    again = transfer(ayesha, ticket, bilal.mobile_number, key=key)
    assert (again.status, again.text, again.headers["idempotent-replayed"]) == (200, first.text, "true")
    assert transfer(ayesha, ticket, "+923004444444", key=key).status == 422
    assert tickets.get(ticket.ticket_id).credential == ticket.credential + 1


def test_a_transfer_whose_key_was_forgotten_is_not_done_again(
    evening: Evening, ayesha: Account, bilal: Account
) -> None:
    ticket, key = evening.sell(ayesha), uuid.uuid4().hex
    first = transfer(ayesha, ticket, bilal.mobile_number, key=key)
    forget_answers()
    assert transfer(ayesha, ticket, bilal.mobile_number, key=key).text == first.text
    forget_answers()
    assert transfer(ayesha, ticket, make_customer().mobile_number, key=key).status == 422
    # Also after a transfer back: the first transfer is closed.
    transfer(bilal, ticket, ayesha.mobile_number)
    forget_answers()
    assert transfer(ayesha, ticket, bilal.mobile_number, key=key).status == 200
    assert listed(ayesha) == [ticket.ticket_id]
