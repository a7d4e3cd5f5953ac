"""What the platform logs, read back."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.observability import logger

Line = dict[str, Any]


class LogLines:
    """The lines that were logged since a test began to collect them."""

    def __init__(self) -> None:
        self.sink = io.StringIO()

    @property
    def text(self) -> str:
        return self.sink.getvalue()

    def all(self) -> list[Line]:
        """Return every line; each must be one JSON object."""
        return [json.loads(line) for line in self.text.splitlines()]

    def of(self, request_id: str) -> list[Line]:
        """Return the lines that carry the id of a request."""
        return [line for line in self.all() if line.get("request_id") == request_id]

    def of_requests(self) -> list[Line]:
        """Return the summary line of each request."""
        return [line for line in self.all() if line["message"] == "request"]

    def of_calls(self) -> list[Line]:
        """Return the summary line of each call of a worker's handler."""
        return [line for line in self.all() if line["message"] == "call"]

    def clear(self) -> None:
        self.sink.seek(0)
        self.sink.truncate()


@contextmanager
def collected() -> Iterator[LogLines]:
    """Collect every line that the platform's logger writes, at its most talkative."""
    lines = LogLines()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    level, stream = logger.log_level, handler.setStream(lines.sink)
    logger.setLevel("DEBUG")
    try:
        yield lines
    finally:
        handler.setStream(stream)
        logger.setLevel(level)
