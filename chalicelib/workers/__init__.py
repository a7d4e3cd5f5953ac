"""The event doors: what streams, queues and schedules call.

Every worker may be given the same record twice, and reports the ones it could not take, so that only those
come again (AWS: "Reporting batch item failures").
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.observability import log_keys, logger

Failures = dict[str, list[dict[str, str]]]


def failures_from(identifiers: Iterable[str]) -> Failures:
    """Return the response that reports these records as failed."""
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def queued_at(record: Mapping[str, Any]) -> datetime | None:
    """Return when a queue got a message, or None where the record does not say."""
    sent = (record.get("attributes") or {}).get("SentTimestamp")
    return datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else None


def each_message(batch: dict[str, Any], take: Callable[[str], None]) -> Failures:
    """Call `take` with the body of each SQS message and report the messages that failed."""
    return each_record(batch, lambda record: take(record["body"]))


def each_record(batch: dict[str, Any], take: Callable[[Mapping[str, Any]], None]) -> Failures:
    """Call `take` with the record of each SQS message and report the messages that failed."""
    failed: list[str] = []
    for record in batch["Records"]:
        with log_keys(message_id=record["messageId"]):
            try:
                take(record)
            except Exception:  # noqa: BLE001  # any failure: the message is delivered again
                logger.exception("message failed")
                failed.append(record["messageId"])
    return failures_from(failed)
