"""The examples of campus attendance: dashboards, histograms, trends, anomalies, events, the live view."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example

_BY_STATUS = {"present": 38, "late": 4, "left_early": 0, "excused": 1, "absent": 0}
_BY_VERIFICATION = {"verified": 40, "pending": 1, "flagged": 2, "rejected": 0}

OPERATIONS: dict[str, Example] = {
    "campus_event_analytics": Example(
        None,
        {
            "event_id": demo.CAMPUS_EVENT_ID,
            "expected": 48,
            "submitted": 43,
            "by_status": _BY_STATUS,
            "by_verification": _BY_VERIFICATION,
            "flags": {"old_qr": 1, "outside_radius": 2},
            "by_minute": [{"minute": "2026-11-27T10:05:00.000Z", "count": 43}],
            "median_seconds": 24.0,
            "rate": 0.8936,
        },
    ),
    "campus_realtime": Example(
        None,
        {
            "event_id": demo.CAMPUS_EVENT_ID,
            "attendance_summary": [{"status": "present", "verification_status": "verified", "count": 38}],
            "recent_submissions": [
                {
                    "first_name": demo.STUDENT_FIRST_NAME,
                    "last_name": demo.STUDENT_LAST_NAME,
                    "student__first_name": demo.STUDENT_FIRST_NAME,
                    "student__last_name": demo.STUDENT_LAST_NAME,
                    "submitted_at": "2026-11-27T10:05:30.000Z",
                    "verification_status": "verified",
                }
            ],
            "total_registered": 38,
            "expected": 48,
            "last_updated": "2026-11-27T10:06:00.000Z",
        },
    ),
}
