"""What comes after an event, or was said before it, makes nobody absent and flags nobody."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance import resubmission
from chalicelib.table.items import Account, CampusEvent
from chalicelib.vocabulary.campus import CampusRole, VerificationStatus
from tests.support import sweeps
from tests.support.attended import attend, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.factories import at
from tests.support.lecture import Lecture
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
NOW = at("2026-11-27T10:05:30Z")
ASKED = ("require_photos", "require_signature", "require_location")


def get(caller: Account, path: str) -> Any:
    answer = call("GET", f"/api/campus/{path}", token=token_of(caller))
    assert answer.status == 200, answer.text
    return answer.json


def own_figures(student: Account, days: int) -> dict[str, Any]:
    summary = get(student, f"analytics/dashboard/?days={days}")["summary"]
    return {name: summary[name] for name in ("expected", "present", "excused", "absent", "rate")}


def mark(by: Account, event: CampusEvent, student: Account, status: str) -> Answer:
    body = {"student_id": student.account_id, "status": status, "reason": "as the office knows"}
    answer = call("POST", f"/api/campus/events/{event.event_id}/attendance/", body, token=token_of(by))
    assert answer.status == 201, answer.text
    return answer


def test_nobody_misses_an_event_that_was_over_when_they_registered() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    begins = NOW - timedelta(days=5)
    with clock.set_to(begins - timedelta(hours=1)):
        there, absent = (make_campus_user(campus, department="Botany") for _ in range(2))
        stream.drain()
    with clock.set_to(begins):
        rule = {"department": "Botany"}
        ends = begins + timedelta(hours=1)
        event = make_campus_event(campus, organizer, starts_at=begins, ends_at=ends, expected=rule)
        attend(event, there, department="Botany")
        stream.drain()
    figures = f"events/{event.event_id}/analytics/"
    missing = f"events/{event.event_id}/attendance/?missing=true"
    with clock.set_to(NOW):
        newcomer = make_campus_user(campus, department="Botany")
        stream.drain()
        sweeps.each_minute()
        assert own_figures(newcomer, 30) == {"expected": 0, "present": 0, "excused": 0, "absent": 0, "rate": None}
        assert own_figures(absent, 30)["absent"] == 1
        assert [each["student"]["id"] for each in get(organizer, missing)["results"]] == [absent.account_id]
        body = {"statement": "I was not here yet.", "event_id": event.event_id}
        absence = get(organizer, missing)["results"][0]["id"]
        appeal = call("POST", f"/api/campus/attendance/{absence}/appeal/", body, token=token_of(newcomer))
        assert appeal.status == 404
        found = get(organizer, figures)
        assert (found["expected"], found["rate"]) == (2, 0.5)
        # Also after the event was counted again.
        mark(organizer, event, absent, "late")
        stream.drain()
        found = get(organizer, figures)
        assert (found["expected"], found["rate"]) == (2, 1.0)
        assert get(organizer, "analytics/dashboard/")["summary"]["rate"] == 1.0


def test_a_rule_that_is_set_after_an_event_expects_those_who_were_there_then() -> None:
    campus, stream = make_campus(), StreamReader()
    begins = NOW - timedelta(days=5)
    with clock.set_to(begins - timedelta(days=1)):
        organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
        there, _ = (make_campus_user(campus, department="Geology") for _ in range(2))
        event = make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1))
        stream.drain()
    with clock.set_to(begins):
        attend(event, there, department="Geology")
    with clock.set_to(NOW):
        for _ in range(3):
            make_campus_user(campus, department="Geology")
        make_campus_user(campus, department="Botany")
        stream.drain()
        for rule in ({"department": "geology"}, {"department": "Geology", "campus": campus.campus_id}):
            path = f"/api/campus/events/{event.event_id}/update/"
            assert call("PUT", path, {"expected": rule}, token=token_of(organizer)).status == 200
            while stream.drain():
                work()
            found = get(organizer, f"events/{event.event_id}/analytics/")
            assert (found["expected"], found["rate"]) == (2, 0.5)
            missing = get(organizer, f"events/{event.event_id}/attendance/?missing=true")["results"]
            assert len(missing) == 1


@pytest.mark.parametrize(("days", "ahead"), [(7, 13), (30, 40)])
def test_an_excuse_beforehand_holds_in_a_dashboard_of_fewer_days(days: int, ahead: int) -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    begins = NOW - timedelta(days=2)
    with clock.set_to(begins - timedelta(days=ahead)):
        event = make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1))
        mark(organizer, list_on_roster(event, student), student, "excused")
        stream.drain()
    with clock.set_to(NOW):
        sweeps.each_minute()
        assert own_figures(student, days) == {"expected": 1, "present": 0, "excused": 1, "absent": 0, "rate": None}


def test_a_mark_of_an_older_event_is_no_attendance_of_these_days() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)

    def of(days_ago: int) -> CampusEvent:
        begins = NOW - timedelta(days=days_ago)
        event = make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1))
        return list_on_roster(event, student)

    with clock.set_to(NOW):
        old, older, missed = of(40), of(41), of(1)
        mark(organizer, old, student, "present")
        mark(organizer, older, student, "excused")
        stream.drain()
        sweeps.each_minute()
        assert missed.event_id
        assert own_figures(student, 30) == {"expected": 1, "present": 1, "excused": 1, "absent": 1, "rate": 0.0}


@pytest.mark.parametrize("asked", ASKED)
def test_what_an_event_asks_for_later_flags_no_earlier_submission(asked: str) -> None:
    lecture = Lecture()
    event = lecture.another(require_location=False)
    student = lecture.student(event)
    assert student.verify().status == 200
    assert student.post("submit", {"event_id": event.event_id}).status == 201
    body = {asked: True}
    path = f"/api/campus/events/{event.event_id}/update/"
    assert call("PUT", path, body, token=token_of(lecture.organizer)).status == 200
    later = lecture.student(event)
    later.verify()
    later.post("submit", {"event_id": event.event_id})
    with clock.set_to(clock.now() + timedelta(minutes=20)):
        for each in (student, later):
            resubmission.rejudge(each.attendance_id)
    assert student.record is not None
    assert later.record is not None
    assert (student.record.verification_status, student.record.flags) == (VerificationStatus.VERIFIED, {})
    assert later.record.verification_status is VerificationStatus.FLAGGED


def test_an_event_has_what_it_asks_for_by_name() -> None:
    assert set(ASKED) == {name for name in CampusEvent.get_attributes() if name.startswith("require_")}
