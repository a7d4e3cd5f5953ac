"""Whether the platform accepts this device: one refusal is chance, repeated ones are an alarm."""

import threading
import time
from collections import Counter
from collections.abc import Callable

# A firewall or a deployment may answer so once; a revoked device is refused each time.
REFUSALS_UNTIL_ALARM = 3
# Within this time a device that is revoked is refused again, if the platform can be reached.
DOUBT_SECONDS = 60.0


class Standing:
    """Counts refusals of the device's credentials, for each kind of request. Safe for several threads."""

    def __init__(self, *, on_alarm: Callable[[str], None], on_all_clear: Callable[[], None]) -> None:
        # What the platform said, while the alarm lasts.
        self.locked_out: str | None = None
        self._on_alarm = on_alarm
        self._on_all_clear = on_all_clear
        self._lock = threading.Lock()
        self._refusals: Counter[str] = Counter()
        # When the last refusal came, by the monotonic clock, and how long it alone keeps the gate from deciding.
        self._refused_at = 0.0
        self.doubt_seconds = DOUBT_SECONDS

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the platform's last word on some road was a refusal of this device.

        Before the alarm this lasts for a minute: one refusal right before an outage must not close a gate for its
        length.
        """
        with self._lock:
            is_recent = time.monotonic() - self._refused_at < self.doubt_seconds
            return self.locked_out is not None or (is_recent and any(self._refusals.values()))

    def refused(self, road: str, message: str) -> None:
        """Count a refusal; the third in a row on a road is the alarm."""
        with self._lock:
            self._refusals[road] += 1
            self._refused_at = time.monotonic()
            is_news = self.locked_out is None and self._refusals[road] >= REFUSALS_UNTIL_ALARM
            if is_news:
                self.locked_out = message
        if is_news:
            self._on_alarm(message)

    def accepted(self, road: str) -> None:
        """Note that the platform accepted the device; with the last refused road the alarm ends."""
        with self._lock:
            del self._refusals[road]
            is_news = self.locked_out is not None and max(self._refusals.values(), default=0) < REFUSALS_UNTIL_ALARM
            if is_news:
                self.locked_out = None
        if is_news:
            self._on_all_clear()
