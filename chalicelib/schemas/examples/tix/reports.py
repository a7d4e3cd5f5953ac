"""The examples of Tix: reports."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example

_COUNTS = {"generated": demo.SHEET_COUNT, "scanned": demo.SCANNED_COUNT}

OPERATIONS: dict[str, Example] = {
    "tix_stats": Example(
        None,
        {
            "total": demo.SHEET_COUNT,
            "scanned": demo.SCANNED_COUNT,
            "not_scanned": demo.SHEET_COUNT - demo.SCANNED_COUNT,
            "scan_rate": 12.5,
        },
    ),
    "tix_daily": Example(None, [{"date": "2026-11-20", **_COUNTS}]),
    "tix_weekly": Example(None, [{"week": "2026-W47", **_COUNTS}]),
    "tix_monthly": Example(None, [{"month": "2026-11", **_COUNTS}]),
}
