"""The examples of campus attendance: codes, positions, submissions, feedback."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example

EVENT_ID = f"cev_{ULID}"
SUBMISSION_ID, ATTENDANCE_ID = "sub_24G0CH0F7XRXNDP60C7CBXS17G", "att_24G0CH0F7XRXNDP60C7CBXS17G"
# The shape of a real one, proving nothing.
_QR = "AR5jZXZfMDFLOVpDM1Y4RzAwMDA0MDBUQzdCNktZUTYAAAABAGkfFYpub3RhcmVhbG1hY29mMTY"
_DEVICE_KEY = "5f0c1f3e-7a54-4a0e-9a51-0f6c2b7d9e10"
_POSITION = {"latitude": 31.52041, "longitude": 74.35871, "accuracy": 12.0}
_STUDENT: dict[str, Any] = {
    "student_id": demo.STUDENT_NUMBER,
    "full_name": f"{demo.STUDENT_FIRST_NAME} {demo.STUDENT_LAST_NAME}",
    "email": demo.STUDENT_EMAIL,
    "department": demo.DEPARTMENT,
    "year_level": demo.YEAR_LEVEL,
    "profile_photo_url": None,
}
_EVENT: dict[str, Any] = {
    "id": EVENT_ID,
    "title": "Quantum mechanics I",
    "location": "Hall 1",
    "start_time": "2026-11-20T14:00:00.000Z",
    "end_time": "2026-11-20T16:00:00.000Z",
    "latitude": 31.5204,
    "longitude": 74.3587,
    "location_radius": 50,
}
# The further fields of a refusal, by its code.
BESIDE: dict[str, dict[str, Any]] = {
    "ALREADY_SUBMITTED": {"duplicate": True, "attendance_id": ATTENDANCE_ID},
    "OUTSIDE_PERIOD": {
        "timing": "Attendance closed at 21:00 on 20 November 2026 (Asia/Karachi). "
        "Ask the organizer to mark you if you were there."
    },
}
OPERATIONS: dict[str, Example] = {
    "campus_verify_code": Example(
        {"qr_token": _QR, **_POSITION, "device_key": _DEVICE_KEY},
        {
            "event": _EVENT,
            "student": _STUDENT,
            "next_step": "location_verification",
            "submission_id": SUBMISSION_ID,
        },
    ),
    "campus_verify_location": Example(
        {"submission_id": SUBMISSION_ID, **_POSITION},
        {"location_verified": True, "distance_m": 1.5, "radius_m": 50},
    ),
    "campus_submit_attendance": Example(
        {"submission_id": SUBMISSION_ID, **_POSITION, "is_mock": False, "device_key": _DEVICE_KEY},
        {
            "message": "Attendance submitted successfully",
            "attendance_id": ATTENDANCE_ID,
            "verification_status": "verified",
            "next_steps": ["You are counted. You need not do anything."],
            "status": "present",
            "location_verified": True,
            "flags": [],
        },
    ),
    "campus_verification_feedback": Example(
        None,
        {
            "factors": [
                {"factor": "qr", "passed": True, "message": "Code read 4 s after it was made"},
                {"factor": "location", "passed": True, "message": "2 m from the venue, radius 50 m"},
                {
                    "factor": "front_photo",
                    "passed": None,
                    "message": "Front photo is not asked for, or its check is not finished",
                },
                {
                    "factor": "back_photo",
                    "passed": None,
                    "message": "Back photo is not asked for, or its check is not finished",
                },
                {"factor": "signature", "passed": None, "message": "Signature was not asked for"},
                {"factor": "time", "passed": True, "message": "Submitted in time"},
            ],
            "overall": "verified",
        },
        query={"submission_id": SUBMISSION_ID},
    ),
    "campus_student_autofill": Example(None, _STUDENT),
}
