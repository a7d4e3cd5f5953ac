"""A shard's records, delivered to the stream's function with the retries of Lambda's event source mapping.

A partial failure checkpoints the records before the first failed one. A batch that fails as a whole is bisected. A
single record that keeps failing becomes a dead letter after its retries; the records after it are delivered.
"""

import json
import logging
import random
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.local.invocation import function_arn

Record = dict[str, Any]
_log = logging.getLogger("gatehouse.local")
SHORTEST_GATHER_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """How a stream is mapped to its function; the names are those of Lambda's event source mapping."""

    function_name: str
    batch_size: int = 100
    # As `make package` sets it for the deployed mapping (infra/package).
    maximum_retry_attempts: int = 20
    # AWS waits between tries too, and does not document how long.
    first_backoff_seconds: float = 0.1
    longest_backoff_seconds: float = 5.0
    # Lambda's filter criteria: what matches none of them never reaches the function.
    patterns: Sequence[Mapping[str, Any]] = ({},)
    # The wait after a batch that was not full, in which the next records gather. Lambda reads four times a second, and
    # waits for its batching window. A local run waits less, so that its pages follow at once.
    gather_seconds: float = SHORTEST_GATHER_SECONDS


class Delivery:
    """Delivers batches to the function with Lambda's retries, and reports the position reached."""

    def __init__(
        self,
        mapping: StreamMapping,
        *,
        stream_arn: str,
        invoke: Callable[[dict[str, Any]], Any],
        dead_letter: Callable[[str], None],
        stopping: threading.Event,
    ) -> None:
        """`invoke` calls the function with an event; `dead_letter` keeps the letter about a record."""
        self._mapping = mapping
        self._stream_arn = stream_arn
        self._invoke = invoke
        self._dead_letter = dead_letter
        self._stopping = stopping

    def deliver(self, shard_id: str, records: list[Record], done: Callable[[str], None]) -> bool:
        """Deliver records in order, calling `done` with each position reached; False when stopped before the end."""
        wanted = [record for record in records if passes(self._mapping.patterns, record)]
        if wanted and not self._deliver(shard_id, wanted, done):
            return False
        if records and not (wanted and wanted[-1] is records[-1]):
            done(_sequence_number(records[-1]))
        return True

    def _deliver(self, shard_id: str, records: list[Record], done: Callable[[str], None]) -> bool:
        waiting = [records]  # the next batch is the last of the list
        tries = 0
        while waiting:
            batch = waiting[-1]
            failed_at = self._failed_at(batch)
            if failed_at is None:
                waiting.pop()
                tries = 0
                done(_sequence_number(batch[-1]))
                continue
            if failed_at > 0:
                done(_sequence_number(batch[failed_at - 1]))
                waiting[-1] = batch[failed_at:]
                tries = 0
            elif len(batch) > 1:
                middle = len(batch) // 2
                waiting[-1:] = [batch[middle:], batch[:middle]]
                tries = 0
                continue
            elif tries >= self._mapping.maximum_retry_attempts:
                if not self._give_up(shard_id, batch, invocations=tries + 1):
                    return False
                waiting.pop()
                tries = 0
                done(_sequence_number(batch[-1]))
                continue
            else:
                tries += 1
            if self._stopping.wait(self._backoff(tries)):
                return False
        return True

    def _failed_at(self, batch: list[Record]) -> int | None:
        """Call the function; return the index of the first record to retry, None when all are done."""
        try:
            answer = self._invoke({"Records": batch})
        except Exception:  # noqa: BLE001  # any error: the batch failed
            _log.exception("%s raised; its batch is retried", self._mapping.function_name)
            return 0
        failures = (answer or {}).get("batchItemFailures") or []
        if not failures:
            return None
        places = {_sequence_number(record): place for place, record in enumerate(batch)}
        named = [places.get(str((failure or {}).get("itemIdentifier"))) for failure in failures]
        # A name that is not in the batch fails it as a whole (AWS: "Reporting batch item failures").
        return 0 if None in named else min(place for place in named if place is not None)

    def _backoff(self, tries: int) -> float:
        doubled = self._mapping.first_backoff_seconds * 2.0 ** min(max(tries - 1, 0), 16)
        # With jitter, so that several shards do not retry together.
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 # nosec B311  # no secret
        return min(self._mapping.longest_backoff_seconds, doubled) * jitter

    def _give_up(self, shard_id: str, batch: list[Record], *, invocations: int) -> bool:
        """Keep the letter that Lambda writes to a bucket: which records failed, and their content.

        False where the run stopped before it was kept: the next one has the record again.
        """
        arrived = [datetime.fromtimestamp(float(r["dynamodb"]["ApproximateCreationDateTime"]), UTC) for r in batch]
        letter = {
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "functionArn": function_arn(self._mapping.function_name),
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": invocations,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": _text(datetime.now(UTC)),
            "DDBStreamBatchInfo": {
                "shardId": shard_id,
                "startSequenceNumber": _sequence_number(batch[0]),
                "endSequenceNumber": _sequence_number(batch[-1]),
                "approximateArrivalOfFirstRecord": _text(arrived[0]),
                "approximateArrivalOfLastRecord": _text(arrived[-1]),
                "batchSize": len(batch),
                "streamArn": self._stream_arn,
            },
            "payload": json.dumps({"Records": batch}),
        }
        _log.error("%s: record %s discarded after its retries", self._mapping.function_name, _sequence_number(batch[0]))
        tries = 1
        while True:
            try:
                self._dead_letter(json.dumps(letter))
            except Exception:  # noqa: BLE001  # any error of the bucket: its reader would end, and all behind it wait
                _log.exception("the dead letter of %s cannot be kept now", self._mapping.function_name)
            else:
                return True
            if self._stopping.wait(self._backoff(tries)):
                return False
            tries += 1


def passes(patterns: Sequence[Mapping[str, Any]], record: Mapping[str, Any]) -> bool:
    """Return whether a record matches one of these filters."""
    return any(_matches(pattern, record) for pattern in patterns)


def _matches(pattern: Mapping[str, Any], found: Any) -> bool:
    """Return whether each leaf of a pattern has one of its values, or is there or absent as it says."""
    for name, wanted in pattern.items():
        value = found.get(name) if isinstance(found, Mapping) else None
        if isinstance(wanted, Mapping):
            if not _matches(wanted, value):
                return False
        elif not any(_is(each, value) for each in wanted):
            return False
    return True


def _is(wanted: Any, value: Any) -> bool:
    match wanted:
        case {"exists": bool(expected)}:
            return (value is not None) is expected
    return bool(wanted == value)


def _sequence_number(record: Record) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
