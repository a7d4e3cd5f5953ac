"""Figures of an event and its live view: what staff see of it, and of its last five minutes."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.table.items import Account
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from tests.support.attended import attend, correct, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")


def show(path: str, caller: Account) -> Any:
    answer = call("GET", f"/api/campus/{path}", token=token_of(caller))
    assert answer.status == 200, answer.text
    return answer.json


def test_an_event_has_counts_minutes_and_a_median_and_no_rate_without_a_roster() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    with clock.set_to(NOW):
        event = make_campus_event(campus, organizer)
        for number, seconds in enumerate((10, 20, 90)):
            attend(event, make_campus_user(campus), seconds=seconds, flags={"old_qr": {}} if number == 0 else {})
        late = attend(event, make_campus_user(campus), seconds=None, status=AttendanceStatus.LATE)
        stream.drain()
        found = show(f"events/{event.event_id}/analytics/", organizer)
        assert (found["submitted"], found["expected"], found["rate"]) == (4, None, None)
        assert found["by_status"] == {"present": 3, "late": 1, "left_early": 0, "excused": 0, "absent": 0}
        assert found["flags"] == {"old_qr": 1}
        assert found["by_minute"] == [{"minute": "2026-11-27T10:05:00.000Z", "count": 4}]
        assert found["median_seconds"] == 20
        correct(late, status=AttendanceStatus.PRESENT, verification_status=VerificationStatus.REJECTED)
        stream.drain()
        found = show(f"events/{event.event_id}/analytics/", organizer)
    assert found["by_status"]["present"] == 4
    assert found["by_status"]["late"] == 0
    assert found["by_verification"] == {"verified": 3, "pending": 0, "flagged": 0, "rejected": 1}


def test_a_rate_is_of_those_on_the_roster_and_a_guest_does_not_raise_it() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    students = [make_campus_user(campus) for _ in range(4)]
    event = make_campus_event(campus, organizer)
    guest = make_campus_user(campus)
    attend(event, guest)
    attend(event, students[0])
    stream.drain()
    assert show(f"events/{event.event_id}/analytics/", organizer)["rate"] is None
    # Listed after one of them has come.
    list_on_roster(event, *students)
    stream.drain()
    attend(event, students[1], status=AttendanceStatus.LATE)
    attend(event, students[2], status=AttendanceStatus.EXCUSED)
    stream.drain()
    found = show(f"events/{event.event_id}/analytics/", organizer)
    assert (found["submitted"], found["expected"], found["rate"]) == (4, 4, 0.6667)


def test_the_live_view_shows_the_last_five_minutes_ten_at_most_with_names() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    event = make_campus_event(campus, organizer)
    begins = clock.now()
    with clock.set_to(begins - timedelta(minutes=6)):
        attend(event, make_campus_user(campus, first_name="Early"))
    for number in range(12):
        with clock.set_to(begins + timedelta(seconds=number)):
            student = make_campus_user(campus, first_name=f"Nr {number}", last_name="Khan")
            attend(event, student, verification_status=VerificationStatus.PENDING)
    with clock.set_to(begins + timedelta(seconds=20)):
        stream.drain()
        found = show(f"analytics/realtime/{event.event_id}/", organizer)
        assert found["total_registered"] == 13
        assert found["attendance_summary"] == [
            {"status": "present", "verification_status": "verified", "count": 1},
            {"status": "present", "verification_status": "pending", "count": 12},
        ]
        assert [row["student__first_name"] for row in found["recent_submissions"]] == [
            f"Nr {n}" for n in range(11, 1, -1)
        ]
        assert found["recent_submissions"][0]["last_name"] == "Khan"
    with clock.set_to(begins + timedelta(minutes=6)):
        assert show(f"analytics/realtime/{event.event_id}/", organizer)["recent_submissions"] == []


def test_an_erased_person_is_counted_and_no_longer_named() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    event = make_campus_event(campus, organizer)
    record = attend(event, make_campus_user(campus))
    stream.drain()
    assert len(show(f"analytics/realtime/{event.event_id}/", organizer)["recent_submissions"]) == 1
    correct(record, erased_at=clock.now())
    stream.drain()
    found = show(f"analytics/realtime/{event.event_id}/", organizer)
    assert (found["total_registered"], found["recent_submissions"]) == (1, [])


@pytest.mark.parametrize("path", ["events/{}/analytics/", "analytics/realtime/{}/"])
def test_only_staff_of_the_event_see_its_figures(path: str) -> None:
    campus, other = make_campus(), make_campus()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    event = make_campus_event(campus, organizer)
    statuses = {}
    for home in (campus, other):
        for role in CampusRole:
            caller = make_campus_user(home, role=role)
            answer = call("GET", f"/api/campus/{path.format(event.event_id)}", token=token_of(caller))
            statuses[home is campus, role.value] = answer.status
    assert statuses == {
        (True, "student"): 403,
        (True, "supervisor"): 200,
        (True, "organizer"): 404,
        (True, "hr"): 200,
        (True, "admin"): 200,
        (False, "student"): 403,
        (False, "supervisor"): 404,
        (False, "organizer"): 404,
        (False, "hr"): 200,
        (False, "admin"): 200,
    }
