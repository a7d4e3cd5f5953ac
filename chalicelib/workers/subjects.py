"""What the records of a batch speak of: ids for the log line of the call, so that one scan or order can be followed.

Only ids that the log has elsewhere, never a number, name, address or text of a record.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

# Ids that follow one piece of work; ids of events and people would join all of their work.
NAMES = (
    "scan_id",
    "ticket_id",
    "order_id",
    "payment_id",
    "refund_id",
    "payout_id",
    "pay_back_id",
    "job_id",
    "gift_id",
    "assignment_id",
    "attendance_id",
    "message_id",
)
# With a letter: a phone number in the place of an id stays out.
_ID = re.compile(r"(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_.-]{4,64}")


def of_batch(batch: Mapping[str, Any]) -> list[str]:
    """Return the ids that the records of a batch speak of, each once."""
    return list(dict.fromkeys(found for record in batch.get("Records", ()) for found in of_record(record)))


def of_record(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ids that one record speaks of: the item of a stream record, the content of a message."""
    if "dynamodb" in record:
        change = record["dynamodb"]
        yield from _of_image(change.get("NewImage") or change.get("OldImage") or {})
    else:
        yield from _of_body(record.get("body"))


def _of_image(image: Mapping[str, Any]) -> Iterator[str]:
    for name, value in image.items():
        if name in NAMES and "S" in value:
            yield from _ids(value["S"])
        elif "M" in value:
            # An admission is a map of its ticket.
            yield from (each for key in NAMES for each in _ids(value["M"].get(key, {}).get("S")))


def _of_body(body: Any) -> Iterator[str]:
    try:
        content = json.loads(body)
    except (TypeError, ValueError):
        return
    if isinstance(content, dict):
        detail = content.get("detail")
        for part in (content, detail if isinstance(detail, dict) else {}):
            yield from (each for name in NAMES for each in _ids(part.get(name)))


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, str) and _ID.fullmatch(value):
        yield value
