"""The examples of the staff's portal: cancellations of events."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example

_PREVIEW: dict[str, Any] = {
    "event_id": demo.EVENT_ID,
    "status": "preview",
    "preview": {
        "tickets": 87,
        "issued": 6,
        "total": demo.money(13_050_000),
        "ways": [
            {
                "provider": "sandbox",
                "tickets": 87,
                "amount": demo.money(13_050_000),
                "balance": demo.money(10_000_000),
                "lacks": demo.money(3_050_000),
            }
        ],
    },
    "refund": "all",
    "notify": None,
    "reason": None,
    "asked_by": None,
    "confirmed_by": None,
    "cancelled_at": None,
    "job_id": None,
    "progress": None,
}
_RUNNING: dict[str, Any] = {
    **_PREVIEW,
    "status": "running",
    "preview": None,
    "notify": True,
    "reason": "The hall is flooded.",
    "asked_by": f"adm_{ULID}",
    "cancelled_at": "2026-11-20T10:00:00.000Z",
    "job_id": f"job_{ULID}",
    "progress": {
        "total": 87,
        "done": 60,
        "waiting": 27,
        "failed": 0,
        "reasons": {"provider_funds": 27},
        "problems": [{"ticket_id": f"tkt_{ULID}", "reason": "provider_funds"}],
        "paid": demo.money(13_050_000),
        "refunded": demo.money(13_050_000),
        "kept": demo.money(0),
        "pending": demo.money(4_050_000),
    },
}

OPERATIONS: dict[str, Example] = {
    "admin_cancel_event": Example({"dry_run": True}, _PREVIEW),
    "admin_cancellation": Example(answer=_RUNNING),
}
