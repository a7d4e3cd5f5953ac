"""The examples of campus attendance: dashboards, histograms, trends, anomalies, events, the live view."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example

_BY_STATUS = {"present": 38, "late": 4, "left_early": 0, "excused": 1, "absent": 0}
_BY_VERIFICATION = {"verified": 40, "pending": 1, "flagged": 2, "rejected": 0}

_RANGE = {"start": "2026-11-21", "end": "2026-11-27"}
_DASHBOARD = {
    "summary": {
        "expected": 0,
        "present": 0,
        "late": 0,
        "left_early": 0,
        "excused": 0,
        "absent": 0,
        "rate": None,
        "flagged": 0,
        "open_appeals": 0,
    },
    "recent": [],
    "streak": 0,
    "date_range": _RANGE,
}


def _histogram(kind: str, bins: list[int], labels: list[str], values: list[int], peak: str | None = None) -> Example:
    return Example(
        None,
        {
            "histogram_type": kind,
            "bins": bins,
            "values": values,
            "labels": labels,
            "total_samples": sum(values),
            "peak_hour": peak,
            "metadata": {
                "date_range": _RANGE,
                "campus_filter": None,
                "generated_at": "2026-11-27T10:06:00.000Z",
            },
        },
    )


_HOURS = [f"{hour:02}:00" for hour in range(24)]
_SECONDS = [
    "0-5 s",
    "5-10 s",
    "10-20 s",
    "20-30 s",
    "30-60 s",
    "60-120 s",
    "120-180 s",
    "180-300 s",
    "300-600 s",
    "600 s and more",
]
_WEEK = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

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
    "campus_realtime_ticket": Example(
        None,
        {
            "url": "wss://live.example.com/live",
            "ticket": "kTQ2m5W0c3v9yq1Zb8n4xR7sL6pA0dFhJgUeIwOoYtE",
            "expires_at": "2026-11-27T10:06:30.000Z",
        },
    ),
    "campus_dashboard": Example(None, _DASHBOARD),
    "campus_refresh_dashboard": Example(
        None, {"message": "Dashboard refreshed", "recounting": False, "dashboard": _DASHBOARD}
    ),
    "campus_histogram_hourly": _histogram(
        "attendance_hourly", list(range(24)), _HOURS, [*[0] * 8, 1, 2, *[0] * 14], "09:00"
    ),
    "campus_histogram_verification_time": _histogram(
        "verification_time", [0, 5, 10, 20, 30, 60, 120, 180, 300, 600], _SECONDS, [0, 0, 2, 1, 0, 0, 0, 0, 0, 0]
    ),
    "campus_histogram_departments": _histogram("department_comparison", [0], [demo.DEPARTMENT], [3]),
    "campus_histogram_weekly": _histogram("weekly_pattern", list(range(7)), _WEEK, [1, 0, 1, 0, 1, 0, 0]),
    "campus_attendance_trends": Example(
        None,
        {
            "series": [
                {"date": "2026-11-27", "expected": 48, "submitted": 43, "rate": 0.8936, "moving_average": 38.57}
            ],
            "window": 7,
        },
    ),
    "campus_department_summary": Example(
        None,
        {
            "departments": [
                {
                    "department": demo.DEPARTMENT,
                    "events": 12,
                    "expected": 288,
                    "submitted": 251,
                    "rate": 0.8611,
                    "verified": 240,
                    "pending": 3,
                    "flagged": 8,
                }
            ]
        },
    ),
    "campus_anomaly_detection": Example(
        None,
        {
            "anomalies": [
                {
                    "type": "rate_outlier",
                    "severity": "medium",
                    "subjects": [{"kind": "event", "id": demo.CAMPUS_EVENT_ID}],
                    "evidence": {"rate": 0.4, "median": 0.88, "modified_z": -4.05, "cut": 3.5, "compared": 12},
                    "detected_at": "2026-11-27T10:06:00.000Z",
                    "message": "The attendance rate of Quantum mechanics I is 40%, far below the median of 88% over 12 "
                    "events (modified z-score -4.0, cut 3.5).",
                }
            ],
            "flagged_examined": 8,
            "events_examined": 31,
        },
    ),
}
