"""Answers at even steps, so that how long one took tells nobody whether a number or a name has an account."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.config import config


@contextmanager
def even() -> Iterator[None]:
    """Let the block end, well or badly, at the next whole step of `ANSWER_PACE_MS` after its beginning.

    A step is longer than the slowest log-in takes (argon2id and a dozen requests to the table), so that as a rule
    every answer comes after one; what takes longer comes after two.
    """
    begun = time.monotonic()
    try:
        yield
    finally:
        time.sleep(remaining(time.monotonic() - begun, step=config().answer_pace_seconds))


def remaining(taken: float, *, step: float) -> float:
    """Return the seconds from `taken` to the next whole step; none where there are no steps."""
    return math.ceil(taken / step) * step - taken if step else 0.0
