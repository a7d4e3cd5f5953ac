"""People who were expected and have no record: from the roster alone, never stored, contested like a record."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance.attendance_ids import attendance_id
from chalicelib.domain.campus.privacy import campus_erasure
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.support import sweeps
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.factories import at
from tests.support.numbered import work
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


class Lecture:
    """An event with a roster of four, of whom one submitted."""

    def __init__(self) -> None:
        self.campus: Campus = make_campus()
        self.teacher: Account = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.students: list[Account] = [make_campus_user(self.campus) for _ in range(4)]
        self.event: CampusEvent = make_campus_event(self.campus, self.teacher)
        self.listed(self.event, self.students)
        make_record(self.event, self.students[0])

    def listed(self, event: CampusEvent, students: list[Account]) -> None:
        body = {"users": [each.account_id for each in students]}
        answer = call("PUT", f"/api/campus/events/{event.event_id}/roster/", body, token=token_of(self.teacher))
        assert answer.status == 200, answer.text

    def ended(self, event: CampusEvent) -> None:
        over = CampusEvent.ends_at.set(clock.now() - timedelta(minutes=1))
        operations.record(operations.change(event.place, [over]))

    def missing(self, query: str = "", *, by: Account | None = None) -> Answer:
        path = f"/api/campus/events/{self.event.event_id}/attendance/?missing=true{query}"
        return call("GET", path, token=token_of(by or self.teacher))


@pytest.fixture
def lecture(moto_cloud: object) -> Lecture:  # noqa: ARG001  # the table
    return Lecture()


def test_the_expected_people_without_a_record_are_listed_to_staff(lecture: Lecture) -> None:
    answer = lecture.missing()
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["results"]
    assert {each["student"]["id"] for each in found} == {each.account_id for each in lecture.students[1:]}
    one = next(each for each in found if each["student"]["id"] == lecture.students[1].account_id)
    assert one["id"] == attendance_id(lecture.event.event_id, lecture.students[1].account_id)
    assert one["event"] == {"id": lecture.event.event_id, "title": lecture.event.title}
    assert one["student"]["full_name"] == lecture.students[1].name


def test_a_missing_person_is_absent_only_once_the_event_is_over_and_it_is_stored_nowhere(lecture: Lecture) -> None:
    assert {each["status"] for each in lecture.missing().json["results"]} == {None}
    lecture.ended(lecture.event)
    found = lecture.missing().json["results"]
    assert {each["status"] for each in found} == {"absent"}
    assert operations.get_many([keys.attendance.record(each["id"]) for each in found]) == {}


def test_the_missing_are_walked_by_a_cursor(lecture: Lecture) -> None:
    seen, cursor = [], ""
    while True:
        page = lecture.missing(f"&page_size=1{cursor}").json
        seen += [each["student"]["id"] for each in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert sorted(seen) == sorted(each.account_id for each in lecture.students[1:])


def test_without_a_roster_nobody_is_missing(lecture: Lecture) -> None:
    event = make_campus_event(lecture.campus, lecture.teacher)
    path = f"/api/campus/events/{event.event_id}/attendance/?missing=true"
    assert call("GET", path, token=token_of(lecture.teacher)).json["results"] == []


def test_the_missing_are_for_staff_of_the_event(lecture: Lecture) -> None:
    student = lecture.missing(by=lecture.students[1])
    assert (student.status, student.json["error"]) == (403, "Permission denied")
    assert lecture.missing(by=make_campus_user(lecture.campus, role=CampusRole.ORGANIZER)).status == 404
    path = f"/api/campus/attendance/?missing=true&event={lecture.event.event_id}"
    assert call("GET", path, token=token_of(make_campus_user(lecture.campus, role=CampusRole.ORGANIZER))).status == 404
    assert len(call("GET", path, token=token_of(lecture.teacher)).json["results"]) == 3


def test_a_wish_that_the_missing_do_not_have_names_its_field(lecture: Lecture) -> None:
    for query in ("&status=late", "&ordering=date", "&date_from=2026-01-01"):
        answer = lecture.missing(query)
        assert (answer.status, answer.json["details"][0]["field"]) == (400, "missing")
    bare = call("GET", "/api/campus/attendance/?missing=true", token=token_of(lecture.teacher))
    assert (bare.status, bare.json["details"][0]["field"]) == (400, "event")


def test_a_student_finds_the_events_they_missed_and_contests_one(lecture: Lecture) -> None:
    student, later = lecture.students[1], make_campus_event(lecture.campus, lecture.teacher)
    attended, running = (make_campus_event(lecture.campus, lecture.teacher) for _ in range(2))
    for event in (later, attended, running):
        lecture.listed(event, [student])
    make_record(attended, student)
    for event in (lecture.event, later, attended):
        lecture.ended(event)
    token = token_of(student)
    found = call("GET", "/api/campus/attendance/?missing=true", token=token).json["results"]
    assert [each["event"]["id"] for each in found] == [later.event_id, lecture.event.event_id]
    assert {each["status"] for each in found} == {"absent"}
    path = f"/api/campus/attendance/?missing=true&event={later.event_id}"
    assert call("GET", path, token=token).json["results"] == [found[0]]
    assert call("GET", path, token=token_of(lecture.students[0])).json["results"] == []
    body = {"statement": "I sat in the third row.", "event_id": later.event_id}
    assert call("POST", f"/api/campus/attendance/{found[0]['id']}/appeal/", body, token=token).status == 201


def test_the_events_that_a_student_missed_are_the_newest_first(lecture: Lecture) -> None:
    student, now = lecture.students[1], clock.now()
    events = [
        make_campus_event(lecture.campus, lecture.teacher, starts_at=now - timedelta(hours=hours))
        for hours in (3, 9, 2, 7)
    ]
    for event in events:
        lecture.listed(event, [student])
        lecture.ended(event)
    seen, cursor = [], ""
    while True:
        path = f"/api/campus/attendance/?missing=true&page_size=1{cursor}"
        page = call("GET", path, token=token_of(student)).json
        seen += [each["event"]["id"] for each in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [events[number].event_id for number in (2, 0, 3, 1)]


def test_a_person_expected_by_the_rule_of_the_event_contests_their_absence(lecture: Lecture) -> None:
    event = make_campus_event(lecture.campus, lecture.teacher, expected={"department": "physics"})
    with clock.set_to(clock.now() - timedelta(minutes=5)):
        students = [make_campus_user(lecture.campus, department=each) for each in ("Physics", "History")]
    lecture.ended(event)
    for student, status in zip(students, (201, 404), strict=True):
        path = f"/api/campus/attendance/{attendance_id(event.event_id, student.account_id)}/appeal/"
        body = {"statement": "I was there.", "event_id": event.event_id}
        assert call("POST", path, body, token=token_of(student)).status == status


def test_the_missing_of_a_rule_are_the_students_that_it_names(lecture: Lecture) -> None:
    stream, student = StreamReader(), lecture.students[2]
    other = make_campus_user(lecture.campus, department="History", year_level="3")
    make_campus_user(lecture.campus, department="History", year_level="1")
    make_campus_user(make_campus(), department="History", year_level="3")
    recorded = make_campus_user(lecture.campus, department="History", year_level="3")
    stream.drain()
    rule = {"department": "history", "year_level": "3", "campus_id": lecture.campus.campus_id}
    event = make_campus_event(lecture.campus, lecture.teacher, expected=rule)
    make_record(event, recorded)
    path = f"/api/campus/events/{event.event_id}/attendance/?missing=true&page_size=1"
    seen, cursor = [], ""
    while True:
        page = call("GET", path + cursor, token=token_of(lecture.teacher)).json
        seen += [each["student"]["id"] for each in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [other.account_id]
    assert student.account_id not in seen


@pytest.mark.parametrize("how", ["deactivated", "erased"])
def test_who_has_left_is_expected_by_a_rule_at_earlier_events_alone(how: str) -> None:
    campus, stream, now = make_campus(), StreamReader(), at("2026-11-27T10:05:30Z")
    organizer, admin = (make_campus_user(campus, role=role) for role in (CampusRole.ORGANIZER, CampusRole.ADMIN))
    with clock.set_to(now):
        there, leaver = (make_campus_user(campus, department="Botany") for _ in range(2))
        stream.drain()
        soon = now + timedelta(minutes=5)
        before = make_campus_event(campus, organizer, ends_at=soon, expected={"department": "Botany"})
        stream.drain()
        sweeps.begin()
    with clock.set_to(soon + timedelta(minutes=2)):
        sweeps.each_minute()
        work()
    with clock.set_to(now + timedelta(hours=1)):
        if how == "deactivated":
            path = f"/api/campus/users/{leaver.account_id}/"
            assert call("PUT", path, {"is_active": False}, token=token_of(admin)).status == 200
        else:
            job_id = campus_erasure.begin(leaver.account_id, by="an operator")
    with clock.set_to(now + timedelta(hours=2)):
        while how == "erased" and campus_erasure.run_step(job_id):
            pass
        stream.drain()
        after = make_campus_event(campus, organizer, expected={"department": "Botany"})
        stream.drain()
    with clock.set_to(now + timedelta(hours=9)):
        for event, expected in ((before, [there, leaver]), (after, [there])):
            path, token = f"/api/campus/events/{event.event_id}", token_of(organizer)
            missing = call("GET", f"{path}/attendance/?missing=true", token=token).json["results"]
            assert [each["student"]["id"] for each in missing] == [each.account_id for each in expected]
            assert call("GET", f"{path}/analytics/", token=token).json["expected"] == len(expected)
