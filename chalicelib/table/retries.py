"""Backoff and retry limits."""

import random
import time
from collections.abc import Iterator

from chalicelib.config import config
from chalicelib.errors import Unavailable


class Patience:
    """Waits between attempts at one request, with backoff; at most so many attempts in a row may fail."""

    def __init__(self, attempts: int = 7) -> None:
        """Allow `attempts` in a row."""
        self._most = attempts
        self._failed = 0

    def wait(self, cause: Exception | None = None) -> None:
        """Wait after an attempt that failed. Raises Unavailable after the last one."""
        self._failed += 1
        if self._failed >= self._most:
            raise Unavailable(retry_after=1) from cause
        _pause(self._failed - 1)

    def renew(self) -> None:
        """Reset the count, after an attempt that made progress."""
        self._failed = 0


def attempts(most: int = 8) -> Iterator[int]:
    """Yield the attempt numbers of a change with an optimistic lock; backs off between them."""
    for attempt in range(most):
        if attempt:
            _pause(attempt)
        yield attempt


def _pause(attempt: int) -> None:
    """Wait with exponential backoff and full jitter (AWS Architecture Blog, 2015)."""
    longest = min(config().limits.retry_pause_ms / 1000, 0.02 * 2**attempt)
    time.sleep(random.uniform(0, longest))  # noqa: S311 # nosec B311  # jitter, not a secret
