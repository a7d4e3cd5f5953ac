"""The examples of the staff's portal: the daily reconciliation."""

from chalicelib.schemas.examples.shared import Example

OPERATIONS: dict[str, Example] = {
    "admin_reconciliation": Example(
        answer={
            "date": "2026-11-19",
            "status": "not_yet",
            "provider": "sandbox",
            "provider_count": 0,
            "journal_count": 0,
            "finished_at": None,
            "results": [],
            "next": None,
            "count": None,
        }
    ),
}
