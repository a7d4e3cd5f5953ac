"""The examples of Tix: print runs, and tickets that are taken back."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example

JOB_ID = f"job_{ULID}"
_NUMBERS = {"prefix": demo.PREFIX, "from": 1, "to": demo.SHEET_COUNT}
_FILE = {
    "url": f"https://gatehouse-files.s3.amazonaws.com/exports/{JOB_ID}/001.pdf?X-Amz-Expires=3600",
    "expires_at": "2026-11-20T14:01:00.000Z",
    "from": demo.numbered(1),
    "to": demo.numbered(demo.SHEET_COUNT),
    "tickets": demo.SHEET_COUNT,
}

OPERATIONS: dict[str, Example] = {
    "tix_print_tickets": Example({**_NUMBERS, "format": "pdf"}, {"job_id": JOB_ID}),
    "tix_print_run": Example(
        None,
        {
            "job_id": JOB_ID,
            "status": "complete",
            "format": "pdf",
            **_NUMBERS,
            "count": demo.SHEET_COUNT,
            "done": demo.SHEET_COUNT,
            "problem": None,
            "files": [_FILE],
            "created_at": "2026-11-20T13:00:00.000Z",
            "completed_at": "2026-11-20T13:00:04.000Z",
        },
    ),
    "tix_void_tickets": Example(
        {**_NUMBERS, "reason": "The printed sheets were stolen"},
        {"voided": demo.SHEET_COUNT - demo.SCANNED_COUNT, "voided_before": 0, "scanned": demo.SCANNED_COUNT},
    ),
}
