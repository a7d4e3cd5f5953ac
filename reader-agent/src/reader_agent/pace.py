"""How fast the kept taps are sent: slices by the last answer's time, pauses by full jitter."""

import random
from dataclasses import dataclass

_FIRST_PAUSE_SECONDS = 0.5
# A slice may take this much longer than one tap: a person who arrives meanwhile still gets an answer in time.
_SLICE_SECONDS = 0.3
# The weight of the newest answer in the mean of single taps.
_NEWEST = 0.3


@dataclass
class Pace:
    """Timeouts and pauses in seconds, and the most taps in a request."""

    online_seconds: float = 1.0
    sync_seconds: float = 30.0
    batch_size: int = 100
    # Below a quarter of a minute, so that an outage is over for the kept taps soon after it ends.
    longest_pause: float = 15.0
    # A device that is locked out, and a tap that fails alone, are retried at this interval.
    slow_seconds: float = 30.0
    # With the road open, a kept tap is gone sooner than after this.
    unsent_seconds: float = 60.0
    # A thread that is later than its request or its pause by this hangs; a slow disk takes less.
    late_seconds: float = 30.0


class Slice:
    """How many taps the next request carries: more after a quick answer, half after a slow one or none."""

    def __init__(self) -> None:
        self.size = 1
        self._doubles = True
        # The mean time of a request with one tap; None until one was measured.
        self._single_seconds: float | None = None

    def measured_single(self, seconds: float) -> None:
        """Note how long a request with one tap took."""
        known = self._single_seconds
        self._single_seconds = seconds if known is None else (1 - _NEWEST) * known + _NEWEST * seconds

    def answered(self, count: int, seconds: float, *, most: int) -> None:
        """Note an answer to `count` taps; `most` is the server's limit."""
        if count == 1:
            self.measured_single(seconds)
        if seconds > (self._single_seconds or 0.0) + _SLICE_SECONDS:
            self.failed()
            return
        if count >= self.size:
            self.size += self.size if self._doubles else max(1, self.size // 4)
        self.size = max(1, min(self.size, most))

    def failed(self) -> None:
        """Note that there was no answer, or a slow one."""
        self.size = max(1, self.size // 2)
        self._doubles = False


class Backoff:
    """Pauses with full jitter: uniform between zero and a bound that doubles; a success resets it."""

    def __init__(self) -> None:
        self._failures = 0

    def next(self, longest: float) -> float:
        """Return the next pause in seconds, at most `longest`."""
        bound = min(longest, _FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 16))
        self._failures += 1
        return random.uniform(0.0, bound)  # noqa: S311 # nosec B311  # jitter, no secret

    def reset(self) -> None:
        """Begin again with the shortest pause."""
        self._failures = 0
