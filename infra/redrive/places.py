"""Where a stage's dead letters are, as its stack says."""

from collections.abc import Callable
from typing import Any, NamedTuple

from infra.redrive.queue_letters import DeadLetterQueue

# The logical names of the template: a queue and its dead letters, a stream function and its bucket.
_DEAD_LETTERS, _QUEUE, _LETTERS = "DeadLetters", "Queue", "Letters"
# The two functions that read the stream.
STREAM_FUNCTIONS = ("Stream", "Live")


class StreamFunction(NamedTuple):
    """A function that reads the stream: its name in the template, its own name, its bucket and its notices."""

    name: str
    function_name: str
    bucket: str
    notices_url: str


class Places(NamedTuple):
    """All places with dead letters."""

    streams: tuple[StreamFunction, ...]
    queues: tuple[DeadLetterQueue, ...]

    @property
    def names(self) -> list[str]:
        """The names that --only takes."""
        return [stream.name.lower() for stream in self.streams] + [queue.name.lower() for queue in self.queues]


def find(client: Callable[[str], Any], stack: str) -> Places:
    """Return the places of a stack. Raises botocore's ClientError where there is no such stack."""
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    ids = {
        found["LogicalResourceId"]: found.get("PhysicalResourceId", "")
        for page in pages
        for found in page["StackResourceSummaries"]
    }
    streams = tuple(
        StreamFunction(name, ids.get(name, ""), ids[f"{name}{_LETTERS}"], ids[f"{name}{_DEAD_LETTERS}"])
        for name in STREAM_FUNCTIONS
    )
    queues = tuple(
        DeadLetterQueue(name.removesuffix(_QUEUE), ids[name], ids[f"{name.removesuffix(_QUEUE)}{_DEAD_LETTERS}"])
        for name in sorted(ids)
        if name.endswith(_QUEUE) and f"{name.removesuffix(_QUEUE)}{_DEAD_LETTERS}" in ids
    )
    return Places(streams, queues)
