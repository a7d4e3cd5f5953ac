"""The one structured logger, and metrics that CloudWatch reads off the log.

A line carries ids and words of the vocabulary, never a name, number, token or code.
"""

import contextvars
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, TypeVar

from aws_lambda_powertools import Logger

from chalicelib.config import config

Result = TypeVar("Result")

# ASCII, so that no character in a line draws at the terminal of its reader.
_in_ascii = partial(json.dumps, default=str, separators=(",", ":"))
# Without the place in the code: each line's message is in one place, and the bytes are paid for.
logger = Logger(
    service="gatehouse", level=config().log_level, use_rfc3339=True, json_serializer=_in_ascii, location=None
)


def _without_raw_path(record: logging.LogRecord) -> bool:
    """Remove the raw path from the line that Chalice writes about a fault: a path may carry a phone number."""
    if record.msg == "Caught exception for path %s":
        record.msg, record.args = "request raised", ()
    return True


# Chalice logs under the app's name, which is the name of this logger.
logger.addFilter(_without_raw_path)


class Outcome:
    """What a request decided, kept for the request's own line: two lines about one scan would be paid for."""

    def __init__(self) -> None:
        """Nothing is decided yet."""
        self._first: tuple[str, Mapping[str, Any]] | None = None
        self._several = False

    def add(self, message: str, facts: Mapping[str, Any]) -> None:
        """Keep a first decision; of several, each gets a line of its own."""
        if self._first is None and not self._several:
            self._first = (message, facts)
            return
        self._write_first()
        logger.info(message, extra=facts)

    def facts(self) -> Mapping[str, Any]:
        """Return the facts of the one decision that has no line yet; nothing where there were none or several."""
        return self._first[1] if self._first is not None else {}

    def _write_first(self) -> None:
        if self._first is not None:
            logger.info(self._first[0], extra=self._first[1])
        self._first, self._several = None, True


_outcome: contextvars.ContextVar[Outcome | None] = contextvars.ContextVar("outcome", default=None)


@contextmanager
def outcome() -> Iterator[Outcome]:
    """Collect what is decided within the block, whose own line then carries it."""
    found = Outcome()
    outer = _outcome.set(found)
    try:
        yield found
    finally:
        _outcome.reset(outer)


def decided(message: str, **facts: Any) -> None:
    """Log a decision: in the line of the request that made it, or in a line of its own."""
    if (found := _outcome.get()) is not None:
        found.add(message, facts)
    else:
        logger.info(message, extra=facts)


@contextmanager
def log_keys(**keys: str | None) -> Iterator[None]:
    """Add keys to every line that is logged within the block, in this thread or task only."""
    before = logger.thread_safe_get_current_keys()
    logger.thread_safe_append_keys(**keys)
    try:
        yield
    finally:
        logger.thread_safe_clear_keys()
        logger.thread_safe_append_keys(**before)


def in_this_context(function: Callable[..., Result]) -> Callable[..., Result]:
    """Return the function for use in other threads; their log lines carry the keys that are set here and now."""
    context = contextvars.copy_context()

    def run(*arguments: Any) -> Result:
        # A context runs one function at a time, so each call gets its own copy.
        return context.copy().run(function, *arguments)

    return run


def count(metric: str, numbers: Mapping[str, int], *, by: str) -> None:
    """Add to a metric, split by one dimension, in CloudWatch's embedded format; for workers and rare refusals."""
    # Imported here: few requests send metrics, and every cold start would pay for it.
    from aws_lambda_powertools.metrics import MetricUnit, single_metric
    from aws_lambda_powertools.metrics.functions import is_metrics_disabled

    if is_metrics_disabled():  # single_metric writes to the standard output even then
        return
    with _alone_on_the_log():
        for value, number in numbers.items():
            with single_metric(name=metric, unit=MetricUnit.Count, value=number, namespace="Gatehouse") as sink:
                sink.add_dimension(name="stage", value=config().stage)
                sink.add_dimension(name=by, value=value)


@contextmanager
def _alone_on_the_log() -> Iterator[None]:
    """Keep other threads' lines out of the block: a metric is printed in two writes, its text and its line end."""
    with ExitStack() as held:
        for handler in logger.handlers:
            if handler.lock is not None:
                held.enter_context(handler.lock)
        yield
