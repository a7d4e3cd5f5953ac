"""Decisions of staff: verify, reject, correct. Every earlier version stays readable."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.identifiers import id_of_moment
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, CampusEvent, QrScan
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call

pytestmark = pytest.mark.usefixtures("moto_cloud")


@dataclass(frozen=True)
class Case:
    """A flagged record, its student, and the organizer of its event."""

    organizer: Account
    student: Account
    event: CampusEvent
    record: AttendanceRecord


@pytest.fixture
def case(moto_cloud: object) -> Case:  # noqa: ARG001  # the table
    campus = make_campus()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    event = make_campus_event(campus, organizer)
    flags = {"old_qr": {"age": 70, "limit": 45}}
    record = make_record(event, student, flags=flags, verification_status=VerificationStatus.FLAGGED)
    return Case(organizer, student, event, record)


def decide(case: Case, body: dict[str, Any], *, by: Account | None = None, **more: Any) -> Answer:
    path = f"/api/campus/attendance/{case.record.attendance_id}/verify/"
    return call("POST", path, body, token=token_of(by or case.organizer), **more)


def history(case: Case, by: Account | None = None) -> Any:
    path = f"/api/campus/attendance/{case.record.attendance_id}/history/"
    answer = call("GET", path, token=token_of(by or case.student))
    assert answer.status == 200, answer.text
    return answer.json


def stored(case: Case) -> AttendanceRecord:
    record = operations.get(keys.attendance.record(case.record.attendance_id))
    assert record is not None
    return record


@pytest.mark.parametrize(("decision", "verification"), [("verify", "verified"), ("reject", "rejected")])
def test_verify_and_reject_change_the_verification_and_never_the_status(
    case: Case, decision: str, verification: str
) -> None:
    answer = decide(case, {"decision": decision, "note": "Seen in the hall."})
    assert answer.status == 200, answer.text
    said = answer.json
    assert (said["status"], said["verification_status"]) == ("present", verification)
    assert (said["verified_by"], said["note"], said["corrected"]) == (
        case.organizer.account_id,
        "Seen in the hall.",
        False,
    )
    assert said["flags"][0]["flag"] == "old_qr"


@pytest.mark.parametrize("status", list(AttendanceStatus))
def test_correct_reaches_every_status_and_keeps_the_original(case: Case, status: AttendanceStatus) -> None:
    answer = decide(case, {"decision": "correct", "status": status, "note": "As the list on paper says."})
    assert answer.status == 200, answer.text
    assert (answer.json["status"], answer.json["corrected"]) == (status, status is not AttendanceStatus.PRESENT)
    original, current = history(case)["versions"]
    assert (original["status"], original["verification_status"]) == ("present", "flagged")
    assert (original["version"], original["is_original"], original["is_current"]) == (1, True, False)
    assert (original["replaced_by"], original["reason"]) == (case.organizer.account_id, "As the list on paper says.")
    assert (current["version"], current["status"], current["is_current"]) == (2, status, True)
    assert current["decided_by"] == case.organizer.account_id


def test_every_correction_keeps_all_earlier_versions_readable(case: Case) -> None:
    statuses = ["late", "excused", "absent", "left_early", "present"]
    for number, status in enumerate(statuses):
        assert decide(case, {"decision": "correct", "status": status, "note": f"Reason {number}"}).status == 200
    versions = history(case)["versions"]
    assert [each["status"] for each in versions] == ["present", *statuses]
    assert [each["reason"] for each in versions] == [f"Reason {number}" for number in range(5)] + [None]
    assert [each["note"] for each in versions] == [None, *(f"Reason {number}" for number in range(5))]
    assert versions[0]["flags"] == versions[-1]["flags"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "decision"),
        ({"decision": "delete"}, "decision"),
        ({"decision": "reject"}, "note"),
        ({"decision": "reject", "note": "null"}, "note"),
        ({"decision": "reject", "note": " "}, "note"),
        ({"decision": "reject", "note": "x" * 501}, "note"),
        ({"decision": "reject", "note": "a\u202eb"}, "note"),
        ({"decision": "correct", "status": "late"}, "note"),
        ({"decision": "correct", "note": "Why"}, "status"),
        ({"decision": "correct", "status": "gone", "note": "Why"}, "status"),
        ({"decision": "verify", "status": "absent", "note": "Why"}, "status"),
    ],
)
def test_a_bad_decision_names_its_field_and_changes_nothing(case: Case, body: dict[str, Any], field: str) -> None:
    before = stored(case)
    answer = decide(case, body)
    assert (answer.status, answer.json["details"][0]["field"]) == (400, field), answer.text
    assert field in answer.json["error"]
    assert answer.json["error"] == answer.json["message"]
    assert stored(case).attribute_values == before.attribute_values


def test_the_same_decision_twice_is_one_version(case: Case) -> None:
    body = {"decision": "correct", "status": "late", "note": "Came at ten."}
    first, second = decide(case, body), decide(case, body)
    assert (first.status, first.json) == (second.status, second.json)
    assert stored(case).version == 2


def test_a_retry_with_its_key_does_not_undo_what_others_decided_since(case: Case) -> None:
    body, key = {"decision": "correct", "status": "late", "note": "Came at ten."}, {"idempotency-key": "key-00000001"}
    assert decide(case, body, headers=key).status == 200
    assert decide(case, {"decision": "correct", "status": "present", "note": "A mistake."}).status == 200
    again = decide(case, body, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    assert stored(case).status == AttendanceStatus.PRESENT


def test_only_staff_of_the_event_decide(case: Case) -> None:
    campus = operations.get(keys.campus_people.campus(case.event.campus_id))
    assert campus is not None
    body = {"decision": "reject", "note": "Not there."}
    answer = decide(case, body, by=case.student)
    assert (answer.status, answer.json["error"]) == (403, "Permission denied")
    colleague = make_campus_user(campus, role=CampusRole.ORGANIZER)
    stranger = make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    assert [decide(case, body, by=each).status for each in (colleague, stranger)] == [404, 404]
    assert stored(case).version == 1
    for number, role in enumerate((CampusRole.SUPERVISOR, CampusRole.HR, CampusRole.ADMIN), start=2):
        assert decide(case, body, by=make_campus_user(campus, role=role)).status == 200
        assert stored(case).version == number


def test_nobody_decides_about_their_own_record(case: Case) -> None:
    own = make_record(case.event, case.organizer)
    body = {"decision": "verify"}
    path = f"/api/campus/attendance/{own.attendance_id}/verify/"
    answer = call("POST", path, body, token=token_of(case.organizer))
    assert (answer.status, answer.code) == (403, "FORBIDDEN")


def test_a_record_that_does_not_exist_is_404(case: Case) -> None:
    path = f"/api/campus/attendance/att_{'0' * 26}"
    token = token_of(case.organizer)
    assert call("POST", f"{path}/verify/", {"decision": "verify"}, token=token).status == 404
    assert call("GET", f"{path}/history/", token=token).status == 404


def test_the_history_is_for_the_owner_and_staff_and_shows_no_reading_to_the_owner(case: Case) -> None:
    assert history(case)["readings"] == []
    assert history(case, by=case.organizer)["readings"] == []
    other = make_campus_user(make_campus())
    path = f"/api/campus/attendance/{case.record.attendance_id}/history/"
    assert call("GET", path, token=token_of(other)).status == 404


def test_the_history_has_the_readings_of_its_event_however_many_others_came_later(case: Case) -> None:
    other = make_campus_event(make_campus(), case.organizer)
    for event, seconds in ((case.event, [0]), (other, range(1, 56))):
        for at in (case.record.submitted_at + timedelta(seconds=second) for second in seconds):
            place = keys.attendance.qr_scan(case.student.account_id, id_of_moment("scn", str(at), at=at))
            scan = QrScan(*place, user_id=case.student.account_id, event_id=event.event_id, at=at, reason="expired")
            operations.record(operations.put(scan))
    (shown,) = history(case, by=case.organizer)["readings"]
    assert shown["at"] == clock.to_text(case.record.submitted_at)
