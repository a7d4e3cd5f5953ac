"""The time, in one place, so that a test can set it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def _system() -> datetime:
    return datetime.now(UTC)


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """Return the present moment in UTC, to the millisecond, which is what the table keeps."""
    moment = _source()
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


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
