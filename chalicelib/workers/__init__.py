"""The event doors: what streams, queues and schedules call.

Every worker may be given the same record twice, and reports the ones it could not take, so that only those
come again (AWS: "Reporting batch item failures").
"""

from collections.abc import Callable, Iterable
from typing import Any

from chalicelib.observability import log_keys, logger

Failures = dict[str, list[dict[str, str]]]


def failures_from(identifiers: Iterable[str]) -> Failures:
    """Return the response that reports these records as failed."""
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def each_message(batch: dict[str, Any], take: Callable[[str], None]) -> Failures:
    """Call `take` with the body of each SQS message and report the messages that failed."""
    failed: list[str] = []
    for record in batch["Records"]:
        with log_keys(message_id=record["messageId"]):
            try:
                take(record["body"])
            except Exception:  # noqa: BLE001  # any failure: the message is delivered again
                logger.exception("message failed")
                failed.append(record["messageId"])
    return failures_from(failed)
