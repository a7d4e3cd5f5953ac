"""The log of a local run, for a person at a terminal: one coloured line each, or JSON with LOG=json."""

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from chalicelib.legible import legible
from chalicelib.observability import logger

_OWN = "gatehouse"
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "request_id"}
_ID_LENGTH = 8
_DIM, _GREEN, _CYAN, _YELLOW, _RED = "2", "32", "36", "33", "31"
_LEVEL_COLOURS = {"DEBUG": _DIM, "INFO": _GREEN, "WARNING": _YELLOW, "ERROR": _RED, "CRITICAL": _RED}
_STATUS_COLOURS = {2: _GREEN, 3: _CYAN, 4: _YELLOW, 5: _RED}
# The facts that a line shows in this order; all others follow as name=value.
_REQUEST_FACTS = ("method", "route", "status", "milliseconds", "code", "portal")
_CALL_FACTS = ("function", "count", "milliseconds")


def configure(environment: Mapping[str, str] = os.environ) -> None:
    """Write the log for a terminal, or with LOG=json in the lines that AWS gets."""
    handler = logger.registered_handler
    stream: TextIO = getattr(handler, "stream", sys.stdout)
    if environment.get("LOG") != "json":
        handler.setFormatter(TerminalFormatter(has_colours=_takes_colours(stream, environment)))
        handler.addFilter(_is_news)
    # The libraries' own warnings, in the same shape.
    others = logging.StreamHandler(stream)
    others.setLevel(logging.WARNING)
    others.setFormatter(handler.formatter)
    others.addFilter(lambda record: record.name.partition(".")[0] != _OWN)
    logging.getLogger().addHandler(others)


@contextmanager
def warnings_only() -> Iterator[None]:
    """Log nothing below a warning within the block."""
    handler = logger.registered_handler
    level = handler.level
    handler.setLevel(logging.WARNING)
    try:
        yield
    finally:
        handler.setLevel(level)


class TerminalFormatter(LambdaPowertoolsFormatter):
    """Formats a record as time, level, request id, and what happened."""

    def __init__(self, *, has_colours: bool) -> None:
        """Colour the lines where the terminal shows colours."""
        super().__init__()
        self._has_colours = has_colours

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and below it the traceback of an error."""
        facts = {**self.thread_safe_get_current_keys(), **_extras(record)}
        moment = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3]
        request_id = legible(str(facts.pop("request_id", "") or "")[:_ID_LENGTH])
        parts = [
            self._paint(moment, _DIM),
            self._paint(f"{record.levelname:<7}", _LEVEL_COLOURS.get(record.levelname, _GREEN)),
            self._paint(f"{request_id:<{_ID_LENGTH}}", _DIM),
            *self._event(record.getMessage(), facts),
            *(self._paint(f"{legible(name)}=", _DIM) + _shown(value) for name, value in facts.items()),
        ]
        line = " ".join(part for part in parts if part)
        if not record.exc_info:
            return line
        return f"{line}\n{legible(self.formatException(record.exc_info), lines=True)}"

    def _event(self, message: str, facts: dict[str, Any]) -> list[str]:
        """Return what happened, and remove from `facts` what that says."""
        if message == "request":
            method, route, status, took, code, portal = (facts.pop(name, None) for name in _REQUEST_FACTS)
            colour = _STATUS_COLOURS.get(int(status or 0) // 100, _RED)
            return [
                legible(f"{method} {route}"),
                self._paint(legible(f"{status} {code or ''}".strip()), colour),
                f"{took} ms",
                legible(str(portal or "")),
            ]
        if message == "call":
            function, count, took = (facts.pop(name, None) for name in _CALL_FACTS)
            facts.pop("ids", None)
            return [f"{function or 'worker'}", f"{count} records" if count is not None else "", f"{took} ms"]
        return [legible(message)]

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours and text.strip() else text


def _takes_colours(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether to colour: only on a terminal, and not where NO_COLOR is set (no-color.org)."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether to show a record: schedules run each minute, and only their errors are news."""
    return record.levelno > logging.INFO or not hasattr(record, "schedule_id")


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    extras = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
    return {name: value for name, value in extras.items() if value is not None}


def _shown(value: Any) -> str:
    text = legible(str(value))
    return repr(text) if " " in text or not text else text
