"""Refusals: the data that they omit, the states that cause them, and their totals."""

from typing import Any

import pytest

from chalicelib.domain.access import lock_outs
from chalicelib.domain.cards import cards
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import card_states
from tests.support.client import call
from tests.support.factories import make_card, make_event, make_ticket, scan_id, usher_token
from tests.support.later import later
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def scan(token: str, **shown: Any) -> Any:
    return call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **shown}, token=token).json


def test_whatever_names_another_events_attendee_reveals_nobody() -> None:
    token = usher_token(make_event())
    ticket = make_ticket(make_event(title="Other"), name="Somebody Else")
    card = make_card(ticket)
    stream = StreamReader()
    shown = ({"card_id": card.uid}, {"card_id": card.card_id}, {"qr": tickets.code(ticket)}, {"direction": "exit"})
    for one in shown:
        answer = scan(token, **(one if "direction" not in one else {"ticket_id": ticket.ticket_id, **one}))
        assert (answer["reason"], answer["attendee"], answer["ticket"]) == ("wrong_event", None, None), one
        assert "Somebody" not in str(answer)
    preview = call("POST", f"/api/usher/scan/card/{card.uid}/validate/", {}, token=token).json
    assert (preview["reason"], preview["attendee"]) == ("wrong_event", None)
    assert tickets.get(ticket.ticket_id).admission is None
    stream.drain()
    logged = call("GET", "/api/usher/scan/logs/", token=token)
    assert logged.json["count"] == len(shown)
    assert "Somebody" not in logged.text


def test_a_family_card_is_refused_for_its_first_ticket_before_and_after_the_stream_knows_who_was_admitted() -> None:
    event, stream = make_event(), StreamReader()
    first, second = make_ticket(event), make_ticket(event)
    card, token = make_card(first, second), usher_token(event)
    tickets.set_status(first.ticket_id, TicketStatus.CANCELLED)
    assert scan(token, card_id=card.uid)["ticket"]["id"] == second.ticket_id
    with later():
        before = scan(token, card_id=card.uid)
    stream.drain()
    admitted = cards.find(card.uid)
    assert admitted is not None
    assert list(admitted.admitted) == [second.ticket_id]
    with later(2):
        after = scan(token, card_id=card.uid)
    assert [(each["reason"], each["ticket"]["id"]) for each in (before, after)] == [("cancelled", first.ticket_id)] * 2


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (CardStatus.BLOCKED, "card_blocked"),
        (CardStatus.LOST, "card_blocked"),
        (CardStatus.STOCK, "card_not_active"),
        (CardStatus.HELD, "card_not_active"),
        (CardStatus.REPLACED, "card_not_active"),
    ],
)
def test_a_card_out_of_use_admits_nobody_and_its_ticket_still_may_by_code(status: CardStatus, reason: str) -> None:
    event = make_event()
    ticket = make_ticket(event)
    card, token = make_card(ticket), usher_token(event)
    card_states.put_into(card.uid, status)
    assert scan(token, card_id=card.uid)["reason"] == reason
    assert tickets.get(ticket.ticket_id).admission is None
    assert scan(token, qr=tickets.code(ticket))["result"] == "valid"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (EventStatus.DRAFT, "not_yet_open"),
        (EventStatus.ENDED, "closed"),
        (EventStatus.CANCELLED, "closed"),
        (EventStatus.ARCHIVED, "closed"),
        (EventStatus.LIVE, None),
    ],
)
def test_an_events_status_opens_or_closes_its_gates(status: EventStatus, reason: str | None) -> None:
    event = make_event(status=status)
    ticket = make_ticket(event)
    lock_outs.forget()
    answer = scan(usher_token(event), ticket_id=ticket.ticket_id)
    assert (answer["result"], answer["reason"]) == ("invalid" if reason else "valid", reason)
    assert (tickets.get(ticket.ticket_id).admission is None) is (reason is not None)


def test_each_answer_is_totalled_under_its_own_result_and_none_twice() -> None:
    event = make_event()
    token, stream = usher_token(event), StreamReader()
    ticket, once = make_ticket(event), scan_id()
    for _ in range(3):
        body = {"scan_id": once, "ticket_id": ticket.ticket_id}
        assert call("POST", "/api/usher/scan/result/", body, token=token).json["result"] == "valid"
    last = [
        scan(token, **shown)
        for shown in (
            {"ticket_id": ticket.ticket_id},
            {"card_id": "04AABBCCDDEEFF"},
            {"qr": "GH1:NOTHING"},
            {"ticket_id": make_ticket(make_event(title="Other")).ticket_id},
        )
    ][-1]
    stream.drain()
    counted = operations.get(keys.gate.counters(event.event_id))
    assert counted is not None
    names = ("scans", "result_valid", "result_already_scanned", "result_not_found", "result_invalid", "admitted")
    assert [int(getattr(counted, name)) for name in names] == [5, 1, 1, 1, 2, 1]
    status = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token).json
    assert status["last_scan_at"] == last["decided_at"]
