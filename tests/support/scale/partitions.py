"""DynamoDB's documented partition rules as a simulation of seconds: what is throttled, and how long it waits.

Rules (AWS, "Best practices for designing and using partition keys", "On-demand capacity mode", "Burst and adaptive
capacity"): a partition serves 1,000 write units and 3,000 read units a second. A table on demand takes twice its
former peak at once, and more within thirty minutes. What was not used in the last five minutes is left as burst. A
partition that stays hot is split, down to a single key, which no split helps. An index that throttles holds back the
writes of its table.

Not documented, and assumed: a split takes `SPLIT_SECONDS` of heat. Burst capacity is not guaranteed by AWS, so it is
left out. Keys that one actor alone uses spread evenly over the partitions.
"""

from dataclasses import dataclass, field

from tests.support.scale.profiles import READS_OF_A_WRITE, Profile, Scope

WRITES, READS = 1000.0, 3000.0
# A new table on demand begins with so many write units (AWS: 4,000 write and 12,000 read units).
NEW_TABLE_WRITES = 4000.0
SPLIT_SECONDS = 120
# The default quota of a table on demand, in write units a second; it can be raised.
TABLE_QUOTA = 40_000.0


@dataclass(frozen=True, slots=True)
class Flow:
    """A deed at a rate: deeds a second in all, over so many groups, of which the busiest has `busiest_group`."""

    profile: Profile
    per_second: float
    groups: float = 1.0
    busiest_group: float = 0.0

    @property
    def of_busiest_group(self) -> float:
        """Deeds a second of the busiest group."""
        return self.per_second * max(self.busiest_group, 1 / self.groups)


@dataclass(frozen=True, slots=True)
class Heat:
    """A key, and the share of one partition's capacity that it takes."""

    place: str
    kind: str
    scope: Scope
    share: float
    units: float
    is_write: bool


def heats(flows: list[Flow]) -> list[Heat]:
    """Return the busiest key of each kind under these flows, the hottest first. Kinds of several flows add up."""
    loads: dict[tuple[str, str, Scope], list[float]] = {}
    for flow in flows:
        for family in flow.profile.families:
            rate = flow.of_busiest_group if family.scope is Scope.GROUP else flow.per_second
            # An actor repeats a deed of the scenarios once a second at most.
            rate = min(1.0, rate) if family.scope is Scope.OWN else rate
            share = 1.0 if family.scope is Scope.OWN else family.busiest
            load = loads.setdefault((family.place, family.kind, family.scope), [0.0, 0.0])
            load[0] += rate * family.read_units * share
            load[1] += rate * family.write_units * share
    found = []
    for (place, kind, scope), (reads, writes) in loads.items():
        by_writes, by_reads = writes / WRITES, reads / READS
        is_write = by_writes >= by_reads
        found.append(Heat(place, kind, scope, by_writes + by_reads, writes if is_write else reads, is_write))
    return sorted(found, key=lambda heat: -heat.share)


@dataclass(slots=True)
class _Partition:
    """A part of the hash space; its load is in shares of its capacity."""

    spread: float
    keys: list[float] = field(default_factory=list)
    backlog: float = 0.0
    hot_for: int = 0

    @property
    def load(self) -> float:
        return self.spread + sum(self.keys)

    @property
    def can_be_split(self) -> bool:
        """Whether it was hot for long, and not by a single key alone, which no split helps."""
        return self.hot_for >= SPLIT_SECONDS and (self.spread > 1 / 2 or len(self.keys) > 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a flow: the share of its units that was throttled at first, seconds of waiting, partitions."""

    throttled: float
    p99_wait: float
    partitions: int
    peak_writes: float


def run(flows: list[Flow], *, seconds: int, warm_writes: float = NEW_TABLE_WRITES) -> Outcome:
    """Simulate the seconds of a rush on a table and its indexes.

    `warm_writes` is the write capacity that the table served before, or was warmed to. The rush begins at full rate.
    """
    outcomes = [_run_place(place, flows, seconds, warm_writes) for place in ("table", "gsi1", "gsi2")]
    # A throttled index holds back the table's write, so the worst of them is the deed's.
    return max(outcomes, key=lambda each: (each.throttled, each.p99_wait, each.peak_writes))


def _run_place(place: str, flows: list[Flow], seconds: int, warm_writes: float) -> Outcome:
    writes, partitions = _laid_out(place, flows, warm_writes)
    # Seconds of waiting, and the load that waited so long.
    waits: list[tuple[float, float]] = []
    throttled = 0.0
    for _ in range(seconds):
        for partition in partitions:
            load = partition.load
            excess = max(0.0, partition.backlog + load - 1.0)
            throttled += min(load, excess)
            waits.append((excess, load))
            partition.backlog = excess
            partition.hot_for = partition.hot_for + 1 if load > 1.0 else 0
        partitions += [_halved(each) for each in partitions if each.can_be_split]
    asked = sum(load for _, load in waits)
    return Outcome(throttled / asked if asked else 0.0, _p99(waits), len(partitions), writes)


def _laid_out(place: str, flows: list[Flow], warm_writes: float) -> tuple[float, list[_Partition]]:
    """Return the write units a second of the table or an index, and its partitions with their load."""
    hot = [heat.share for heat in heats(flows) if heat.place == place and heat.scope is not Scope.OWN]
    families = [(flow, family) for flow in flows for family in flow.profile.families if family.place == place]
    writes = sum(flow.per_second * family.write_units for flow, family in families)
    reads = sum(flow.per_second * family.read_units for flow, family in families)
    spread = max(0.0, writes / WRITES + reads / READS - sum(hot))
    count = max(1, round(warm_writes / WRITES))
    partitions = [_Partition(spread / count) for _ in range(count)]
    # The hottest keys are dealt to the least busy: adaptive capacity isolates them.
    for share in hot:
        min(partitions, key=lambda each: each.load).keys.append(share)
    return writes, partitions


def _p99(waits: list[tuple[float, float]]) -> float:
    most, so_far = 0.99 * sum(load for _, load in waits), 0.0
    for wait, load in sorted(waits):
        so_far += load
        if so_far >= most:
            return wait
    return 0.0


def _halved(partition: _Partition) -> _Partition:
    """Split a partition in two; its keys are dealt out, the busiest first, and its backlog goes with its load."""
    keys = sorted(partition.keys, reverse=True)
    other = _Partition(partition.spread / 2, keys[1::2], partition.backlog / 2)
    partition.spread /= 2
    partition.keys, partition.backlog, partition.hot_for = keys[::2], partition.backlog / 2, 0
    return other


def cost(flow: Flow, *, write_price: float, read_price: float) -> float:
    """Return USD of a million deeds, at prices of a million units."""
    return flow.profile.write_units * write_price + flow.profile.read_units * read_price


def most(flows: list[Flow]) -> float:
    """Return by how much the flows can grow until the hottest key is at its limit."""
    hottest = heats(flows)
    return 1 / hottest[0].share if hottest and hottest[0].share else float("inf")


__all__ = ["READS_OF_A_WRITE", "Flow", "Heat", "Outcome", "cost", "heats", "most", "run"]
