"""A clock for tests that never shows one millisecond twice.

Two readings within one request are equal on a quick machine and differ on a busy one. With this clock they always
differ, so a rule or a test that needs them equal fails each time and not once in a hundred. Many readings in one
millisecond take it ahead of the system's time, so ids get their time from it too.
"""

import threading
import time
from datetime import UTC, datetime, timedelta

_STEP = timedelta(milliseconds=1)


class TickingClock:
    """The system's time; a reading within the same millisecond is one millisecond later than the one before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = datetime.fromtimestamp(0, UTC)

    def __call__(self) -> datetime:
        """Return the time in whole milliseconds."""
        moment = datetime.now(UTC)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        with self._lock:
            self._last = max(moment, self._last + _STEP)
            return self._last

    def milliseconds(self) -> int:
        """Return the time of an id that is made now, in milliseconds since 1970; it is not a reading of its own."""
        with self._lock:
            return max(time.time_ns() // 10**6, int(self._last.timestamp() * 1000))
