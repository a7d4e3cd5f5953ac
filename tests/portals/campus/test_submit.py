"""A student submits attendance: once, in its time, with flags that refuse nothing."""

import pytest

from chalicelib import clock
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.table import keys, operations
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from tests.support.campus import LATITUDE, LONGITUDE, make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call

pytestmark = pytest.mark.usefixtures("moto_cloud")
ATTENDANCE = "/api/campus/attendance"


def test_a_student_who_verified_the_code_and_submits_has_a_record() -> None:
    campus = make_campus()
    student = make_campus_user(campus)
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    token = token_of(student)
    verified = call(
        "POST", f"{ATTENDANCE}/verify-qr/", {"qr_token": rotating_codes.token(event, clock.now())}, token=token
    )
    assert verified.status == 200, verified.text
    body = {
        "submission_id": verified.json["submission_id"],
        "latitude": LATITUDE + 0.0001,
        "longitude": LONGITUDE,
        "accuracy": 8,
    }
    answer = call("POST", f"{ATTENDANCE}/submit/", body, token=token)
    assert answer.status == 201, answer.text
    assert answer.json["message"] == "Attendance submitted successfully"
    record = operations.get(keys.attendance.record(answer.json["attendance_id"]))
    assert record is not None
    assert (record.event_id, record.user_id) == (event.event_id, student.account_id)
    assert (record.status, record.verification_status) == (AttendanceStatus.PRESENT, VerificationStatus.VERIFIED)
    assert record.location_verified is True
    assert record.flags == {}
