"""The clock set forward, beyond the time in which a second reading of a card is a repeat of its admission."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from chalicelib import clock
from chalicelib.domain.gate.readings import REPEAT_WINDOW


@contextmanager
def later(times: int = 1) -> Iterator[None]:
    """Set the clock forward inside the block, by more than the window, so many times."""
    with clock.set_to(clock.now() + times * (REPEAT_WINDOW + timedelta(seconds=1))):
        yield
