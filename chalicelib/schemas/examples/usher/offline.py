"""The examples of what phones keep."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import KEY, Example

_PAGE: dict[str, Any] = {
    "next": None,
    "cursor": "v7tqT0cZ1mWnXj2yPqRsTiIxIDE3NjM2NjUyMDAwMDAgMCAxIg==",
    "full": True,
    "deleted": [],
    "generated_at": "2026-11-20T19:05:00.000Z",
    "expires_at": "2026-11-21T19:05:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "usher_sync_attendees": Example(
        answer={
            **_PAGE,
            "results": [
                {
                    "ticket_id": demo.HOLDER.ticket_id,
                    "number": demo.HOLDER.number,
                    "name": demo.HOLDER.name,
                    "photo_url": None,
                    "tier": demo.HOLDER.tier,
                    "labels": list(demo.HOLDER.labels),
                    "status": "valid",
                    "credential": 1,
                    "disputed": False,
                    "scan_status": "not_scanned",
                    "presence": None,
                    "scanned_at": None,
                }
            ],
        }
    ),
    "usher_sync_cards": Example(
        answer={
            **_PAGE,
            "fingerprint_key": KEY,
            "results": [
                {
                    "fingerprint": "9b1d5c0e7f42",
                    "status": "active",
                    "secure": False,
                    "counter": None,
                    "ticket_ids": [demo.HOLDER.ticket_id],
                }
            ],
        }
    ),
}
