"""Which faults a run tries: the whole of each matrix with FAULTS=all, else one day's share of it.

A matrix holds each request of an act against each fault. On one day every fourth request meets one fault, and each
fault is tried at one request at least. Four times as many days as there are faults, 32 at most, try the whole matrix.
FAULTS=2026-11-27 repeats the share of that day. Without FAULTS it is today's.
"""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TypeVar

VARIABLE = "FAULTS"
_ALL = "all"
ThingT = TypeVar("ThingT")


def choose() -> str:
    """Fix what this process and its children try, before a test is collected; return it."""
    chosen = os.environ.setdefault(VARIABLE, datetime.now(UTC).date().isoformat())
    if not is_everything():
        date.fromisoformat(chosen)  # anything else is a mistake
    return chosen


def described() -> str:
    """Return a line that says what this run tries, and how to repeat it."""
    if is_everything():
        return f"fault matrices: all ({VARIABLE}={_ALL})"
    return f"fault matrices: the share of {choose()} ({VARIABLE}={choose()} repeats it, {VARIABLE}={_ALL} tries all)"


def is_everything() -> bool:
    """Whether the whole of each matrix is tried."""
    return os.environ.get(VARIABLE) == _ALL


def today() -> int:
    """Return the number of the chosen day, or 0 where everything is tried."""
    return 0 if is_everything() else date.fromisoformat(choose()).toordinal()


def share(things: Sequence[ThingT]) -> ThingT:
    """Return the day's one of some things that are alike."""
    return things[today() % len(things)]


def part(things: Sequence[ThingT], number: int, *, of: int) -> Sequence[ThingT]:
    """Return the day's part of some things for what has this number: one in `of`, or all where everything is tried."""
    return things if is_everything() else things[(number + today()) % of :: of]


def places(count: int, number: int, of: int) -> list[int]:
    """Return at which of `count` requests to try the fault with this number, of so many faults."""
    if is_everything():
        return list(range(count))
    days = 4 * of
    return [place for place in range(count) if (place + today()) % days == number] or [(number + today()) % count]
