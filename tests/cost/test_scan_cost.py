"""What a valid scan may cost, at any size of the event."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.local.meter import Meter
from infra.local.seed import Seeded
from tests.support import engines, ground
from tests.support.caches import forget_caches
from tests.support.ground import Event, Kind
from tests.support.scan_cost import Cost, Till
from tests.support.sizes import size_of

pytestmark = [pytest.mark.each_run, pytest.mark.engine, pytest.mark.xdist_group("cost")]

SMALL, LARGE = 100, size_of("SCAN_TICKETS", small=400, full=3000)
SCANS = 10
MOST_REQUESTS = {Kind.QR: 1, Kind.TICKET: 1, Kind.CARD: 2}
MOST_WRITE_UNITS = 3
# One record at a time is what a quiet gate sends, and the dearest way to count; a busy one fills its batches.
BATCHES = (1, 100)
# Alone, a scan pays for its row in the log, the totals and the platform's. Ten together share these.
MOST_WRITE_UNITS_IN_ALL = {1: 8, 100: 4}


@dataclass
class Counter:
    """The till with the event that it charges for, before and after the event has grown."""

    till: Till
    event: Event
    crowd: Iterator[Seeded]

    def costs(self) -> dict[tuple[Kind, int], Cost]:
        return {
            (kind, size): self.till.charge(kind, [next(self.crowd) for _ in range(SCANS)], batch_size=size)
            for kind in Kind
            for size in BATCHES
        }

    def grow(self, tickets: int) -> None:
        self.crowd = iter(ground.fill(self.event, tickets=tickets))
        self.till.skip()


@pytest.fixture(scope="module")
def costs() -> Iterator[dict[int, dict[tuple[Kind, int], Cost]]]:
    """The cost of a scan by the number of tickets, then by what is shown and the stream's batches."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            event = ground.create_event()
            counter = Counter(Till(event, meter), event, iter(()))
            found = {}
            for size, more in ((SMALL, SMALL), (LARGE, LARGE - SMALL)):
                counter.grow(more)
                found[size] = counter.costs()
            yield found
    finally:
        meter.detach()
        forget_caches()


@pytest.mark.parametrize("kind", Kind)
def test_a_valid_scan_asks_the_table_once_and_by_card_twice(
    costs: dict[int, dict[tuple[Kind, int], Cost]], kind: Kind
) -> None:
    for by_case in costs.values():
        for size in BATCHES:
            assert by_case[kind, size].requests <= MOST_REQUESTS[kind]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("size", BATCHES)
def test_a_valid_scan_stays_within_its_write_units(
    costs: dict[int, dict[tuple[Kind, int], Cost]], kind: Kind, size: int
) -> None:
    for by_case in costs.values():
        cost = by_case[kind, size]
        assert cost.write_units <= MOST_WRITE_UNITS
        assert cost.all_write_units <= MOST_WRITE_UNITS_IN_ALL[size]


def test_a_scan_costs_the_same_in_a_large_event(costs: dict[int, dict[tuple[Kind, int], Cost]]) -> None:
    for case, small in costs[SMALL].items():
        large = costs[LARGE][case]
        assert large.requests == pytest.approx(small.requests, rel=0.05)
        assert large.read_units == pytest.approx(small.read_units, rel=0.05)
        assert large.write_units == pytest.approx(small.write_units, rel=0.05)
        assert large.all_write_units == pytest.approx(small.all_write_units, rel=0.05)
