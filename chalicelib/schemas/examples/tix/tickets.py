"""The examples of Tix: numbers, tickets and their scan."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example

_USER_ID = f"usr_{ULID}"
_TICKET: dict[str, Any] = {
    "id": f"tkt_{ULID}",
    "number": demo.numbered(demo.SHEET_COUNT),
    "prefix": demo.PREFIX,
    "extra": None,
    "generated_at": "2026-11-20T13:00:00.000Z",
    "scanned_at": None,
    "scanned_by": None,
    "voided_at": None,
    "organization_id": f"ogn_{ULID}",
    "created_by": _USER_ID,
}
_NEW = {**_TICKET, "number": demo.numbered(demo.SHEET_COUNT + 1), "extra": {"section": "A"}}
_SCANNED = {**_TICKET, "scanned_at": "2026-11-20T15:04:05.000Z", "scanned_by": _USER_ID}
_DONE = {"success": True}

# The further fields of a refusal, by its code.
BESIDE: dict[str, dict[str, Any]] = {
    "ALREADY_SCANNED": {"ticket": _SCANNED, "duplicate": True},
    "TICKET_VOIDED": {"ticket": {**_TICKET, "voided_at": "2026-11-20T14:00:00.000Z"}, "duplicate": False},
}

OPERATIONS: dict[str, Example] = {
    "tix_generate_tickets": Example({"count": 1, "prefix": demo.PREFIX, "extra": {"section": "A"}}, [_NEW]),
    "tix_tickets": Example(
        None, {"tickets": [_TICKET], "total": demo.SHEET_COUNT, "page": 1, "limit": 100, "job": None}
    ),
    "tix_clear_tickets": Example(None, _DONE, query={"confirm": demo.ORGANIZATION}),
    "tix_ticket": Example(None, _TICKET),
    "tix_delete_ticket": Example(None, _DONE),
    "tix_scan_ticket": Example(None, {**_DONE, "ticket": _SCANNED}),
}
