"""The examples of campus: reports."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import KEY, ULID, Example

REPORT_ID = f"rep_{ULID}"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
REDACTED_SHA256 = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"
SIGNATURE = "bm90LWEtcmVhbC1zaWduYXR1cmU"

_CHECKED = {
    "valid": True,
    "report_id": REPORT_ID,
    "generated_at": "2026-11-20T10:00:00.000Z",
    "kind": "official",
    "format": "pdf",
    "event_title": demo.CAMPUS_EVENT_TITLE,
    "rows": 42,
    "sha256": SHA256,
    "signature": SIGNATURE,
    "redacted_sha256": REDACTED_SHA256,
    "redacted_signature": SIGNATURE,
    "kid": "21fe31df",
    "public_key": KEY,
    "matches": "full",
}

_RECORD = {
    "id": f"att_{ULID}",
    "event": {"id": demo.CAMPUS_EVENT_ID, "title": demo.CAMPUS_EVENT_TITLE},
    "student": {
        "id": f"usr_{ULID}",
        "student_id": "S-000001",
        "full_name": "Sana Khan",
        "department": demo.DEPARTMENT,
        "year_level": demo.YEAR_LEVEL,
    },
    "status": "present",
    "verification_status": "verified",
    "location_verified": True,
    "distance_m": 12.0,
    "submitted_at": "2026-11-20T09:02:11.000Z",
    "method": "qr",
    "factors": [],
    "flags": [],
    "verified_by": None,
    "verified_at": None,
    "note": None,
    "appeal": None,
    "corrected": False,
}
_REPORT = {
    "report_id": REPORT_ID,
    "generated_at": "2026-11-20T10:00:00.000Z",
    "filters": {"event": demo.CAMPUS_EVENT_ID},
    "totals": {
        "records": 1,
        "people": 1,
        "events": 1,
        "by_status": {"present": 1, "late": 0, "left_early": 0, "excused": 0, "absent": 0},
        "by_verification": {"verified": 1, "pending": 0, "flagged": 0, "rejected": 0},
        "by_method": {"qr": 1, "code": 0, "nfc": 0, "manual": 0},
        "flagged": 0,
        "corrected": 0,
        "open_appeals": 0,
    },
    "rows": [_RECORD],
    "sha256": SHA256,
    "signature": SIGNATURE,
}
_STARTED = {"job_id": f"job_{ULID}", "status": "open", "url": None}

OPERATIONS: dict[str, Example] = {
    "campus_attendance_report": Example(None, _REPORT, query={"date_from": "2026-11-01", "format": "json"}),
    "campus_official_report": Example(None, None, query={"event": demo.CAMPUS_EVENT_ID}),
    "campus_photo_report": Example(None, _STARTED, query={"event": demo.CAMPUS_EVENT_ID}),
    "campus_individual_report": Example(None, _REPORT, query={"format": "json"}),
    "campus_verify_report": Example(None, _CHECKED, query={"sha256": SHA256}),
}
