"""The examples of Tix: print runs, and tickets that are taken back."""

from chalicelib.schemas.examples.shared import TICKET_ID, Example

JOB_ID = f"job_{TICKET_ID.partition('_')[2]}"
_NUMBERS = {"prefix": "VIP", "from": 1, "to": 500}
_FILE = {
    "url": f"https://gatehouse-files.s3.amazonaws.com/exports/{JOB_ID}/001.pdf?X-Amz-Expires=3600",
    "expires_at": "2026-11-20T14:01:00.000Z",
    "from": "VIP-000001",
    "to": "VIP-000500",
    "tickets": 500,
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
            "count": 500,
            "done": 500,
            "problem": None,
            "files": [_FILE],
            "created_at": "2026-11-20T13:00:00.000Z",
            "completed_at": "2026-11-20T13:00:04.000Z",
        },
    ),
    "tix_void_tickets": Example(
        {**_NUMBERS, "reason": "The printed sheets were stolen"}, {"voided": 429, "voided_before": 0, "scanned": 71}
    ),
}
