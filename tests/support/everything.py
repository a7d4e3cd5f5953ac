"""A table with something of everything, made through the doors: what a rebuild and an upgrade work on."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.domain.campus.analytics import figures_of_all
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole
from chalicelib.vocabulary.events import EventStatus
from tests.support import event_states, numbered
from tests.support.attended import attend, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.client import call
from tests.support.factories import (
    make_card,
    make_event,
    make_organization,
    make_organizer,
    make_ticket,
    scan_id,
    usher_token,
)
from tests.support.later import later
from tests.support.settled import approve, ask_back, buy, give_back, make_evening
from tests.support.streams import StreamReader


def fill(stream: StreamReader) -> None:
    """Sell, give back, scan and refuse, number and attend; project all of it."""
    _sell()
    _gate()
    _tix()
    _campus()
    while stream.drain():
        pass
    # Of the minute's work this alone: on a slow machine something else may be due.
    figures_of_all.make()


def _sell() -> None:
    organizer = make_organizer()
    _, standard, box = make_evening(organizer)
    buy(standard, 3)
    order = buy(box, 2)
    give_back(order)
    approve(ask_back(buy(standard)), amount="10.00")
    ask_back(buy(standard))
    other, _, _ = make_evening(organizer)
    event_states.put_into(other.event_id, EventStatus.ENDED)


def _gate() -> None:
    ends_at = clock.now() + timedelta(days=3)
    event = make_event(gates=["North", "South"], re_entry_allowed=True, ends_at=ends_at)
    token = usher_token(event)
    known = [make_ticket(event, name=f"Guest {number} Khan") for number in range(5)]
    make_card(known[0])
    for number, ticket in enumerate([*known, known[0], known[1]]):
        with later(number * 20):
            shown = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "gate": "North" if number % 2 else "Back"}
            assert call("POST", "/api/usher/scan/result/", shown, token=token).status == 200
    with later(200):
        leaving = {"scan_id": scan_id(), "ticket_id": known[2].ticket_id, "direction": "exit"}
        assert call("POST", "/api/usher/scan/result/", leaving, token=token).status == 200
    # Within a few seconds, so that the rows in the log of three at least share a page, in two batches too.
    for number, ticket in enumerate([make_ticket(event) for _ in range(5)]):
        with later(250), clock.set_to(clock.now() + timedelta(milliseconds=500 * number)):
            shown = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
            assert call("POST", "/api/usher/scan/result/", shown, token=token).status == 200
    # Of the next day, so that the counters move their hours aside.
    with clock.set_to(clock.now() + timedelta(days=1)):
        shown = {"scan_id": scan_id(), "ticket_id": make_ticket(event).ticket_id}
        assert call("POST", "/api/usher/scan/result/", shown, token=usher_token(event)).status == 200


def _tix() -> None:
    admin = make_organization()
    for ticket in numbered.tickets(admin, 12)[:5]:
        numbered.scan(admin, ticket)


def _campus() -> None:
    campus = make_campus()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    attend(make_campus_event(campus, organizer), student)
    make_campus_event(campus, organizer, expected={"department": "Physics", "campus_id": campus.campus_id})
    listed = list_on_roster(make_campus_event(campus, organizer), student, make_campus_user(campus))
    attend(listed, student, status=AttendanceStatus.EXCUSED, submitted_at=clock.now() - timedelta(days=3))
