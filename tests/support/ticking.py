"""A clock for tests that never shows one millisecond twice.

Two readings within one request are equal on a quick machine and differ on a busy one. With this clock they always
differ, so a rule or a test that needs them equal fails each time and not once in a hundred. Many readings in one
millisecond take it ahead of the system's time, so ids get their time from it too.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from chalicelib import clock

_STEP = timedelta(milliseconds=1)
# Longer than a test takes, also on a busy machine.
_BEFORE_MIDNIGHT = timedelta(minutes=30)


class TickingClock:
    """The system's time; a reading within the same millisecond is one millisecond later than the one before."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self._lock = threading.Lock()
        self._ahead = ahead
        self._last = datetime.fromtimestamp(0, UTC)

    def __call__(self) -> datetime:
        """Return the time in whole milliseconds."""
        moment = datetime.now(UTC) + self._ahead
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        with self._lock:
            self._last = max(moment, self._last + _STEP)
            return self._last

    def milliseconds(self) -> int:
        """Return the time of an id that is made now, in milliseconds since 1970; it is not a reading of its own."""
        with self._lock:
            return max(time.time_ns() // 10**6, int(self._last.timestamp() * 1000))


@contextmanager
def within_a_day() -> Iterator[None]:
    """Keep midnight (UTC) out of the block: where the day is about to end, the clock is half an hour ahead."""
    now = clock.now()
    if (now + _BEFORE_MIDNIGHT).date() == now.date():
        yield
        return
    with clock.driven_by(TickingClock(_BEFORE_MIDNIGHT)):
        yield
