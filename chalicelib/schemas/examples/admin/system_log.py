"""The examples of the staff's portal: the audit log."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example

_ENTRY: dict[str, Any] = {
    "id": f"aud_{ULID}",
    "at": "2026-11-20T16:00:00.000Z",
    "actor_id": f"adm_{ULID}",
    "actor_type": "admin",
    "role": "admin",
    "action": "device.provision",
    "entity_type": "device",
    "entity_id": f"dev_{ULID}",
    "result": "done",
    "code": None,
    "before": None,
    "after": {"event_id": demo.EVENT_ID, "gate": "Gate 1", "name": "North", "status": "provisioned"},
    "erased": False,
    "address": "203.0.113.7",
    "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
    "shard": 3,
    "number": 17,
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
_WHOLE = {"status": "whole", "entries": 240, "seals": 35, "first_break": None, "job_id": None}

OPERATIONS: dict[str, Example] = {
    "admin_system_log": Example(
        query={"verify": "true"},
        answer={"results": [_ENTRY], "next": None, "count": None, "verification": _WHOLE},
    ),
    "admin_export_system_log": Example(
        answer={"job_id": f"job_{ULID}", "status": "open", "url": None},
        query={"format": "csv", "result": "refused"},
    ),
}
