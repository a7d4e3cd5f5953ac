"""Checks of what was seen: a line for each, and a stop at the first that fails."""

import time
from collections.abc import Callable
from typing import TypeVar

from infra.local.console import step

SeenT = TypeVar("SeenT")
_PAUSE_SECONDS = 0.25


class NotSeen(Exception):  # named for its message at the terminal
    """A check failed; the text says what was seen instead."""


def hold(what: str, seen: object, expected: object) -> None:
    """Print what was seen. Raises NotSeen where it is not as expected."""
    if seen != expected:
        raise NotSeen(f"{what}: expected {expected!r}, and saw {seen!r}")
    step(f"  seen: {what}")


def see(what: str, seen: object) -> None:
    """Print what was seen. Raises NotSeen where there is nothing of it."""
    if not seen:
        raise NotSeen(f"{what}: not seen")
    step(f"  seen: {what}")


def wait_for(what: str, look: Callable[[], SeenT], *, seconds: float) -> SeenT:
    """Poll until there is something to see, and return it. Raises NotSeen after the timeout."""
    started = time.monotonic()
    while True:
        seen = look()
        if seen:
            step(f"  seen: {what} (after {time.monotonic() - started:.1f} s)")
            return seen
        if time.monotonic() - started > seconds:
            raise NotSeen(f"{what}: not seen within {seconds:.0f} s")
        time.sleep(_PAUSE_SECONDS)
