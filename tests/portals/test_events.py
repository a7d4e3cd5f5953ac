"""What an usher sees of events, cards and the people behind them."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.table.items import Event
from chalicelib.vocabulary.access import UsherRole
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import event_states
from tests.support.client import call
from tests.support.factories import make_card, make_event, make_ticket, make_usher, scan_id, usher_token

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOBODYS_UID = "04AABBCCDDEEFF"


@pytest.fixture
def event() -> Event:
    return make_event()


@pytest.fixture
def token(event: Event) -> str:
    return usher_token(event)


def test_an_usher_lists_the_events_that_they_are_assigned_to_and_no_others(event: Event, token: str) -> None:
    other = make_event(title="Other")
    answer = call("GET", "/api/usher/events/", token=token).json
    assert [one["id"] for one in answer["results"]] == [event.event_id]
    assert (answer["count"], answer["next"]) == (1, None)
    assert call("GET", f"/api/usher/events/{event.event_id}/", token=token).json == answer["results"][0]
    refused = call("GET", f"/api/usher/events/{other.event_id}/", token=token)
    assert (refused.status, refused.code) == (403, "NOT_ASSIGNED")


def test_gates_open_three_hours_before_the_start_where_the_event_does_not_say(event: Event, token: str) -> None:
    shown = call("GET", f"/api/usher/events/{event.event_id}/", token=token).json
    assert shown["scanning_opens_at"] == clock.to_text(event.starts_at - timedelta(hours=3))
    assert shown["scanning_closes_at"] == shown["ends_at"]
    assert shown["gates"] == ["Gate 1"]


def test_an_assignment_is_told_with_its_role_and_whether_scanning_goes_on(event: Event) -> None:
    desk = (UsherRole.LEAVE_DESK, UsherRole.USHERING)
    token = usher_token(event, make_usher(event, roles=desk))
    path = f"/api/usher/events/{event.event_id}/validate-assignment/"
    assert call("POST", path, {}, token=token).json == {"assigned": True, "role": "ushering", "scanning_enabled": True}
    event_states.store(event.event_id, scanning_enabled=False)
    assert call("POST", path, {}, token=token).json["scanning_enabled"] is False
    other = make_event(title="Other")
    elsewhere = call("POST", f"/api/usher/events/{other.event_id}/validate-assignment/", {}, token=token).json
    assert elsewhere == {"assigned": False, "role": None, "scanning_enabled": False}
    assert call("POST", "/api/usher/events/evt_nothing/validate-assignment/", {}, token=token).status == 404


@pytest.mark.parametrize(
    ("status", "minutes", "active"),
    [
        (EventStatus.PUBLISHED, 0, True),
        (EventStatus.LIVE, 0, True),
        (EventStatus.DRAFT, 0, False),
        (EventStatus.CANCELLED, 0, False),
        (EventStatus.PUBLISHED, -181, False),
        (EventStatus.PUBLISHED, -180, True),
        (EventStatus.PUBLISHED, 360, False),
    ],
)
def test_an_event_is_active_in_its_window(status: EventStatus, minutes: int, active: bool) -> None:
    event = make_event(status=status)
    with clock.set_to(event.starts_at + timedelta(minutes=minutes)):
        token = usher_token(event)
        answer = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token).json
    assert answer["active"] is active
    assert (answer["admitted"], answer["inside"], answer["on_leave"], answer["last_scan_at"]) == (0, 0, 0, None)


def test_tickets_sold_are_counted_as_they_are_issued(event: Event, token: str) -> None:
    for _ in range(3):
        make_ticket(event)
    assert call("GET", f"/api/usher/events/{event.event_id}/status/", token=token).json["tickets_sold"] == 3


def test_a_card_is_shown_by_either_of_its_names(event: Event, token: str) -> None:
    card = make_card(make_ticket(event), card_type=CardType.SECURE)
    shown = call("GET", f"/api/usher/scan/card/{card.card_id}/", token=token).json
    assert (shown["id"], shown["uid"], shown["type"], shown["status"], shown["has_ticket"]) == (
        card.card_id,
        card.uid,
        "secure",
        "active",
        True,
    )
    assert call("GET", f"/api/usher/scan/card/{card.uid.lower()}/", token=token).json == shown


def test_a_ticket_of_another_event_is_no_ticket_here(token: str) -> None:
    card = make_card(make_ticket(make_event(title="Other"), name="Somebody Else"))
    shown = call("GET", f"/api/usher/scan/card/{card.uid}/", token=token)
    attendee = call("GET", f"/api/usher/scan/attendee/{card.uid}/", token=token)
    assert (shown.status, attendee.status) == (404, 404)
    assert "Somebody" not in shown.text + attendee.text
    # Presented here, it is a card of this event, still without a ticket.
    call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "card_id": card.uid}, token=token)
    assert call("GET", f"/api/usher/scan/card/{card.uid}/", token=token).json["has_ticket"] is False


def test_an_unknown_card_is_told_as_such(token: str) -> None:
    verified = call("POST", "/api/usher/scan/verify-card/", {"card_id": NOBODYS_UID}, token=token).json
    assert verified == {"known": False, "usable": False, "status": "unknown", "reason": None}
    assert call("GET", f"/api/usher/scan/card/{NOBODYS_UID}/", token=token).status == 404
    assert call("GET", f"/api/usher/scan/attendee/{NOBODYS_UID}/", token=token).status == 404
    preview = call("POST", f"/api/usher/scan/card/{NOBODYS_UID}/validate/", {}, token=token).json
    assert (preview["result"], preview["attendee"]) == ("not_found", None)


def test_an_attendee_elsewhere_is_not_shown(event: Event, token: str) -> None:
    other = make_event(title="Other")
    card = make_card(make_ticket(event), make_ticket(other))
    answer = call("GET", f"/api/usher/scan/attendee/{card.uid}/event/{other.event_id}/", token=token)
    assert (answer.status, answer.code) == (403, "NOT_ASSIGNED")
    body = {"event_id": other.event_id}
    assert call("POST", f"/api/usher/scan/card/{card.uid}/validate/", body, token=token).code == "NOT_ASSIGNED"


def test_an_attendee_before_and_after_their_scan(event: Event, token: str) -> None:
    card = make_card(make_ticket(event, name="Zoë Müller"), make_ticket(event, name="A Child"))
    path = f"/api/usher/scan/attendee/{card.uid}/"
    before = call("GET", path, token=token).json
    assert (before["name"], before["scan_status"], before["scanned_at"]) == ("Zoë Müller", "not_scanned", None)
    assert (before["children"], [one["name"] for one in before["more"]]) == ([], ["A Child"])
    scanned = call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "card_id": card.uid}, token=token).json
    after = call("GET", path, token=token).json
    assert (after["scan_status"], after["scanned_at"]) == ("previously_scanned", scanned["decided_at"])


@pytest.mark.parametrize("status", [TicketStatus.RESERVED, TicketStatus.CANCELLED, TicketStatus.REFUNDED])
def test_a_ticket_that_may_not_pass_is_shown_as_invalid(status: TicketStatus, event: Event, token: str) -> None:
    card = make_card(make_ticket(event, status=status))
    assert call("GET", f"/api/usher/scan/attendee/{card.uid}/", token=token).json["ticket_status"] == "invalid"


@pytest.mark.parametrize("status", [CardStatus.BLOCKED, CardStatus.REPLACED])
def test_a_preview_of_a_card_that_is_out_of_use_says_why(status: CardStatus, event: Event, token: str) -> None:
    card = make_card(make_ticket(event), status=status)
    preview = call("POST", f"/api/usher/scan/card/{card.uid}/validate/", {}, token=token).json
    reason = "card_blocked" if status is CardStatus.BLOCKED else "card_not_active"
    assert (preview["result"], preview["reason"]) == ("invalid", reason)
