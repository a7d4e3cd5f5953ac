"""The general rate: a principal's requests in a minute, counted in memory and added to the table in shares (D-SEC-42).

Each process counts what it admits itself. After every tenth of the limit it adds that share to a shared counter, with
one write, and learns what the other processes have added. So a request of a slow caller costs nothing, and a gate pays
one write for 600 scans. No request below the limit is refused. Above it, a caller who reaches several processes gets
at most a share more from each. Nothing counts by address.
"""

import threading
from datetime import timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import throttle
from chalicelib.domain.access.tokens import Principal
from chalicelib.errors import Unavailable
from chalicelib.observability import logger
from chalicelib.vocabulary.access import Portal

WINDOW = timedelta(minutes=1)
# A process adds its requests to the shared counter in shares of the limit, of this part.
SHARES = 10
_COUNTED = "requests"
# Above this number of principals a process forgets those of past minutes, and then the ones it met first.
_KEPT = 10_000


class _Count(Struct):
    """The requests of a principal in one window: admitted here, added to the shared counter, admitted elsewhere."""

    window: int
    here: int = 0
    added: int = 0
    elsewhere: int = 0


class RequestRates:
    """The rates of all principals, as one process sees them."""

    def __init__(self) -> None:
        """Begin without any request."""
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}

    def take(self, principal: Principal) -> None:
        """Count a request of a principal. Raises RateLimited, uncounted, at the limit."""
        limit = allowed(principal.portal)
        share = max(1, limit // SHARES)
        window, elapsed = divmod(int(clock.now().timestamp()), int(WINDOW.total_seconds()))
        with self._lock:
            count = self._count(principal.id, window)
            if count.here + count.elsewhere >= limit:
                raise throttle.refusal("requests", int(WINDOW.total_seconds()) - elapsed)
            count.here += 1
            is_due = count.here - count.added >= share
            if is_due:
                count.added += share
        if is_due:
            self._add(principal.id, count, share)

    def forget(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._counts.clear()

    def _count(self, principal_id: str, window: int) -> _Count:
        count = self._counts.get(principal_id)
        if count is None or count.window != window:
            self._counts.pop(principal_id, None)
            if len(self._counts) >= _KEPT:
                self._counts = {name: one for name, one in self._counts.items() if one.window == window}
            if len(self._counts) >= _KEPT:
                del self._counts[next(iter(self._counts))]
            count = self._counts[principal_id] = _Count(window)
        return count

    def _add(self, principal_id: str, count: _Count, share: int) -> None:
        try:
            total = throttle.tally(_COUNTED, principal_id, WINDOW, by=share)
        except Unavailable:
            # The share may have been added or not. A request is not refused for that, and nothing is counted twice.
            logger.warning("requests not counted", extra={"principal_id": principal_id})
            return
        with self._lock:
            # Shares of this process that are on their way make this too low, never too high.
            count.elsewhere = max(count.elsewhere, total - count.added)


def allowed(portal: Portal) -> int:
    """Return how many requests a principal of a portal may make in a window."""
    limits = config().limits
    return limits.times * (limits.device_requests if portal is Portal.DEVICE else limits.requests)


_rates = RequestRates()


def take(principal: Principal) -> None:
    """Count a request of a principal in this process. Raises RateLimited, uncounted, at the limit."""
    _rates.take(principal)


def forget() -> None:
    """Forget what this process has counted."""
    _rates.forget()
