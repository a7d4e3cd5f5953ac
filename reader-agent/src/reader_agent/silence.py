"""A platform that stays silent: the gate then decides at once, and asks again every few seconds (a circuit breaker).

Without it each person of a silent outage would wait a whole timeout. A refused connection costs no time, so it is not a
silence.
"""

import time

# Requests without an answer in a row until the gate stops waiting.
_SILENT_IN_A_ROW = 2
# The next person after this time is asked for again. An online decision follows within 5 s of the healing.
_ASK_AGAIN_SECONDS = 3.0
# The part of a timeout that makes a failure a silence.
_PART = 0.8


class Silence:
    """Whether the platform answers; used by the thread of the gate alone."""

    def __init__(self) -> None:
        """Begin with a platform that answers."""
        self._in_a_row = 0
        self._since = 0.0

    def heard(self) -> None:
        """Note an answer."""
        self._in_a_row = 0

    def failed(self, seconds: float, *, timeout: float) -> None:
        """Note a request that failed after so many seconds."""
        if seconds < _PART * timeout:
            self._in_a_row = 0
            return
        self._in_a_row += 1
        self._since = time.monotonic()

    def lasts(self, answered_at: float | None) -> bool:
        """Return whether to decide without asking. `answered_at` is the last answer on any road, or None."""
        if self._in_a_row < _SILENT_IN_A_ROW or (answered_at is not None and answered_at > self._since):
            return False
        return time.monotonic() - self._since < _ASK_AGAIN_SECONDS
