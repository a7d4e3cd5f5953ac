"""The time, in one place, so that a test can set it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """Return the present moment in UTC, to the millisecond, which is what the table keeps."""
    moment = _source()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


# Of the time zone where each day begins first, Pacific/Kiritimati.
_FARTHEST_AHEAD = timedelta(hours=14)


def latest_day() -> date:
    """Return the latest day that has begun anywhere: a later one lies in the future for everybody."""
    return (now() + _FARTHEST_AHEAD).date()


_begun: ContextVar[datetime | None] = ContextVar("begun", default=None)


@contextmanager
def beginning() -> Iterator[None]:
    """Keep the present moment for `begun` inside the block, which is one request."""
    outer = _begun.set(now())
    try:
        yield
    finally:
        _begun.reset(outer)


def begun() -> datetime:
    """Return when the present request began; outside of one, the present moment.

    What follows from rows that a request has read is dated by it: a change of these rows meanwhile is the later one.
    """
    return _begun.get() or now()


def to_text(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC with milliseconds and `Z`, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def driven_by(source: Callable[[], datetime]) -> Iterator[None]:
    """Take the time from `source` inside the block, for every thread of the process."""
    global _source  # the clock is the one thing that a process shares
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


@contextmanager
def set_to(moment: datetime) -> Iterator[None]:
    """Hold the clock at `moment` inside the block, for every thread of the process."""
    with driven_by(lambda: moment):
        yield
