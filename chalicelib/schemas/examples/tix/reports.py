"""The examples of Tix: reports."""

from chalicelib.schemas.examples.shared import Example

_COUNTS = {"generated": 500, "scanned": 71}

OPERATIONS: dict[str, Example] = {
    "tix_stats": Example(None, {"total": 500, "scanned": 71, "not_scanned": 429, "scan_rate": 14.2}),
    "tix_daily": Example(None, [{"date": "2026-11-20", **_COUNTS}]),
    "tix_weekly": Example(None, [{"week": "2026-W47", **_COUNTS}]),
    "tix_monthly": Example(None, [{"month": "2026-11", **_COUNTS}]),
}
