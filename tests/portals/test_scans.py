"""Every answer of the gate, through the usher's portal, with its entry in the log and its effect on the totals."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import asdict

from chalicelib import clock
from chalicelib.domain.access import lock_outs
from chalicelib.domain.cards import cards
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table.items import Event, Ticket
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import event_states, marked, scanned_forms, secure_cards
from tests.support.client import Answer, call
from tests.support.factories import (
    make_card,
    make_event,
    make_ticket,
    scan_id,
    usher_token,
)
from tests.support.later import later
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
Shown = dict[str, Any]
QR_FORMS: dict[str, scanned_forms.Form] = {**scanned_forms.CODES, **scanned_forms.KEYBOARDS}


def scan(token: str, **shown: Any) -> Answer:
    return call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **shown}, token=token)


def of_another_event(event: Event) -> Shown:
    return {"ticket_id": make_ticket(make_event(title=f"not {event.title}")).ticket_id}


def with_status(status: TicketStatus) -> Callable[[Event], Shown]:
    return lambda event: {"ticket_id": make_ticket(event, status=status).ticket_id}


def by_card(status: CardStatus) -> Callable[[Event], Shown]:
    return lambda event: {"card_id": make_card(make_ticket(event), status=status).uid}


def before_opening(event: Event) -> Shown:
    ticket = make_ticket(event)
    event_states.store(event.event_id, scanning_opens_at=clock.now() + timedelta(minutes=5))
    return {"ticket_id": ticket.ticket_id}


def after_its_end(event: Event) -> Shown:
    event_states.put_into(event.event_id, EventStatus.ENDED)
    return {"ticket_id": make_ticket(event).ticket_id}


def stopped(event: Event) -> Shown:
    event_states.store(event.event_id, scanning_enabled=False)
    return {"ticket_id": make_ticket(event).ticket_id}


def forged(event: Event) -> Shown:
    code = tickets.code(make_ticket(event))
    return {"qr": code[:-1] + ("0" if code[-1] != "0" else "1")}


def outdated(event: Event) -> Shown:
    ticket = make_ticket(event)
    code = tickets.code(ticket)
    marked.renew_credential(ticket.ticket_id)
    return {"qr": code}


def leaving_unentered(event: Event) -> Shown:
    return {"ticket_id": make_ticket(event).ticket_id, "direction": "exit"}


def cloned(event: Event) -> Shown:
    return {"card_id": make_card(make_ticket(event), card_type=CardType.SECURE).uid}


REASONS: dict[str, Callable[[Event], Shown]] = {
    "wrong_event": of_another_event,
    "not_paid": with_status(TicketStatus.RESERVED),
    "cancelled": with_status(TicketStatus.CANCELLED),
    "refunded": with_status(TicketStatus.REFUNDED),
    "transferred": with_status(TicketStatus.TRANSFERRED),
    "card_blocked": by_card(CardStatus.BLOCKED),
    "card_not_active": by_card(CardStatus.HELD),
    "not_yet_open": before_opening,
    "closed": after_its_end,
    "scanning_disabled": stopped,
    "bad_signature": forged,
    "stale_credential": outdated,
    "on_exit_not_inside": leaving_unentered,
    "clone_suspected": cloned,
}


@pytest.mark.parametrize("form", QR_FORMS)
def test_a_code_is_admitted_in_the_form_in_which_a_scanner_sends_it_and_once_in_all_forms(form: str) -> None:
    event = make_event()
    token = usher_token(event)
    ticket = make_ticket(event)
    code = tickets.code(ticket)

    first = scan(token, qr=QR_FORMS[form](code)).json
    again = scan(token, qr=code).json

    assert (first["result"], first["ticket"]["id"]) == ("valid", ticket.ticket_id)
    assert again["result"] == "already_scanned"


@pytest.mark.parametrize("reason", REASONS)
def test_a_refused_scan_says_why_is_logged_and_admits_nobody(reason: str) -> None:
    event = make_event()
    token = usher_token(event)
    shown = REASONS[reason](event)
    lock_outs.forget()
    stream = StreamReader()
    answer = scan(token, **shown).json
    assert (answer["result"], answer["reason"]) == ("invalid", reason)
    stream.drain()
    logged = call("GET", f"/api/usher/scan/logs/{answer['log_id']}/", token=token).json
    assert (logged["result"], logged["reason"], logged["scan_id"]) == ("invalid", reason, answer["scan_id"])
    status = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token).json
    assert (status["admitted"], status["inside"]) == (0, 0)
    if "ticket_id" in shown and reason != "wrong_event":
        assert tickets.get(shown["ticket_id"]).admission is None


def test_a_ticket_of_another_event_reveals_nobody() -> None:
    event = make_event()
    answer = scan(usher_token(event), **of_another_event(event)).json
    assert (answer["attendee"], answer["ticket"]) == (None, None)


@pytest.mark.parametrize("shown", [{"card_id": "04AABBCCDDEEFF"}, {"ticket_id": "tkt_01JUNKNOWN00000000000000000"}])
def test_what_nobody_knows_is_not_found_and_logged(shown: Shown) -> None:
    token = usher_token(make_event())
    answer = scan(token, **shown).json
    assert (answer["result"], answer["reason"], answer["attendee"]) == ("not_found", None, None)
    StreamReader().drain()
    assert call("GET", f"/api/usher/scan/logs/{answer['log_id']}/", token=token).status == 200


def test_a_scan_refused_before_opening_keeps_its_answer_and_a_new_scan_is_admitted() -> None:
    now = clock.now()
    event = make_event(scanning_opens_at=now + timedelta(minutes=5))
    token, ticket, early = usher_token(event), make_ticket(event), scan_id()
    body = {"scan_id": early, "ticket_id": ticket.ticket_id}
    first = call("POST", "/api/usher/scan/result/", body, token=token).json
    assert first["reason"] == "not_yet_open"
    with clock.set_to(now + timedelta(minutes=6)):
        again = call("POST", "/api/usher/scan/result/", body, token=token).json
        fresh = scan(token, ticket_id=ticket.ticket_id).json
    assert again == first
    assert fresh["result"] == "valid"


def test_an_event_keeps_count_of_who_left_and_who_came_back() -> None:
    event = make_event(re_entry_allowed=True)
    token, stream = usher_token(event), StreamReader()
    ticket = make_ticket(event)

    def counts() -> tuple[int, int, int]:
        stream.drain()
        status = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token).json
        return status["admitted"], status["inside"], status["on_leave"]

    assert scan(token, ticket_id=ticket.ticket_id).json["result"] == "valid"
    assert counts() == (1, 1, 0)
    assert scan(token, ticket_id=ticket.ticket_id, direction="exit").json["result"] == "valid"
    assert counts() == (1, 0, 1)
    assert scan(token, ticket_id=ticket.ticket_id).json["result"] == "valid"
    assert counts() == (1, 1, 0)
    assert scan(token, ticket_id=ticket.ticket_id).json["result"] == "already_scanned"


def test_a_scan_by_card_id_and_by_uid_in_any_spelling_is_the_same_card() -> None:
    event = make_event()
    card = make_card(make_ticket(event))
    token = usher_token(event)
    assert scan(token, card_id=card.card_id).json["result"] == "valid"
    spelled = ":".join(card.uid[i : i + 2] for i in range(0, len(card.uid), 2)).lower()
    with later():
        assert scan(token, card_id=spelled).json["result"] == "already_scanned"


def test_a_preview_tells_what_a_scan_would_and_changes_nothing() -> None:
    event = make_event()
    ticket = make_ticket(event)
    card, token = make_card(ticket), usher_token(event)
    path = f"/api/usher/scan/card/{card.uid}/validate/"
    assert call("POST", path, {}, token=token).json["result"] == "valid"
    assert tickets.get(ticket.ticket_id).admission is None
    assert scan(token, card_id=card.uid).json["result"] == "valid"
    at_once = call("POST", path, {"event_id": event.event_id}, token=token).json
    with later():
        shown = call("POST", path, {"event_id": event.event_id}, token=token).json
    assert (at_once["result"], at_once["repeat"]) == ("valid", True)
    assert (shown["result"], shown["repeat"], shown["first_scan"]["gate"]) == ("already_scanned", False, None)


def make_family_ticket(event: Event, name: str, *, customer_id: str | None, dependent_id: str | None) -> Ticket:
    holder = Holder(name=name, customer_id=customer_id, dependent_id=dependent_id)
    return tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number=uuid.uuid4().hex[:8], tier="VIP"))


def test_an_attendee_is_shown_with_the_children_where_the_event_has_them_and_with_the_cards_other_tickets() -> None:
    for children_enabled in (True, False):
        event = make_event(children_enabled=children_enabled)
        holder = make_family_ticket(event, "Bilal Ahmed", customer_id="cus_1", dependent_id=None)
        child = make_family_ticket(event, "Sara Ahmed", customer_id="cus_1", dependent_id="dpd_1")
        guest = make_family_ticket(event, "Zoë Müller", customer_id="cus_1", dependent_id=None)
        other = make_family_ticket(event, "Omar Khan", customer_id="cus_2", dependent_id="dpd_2")
        card, token = make_card(holder, child, guest, other), usher_token(event)
        scan(token, card_id=card.uid)
        for path in (
            f"/api/usher/scan/attendee/{card.uid}/",
            f"/api/usher/scan/attendee/{card.card_id}/event/{event.event_id}/",
        ):
            shown = call("GET", path, token=token).json
            assert (shown["name"], shown["ticket_status"], shown["scan_status"]) == (
                "Bilal Ahmed",
                "valid",
                "previously_scanned",
            )
            children = [{"name": "Sara Ahmed", "ticket_id": child.ticket_id, "scan_status": "not_scanned"}]
            assert shown["children"] == (children if children_enabled else [])
            # Each ticket once, and no more of the people than the gate needs.
            expected = [guest, other] if children_enabled else [child, guest, other]
            assert shown["more"] == [
                {"ticket_id": t.ticket_id, "name": t.holder_name, "tier": "VIP", "scan_status": "not_scanned"}
                for t in expected
            ]


@pytest.mark.parametrize(
    ("status", "usable", "reason"),
    [
        (CardStatus.ACTIVE, True, None),
        (CardStatus.STOCK, False, "card_not_active"),
        (CardStatus.LOST, False, "card_blocked"),
    ],
)
def test_a_card_is_verified_by_its_status(status: CardStatus, usable: bool, reason: str | None) -> None:
    card = make_card(status=status)
    token = usher_token(make_event())
    answer = call("POST", "/api/usher/scan/verify-card/", {"card_id": card.uid}, token=token).json
    assert answer == {"known": True, "usable": usable, "status": status.value, "reason": reason}


def test_a_name_that_is_no_cards_is_a_bad_request() -> None:
    token = usher_token(make_event())
    for name in ("not a uid!", "0011223344", "crd_nothing00"):
        answer = call("POST", "/api/usher/scan/verify-card/", {"card_id": name}, token=token)
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), name


class TestSecureCards:
    """NTAG 424 DNA: each tap's message is good once, and only with the card's own UID."""

    @pytest.fixture
    def event(self) -> Event:
        return make_event()

    @staticmethod
    def message(uid: str, counter: int) -> dict[str, str]:
        message = secure_cards.message(uid, counter)
        return asdict(message)

    def test_a_fresh_message_is_admitted_and_its_repeat_is_a_clone(self, event: Event) -> None:
        card, token = make_card(make_ticket(event), make_ticket(event), card_type=CardType.SECURE), usher_token(event)
        body = {"scan_id": scan_id(), "card_id": card.uid, "sun": self.message(card.uid, 5)}
        first = call("POST", "/api/usher/scan/result/", body, token=token).json
        assert first["result"] == "valid"
        assert call("POST", "/api/usher/scan/result/", body, token=token).json == first
        replay = scan(token, card_id=card.uid, sun=self.message(card.uid, 5)).json
        assert (replay["result"], replay["reason"]) == ("invalid", "clone_suspected")
        assert scan(token, sun=self.message(card.uid, 6)).json["result"] == "valid"
        found = cards.find(card.uid)
        assert found is not None
        assert found.sun_counter == 6

    def test_a_message_with_a_flipped_bit_is_a_clone_and_spends_nothing(self, event: Event) -> None:
        card, token = make_card(make_ticket(event), card_type=CardType.SECURE), usher_token(event)
        message = self.message(card.uid, 5)
        for part in message:
            flipped = f"{int(message[part], 16) ^ 1:0{len(message[part])}X}"
            answer = scan(token, card_id=card.uid, sun={**message, part: flipped}).json
            assert answer["reason"] == "clone_suspected", part
        assert scan(token, card_id=card.uid, sun=message).json["result"] == "valid"

    def test_another_cards_message_is_a_clone(self, event: Event) -> None:
        card, token = make_card(make_ticket(event), card_type=CardType.SECURE), usher_token(event)
        other = make_card(card_type=CardType.SECURE)
        assert scan(token, card_id=card.uid, sun=self.message(other.uid, 9)).json["reason"] == "clone_suspected"
