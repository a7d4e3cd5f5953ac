"""The examples of the staff's portal: the check-in log."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ULID, Example, page
from chalicelib.schemas.examples.usher.log import ENTRY

OPERATIONS: dict[str, Example] = {
    "admin_checkin_log": Example(answer=page({**ENTRY, "resolved": None}), query={"event_id": demo.EVENT_ID}),
    "admin_export_checkin_log": Example(
        answer={"job_id": f"job_{ULID}", "status": "open", "url": None}, query={"format": "csv", "result": "valid"}
    ),
}
