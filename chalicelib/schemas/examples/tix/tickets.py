"""The examples of Tix: numbers, tickets and their scan."""

from typing import Any

from chalicelib.schemas.examples.shared import TICKET_ID, Example

_ULID = TICKET_ID.partition("_")[2]
_USER_ID = f"usr_{_ULID}"
_TICKET: dict[str, Any] = {
    "id": TICKET_ID,
    "number": "VIP-000001",
    "prefix": "VIP",
    "extra": {"section": "A"},
    "generated_at": "2026-11-20T13:00:00.000Z",
    "scanned_at": None,
    "scanned_by": None,
    "voided_at": None,
    "organization_id": f"ogn_{_ULID}",
    "created_by": _USER_ID,
}
_SCANNED = {**_TICKET, "scanned_at": "2026-11-20T15:04:05.000Z", "scanned_by": _USER_ID}
_DONE = {"success": True}

# What stands beside a refusal, by its code.
BESIDE: dict[str, dict[str, Any]] = {
    "ALREADY_SCANNED": {"ticket": _SCANNED, "duplicate": True},
    "TICKET_VOIDED": {"ticket": {**_TICKET, "voided_at": "2026-11-20T14:00:00.000Z"}, "duplicate": False},
}

OPERATIONS: dict[str, Example] = {
    "tix_generate_tickets": Example({"count": 1, "prefix": "VIP", "extra": {"section": "A"}}, [_TICKET]),
    "tix_tickets": Example(None, {"tickets": [_TICKET], "total": 1, "page": 1, "limit": 100, "job": None}),
    "tix_clear_tickets": Example(None, _DONE),
    "tix_ticket": Example(None, _TICKET),
    "tix_delete_ticket": Example(None, _DONE),
    "tix_scan_ticket": Example(None, {**_DONE, "ticket": _SCANNED}),
}
