"""The examples of the staff's portal: reader devices."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import DEVICE_ID, Example, page

_DEVICE = {
    "id": DEVICE_ID,
    "kind": "agent",
    "event_id": demo.EVENT_ID,
    "gate": demo.GATES[0],
    "usher_id": None,
    "name": "Gate 1 left",
    "status": "enrolled",
    "online": True,
    "ready": False,
    "why": ["snapshot_old"],
    "last_seen_at": "2026-11-20T19:04:30.000Z",
    "queue_depth": 0,
    "clock_offset_ms": 12,
    "missing_seq": 0,
    "seq": 1204,
    "snapshot_age_s": 1140,
    "battery": 76,
    "nfc": None,
    "hub": None,
    "app_version": "0.1.0",
    "last_error": None,
    "wipe_before": None,
    "created_at": "2026-11-20T16:00:00.000Z",
    "enrolled_at": "2026-11-20T16:05:00.000Z",
    "revoked_at": None,
}

OPERATIONS: dict[str, Example] = {
    "admin_devices": Example(answer=page(_DEVICE)),
    "admin_provision_device": Example(
        {"event_id": demo.EVENT_ID, "gate": demo.GATES[0], "name": "Gate 1 left"},
        {"device_id": DEVICE_ID, "enrollment_code": "ABCD-EFGH-JKLM", "expires_at": "2026-11-20T16:15:00.000Z"},
    ),
    "admin_change_device": Example({"gate": demo.GATES[0], "name": "Gate 1 left"}, _DEVICE),
    "admin_revoke_device": Example(),
}
