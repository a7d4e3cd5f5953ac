"""The examples of the ushers' portal: synchronization of phones, and the readers of the event."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.device import SETTINGS
from chalicelib.schemas.examples.shared import CURSOR, DEVICE_ID, INSTALLATION_ID, KEY, PHONE_ID, Example

_STATUS = {
    "device_id": PHONE_ID,
    "last_sync_at": "2026-11-20T19:05:00.000Z",
    "pending_conflicts": 0,
    "snapshot_version": CURSOR,
    "missing": 3,
    "gaps": [{"first": 41, "last": 43}],
    "server_time": "2026-11-20T19:05:00.000Z",
}

_BOARD = {
    "readers": [
        {
            "device_id": DEVICE_ID,
            "kind": "agent",
            "name": "Gate 1 left",
            "gate": demo.GATES[0],
            "online": True,
            "last_seen_at": "2026-11-20T19:04:30.000Z",
            "queue_depth": 0,
            "missing_seq": 0,
            "clock_offset_ms": 12,
            "snapshot_age_s": 1140,
            "app_version": "0.1.0",
            "battery": 76,
            "nfc": None,
            "ready": False,
            "why": ["snapshot_old"],
        }
    ],
    "gates": [
        {"gate": demo.GATES[0], "devices": 1, "ready_devices": 0, "ready": False, "why": ["no_ready_device"]},
        {"gate": demo.GATES[1], "devices": 0, "ready_devices": 0, "ready": False, "why": ["no_device"]},
    ],
    "ready": False,
    "complete": True,
    "as_of": "2026-11-20T19:05:00.000Z",
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
        {
            **_STATUS,
            "config": SETTINGS,
            "server_public_keys": [KEY],
            "revoked_before": None,
            "time": "2026-11-20T19:05:00.000Z",
            "test": None,
        },
    ),
    "usher_nfc_status": Example(answer=_BOARD),
    "usher_nfc_test": Example(
        query={"device_id": DEVICE_ID},
        answer={
            "device_id": DEVICE_ID,
            "kind": "agent",
            "pending": False,
            "asked_at": "2026-11-20T19:04:10.000Z",
            "answered_at": "2026-11-20T19:04:30.412Z",
            "round_trip_ms": 20412,
            "last_seen_at": "2026-11-20T19:04:30.412Z",
        },
    ),
}
