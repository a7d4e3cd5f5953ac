"""The examples of campus attendance: records, decisions, appeals, histories, marks by hand."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_ID, _AT = f"att_{ULID}", "2026-11-20T14:02:10.000Z"
_FILED_AT, _DECIDED_AT = "2026-11-20T18:00:00.000Z", "2026-11-21T08:30:00.000Z"
_EVENT = {"id": demo.CAMPUS_EVENT_ID, "title": demo.CAMPUS_EVENT_TITLE}
_STUDENT: dict[str, Any] = {
    "id": demo.STUDENT_ID,
    "student_id": demo.STUDENT_NUMBER,
    "full_name": f"{demo.STUDENT_FIRST_NAME} {demo.STUDENT_LAST_NAME}",
    "department": demo.DEPARTMENT,
    "year_level": demo.YEAR_LEVEL,
}
_STATEMENT, _NOTE = "I sat in the third row. My phone was empty.", "The list on paper has the signature."
_EVIDENCE: dict[str, Any] = {
    "method": "qr",
    "submitted_at": _AT,
    "location_verified": False,
    "distance_m": 182.4,
    "factors": [
        {"factor": "qr", "passed": True, "message": "Code read 3 s after it was made"},
        {
            "factor": "location",
            "passed": False,
            "message": "Location does not match event venue: 182 m from the venue, radius 50 m",
        },
        {"factor": "time", "passed": True, "message": "Submitted in time"},
    ],
    "flags": [
        {
            "flag": "outside_radius",
            "evidence": {"distance": 182, "radius": 50, "accuracy": 12},
            "message": "Location does not match event venue",
        }
    ],
}
RECORD: dict[str, Any] = {
    "id": _ID,
    "event": _EVENT,
    "student": _STUDENT,
    "status": "present",
    "verification_status": "flagged",
    **_EVIDENCE,
    "verified_by": None,
    "verified_at": None,
    "note": None,
    "appeal": None,
    "corrected": False,
}
_ANSWER = {
    "status": "corrected",
    "answer": _NOTE,
    "answered_at": _DECIDED_AT,
    "answered_by": demo.CAMPUS_TEACHER_ID,
}
_DECIDED: dict[str, Any] = {
    **RECORD,
    "verification_status": "verified",
    "status": "late",
    "verified_by": demo.CAMPUS_TEACHER_ID,
    "verified_at": _DECIDED_AT,
    "note": _NOTE,
    "appeal": {"statement": _STATEMENT, "at": _FILED_AT, **_ANSWER},
    "corrected": True,
}
_MARKED: dict[str, Any] = {
    **RECORD,
    "verification_status": "verified",
    "method": "manual",
    "location_verified": None,
    "distance_m": None,
    "factors": [],
    "flags": [],
    "verified_by": demo.CAMPUS_TEACHER_ID,
    "verified_at": _AT,
    "note": "No phone; on the list on paper.",
}
_APPEAL: dict[str, Any] = {
    "id": f"apl_{ULID}",
    "attendance_id": _ID,
    "event": _EVENT,
    "student": _STUDENT,
    "statement": _STATEMENT,
    "filed_at": _FILED_AT,
    "status": "open",
    "answer": None,
    "answered_by": None,
    "answered_at": None,
    "record": {
        **RECORD,
        "appeal": {
            "statement": _STATEMENT,
            "at": _FILED_AT,
            "status": "open",
            "answer": None,
            "answered_at": None,
            "answered_by": None,
        },
    },
}
_HISTORY: dict[str, Any] = {
    "id": _ID,
    "versions": [
        {
            "version": 1,
            "status": "present",
            "verification_status": "flagged",
            **_EVIDENCE,
            "note": None,
            "decided_by": None,
            "decided_at": None,
            "replaced_by": demo.CAMPUS_TEACHER_ID,
            "replaced_at": _DECIDED_AT,
            "reason": _NOTE,
            "is_original": True,
            "is_current": False,
        },
        {
            "version": 2,
            "status": "late",
            "verification_status": "verified",
            **_EVIDENCE,
            "note": _NOTE,
            "decided_by": demo.CAMPUS_TEACHER_ID,
            "decided_at": _DECIDED_AT,
            "replaced_by": None,
            "replaced_at": None,
            "reason": None,
            "is_original": False,
            "is_current": True,
        },
    ],
    "appeals": [{"statement": _STATEMENT, "filed_at": _FILED_AT, **_ANSWER}],
    "readings": [],
}

OPERATIONS: dict[str, Example] = {
    "campus_records": Example(None, page(RECORD), query={"page_size": "20", "status": "present"}),
    "campus_event_records": Example(None, page(RECORD), query={"page_size": "20"}),
    "campus_mark": Example(
        {"student_id": demo.STUDENT_NUMBER, "status": "present", "reason": "No phone; on the list on paper."}, _MARKED
    ),
    "campus_record": Example(None, RECORD),
    "campus_decide": Example({"decision": "correct", "status": "late", "note": _NOTE}, _DECIDED),
    "campus_record_history": Example(None, _HISTORY),
    "campus_appeal": Example({"statement": _STATEMENT}, _APPEAL),
    "campus_appeals": Example(None, page(_APPEAL), query={"page_size": "20", "status": "open"}),
}
