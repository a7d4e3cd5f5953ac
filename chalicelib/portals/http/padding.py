"""Padding: a response's duration does not reveal whether a number or a name has an account (D-SEC-06)."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.config import config


@contextmanager
def padded() -> Iterator[None]:
    """Pad the block's duration to a multiple of `ANSWER_PACE_MS`, also on errors.

    A step is longer than the slowest log-in (argon2id and a dozen requests to the table), so nearly every answer
    takes one step.
    """
    begun = time.monotonic()
    try:
        yield
    finally:
        time.sleep(remaining(time.monotonic() - begun, step=config().answer_pace_seconds))


def remaining(taken: float, *, step: float) -> float:
    """Return the seconds from `taken` to the next whole step; none where there are no steps."""
    return math.ceil(taken / step) * step - taken if step else 0.0
