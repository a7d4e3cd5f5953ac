"""The time that decisions rely on: a board without a battery boots in 1970, and must not take that for the time.

The server's time counts as soon as it is known in this boot. Before, the time is the wall clock's, but never before the
latest time that is known to have been: the last one that was stored, or that of the snapshot in use.
"""

import threading
from datetime import UTC, datetime, timedelta

from reader_agent.clock import Clock
from reader_agent.server import Server


class TrustedTime:
    """The present time with a high-water mark. Safe for several threads."""

    def __init__(self, server: Server) -> None:
        self._server, self._clock = server, server.clock
        self._lock = threading.Lock()
        self._mark: datetime | None = None
        self._marked_at = 0.0

    @property
    def clock(self) -> Clock:
        """The device's clocks."""
        return self._clock

    def monotonic(self) -> float:
        """Return seconds since boot."""
        return self._clock.monotonic()

    def now(self) -> datetime:
        """Return the time."""
        by_server = self.by_server()
        if by_server is not None:
            return by_server
        wall = self._clock.wall()
        with self._lock:
            if self._mark is None:
                return wall
            counted = self._mark + timedelta(seconds=max(self._clock.monotonic() - self._marked_at, 0.0))
        return max(wall, counted)

    def by_server(self) -> datetime | None:
        """Return the time by the server's clock, or None where it is not known in this boot."""
        ahead = self._server.server_minus_boot_seconds
        if ahead is None:
            return None
        try:
            return datetime.fromtimestamp(self._clock.monotonic() + ahead, UTC)
        except (OverflowError, ValueError, OSError):
            return None

    def at_least(self, moment: datetime) -> None:
        """Note that the present time is not before this one."""
        with self._lock:
            now = self._clock.monotonic()
            if self._mark is None or moment > self._mark + timedelta(seconds=now - self._marked_at):
                self._mark, self._marked_at = moment, now
