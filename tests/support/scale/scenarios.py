"""Six rushes, with the rates and groups that each is assumed to have."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.scale import partitions
from tests.support.scale.partitions import Flow, Heat, Outcome
from tests.support.scale.profiles import Profile

# USD a million units on demand in us-east-1 (bench/prices.py has the date).
WRITE_PRICE, READ_PRICE = 0.625, 0.125
# A refusal takes a container a tenth of a second at most, and 2,500 come in a second.
_CONTAINERS = 250
# The hottest key of a scenario may take half of what its partition can.
MOST_HEAT = 0.5


@dataclass(frozen=True, slots=True)
class Stream:
    """A deed of a scenario: how often, and over how many groups; the busiest group may have more than its part."""

    deed: str
    per_second: float
    groups: float = 1.0
    busiest_group: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A rush: its deeds, how long it lasts, and what the table was warmed to before it."""

    name: str
    why: str
    streams: tuple[Stream, ...]
    seconds: int
    warm_writes: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What the simulation says of a scenario."""

    scenario: Scenario
    hottest: list[Heat]
    outcome: Outcome
    # The same on a table that was never warmed.
    cold: Outcome
    cold_with_burst: Outcome
    growth: float
    writes: float
    reads: float
    dollars: float


SCENARIOS = (
    Scenario(
        "gates",
        "500 gates with 3 scans a second each, at one event",
        (Stream("scan", 1500), Stream("scan, stream", 1500)),
        600,
        20_000,
    ),
    Scenario(
        "sale",
        "200,000 buyers in the first minute for 50,000 seats of one category; who gets a seat pays within the next five"
        " of the ten minutes that it is held",
        (
            Stream("booking", 50_000 / 60),
            Stream("booking, stream", 50_000 / 60),
            Stream("payment", 50_000 / 300),
            Stream("payment, stream", 50_000 / 300),
            Stream("refusal of a sold-out sale", 150_000 / 60 - _CONTAINERS),
            # A container learns once a second that nothing is left.
            Stream("first refusal of a container", _CONTAINERS),
        ),
        60,
        80_000,
    ),
    Scenario(
        "campus",
        "1,000,000 students in 10 minutes, at 5,000 lectures of 200 and 50 campuses",
        (
            Stream("verified code", 1_000_000 / 600, 5000),
            Stream("submission", 1_000_000 / 600, 5000),
            # Keys of a campus count as keys of a lecture here, so the busiest has a campus's part.
            Stream("submission, stream", 1_000_000 / 600, 5000, 1 / 50),
            # Each minute the lectures that moved, as if each had a campus of its own.
            Stream("event in the figures of all", 5000 / 60),
        ),
        600,
        120_000,
    ),
    Scenario(
        "numbers",
        "10,000 organizations that generate 1,000 numbers each within an hour",
        (
            Stream("generated number", 10_000 * 1000 / 3600, 10_000),
            Stream("generated number, stream", 10_000 * 1000 / 3600, 10_000),
        ),
        3600,
        8_000,
    ),
    Scenario(
        "year's end",
        "10,000 organizations that read all their reports within ten minutes",
        (Stream("reports of an organization", 10_000 / 600, 10_000),),
        600,
        4_000,
    ),
    Scenario(
        "replay",
        "2,000 agents at 20 events, each with 5,000 scans of a day without a network, sent within an hour",
        (Stream("replayed scan", 2000 * 5000 / 3600, 20), Stream("replayed scan, stream", 2000 * 5000 / 3600, 20)),
        3600,
        40_000,
    ),
)


def flows(scenario: Scenario, profiles: Mapping[str, Profile]) -> list[Flow]:
    """Return the flows of a scenario. Raises LookupError for a deed without a profile."""
    missing = [each.deed for each in scenario.streams if each.deed not in profiles]
    if missing:
        raise LookupError(f"{scenario.name}: no profile of {', '.join(missing)}")
    return [Flow(profiles[each.deed], each.per_second, each.groups, each.busiest_group) for each in scenario.streams]


def heats(scenario: Scenario, profiles: Mapping[str, Profile]) -> list[Heat]:
    """Return the busiest key of each kind, the hottest first."""
    return [heat for heat in partitions.heats(flows(scenario, profiles)) if heat.share > 0]


def simulate(scenario: Scenario, profiles: Mapping[str, Profile]) -> Finding:
    """Return what becomes of a scenario. Raises LookupError for a deed without a profile."""
    asked = flows(scenario, profiles)
    writes = sum(flow.per_second * flow.profile.write_units for flow in asked)
    reads = sum(flow.per_second * flow.profile.read_units for flow in asked)
    dollars = scenario.seconds * (writes * WRITE_PRICE + reads * READ_PRICE) / 1e6
    return Finding(
        scenario,
        heats(scenario, profiles)[:5],
        partitions.run(asked, seconds=scenario.seconds, warm_writes=scenario.warm_writes),
        partitions.run(asked, seconds=scenario.seconds),
        partitions.run(asked, seconds=scenario.seconds, burst_seconds=partitions.BURST_SECONDS),
        partitions.most(asked),
        writes,
        reads,
        dollars,
    )
