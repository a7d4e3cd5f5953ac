"""A profile of CPU time, summed up by the owner of the code.

Time in Python's standard library and in built-ins counts for their callers.
"""

import cProfile
import pstats
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

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
Calls = tuple[int, int, float, float]
Stats = dict[Function, tuple[int, int, float, float, dict[Function, Calls]]]
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the CPU time by owner, and the functions with most time of their own."""

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


class Profiler:
    """Profiles calls, by the CPU clock of this thread."""

    def __init__(self) -> None:
        """Nothing is profiled before `call`."""
        self._profile = cProfile.Profile(time.thread_time)

    def call(self, function: Callable[..., ResultT], *arguments: object) -> ResultT:
        """Call `function` under the profiler."""
        return self._profile.runcall(function, *arguments)

    def result(self) -> Profile:
        """Sum up what was profiled."""
        stats: Stats = pstats.Stats(self._profile).stats  # type: ignore[attr-defined]  # typeshed leaves it out
        payers = _Payers(stats)
        total = sum(stat[2] for stat in stats.values())
        owners: dict[str, float] = {}
        for function, stat in stats.items():
            for owner, share in payers.of(function).items():
                owners[owner] = owners.get(owner, 0.0) + share * stat[2] / total
        heaviest = sorted(stats.items(), key=lambda entry: -entry[1][2])[:20]
        return Profile(
            owners=dict(sorted(owners.items(), key=lambda entry: -entry[1])),
            functions=[(_name(function), stat[2] / total) for function, stat in heaviest],
        )


class _Payers:
    """The owners of a function's time: its own, or those of its callers, by their share of calls."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._known: dict[Function, dict[str, float]] = {}

    def of(self, function: Function, above: frozenset[Function] = frozenset()) -> dict[str, float]:
        """Return the shares of the owners, which add up to 1."""
        if (owner := _owner(function)) is not None:
            return {owner: 1.0}
        if function in self._known:
            return self._known[function]
        callers = {c: cost for c, cost in self._stats[function][4].items() if c not in above and c != function}
        whole = sum(cost[3] for cost in callers.values())
        shares: dict[str, float] = {}
        for caller, cost in callers.items():
            weight = cost[3] / whole if whole else 1 / len(callers)
            for owner, share in self.of(caller, above | {function}).items():
                shares[owner] = shares.get(owner, 0.0) + weight * share
        shares = shares or {"Python": 1.0}
        if not above:
            self._known[function] = shares
        return shares
