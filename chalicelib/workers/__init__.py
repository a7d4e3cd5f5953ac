"""The event doors: what streams, queues and schedules call.

Every worker may be given the same record twice, and reports the ones it could not take, so that only those
come again (AWS: "Reporting batch item failures").
"""

from collections.abc import Callable, Iterable
from typing import Any

from chalicelib.observability import log_keys, logger

Failures = dict[str, list[dict[str, str]]]


def failures_from(identifiers: Iterable[str]) -> Failures:
    """Return the answer that reports these records as not taken."""
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def each_message(batch: dict[str, Any], take: Callable[[str], None]) -> Failures:
    """Call `take` with each SQS message's body and report those that failed; the others are done."""
    failed: list[str] = []
    for record in batch["Records"]:
        with log_keys(message_id=record["messageId"]):
            try:
                take(record["body"])
            except Exception:  # noqa: BLE001  # any failure: the message is delivered again
                logger.exception("message failed")
                failed.append(record["messageId"])
    return failures_from(failed)
