"""The examples of the ushers' portal: records of scans that were decided without the network."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import SCAN_ID, Example

RECORD = {
    "scan_id": SCAN_ID,
    "kind": "scan",
    "uid": demo.CARD_UID,
    "gate": demo.GATES[0],
    "scanned_at": "2026-11-20T19:04:31Z",
    "seq": 41,
    "offline": {"result": "valid"},
}
VERDICT = {
    "index": 0,
    "scan_id": SCAN_ID,
    "status": "conflict",
    "result": "valid",
    "reason": None,
    "corrected_at": "2026-11-20T19:04:31.250Z",
    "conflict": {
        "kind": "double_admission",
        "with": {
            "scan_id": "scn_01JD2Q8V5XW4T0FZ3N9M6K1C7A",
            "gate": demo.GATES[0],
            "scanned_at": "2026-11-20T19:02:10.000Z",
            "by": "Gate 1 left",
        },
    },
    "error": None,
}

OPERATIONS: dict[str, Example] = {
    "usher_log_scan": Example(
        RECORD,
        {"results": [VERDICT], "accepted": 0, "replayed": 0, "conflicts": 1, "rejected": 0},
    ),
    "usher_sync_logs": Example(
        {"logs": [RECORD], "device_time": "2026-11-20T19:30:00Z"},
        {"results": [VERDICT], "accepted": 0, "replayed": 0, "conflicts": 1, "rejected": 0},
    ),
}
