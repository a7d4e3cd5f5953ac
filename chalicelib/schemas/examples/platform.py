"""The examples of the platform: liveness, and jobs."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example

OPERATIONS: dict[str, Example] = {
    "health": Example(answer={"status": "ok", "time": "2026-11-20T19:05:00.000Z"}),
    "show_job": Example(
        None,
        {
            "job_id": f"job_{ULID}",
            "kind": "tickets_print",
            "status": "open",
            "done": 0,
            "total": demo.SHEET_COUNT,
            "errors": [],
            "url": None,
            "expires_at": None,
        },
    ),
}
