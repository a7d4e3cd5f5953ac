"""The examples of the staff's portal: incidents and conflicts; and an usher's report."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import LOG_ID, ULID, Example, page

_INCIDENT: dict[str, Any] = {
    "id": f"inc_{ULID}",
    "event_id": demo.EVENT_ID,
    "type": "security",
    "status": "open",
    "note": "Somebody climbed over the fence at gate 2.",
    "card_uid": None,
    "photo_url": None,
    "ticket_id": None,
    "reported_by": f"ush_{ULID}",
    "created_at": "2026-11-20T19:04:30.000Z",
    "answer": None,
    "answered_by": None,
    "answered_at": None,
}

OPERATIONS: dict[str, Example] = {
    "usher_report_incident": Example({"type": "security", "note": _INCIDENT["note"]}, _INCIDENT),
    "admin_incidents": Example(answer=page(_INCIDENT)),
    "admin_answer_incident": Example(
        {"status": "closed", "note": "Security led them out."},
        {
            **_INCIDENT,
            "status": "closed",
            "answer": "Security led them out.",
            "answered_by": f"adm_{ULID}",
            "answered_at": "2026-11-20T19:10:00.000Z",
        },
    ),
    "admin_close_conflict": Example(
        {"resolution": "device_error", "note": "The reader's clock was wrong."},
        {
            "log_id": LOG_ID,
            "event_id": demo.EVENT_ID,
            "conflict": "double_admission",
            "resolution": "device_error",
        },
    ),
}
