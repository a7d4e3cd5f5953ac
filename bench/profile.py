"""Where the time goes: a profile, summed up by whose code it is.

Time in Python's own library and in built-ins is charged to whoever called them.
"""

import cProfile
import pstats
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_ROOT = str(Path(__file__).parents[1])
_OWNERS = {
    "chalicelib": "Gatehouse",
    "app.py": "Gatehouse",
    "botocore": "AWS SDK: request, signature, answer",
    "urllib3": "AWS SDK: HTTP",
    "pynamodb": "PynamoDB",
    "chalice": "Chalice",
    "pydantic": "pydantic",
    "pydantic_core": "pydantic",
    "aws_lambda_powertools": "Powertools: log and metrics",
    "logging": "Powertools: log and metrics",
    "jwt": "PyJWT and cryptography",
    "cryptography": "PyJWT and cryptography",
    "ulid": "Gatehouse",
    "bench": "the bench itself",
}

Function = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the CPU time by owner, and the functions that took most of it themselves."""

    owners: dict[str, float]
    functions: list[tuple[str, float]]


def _owner(function: Function) -> str | None:
    place = function[0]
    for start in (f"{_ROOT}/", "site-packages/"):
        _, found, rest = place.partition(start)
        if found and "site-packages/" not in rest and not rest.startswith("."):
            return _OWNERS.get(rest.split("/")[0], "other packages")
    return _OWNERS["logging"] if "/logging/" in place else None


def _name(function: Function) -> str:
    place, line, name = function
    short = place.rpartition("site-packages/")[2].removeprefix(f"{_ROOT}/") if "/" in place else place
    if place == "~":
        return name
    parts = short.split("/")
    return f"{'/'.join(parts[-3:])}:{line} {name}"


def profile(work: Callable[[], None]) -> Profile:
    """Run `work` under the profiler, by the CPU clock of this thread."""
    profiler = cProfile.Profile(time.thread_time)
    profiler.runcall(work)
    stats: dict[Function, tuple[int, int, float, float, dict[Function, tuple[int, int, float, float]]]]
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]  # typeshed leaves it out
    known: dict[Function, dict[str, float]] = {}

    def charged(function: Function, above: frozenset[Function]) -> dict[str, float]:
        """Return who pays for a function, in shares that add up to 1."""
        if (owner := _owner(function)) is not None:
            return {owner: 1.0}
        if function in known:
            return known[function]
        callers = {c: cost for c, cost in stats[function][4].items() if c not in above and c != function}
        whole = sum(cost[3] for cost in callers.values())
        shares: dict[str, float] = {}
        for caller, cost in callers.items():
            weight = cost[3] / whole if whole else 1 / len(callers)
            for owner, share in charged(caller, above | {function}).items():
                shares[owner] = shares.get(owner, 0.0) + weight * share
        shares = shares or {"Python": 1.0}
        if not above:
            known[function] = shares
        return shares

    total = sum(stat[2] for stat in stats.values())
    owners: dict[str, float] = {}
    for function, stat in stats.items():
        for owner, share in charged(function, frozenset()).items():
            owners[owner] = owners.get(owner, 0.0) + share * stat[2] / total
    heaviest = sorted(stats.items(), key=lambda entry: -entry[1][2])[:20]
    return Profile(
        owners=dict(sorted(owners.items(), key=lambda entry: -entry[1])),
        functions=[(_name(function), stat[2] / total) for function, stat in heaviest],
    )


def repeated(work: Callable[[int], None], numbers: range) -> Callable[[], None]:
    """Return work that does `work` for each number, for `profile`."""
    return partial(_each, work, numbers)


def _each(work: Callable[[int], None], numbers: range) -> None:
    for number in numbers:
        work(number)
