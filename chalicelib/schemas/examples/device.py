"""The examples of the reader agents."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ACCESS, ASSERTION, CURSOR, DEVICE_ID, KEY, SCAN_ID, Example
from chalicelib.schemas.examples.usher.scans import ADMITTED

SETTINGS = {
    "heartbeat_seconds": 30,
    "batch_size": 100,
    "online_timeout_ms": 1000,
    "debounce_ms": 1000,
    "timezone": "Asia/Karachi",
}

_TAKEN = {
    **ADMITTED,
    "index": 0,
    "status": "accepted",
    "corrected_at": "2026-11-20T19:04:31.000Z",
    "conflict": None,
    "error": None,
}

OPERATIONS: dict[str, Example] = {
    "device_enroll": Example(
        {"code": "ABCD-EFGH-JKLM", "public_key": KEY, "name": "Gate 1 left"},
        {
            "device_id": DEVICE_ID,
            "event_id": demo.EVENT_ID,
            "gate": demo.GATES[0],
            "server_public_key": KEY,
            "config": SETTINGS,
        },
    ),
    "device_token": Example(
        {"device_id": DEVICE_ID, "assertion": ASSERTION},
        {"access": ACCESS, "token_type": "Bearer", "expires_in": 900},
    ),
    "device_taps": Example(
        {
            "taps": [{"scan_id": SCAN_ID, "uid": demo.CARD_UID, "scanned_at": "2026-11-20T19:04:31Z"}],
            "device_time": "2026-11-20T19:04:32Z",
        },
        {"results": [_TAKEN]},
    ),
    "device_snapshot": Example(),
    "device_heartbeat": Example(
        {
            "queue_depth": 0,
            "clock_offset_ms": 12,
            "reader": {"path": "usb:072f:2200", "model": "ACS ACR122U"},
            "app_version": "0.1.0",
            "battery": 76,
            "snapshot_cursor": CURSOR,
            "snapshot_generated_at": "2026-11-20T19:01:00.000Z",
            "seq": 1204,
            "hub": DEVICE_ID,
        },
        {
            "config": SETTINGS,
            "gate": "Gate 1",
            "server_public_keys": [KEY],
            "revoked_before": None,
            "time": "2026-11-20T19:05:00.000Z",
            "test": None,
        },
    ),
}
