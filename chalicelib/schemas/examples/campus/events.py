"""The examples of campus attendance: events, their code and their roster."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page

_SENT: dict[str, Any] = {
    "title": "Quantum mechanics II",
    "location": demo.CAMPUS_HALL,
    "latitude": demo.CAMPUS_LATITUDE,
    "longitude": demo.CAMPUS_LONGITUDE,
    "location_radius": demo.CAMPUS_RADIUS,
    "start_datetime": "2026-11-23T04:00:00.000Z",
    "end_datetime": "2026-11-23T06:00:00.000Z",
    "late_until": "2026-11-23T04:15:00.000Z",
}
_SHOWN: dict[str, Any] = {
    "id": demo.CAMPUS_EVENT_ID,
    "title": demo.CAMPUS_EVENT_TITLE,
    "description": None,
    "location": demo.CAMPUS_HALL,
    "latitude": demo.CAMPUS_LATITUDE,
    "longitude": demo.CAMPUS_LONGITUDE,
    "location_radius": demo.CAMPUS_RADIUS,
    "start_datetime": "2026-11-20T04:00:00.000Z",
    "end_datetime": "2026-12-20T04:00:00.000Z",
    "late_until": "2026-11-21T04:00:00.000Z",
    "closes_at": None,
    "second_window": None,
    "campus": demo.CAMPUS,
    "campus_id": demo.CAMPUS_ID,
    "timezone": demo.TIMEZONE,
    "organizer": "Waqas Shah",
    "organizer_id": demo.CAMPUS_TEACHER_ID,
    "is_active": True,
    "require_photos": False,
    "require_signature": False,
    "require_location": True,
    "retention": {"photos_days": 30, "signature_days": 365, "position_days": 0, "device_days": 30},
    "expected": None,
    "roster_size": len(demo.CAMPUS_ROSTER),
    "roster_version": 1,
    "qr_expires_at": "2026-11-20T08:00:30.000Z",
    "created_at": "2026-11-20T03:00:00.000Z",
    "version": 1,
}
_CREATED = {**_SHOWN, **_SENT, "id": f"cev_{ULID}", "roster_size": 0, "roster_version": 0}
_CODE = {
    "event_id": demo.CAMPUS_EVENT_ID,
    "qr_token": "AQhjZXZfZGVtbwAAAAEAaQoX6g0d1p3qkS6yT0sVnW8fQ1k",
    "qr_image": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
    "code": "40917265",
    "expires_at": "2026-11-20T08:00:30.000Z",
}

OPERATIONS: dict[str, Example] = {
    "campus_list_events": Example(None, page({**_SHOWN, "qr_expires_at": None})),
    "campus_create_event": Example(_SENT, _CREATED),
    "campus_create_events": Example({"events": [_SENT]}, {"events": [_CREATED], "count": 1}),
    "campus_event": Example(None, {**_SHOWN, "qr_expires_at": None}),
    "campus_change_event": Example({"title": "Quantum mechanics I"}, _SHOWN),
    "campus_delete_event": Example(),
    "campus_event_qr": Example(None, _CODE),
    "campus_refresh_qr": Example(None, _CODE),
    "campus_roster": Example(
        None,
        page(
            {
                "id": demo.STUDENT_ID,
                "student_id": demo.STUDENT_NUMBER,
                "full_name": f"{demo.STUDENT_FIRST_NAME} {demo.STUDENT_LAST_NAME}",
                "department": demo.DEPARTMENT,
                "year_level": demo.YEAR_LEVEL,
                "added_at": "2026-11-20T03:00:00.000Z",
            },
            count=len(demo.CAMPUS_ROSTER),
        ),
    ),
    "campus_set_roster": Example(
        {"student_ids": [demo.STUDENT_NUMBER, "PHY-26-404"]},
        {
            "event_id": demo.CAMPUS_EVENT_ID,
            "version": 2,
            "size": 1,
            "added": 0,
            "removed": len(demo.CAMPUS_ROSTER) - 1,
            "unknown_count": 1,
            "unknown": [{"line": 2, "value": "PHY-26-404", "message": "nobody has this student number"}],
        },
    ),
}
