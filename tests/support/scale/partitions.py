"""DynamoDB's documented partition rules as a simulation of seconds: what is throttled, and how long it waits.

Rules and their source, all in AWS's "Amazon DynamoDB Developer Guide" unless named otherwise:

- A partition serves 1,000 write units and 3,000 read units a second, each kind for itself ("Best practices for
  designing and using partition keys", "DynamoDB burst and adaptive capacity").
- A new table on demand serves 4,000 write and 12,000 read units at once, and as much as it ever served, or was warmed
  to ("Understanding DynamoDB warm throughput"). More than twice the former peak within 30 minutes may be throttled
  ("DynamoDB on-demand capacity mode"; re:Post, "on-demand table throttling").
- A partition that is hot for long is split, down to a single key, which no split helps ("DynamoDB burst and adaptive
  capacity"; AWS Database Blog, "Scaling DynamoDB", part 3: partitions are only split, never merged).
- An index has partitions of its own, and one that throttles holds back the writes of its table ("Understanding Global
  Secondary Index write throttling and back pressure").
- A table on demand has a quota of 40,000 write units a second, which can be raised ("Service quotas").
- Up to 300 s of unused capacity are kept as burst ("DynamoDB burst and adaptive capacity"). AWS uses it for its own
  work as well and promises none, so plans are made without; `burst_seconds` shows what it would absorb.

Assumed, since AWS names no number: a split follows `SPLIT_SECONDS` of heat. Thirty minutes for a doubling is the bound
that AWS names; a third of it is the pace of splits that were seen. Keys lie on partitions by their hash. Keys that one
actor alone uses spread evenly.
"""

import zlib
from dataclasses import dataclass, field

from tests.support.scale.profiles import READS_OF_A_WRITE, Family, Profile, Scope

WRITES, READS = 1000.0, 3000.0
NEW_TABLE_WRITES = 4000.0
SPLIT_SECONDS = 600
TABLE_QUOTA = 40_000.0
BURST_SECONDS = 300.0
PLACES = ("table", "gsi1", "gsi2")
# Keys of less are part of what spreads evenly.
_SMALL = 0.002


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

    def of_key(self, family: Family) -> tuple[float, float]:
        """Return the read and write units a second of the busiest key of a family."""
        rate = self.of_busiest_group if family.scope is Scope.GROUP else self.per_second
        # An actor repeats a deed of the scenarios once a second at most.
        rate, share = (min(1.0, rate), 1.0) if family.scope is Scope.OWN else (rate, family.busiest)
        return rate * family.read_units * share, rate * family.write_units * share


@dataclass(frozen=True, slots=True)
class Heat:
    """The busiest key of a kind: the units a second that it takes, and the larger share of its partition's limits."""

    place: str
    kind: str
    scope: Scope
    reads: float
    writes: float
    keys: int = 1

    @property
    def share(self) -> float:
        """The share of a partition's reads or writes, of which there is more."""
        return max(self.reads / READS, self.writes / WRITES)


def heats(flows: list[Flow]) -> list[Heat]:
    """Return the busiest key of each kind under these flows, the hottest first. Kinds of several flows add up."""
    loads: dict[tuple[str, str, Scope], tuple[float, float, int]] = {}
    for flow in flows:
        for family in flow.profile.families:
            key = (family.place, family.kind, family.scope)
            before, more = loads.get(key, (0.0, 0.0, 0)), flow.of_key(family)
            loads[key] = (before[0] + more[0], before[1] + more[1], max(before[2], family.keys))
    return sorted((Heat(*key, *load) for key, load in loads.items()), key=lambda heat: -heat.share)


@dataclass(slots=True)
class _Queue:
    """What one partition is asked for of one kind of units, in shares of its limit, and what waits."""

    spread: float
    keys: list[float] = field(default_factory=list)
    backlog: float = 0.0
    saved: float = 0.0

    @property
    def load(self) -> float:
        return self.spread + sum(self.keys)

    def serve(self, most_saved: float) -> tuple[float, float]:
        """Serve a second; return the load that was throttled, and the seconds that the newest of it waits."""
        wanted, load = self.backlog + self.load, self.load
        served = min(wanted, 1.0 + self.saved)
        self.saved = max(0.0, min(most_saved, self.saved + 1.0 - served))
        self.backlog = wanted - served
        return min(load, self.backlog), self.backlog

    def halve(self) -> "_Queue":
        """Keep one half, and return the other: keys are dealt out, the busiest first."""
        keys = sorted(self.keys, reverse=True)
        other = _Queue(self.spread / 2, keys[1::2], self.backlog / 2)
        self.spread, self.keys, self.backlog = self.spread / 2, keys[::2], self.backlog / 2
        return other


@dataclass(slots=True)
class _Partition:
    writes: _Queue
    reads: _Queue
    hot_for: int = 0

    @property
    def queues(self) -> tuple[_Queue, _Queue]:
        return self.writes, self.reads

    @property
    def can_be_split(self) -> bool:
        """Whether it was hot for long, and not by a single key alone, which no split helps."""
        if self.hot_for < SPLIT_SECONDS:
            return False
        return any(queue.load > 1 and (queue.spread > 1 / 2 or len(queue.keys) > 1) for queue in self.queues)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the flows: the share of units that was throttled at first, seconds of waiting, partitions."""

    throttled: float
    p99_wait: float
    partitions: int
    peak_writes: float


def run(
    flows: list[Flow], *, seconds: int, warm_writes: float = NEW_TABLE_WRITES, burst_seconds: float = 0.0
) -> Outcome:
    """Simulate the seconds of a rush on a table and its indexes.

    `warm_writes` is the write capacity that the table served before, or was warmed to. The rush begins at full rate.
    """
    outcomes = [_run_place(place, flows, seconds, warm_writes, burst_seconds) for place in PLACES]
    # A throttled index holds back the table's write, so the worst of them is the deed's.
    return max(outcomes, key=lambda each: (each.throttled, each.p99_wait, each.peak_writes))


def _run_place(place: str, flows: list[Flow], seconds: int, warm_writes: float, burst_seconds: float) -> Outcome:
    writes, partitions = _laid_out(place, flows, warm_writes)
    for partition in partitions:
        for queue in partition.queues:
            queue.saved = burst_seconds
    # Seconds of waiting, and the load that waited so long.
    waits: list[tuple[float, float]] = []
    throttled = 0.0
    for _ in range(seconds):
        for partition in partitions:
            for queue in partition.queues:
                late, wait = queue.serve(burst_seconds)
                throttled += late
                waits.append((wait, queue.load))
            is_hot = any(queue.load > 1.0 for queue in partition.queues)
            partition.hot_for = partition.hot_for + 1 if is_hot else 0
        partitions += [_halved(each) for each in partitions if each.can_be_split]
    asked = sum(load for _, load in waits)
    return Outcome(throttled / asked if asked else 0.0, _p99(waits), len(partitions), writes)


def _laid_out(place: str, flows: list[Flow], warm_writes: float) -> tuple[float, list[_Partition]]:
    """Return the write units a second of the table or an index, and its partitions with their load."""
    hot = [(name, heat) for heat in heats(flows) if heat.place == place for name in _names(heat)]
    families = [(flow, family) for flow in flows for family in flow.profile.families if family.place == place]
    writes = sum(flow.per_second * family.write_units for flow, family in families)
    reads = sum(flow.per_second * family.read_units for flow, family in families)
    count = max(1, round(warm_writes / WRITES))
    spread_writes = max(0.0, writes - sum(heat.writes for _, heat in hot)) / WRITES / count
    spread_reads = max(0.0, reads - sum(heat.reads for _, heat in hot)) / READS / count
    partitions = [_Partition(_Queue(spread_writes), _Queue(spread_reads)) for _ in range(count)]
    for name, heat in hot:
        home = partitions[zlib.crc32(name.encode()) % count]
        home.writes.keys.append(heat.writes / WRITES)
        home.reads.keys.append(heat.reads / READS)
    return writes, partitions


def _names(heat: Heat) -> list[str]:
    """Return a name for each key of a shared kind that counts; of a group's kinds those of the busiest group."""
    if heat.scope is Scope.OWN or heat.share < _SMALL:
        return []
    return [f"{heat.place} {heat.kind} {number}" for number in range(heat.keys)]


def _p99(waits: list[tuple[float, float]]) -> float:
    most, so_far = 0.99 * sum(load for _, load in waits), 0.0
    for wait, load in sorted(waits):
        so_far += load
        if so_far >= most:
            return wait
    return 0.0


def _halved(partition: _Partition) -> _Partition:
    """Split a partition in two."""
    partition.hot_for = 0
    return _Partition(partition.writes.halve(), partition.reads.halve())


def cost(flow: Flow, *, write_price: float, read_price: float) -> float:
    """Return USD of a million deeds, at prices of a million units."""
    return flow.profile.write_units * write_price + flow.profile.read_units * read_price


def most(flows: list[Flow]) -> float:
    """Return by how much the flows can grow until the hottest key is at its limit."""
    hottest = heats(flows)
    return 1 / hottest[0].share if hottest and hottest[0].share else float("inf")


__all__ = ["READS_OF_A_WRITE", "Flow", "Heat", "Outcome", "cost", "heats", "most", "run"]
