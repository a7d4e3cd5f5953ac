"""Records of attendance, as their owners and the staff of their events read them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance import record_views
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, Campus, CampusEvent
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
STAFF = [CampusRole.ORGANIZER, CampusRole.SUPERVISOR, CampusRole.HR, CampusRole.ADMIN]


@dataclass(frozen=True)
class School:
    """Two campuses: an event of the first with two records, one of a colleague, and one of the other campus."""

    campus: Campus
    staff: dict[CampusRole, Account]
    colleague: Account
    event: CampusEvent
    foreign: CampusEvent
    students: list[Account]
    records: list[AttendanceRecord]
    of_colleague: AttendanceRecord
    of_other_campus: AttendanceRecord


@pytest.fixture
def school(moto_cloud: object) -> School:  # noqa: ARG001  # the table
    stream, campus, other = StreamReader(), make_campus(), make_campus()
    stream.skip()
    staff = {role: make_campus_user(campus, role=role) for role in STAFF}
    colleague = make_campus_user(campus, role=CampusRole.ORGANIZER)
    far_away = make_campus_user(other, role=CampusRole.ORGANIZER)
    students = [make_campus_user(campus), make_campus_user(campus, department="Computer Science")]
    event = make_campus_event(campus, staff[CampusRole.ORGANIZER])
    foreign = make_campus_event(campus, colleague)
    elsewhere = make_campus_event(other, far_away)
    records = [make_record(event, students[0]), make_record(event, students[1], status=AttendanceStatus.LATE)]
    of_colleague = make_record(foreign, students[0])
    of_other_campus = make_record(elsewhere, students[0])
    stream.drain()
    return School(campus, staff, colleague, event, foreign, students, records, of_colleague, of_other_campus)


def listed(account: Account, query: str = "") -> list[str]:
    answer = call("GET", f"/api/campus/attendance/?{query}", token=token_of(account))
    assert answer.status == 200, answer.text
    return [each["id"] for each in answer.json["results"]]


def ids(*records: AttendanceRecord) -> list[str]:
    return [each.attendance_id for each in sorted(records, key=lambda each: each.submitted_at, reverse=True)]


def shown(account: Account, record: AttendanceRecord) -> Answer:
    return call("GET", f"/api/campus/attendance/{record.attendance_id}/", token=token_of(account))


def test_a_student_lists_their_own_records_newest_first(school: School) -> None:
    mine = ids(school.records[0], school.of_colleague, school.of_other_campus)
    assert listed(school.students[0]) == mine
    assert listed(school.students[0], "ordering=date") == mine[::-1]
    assert listed(school.students[1]) == ids(school.records[1])
    # A filter by another person finds nothing, since it contradicts the reader's own scope.
    assert listed(school.students[1], f"student={school.students[0].account_id}") == []


def test_staff_list_the_records_of_their_events_of_their_campus_or_all(school: School) -> None:
    assert listed(school.staff[CampusRole.ORGANIZER]) == ids(*school.records)
    assert listed(school.staff[CampusRole.SUPERVISOR]) == ids(*school.records, school.of_colleague)
    for role in (CampusRole.HR, CampusRole.ADMIN):
        assert listed(school.staff[role]) == ids(*school.records, school.of_colleague, school.of_other_campus)
    # The list is walked by its cursor.
    admin, seen, cursor = token_of(school.staff[CampusRole.ADMIN]), [], ""
    while True:
        page = call("GET", f"/api/campus/attendance/?page_size=1{cursor}", token=admin).json
        seen += [each["id"] for each in page["results"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ids(*school.records, school.of_colleague, school.of_other_campus)


def test_every_filter_narrows_the_list(school: School) -> None:
    admin, (first, second) = school.staff[CampusRole.ADMIN], school.records
    number = operations.get(keys.campus_people.profile(second.user_id))
    assert number is not None
    found = {
        f"event={school.event.event_id}": ids(first, second),
        f"student={first.user_id}": ids(first, school.of_colleague, school.of_other_campus),
        f"student={number.student_id}": ids(second),
        f"organizer={school.colleague.account_id}": ids(school.of_colleague),
        f"campus={school.campus.campus_id}": ids(first, second, school.of_colleague),
        f"campus={school.campus.name.upper().replace(' ', '%20')}": ids(first, second, school.of_colleague),
        "department=computer%20science": ids(second),
        "status=late": ids(second),
        "status=Left%20Early": [],
        "verification_status=flagged": [],
        f"event={school.event.event_id}&status=late": ids(second),
        "date_from=2100-01-01": [],
        f"date_to={clock.to_text(clock.now() + timedelta(days=1))}&department=Physics": ids(
            first, school.of_colleague, school.of_other_campus
        ),
    }
    assert {query: listed(admin, query) for query in found} == found


def test_a_bad_filter_names_its_field() -> None:
    token = token_of(make_campus_user(make_campus()))
    for query, field in (("status=maybe", "status"), ("date_from=soon", "date_from"), ("ordering=name", "ordering")):
        answer = call("GET", f"/api/campus/attendance/?{query}", token=token)
        assert answer.status == 400
        assert answer.json["message"] == answer.json["error"]
        assert field in str(answer.json["details"])


def test_a_changed_verification_shows_in_the_filter_without_an_entry_of_the_list(school: School) -> None:
    record, stream = school.records[0], StreamReader()
    stream.skip()
    change = AttendanceRecord.verification_status.set(VerificationStatus.FLAGGED)
    operations.record(operations.change(record.place, [change]))
    assert listed(school.staff[CampusRole.ADMIN], "verification_status=flagged") == ids(record)
    before = stored_entries()
    stream.drain()
    assert stored_entries() == before


def stored_entries() -> int:
    partition = keys.lists.entries
    shards = [partition("attendance", "date", "", shard=shard) for shard in range(2)]
    return sum(len(operations.query(each)) for each in shards)


def test_a_record_has_the_shape_of_the_contract(school: School) -> None:
    student, record = school.students[0], school.records[0]
    flags = AttendanceRecord.flags.set({"outside_radius": {"distance_m": 900, "radius_m": 50, "accuracy_m": 10}})
    operations.record(operations.change(record.place, [flags]))
    profile = operations.get(keys.campus_people.profile(student.account_id))
    assert profile is not None
    answer = shown(student, record)
    assert answer.status == 200, answer.text
    said: dict[str, Any] = answer.json
    assert [each.pop("message") != "" for each in (*said["factors"], *said["flags"])] == [True] * 4
    assert said == {
        "id": record.attendance_id,
        "event": {"id": school.event.event_id, "title": school.event.title},
        "student": {
            "id": student.account_id,
            "student_id": profile.student_id,
            "full_name": student.name,
            "department": "Physics",
            "year_level": "2",
        },
        "status": "present",
        "verification_status": "verified",
        "location_verified": True,
        "distance_m": 12,
        "submitted_at": clock.to_text(record.submitted_at),
        "method": "qr",
        "factors": [{"factor": name, "passed": True} for name in ("qr", "location", "time")],
        "flags": [
            {"flag": "outside_radius", "evidence": {"distance_m": 900, "radius_m": 50, "accuracy_m": 10}},
        ],
        "verified_by": None,
        "verified_at": None,
        "note": None,
        "appeal": None,
        "corrected": False,
    }


def test_a_record_is_shown_to_its_owner_and_to_staff_of_its_event_alone(school: School) -> None:
    record = school.records[0]
    assert shown(school.students[0], record).status == 200
    assert [shown(each, record).status for each in school.staff.values()] == [200] * len(STAFF)
    stranger = make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    for other in (school.students[1], school.colleague, stranger):
        assert (shown(other, record).status, shown(other, record).code) == (404, "NOT_FOUND")


def test_the_records_of_an_event_are_for_its_staff(school: School) -> None:
    path = f"/api/campus/events/{school.event.event_id}/attendance/"
    for role in STAFF:
        answer = call("GET", path, token=token_of(school.staff[role]))
        assert [each["id"] for each in answer.json["results"]] == ids(*school.records)
    filtered = call("GET", f"{path}?status=late", token=token_of(school.staff[CampusRole.ORGANIZER]))
    assert [each["id"] for each in filtered.json["results"]] == ids(school.records[1])
    student = call("GET", path, token=token_of(school.students[0]))
    assert (student.status, student.json["error"]) == (403, "Permission denied")
    assert call("GET", path, token=token_of(school.colleague)).status == 404


def test_an_erased_person_is_shown_without_a_name(school: School) -> None:
    record = school.records[0]
    operations.record(operations.change(record.place, [AttendanceRecord.erased_at.set(clock.now())]))
    student = shown(school.staff[CampusRole.ADMIN], record).json["student"]
    assert (student["full_name"], student["student_id"]) == (record_views.ERASED_PERSON, None)
    operations.record(operations.remove(keys.campus_people.profile(school.records[1].user_id)))
    other = shown(school.staff[CampusRole.ADMIN], school.records[1]).json["student"]
    assert other["full_name"] == record_views.ERASED_PERSON
