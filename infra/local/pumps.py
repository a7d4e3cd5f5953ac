"""What the event source mappings do on AWS: the stream, the queues and the schedules drive the workers.

The app itself lists its handlers, so a new one is driven without a change here. The bus needs no pump: the embedded
cloud routes published facts to the queues by the template's own rules.
"""

import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from chalice.app import DynamoDBEventConfig, ScheduledEventConfig, SQSEventConfig

from chalicelib.observability import log_keys
from infra.local.delivery import SHORTEST_GATHER_SECONDS, StreamMapping
from infra.local.invocation import ACCOUNT, REGION, FunctionContext
from infra.local.meter import Meter
from infra.local.queues import QueueMapping, QueuePump
from infra.local.schedules import Schedule, Schedules, period_of
from infra.local.shards import Checkpoints
from infra.local.streams import StreamPump
from infra.package import filters

WORKER_TIMEOUT_SECONDS = 30.0
# AWS: "Using AWS Lambda with Amazon DynamoDB": a shard is polled four times a second.
_READS_EVERY_SECONDS = 0.25
# The bucket of a stream function's dead letters in a local run (infra/resources/stream_letters.yaml).
LETTERS = "gatehouse-{function}-letters"


@dataclass(frozen=True, slots=True)
class Source:
    """What the pumps read: the table's engine and its stream, and queues and buckets through their clients."""

    table_url: str
    stream_arn: str
    sqs: Any
    s3: Any
    checkpoint: Path | None = None


class Pumps:
    """All pumps of an app."""

    def __init__(self, module: ModuleType, source: Source, *, meter: Meter) -> None:
        """`module` holds the Chalice object as `app` and its handlers beside it."""
        self._module = module
        self._meter = meter
        self._streams: list[StreamPump] = []
        self._queues: list[QueuePump] = []
        scheduled: list[Schedule] = []
        for handler in module.app.event_sources:
            if isinstance(handler, DynamoDBEventConfig):
                self._streams.append(self._stream(handler, source))
            elif isinstance(handler, SQSEventConfig):
                self._queues.append(self._queue(handler, source))
            elif isinstance(handler, ScheduledEventConfig):
                expression = handler.schedule_expression
                text = expression if isinstance(expression, str) else expression.to_string()
                scheduled.append(Schedule(handler.name, period_of(text), self._invoker(handler)))
            else:
                raise TypeError(
                    f"{handler.name}: a local run has no pump for {type(handler).__name__}; add one to pumps.py"
                )
        self.schedules = Schedules(scheduled)

    def start(self) -> None:
        """Start to drive the workers."""
        for stream in self._streams:
            stream.start()
        for queue in self._queues:
            queue.start()
        self.schedules.start()

    def wait_until_caught_up(self, seconds: float) -> None:
        """Wait until the stream was read to its end once, for at most so many seconds."""
        deadline = time.monotonic() + seconds
        for stream in self._streams:
            stream.caught_up.wait(max(0.0, deadline - time.monotonic()))

    def stop(self) -> None:
        """Project what has been written, finish the work in progress, and end."""
        self.schedules.stop()
        for stream in self._streams:
            stream.stop()
        for queue in self._queues:
            queue.stop()

    def _invoker(self, handler: Any) -> Callable[[dict[str, Any]], Any]:
        function = getattr(self._module, handler.handler_string.rpartition(".")[2])

        def invoke(event: dict[str, Any]) -> Any:
            # On AWS each function has a log of its own; here the name tells its lines apart.
            with self._meter.background(handler.name), log_keys(function=handler.name):
                return function(event, FunctionContext(handler.name, WORKER_TIMEOUT_SECONDS))

        return invoke

    def _stream(self, handler: Any, source: Source) -> StreamPump:
        bucket = LETTERS.format(function=handler.name)

        def dead_letter(letter: str) -> None:
            now = datetime.now(UTC)
            # Lambda's own naming (AWS: "Retain discarded records for a DynamoDB event source in Lambda").
            name = f"aws/lambda/{handler.name}/local/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"
            source.s3.put_object(Bucket=bucket, Key=name, Body=letter.encode())

        return StreamPump(
            # The deployed mapping's filter, so that a kind that it forgets is missed in local runs first.
            StreamMapping(
                handler.name,
                batch_size=handler.batch_size,
                patterns=filters.of_function(handler.name),
                gather_seconds=_gathering(handler.name),
            ),
            url=source.table_url,
            stream_arn=source.stream_arn,
            invoke=self._invoker(handler),
            dead_letter=dead_letter,
            # Each reader has a place of its own in the stream: one may trail the other.
            checkpoints=Checkpoints(
                source.checkpoint and source.checkpoint.with_stem(f"{source.checkpoint.stem}-{handler.name}")
            ),
        )

    def _queue(self, handler: Any, source: Source) -> QueuePump:
        name = handler.queue or handler.queue_arn.rpartition(":")[2]
        mapping = QueueMapping(
            handler.name,
            queue_url=source.sqs.get_queue_url(QueueName=name)["QueueUrl"],
            queue_arn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            batch_size=handler.batch_size,
        )
        return QueuePump(mapping, client=source.sqs, invoke=self._invoker(handler))


def _gathering(function: str) -> float:
    """Return how long a stream's records gather: as little as a local run can, or as deployed for `make cost`."""
    if os.environ.get("STREAM_WINDOWS") != "deployed":
        return SHORTEST_GATHER_SECONDS
    return max(_READS_EVERY_SECONDS, filters.GATHER_SECONDS[function])
