"""A clock for tests that never shows one millisecond twice.

Two readings within one request are equal on a quick machine and differ on a busy one. With this clock they always
differ, so a rule or a test that needs them equal fails each time and not once in a hundred. Many readings in one
millisecond take it ahead of the system's time, so ids get their time from it too.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import ulid

from chalicelib import clock

_STEP = timedelta(milliseconds=1)
# Longer than a test takes, also on a busy machine.
_BEFORE_MIDNIGHT = timedelta(minutes=30)
_QUARTER = timedelta(minutes=15)


class TickingClock:
    """The system's time; a reading within the same millisecond is one millisecond later than the one before."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self._lock = threading.Lock()
        self._ahead = ahead
        self._last = datetime.fromtimestamp(0, UTC)

    def __call__(self) -> datetime:
        """Return the time in whole milliseconds."""
        moment = self._system_time()
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        with self._lock:
            self._last = max(moment, self._last + _STEP)
            return self._last

    def milliseconds(self) -> int:
        """Return the time of an id that is made now, in milliseconds since 1970; it is not a reading of its own."""
        with self._lock:
            return int(max(self._system_time(), self._last).timestamp() * 1000)

    def _system_time(self) -> datetime:
        return datetime.now(UTC) + self._ahead


@contextmanager
def within_a_day() -> Iterator[None]:
    """Keep midnight (UTC) out of the block: where the day is about to end, the clock is half an hour ahead."""
    now = clock.now()
    if (now + _BEFORE_MIDNIGHT).date() == now.date():
        yield
        return
    with _ahead(_BEFORE_MIDNIGHT):
        yield


@contextmanager
def within_a_window() -> Iterator[None]:
    """Keep the end of a rate limit's window out of the block: the clock is ahead, in the first second of a quarter.

    The windows are some minutes to a day long, and begin by the clock.
    """
    since = timedelta(seconds=clock.now().timestamp() % _QUARTER.total_seconds())
    with _ahead(_QUARTER - since + _STEP * 1000):
        yield


@contextmanager
def _ahead(by: timedelta) -> Iterator[None]:
    """Take the time, also that of ids, from a clock that is ahead of the system's."""
    ticking, before = TickingClock(by), ulid.default_generator
    ulid.default_generator = ulid.ULIDGenerator(clock=ticking.milliseconds)
    try:
        with clock.driven_by(ticking):
            yield
    finally:
        ulid.default_generator = before


@contextmanager
def slowly(*, times: int = 20) -> Iterator[None]:
    """Let the clock go so many times as slowly inside the block, for a crowd that is late on a busy machine."""
    began = clock.now()
    ticking = TickingClock()

    def slow() -> datetime:
        return began + (ticking() - began) / times

    with clock.driven_by(slow):
        yield
