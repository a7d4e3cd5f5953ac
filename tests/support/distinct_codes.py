"""One-time codes that differ from those before: by chance a code that was replaced is right once in a million times.

A test shows an older code, or the one after the right one, and must be refused each time. No code equals an amount of
the tests either, which are stored in the open and are looked through for codes.
"""

import secrets
from collections import deque

# Tests count a wrong code up from the right one.
_APART = 64
_REMEMBERED = 1000
_LARGE = 10**6
# The last two digits of the tests' amounts of six digits, in minor units.
_OF_AMOUNTS = {0, 33, 50, 67}
_randbelow = secrets.randbelow
_latest: deque[int] = deque(maxlen=_REMEMBERED)


def _apart_from_the_latest(exclusive_upper_bound: int) -> int:
    number = _randbelow(exclusive_upper_bound)
    if exclusive_upper_bound < _LARGE:
        return number
    while number % 100 in _OF_AMOUNTS or not {number // _APART + step for step in (-1, 0, 1)}.isdisjoint(_latest):
        number = _randbelow(exclusive_upper_bound)
    _latest.append(number // _APART)
    return number


def install() -> None:
    """Draw numbers below a large bound, as codes are, from parts of the range that were not drawn from lately."""
    secrets.randbelow = _apart_from_the_latest
