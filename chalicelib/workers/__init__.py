"""The event doors: what streams, queues and schedules call.

Every worker may be given the same record twice, and reports the ones it could not take, so that only those
come again (AWS: "Reporting batch item failures").

A message that hangs, such as at a provider, delays the others of its batch for a few seconds only. It is reported
before the function's time-out, which would return the whole batch to the queue (D-MONEY-05).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import takewhile
from typing import Any

from chalicelib.domain.background.hands import Hands
from chalicelib.observability import log_keys, logger

Failures = dict[str, list[dict[str, str]]]
# No message of a batch begins later; with two ninths on top, that is below the functions' time-out of 30 s.
_SECONDS = 18.0


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


def each_record(
    batch: dict[str, Any], take: Callable[[Mapping[str, Any]], None], *, seconds: float = _SECONDS
) -> Failures:
    """Call `take` with the record of each SQS message and report the messages that failed.

    One message begins after the other has ended, or has become slow. A batch of one runs as long as its function.
    """
    records = list(enumerate(batch["Records"]))

    def attempt(numbered: tuple[int, Mapping[str, Any]]) -> bool:
        record = numbered[1]
        with log_keys(message_id=record["messageId"]):
            try:
                take(record)
            except Exception:  # noqa: BLE001  # any failure: the message is delivered again
                logger.exception("message failed")
                return False
        return True

    if len(records) == 1:
        return failures_from(record["messageId"] for _, record in records if not attempt((0, record)))
    hands = Hands[tuple[int, Mapping[str, Any]], bool](
        attempt, kind_of=lambda numbered: str(numbered[0]), has_failed=lambda is_done: not is_done, seconds=seconds
    )
    begun = list(takewhile(lambda numbered: hands.give(numbered, one_by_one=True), records))
    late = [*hands.close(), *records[len(begun) :]]
    if late:
        logger.warning("messages not done in time", extra={"ids": [record["messageId"] for _, record in late]})
    done = {number for (number, _), is_done in hands.results if is_done}
    return failures_from(record["messageId"] for number, record in records if number not in done)
