"""Leaves and returns at events with re-entry, through the usher's portal, with their list, log and totals."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.tickets import tickets
from chalicelib.table.items import Event
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import event_states
from tests.support.client import Answer, call
from tests.support.factories import (
    make_card,
    make_event,
    make_organizer,
    make_reader,
    make_ticket,
    scan_id,
    token_of,
    usher_token,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "/api/usher/scan/part-time-leave/"
NOT_INSIDE = ("invalid", "on_exit_not_inside")
VALID = ("valid", None)


def open_event(**changes: Any) -> Event:
    return make_event(**{"re_entry_allowed": True, **changes})


def scan(token: str, **shown: Any) -> dict[str, Any]:
    answer = call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **shown}, token=token)
    assert answer.status == 200, answer.json
    return dict(answer.json)


def send(token: str, action: str, **shown: Any) -> Answer:
    return call("POST", PATH, {"scan_id": scan_id(), "action": action, **shown}, token=token)


def passes(token: str, action: str, **shown: Any) -> tuple[str, str | None]:
    answer = send(token, action, **shown)
    assert answer.status == 200, answer.json
    return answer.json["result"], answer.json["reason"]


def listed(token: str, query: str = "") -> list[dict[str, Any]]:
    return list(call("GET", f"{PATH}?{query}", token=token).json["results"])


@pytest.mark.parametrize("shown", ["card_id", "ticket_id", "qr"])
def test_an_attendee_leaves_once_and_returns_once_however_the_ticket_is_shown(shown: str) -> None:
    event = open_event()
    token, ticket = usher_token(event), make_ticket(event)
    card = make_card(ticket)
    what = {shown: {"card_id": card.uid, "ticket_id": ticket.ticket_id, "qr": tickets.code(ticket)}[shown]}

    assert passes(token, "leave", **what) == NOT_INSIDE
    assert scan(token, **what)["result"] == "valid"
    assert passes(token, "return", **what) == NOT_INSIDE
    assert passes(token, "leave", **what) == VALID
    assert passes(token, "leave", **what) == NOT_INSIDE
    assert passes(token, "return", **what) == VALID
    assert passes(token, "return", **what) == NOT_INSIDE


def test_a_leave_and_a_return_are_refused_where_the_event_has_no_re_entry() -> None:
    event = open_event(re_entry_allowed=False)
    token, ticket = usher_token(event), make_ticket(event)
    scan(token, ticket_id=ticket.ticket_id)

    assert passes(token, "leave", ticket_id=ticket.ticket_id) == ("invalid", "scanning_disabled")
    scan(token, ticket_id=ticket.ticket_id, direction="exit")
    assert passes(token, "return", ticket_id=ticket.ticket_id) == ("invalid", "scanning_disabled")
    assert listed(token) == []


@pytest.mark.parametrize("re_entry", [False, True])
def test_who_goes_out_is_on_leave_only_where_they_may_come_back(re_entry: bool) -> None:
    organizer, stream = make_organizer(), StreamReader()
    event = open_event(re_entry_allowed=re_entry, organizer_id=organizer.account_id)
    token, family = usher_token(event), [make_ticket(event) for _ in range(2)]
    for ticket in family:
        scan(token, ticket_id=ticket.ticket_id)
    assert scan(token, ticket_id=family[0].ticket_id, direction="exit")["result"] == "valid"
    stream.drain()
    path = f"/api/usher/events/{event.event_id}/status/"
    shown = call("GET", path, token=token).json
    own = call("GET", f"/api/organizer/events/{event.event_id}/", token=token_of(organizer)).json["analytics"]
    assert (shown["admitted"], shown["inside"]) == (own["check_ins"]["admitted"], own["occupancy"]["inside"]) == (2, 1)
    assert shown["on_leave"] == own["check_ins"]["on_leave"] == len(listed(token, "status=open")) == int(re_entry)


def test_a_leave_is_open_after_the_gates_have_closed_and_a_return_is_not() -> None:
    event = open_event()
    token, ticket = usher_token(event), make_ticket(event)
    scan(token, ticket_id=ticket.ticket_id)
    event_states.put_into(event.event_id, EventStatus.ENDED)

    assert passes(token, "leave", ticket_id=ticket.ticket_id) == VALID
    assert passes(token, "return", ticket_id=ticket.ticket_id) == ("invalid", "closed")


def test_the_same_scan_id_leaves_once_and_gets_its_first_answer_also_after_the_return() -> None:
    event = open_event()
    token, ticket = usher_token(event), make_ticket(event)
    scan(token, ticket_id=ticket.ticket_id)
    leave = {"scan_id": scan_id(), "action": "leave", "ticket_id": ticket.ticket_id}

    first = call("POST", PATH, leave, token=token).json
    again = call("POST", PATH, leave, token=token).json
    assert passes(token, "return", ticket_id=ticket.ticket_id) == VALID
    after_the_return = call("POST", PATH, leave, token=token).json

    assert (first["result"], again, after_the_return) == ("valid", first, first)
    assert [leave["status"] for leave in listed(token)] == ["returned"]


@pytest.mark.parametrize("is_entered", [True, False])
def test_the_id_of_a_scan_is_refused_for_a_leave_since_its_answer_would_mislead(is_entered: bool) -> None:
    event = open_event()
    token, ticket = usher_token(event), make_ticket(event)
    direction = "entry" if is_entered else "exit"
    used = scan(token, ticket_id=ticket.ticket_id, direction=direction)["scan_id"]

    answer = send(token, "leave", ticket_id=ticket.ticket_id, scan_id=used)

    assert (answer.status, answer.code) == (422, "IDEMPOTENCY_MISMATCH")
    assert listed(token) == []


def test_leaves_are_logged_counted_and_listed_with_who_let_the_attendee_pass() -> None:
    stream, event = StreamReader(), open_event()
    token, ticket = usher_token(event), make_ticket(event, name="Sana Mir")
    scan(token, ticket_id=ticket.ticket_id, gate="Gate 1")
    left = send(token, "leave", ticket_id=ticket.ticket_id, gate="Gate 1", reason="To the car.").json
    stream.drain()
    status = f"/api/usher/events/{event.event_id}/status/"
    outside = call("GET", status, token=token).json
    (open_leave,) = listed(token, "status=open")

    back = send(token, "return", ticket_id=ticket.ticket_id, gate="Gate 1").json
    stream.drain()
    (closed,) = listed(token, "status=returned")
    log = call("GET", "/api/usher/scan/logs/", token=token).json["results"]

    assert (outside["inside"], outside["on_leave"], outside["admitted"]) == (0, 1, 1)
    assert (open_leave["id"], open_leave["status"], open_leave["reason"]) == (left["log_id"], "open", "To the car.")
    assert (open_leave["attendee_name"], open_leave["left"]["gate"], open_leave["returned"]) == (
        "Sana Mir",
        "Gate 1",
        None,
    )
    assert (closed["id"], closed["reason"], closed["left"]) == (left["log_id"], "To the car.", open_leave["left"])
    assert (closed["returned"]["log_id"], closed["returned"]["usher"]) == (back["log_id"], open_leave["left"]["usher"])
    assert [(entry["kind"], entry["direction"], entry["result"]) for entry in log] == [
        ("return", "entry", "valid"),
        ("leave", "exit", "valid"),
        ("scan", "entry", "valid"),
    ]
    assert listed(token, "status=open") == []
    assert call("GET", status, token=token).json["inside"] == 1


def test_an_exit_by_scan_is_a_leave_too_and_an_entry_by_a_reader_ends_it() -> None:
    event = open_event()
    token, ticket = usher_token(event), make_ticket(event)
    card, reader = make_card(ticket), make_reader(event)
    scan(token, ticket_id=ticket.ticket_id)
    scan(token, ticket_id=ticket.ticket_id, direction="exit")
    (out,) = listed(token, "status=open")

    now = clock.to_text(clock.now())
    taps = {"taps": [{"scan_id": scan_id(), "uid": card.uid, "scanned_at": now}], "device_time": now}
    (back,) = call("POST", "/api/device/taps/", taps, token=reader.token()).json["results"]

    (closed,) = listed(token)
    assert (out["status"], back["result"], closed["status"]) == ("open", "valid", "returned")
    assert (closed["returned"]["device_id"], closed["returned"]["usher"]) == (reader.device_id, None)


def test_the_list_goes_page_by_page_by_card_and_by_ticket_and_shows_one_event_only() -> None:
    event, other = open_event(), open_event()
    token = usher_token(event)
    people = [make_ticket(event) for _ in range(5)]
    card = make_card(people[0], people[1])
    for person in people:
        scan(token, ticket_id=person.ticket_id)
        assert passes(token, "leave", ticket_id=person.ticket_id) == VALID
    assert passes(token, "return", ticket_id=people[4].ticket_id) == VALID
    elsewhere, stranger = usher_token(other), make_ticket(other)
    scan(elsewhere, ticket_id=stranger.ticket_id)
    passes(elsewhere, "leave", ticket_id=stranger.ticket_id)

    seen, cursor = [], ""
    while True:
        page = call("GET", f"{PATH}?status=open&page_size=2{cursor}", token=token).json
        seen += [leave["ticket_id"] for leave in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert seen == [person.ticket_id for person in people[3::-1]]
    assert [leave["ticket_id"] for leave in listed(token, "status=all")] == [p.ticket_id for p in reversed(people)]
    assert [leave["ticket_id"] for leave in listed(token, f"card_id={card.uid}")] == [
        people[1].ticket_id,
        people[0].ticket_id,
    ]
    assert [leave["id"] for leave in listed(token, f"ticket_id={people[4].ticket_id}&status=open")] == []
    assert listed(token, f"ticket_id={stranger.ticket_id}") == []
    assert call("GET", f"{PATH}?status=away", token=token).status == 400


def test_a_leave_names_exactly_one_thing_and_a_ticket_that_is_void_does_not_leave() -> None:
    event = open_event()
    token, ticket = usher_token(event), make_ticket(event)
    scan(token, ticket_id=ticket.ticket_id)
    tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED)

    assert passes(token, "leave", ticket_id=ticket.ticket_id) == ("invalid", "cancelled")
    assert send(token, "leave").status == 400
    assert send(token, "leave", ticket_id=ticket.ticket_id, card_id="04B1B2C3D4E5F6").status == 400
    assert send(token, "stroll", ticket_id=ticket.ticket_id).status == 400
    assert send(token, "leave", ticket_id=ticket.ticket_id, reason="x" * 501).status == 400


def test_a_family_leaves_one_by_one_and_a_leave_is_no_repeat_of_the_one_before() -> None:
    event = open_event()
    token = usher_token(event)
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        family = [make_ticket(event), make_ticket(event)]
        card = make_card(*family)
        for person in family:
            scan(token, ticket_id=person.ticket_id)
        left = [send(token, "leave", card_id=card.uid).json for _ in range(3)]
    assert [answer["result"] for answer in left] == ["valid", "valid", "invalid"]
    assert [answer["ticket"]["id"] for answer in left[:2]] == [person.ticket_id for person in family]


def test_a_late_record_opens_closes_and_undoes_a_leave_in_any_order() -> None:
    event, now = open_event(), clock.now()
    start = now - timedelta(minutes=10)
    token, ticket, stream = usher_token(event), make_ticket(event), StreamReader()

    def sync(minute: int, kind: str = "scan", direction: str = "entry") -> None:
        record = {
            "scan_id": scan_id(),
            "kind": kind,
            "direction": direction,
            "ticket_id": ticket.ticket_id,
            "scanned_at": clock.to_text(start + timedelta(minutes=minute)),
            "offline": {"result": "valid"},
        }
        logs = {"logs": [record], "device_time": clock.to_text(now)}
        with clock.set_to(now):
            answer = call("POST", "/api/usher/sync/logs/", logs, token=token)
        assert answer.status == 200, answer.json
        stream.drain()

    def shown() -> list[tuple[str, bool]]:
        return [(leave["status"], leave["returned"] is not None) for leave in listed(token)]

    sync(0)
    sync(4, "leave")
    assert shown() == [("open", False)]
    sync(6, "return")
    assert shown() == [("returned", True)]
    # Somebody left before: the later exit finds nobody inside, so it is no leave.
    sync(2, direction="exit")
    (only,) = listed(token)
    assert (only["left"]["at"], only["status"]) == (clock.to_text(start + timedelta(minutes=2)), "returned")
    # The bearer came back in between: both exits are leaves, and both are over.
    sync(3, "return")
    assert shown() == [("returned", True)] * 2
    assert listed(token, "status=open") == []


@pytest.mark.parametrize(
    ("moves", "kept", "answered", "presence"),
    [
        ({10: "entry", 30: "exit"}, (20, "scan", "entry"), ("already_scanned", None), "outside"),
        ({10: "entry", 30: "exit"}, (20, "return", "entry"), NOT_INSIDE, "outside"),
        ({10: "entry"}, (5, "scan", "exit"), NOT_INSIDE, "inside"),
        ({10: "entry", 30: "exit", 40: "entry"}, (35, "leave", "entry"), NOT_INSIDE, "inside"),
        # Nothing was scanned since.
        ({10: "entry", 30: "exit"}, (35, "scan", "entry"), VALID, "inside"),
        ({10: "entry"}, (15, "leave", "entry"), VALID, "outside"),
    ],
)
def test_a_kept_tap_of_before_the_last_passage_moves_nobody(
    moves: dict[int, str], kept: tuple[int, str, str], answered: tuple[str, str | None], presence: str
) -> None:
    """A gate that could not decide sends its tap an hour later; where the bearer is follows from what was since."""
    event, stream, begins = open_event(), StreamReader(), clock.now() - timedelta(hours=1)
    with clock.set_to(begins):
        ticket = make_ticket(event)
    card, reader = make_card(ticket), make_reader(event)
    for minute, direction in moves.items():
        with clock.set_to(begins + timedelta(minutes=minute)):
            assert scan(usher_token(event), ticket_id=ticket.ticket_id, direction=direction)["result"] == "valid"
    minute, kind, direction = kept
    tap = {
        "scan_id": scan_id(),
        "uid": card.uid,
        "kind": kind,
        "direction": direction,
        "scanned_at": clock.to_text(begins + timedelta(minutes=minute)),
    }
    body = {"taps": [tap], "device_time": clock.to_text(clock.now())}
    (found,) = call("POST", "/api/device/taps/", body, token=reader.token()).json["results"]
    assert (found["result"], found["reason"]) == answered
    stream.drain()
    stored = tickets.get(ticket.ticket_id)
    assert stored.presence == presence
    token = usher_token(event)
    assert len(listed(token, "status=open")) == (presence == "outside")
    # An offline record makes the platform put all passages in order: it finds nobody elsewhere.
    late = {
        "scan_id": scan_id(),
        "ticket_id": ticket.ticket_id,
        "scanned_at": clock.to_text(begins + timedelta(minutes=11)),
        "offline": {"result": "valid"},
    }
    logs = {"logs": [late], "device_time": clock.to_text(clock.now())}
    (double,) = call("POST", "/api/usher/sync/logs/", logs, token=token).json["results"]
    assert double["conflict"]["kind"] == "double_admission"
    assert tickets.get(ticket.ticket_id).presence == presence
