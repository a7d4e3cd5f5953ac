"""The examples of the ushers' portal: synchronization of phones, and the readers of the event."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.device import SETTINGS
from chalicelib.schemas.examples.shared import CURSOR, INSTALLATION_ID, PHONE_ID, Example

_STATUS = {
    "device_id": PHONE_ID,
    "last_sync_at": "2026-11-20T19:05:00.000Z",
    "pending_conflicts": 0,
    "snapshot_version": CURSOR,
    "missing": 3,
    "gaps": [{"first": 41, "last": 43}],
    "server_time": "2026-11-20T19:05:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "usher_sync_status": Example(answer=_STATUS),
    "usher_phone_heartbeat": Example(
        {
            "installation_id": INSTALLATION_ID,
            "queue_depth": 2,
            "clock_offset_ms": -120,
            "snapshot_cursor": CURSOR,
            "snapshot_generated_at": "2026-11-20T19:01:00.000Z",
            "app_version": "2.4.0",
            "battery": 81,
            "nfc": "native",
            "gate": demo.GATES[0],
            "seq": 44,
        },
        {**_STATUS, "config": SETTINGS, "revoked_before": None, "time": "2026-11-20T19:05:00.000Z", "test": None},
    ),
}
