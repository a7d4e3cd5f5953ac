"""Structured logs: one JSON line per decision, card UIDs masked, credentials never."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

# Values that must never reach a log.
_SECRET = frozenset({"access", "assertion", "cmac", "code", "password", "picc_data", "qr", "token"})


def mask(uid: str) -> str:
    """Return a UID with only its last four digits readable: enough to tell two cards apart."""
    return "*" * max(0, len(uid) - 4) + uid[-4:]


def _mask_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in _SECRET & event.keys():
        event[name] = "[hidden]"
    if isinstance(event.get("uid"), str):
        event["uid"] = mask(event["uid"])
    return event


def configure(level: str, stream: TextIO | None = None) -> None:
    """Write the agent's logs, and the libraries' warnings, as JSON lines to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _mask_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # httpx has a line for every request.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpcore").setLevel(logging.WARNING)


def logger() -> structlog.stdlib.BoundLogger:
    """Return the agent's log."""
    log: structlog.stdlib.BoundLogger = structlog.get_logger("reader_agent")
    return log
