"""The time of answers about numbers with an account and about numbers without one.

Known and unknown numbers alternate, each number once and from an address of its own, so that the machine's load affects
both alike. A rank test (Mann and Whitney, 1947) gives the share of pairs in which the known number took longer: 0.5
where there is no difference.
"""

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.config import config
from tests.support import ground

PAIRS = 100
# The deployed value (chalicelib/config.py).
_PACE_MS = "300"
# A number and an address, both used once.
_Ask = Callable[[str, str], Any]
_PASSWORD = "a password of the bench"  # noqa: S105  # of accounts that live as long as this run
_USERS = "/api/v1/users"


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians in seconds, the share of pairs in which the known number took longer, and that share's z-score."""

    known: float
    unknown: float
    longer: float
    z: float


def measure(pairs: int = PAIRS) -> dict[str, Timing]:
    """Return, by route, how long known and unknown numbers took."""
    from tests.support.caches import forget_caches

    found: dict[str, Timing] = {}
    with ground.cloud(), ground.environment(ANSWER_PACE_MS=_PACE_MS):
        config.cache_clear()
        forget_caches()
        try:
            for place, (name, ask) in enumerate(_asks().items()):
                found[name] = _timing(ask, pairs, first=10_000 * place)
        finally:
            forget_caches()
    config.cache_clear()
    return found


def _asks() -> dict[str, _Ask]:
    from tests.support.client import call

    def register(number: str, address: str) -> Any:
        body = {"mobile_number": number, "password": _PASSWORD, "name": "Ayesha Khan"}
        return call("POST", f"{_USERS}/register/", body, address=address)

    def log_in(number: str, address: str) -> Any:
        body = {"mobile_number": number, "password": "a wrong password"}
        return call("POST", f"{_USERS}/login/", body, address=address)

    def forget(number: str, address: str) -> Any:
        return call("POST", f"{_USERS}/forgot-password/request-otp/", {"mobile_number": number}, address=address)

    return {
        "POST users/register/": register,
        "POST users/login/, wrong password": log_in,
        "POST users/forgot-password/request-otp/": forget,
    }


def _timing(ask: _Ask, pairs: int, *, first: int) -> Timing:
    from chalicelib.domain.access import new_accounts, passwords
    from chalicelib.vocabulary.access import Portal

    numbers = [f"+92301{first + place:07}" for place in range(2 * pairs)]
    known = numbers[:pairs]
    password_hash = passwords.hash_password(_PASSWORD, Portal.WEBAPP, about=())
    for number in known:
        _, writes = new_accounts.customer(mobile_number=number, password_hash=password_hash, name="Ayesha Khan")
        _commit(writes)
    # What a container reads once is read before.
    ask(f"+92302{first:07}", "198.51.100.1")
    times: dict[bool, list[float]] = {True: [], False: []}
    for place in range(pairs):
        in_turn = (numbers[place], numbers[pairs + place])[:: 1 if place % 2 else -1]
        for number in in_turn:
            begun = time.perf_counter()
            ask(number, f"2001:db8::{first + place:x}")
            times[number in known].append(time.perf_counter() - begun)
    longer, z = ranked(times[True], times[False])
    return Timing(statistics.median(times[True]), statistics.median(times[False]), longer, z)


def _commit(writes: Iterable[Any]) -> None:
    from chalicelib.table import operations

    operations.commit(*writes)


def ranked(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Return the share of pairs in which one of the first is above one of the second, and how many deviations that
    is away from a half.
    """
    above = sum((a > b) + (a == b) / 2 for a in first for b in second)
    count = len(first) * len(second)
    deviation = math.sqrt(count * (len(first) + len(second) + 1) / 12)
    return above / count, (above - count / 2) / deviation
