"""The live channel of an event's attendance: who may open it, what it says, how often, and when it closes."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.campus.people import campus_changes
from chalicelib.table import operations
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole
from tests.support.attended import attend, correct
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import customer_token, make_customer
from tests.support.live import Gateway, Socket, Stream, gateway, tell

pytestmark = pytest.mark.usefixtures("moto_cloud")


class Hall:
    """An event with its organizer, and the listeners of its attendance."""

    def __init__(self, live: Gateway) -> None:
        self.live, self.stream = live, Stream()
        self.campus: Campus = make_campus()
        self.organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.event = make_campus_event(self.campus, self.organizer)
        self.channel = f"attendance-{self.event.event_id}"
        self.stream.drain()

    def listener(self, person: Account) -> Socket:
        """Open the channel as the browser's module does: a ticket of the event, then a subscription."""
        answer = call("GET", f"/api/campus/analytics/realtime/ws/{self.event.event_id}/", token=token_of(person))
        assert answer.status == 200, answer.text
        assert set(answer.json) == {"url", "ticket", "expires_at"}
        status, socket = self.live.open(answer.json["ticket"])
        assert status == 200
        return socket.subscribe(self.channel)


@pytest.fixture
def hall(moto_cloud: None) -> Iterator[Hall]:  # noqa: ARG001  # the table first
    with gateway() as live:
        yield Hall(live)


def test_staff_hear_the_counts_and_the_newest_submissions(hall: Hall) -> None:
    socket = hall.listener(hall.organizer)
    record = attend(hall.event, make_campus_user(hall.campus, first_name="Zara"))
    hall.stream.drain()
    heard = socket.of_type("attendance-update")
    assert heard[-1]["channel"] == hall.channel
    assert heard[-1]["data"]["event_id"] == hall.event.event_id
    assert heard[-1]["data"]["total_registered"] == 1
    assert heard[-1]["data"]["recent_submissions"][0]["student__first_name"] == "Zara"
    correct(record, status=AttendanceStatus.LATE)
    hall.stream.drain()
    assert socket.of_type("attendance-update")[-1]["data"]["attendance_summary"] == [
        {"status": "late", "verification_status": "verified", "count": 1}
    ]
    path = f"/api/campus/analytics/realtime/{hall.event.event_id}/"
    shown = call("GET", path, token=token_of(hall.organizer)).json
    assert {**socket.of_type("attendance-update")[-1]["data"], "last_updated": None} == {**shown, "last_updated": None}


def test_a_rush_is_told_at_most_twice_a_second_and_its_end_always(hall: Hall) -> None:
    socket = hall.listener(hall.organizer)
    begins = clock.now()
    for number in range(12):
        with clock.set_to(begins + timedelta(milliseconds=100 * number)):
            attend(hall.event, f"usr_{number}")
            for records in (hall.stream.live(), hall.stream.live()):
                tell(records)
    with clock.set_to(begins + timedelta(seconds=3)):
        hall.stream.drain()
    heard = socket.of_type("attendance-update")
    assert 2 <= len(heard) <= 5
    assert heard[-1]["data"]["total_registered"] == 12
    assert [message["id"] for message in heard] == list(range(1, len(heard) + 1))


def test_nobody_else_gets_a_ticket_or_may_subscribe(hall: Hall) -> None:
    path = f"/api/campus/analytics/realtime/ws/{hall.event.event_id}/"
    student = make_campus_user(hall.campus)
    colleague = make_campus_user(hall.campus, role=CampusRole.ORGANIZER)
    elsewhere = make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    assert [call("GET", path, token=token_of(each)).status for each in (student, colleague, elsewhere)] == [
        403,
        404,
        404,
    ]
    for token in (token_of(student), token_of(colleague), customer_token(make_customer())):
        socket = hall.live.connect(token).subscribe(hall.channel)
        assert socket.types == ["error"]
    supervisor = make_campus_user(hall.campus, role=CampusRole.SUPERVISOR)
    assert hall.listener(supervisor).types == ["subscribed"]


def test_a_ticket_opens_one_socket_and_no_other_channel(hall: Hall) -> None:
    path = f"/api/campus/analytics/realtime/ws/{hall.event.event_id}/"
    ticket = call("GET", path, token=token_of(hall.organizer)).json["ticket"]
    other = make_campus_event(hall.campus, hall.organizer)
    status, socket = hall.live.open(ticket)
    assert (status, hall.live.open(ticket)[0]) == (200, 401)
    assert socket.subscribe(f"attendance-{other.event_id}").types == ["error"]


def test_the_channel_closes_when_the_event_goes_to_another_organizer_or_is_deleted(hall: Hall) -> None:
    socket = hall.listener(hall.organizer)
    other = make_campus_user(hall.campus, role=CampusRole.ORGANIZER)
    operations.record(operations.change(hall.event.place, [CampusEvent.organizer_id.set(other.account_id)]))
    hall.stream.drain()
    assert not socket.is_open
    later = hall.listener(other)
    operations.record(operations.change(hall.event.place, [CampusEvent.deleted_at.set(clock.now())]))
    hall.stream.drain()
    assert not later.is_open


def test_the_channel_closes_when_the_role_is_lost_or_the_campus_of_a_supervisor(hall: Hall) -> None:
    supervisor = make_campus_user(hall.campus, role=CampusRole.SUPERVISOR)
    sockets = [hall.listener(each) for each in (hall.organizer, supervisor)]
    admin = make_campus_user(hall.campus, role=CampusRole.ADMIN)
    campus_changes.change(hall.organizer.account_id, {"role": CampusRole.STUDENT}, by=admin.account_id)
    campus_changes.change(supervisor.account_id, {"campus": make_campus().campus_id}, by=admin.account_id)
    hall.stream.drain()
    assert [socket.is_open for socket in sockets] == [False, False]
