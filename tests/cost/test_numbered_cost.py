"""What Tix costs: a scan one request, reports and pages the same with a few tickets and with many; and both are right.

`TIX_TICKETS=100000` for the full size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.organizations import numbered_tickets, numbering
from chalicelib.table.items import Account
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.factories import make_organization, token_of
from tests.support.numbered import assert_reports_are_true, generate, organization_of, scan, tally_of
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost"), pytest.mark.timeout(1500)]

SMALL, LARGE = 300, size_of("TIX_TICKETS", small=900, full=3000)
AT_MOST = 10_000
SCANS = 120
# A quiet gate, and a busy one whose scans fill the stream's batches.
BATCHES = (1, 100)
BASE = "/api/tix"
PAGES = {
    "stats": f"{BASE}/reports/stats",
    "daily": f"{BASE}/reports/daily",
    "weekly": f"{BASE}/reports/weekly",
    "monthly": f"{BASE}/reports/monthly",
    "newest": f"{BASE}/tickets?limit=50",
    "second page": f"{BASE}/tickets?limit=50&page=2",
    "last page": f"{BASE}/tickets?limit=50&page={{last}}",
    "by number": f"{BASE}/tickets/A-000002",
}
# A page of fifty: the tally, the bits of the newest buckets and of those that it is in, and the tickets themselves.
_LISTS = ("newest", "second page", "last page")
MOST_REQUESTS = dict.fromkeys(_LISTS, 6)
# A month's report reads a day's totals for each day that there are any, at most 366 small items.
MOST_READ_UNITS = {**dict.fromkeys(_LISTS, 24), "monthly": 14}
# Requests, read units, write units.
Usage = tuple[float, float, float]


@dataclass
class Counter:
    """An organization that grows, and the meter that is read at each size."""

    meter: Meter
    stream: StreamReader
    admin: Account
    token: str

    def grow(self, quantity: int) -> None:
        """Generate more tickets on several days, scan some, delete some, and deliver the stream badly."""
        now, first = clock.now(), tally_of(organization_of(self.admin)).last + 1
        for days, left in enumerate(range(quantity, 0, -AT_MOST)):
            with clock.set_to(now - timedelta(days=3 + days % 5)):
                generate(self.admin, min(left, AT_MOST), prefix="AB"[days % 2])
        last = first + quantity - 1
        step = max(1, quantity // SCANS)
        for place, ordinal in enumerate(range(first, last + 1, step)):
            (ticket,) = numbered_tickets.of_ordinals(organization_of(self.admin), ordinal, ordinal)
            with clock.set_to(now - timedelta(hours=place % 60)):
                scan(self.admin, ticket)
            if not place % 5:
                numbered_tickets.delete(organization_of(self.admin), ticket.ticket_id)
        self.stream.drain()

    def usage(self) -> dict[str, Usage]:
        total = tally_of(organization_of(self.admin)).live
        found = {name: self._cost("GET", path.format(last=total // 50)) for name, path in PAGES.items()}
        for scans in BATCHES:
            found[f"counting {scans}"] = self._counting(scans)
        (fresh,) = generate_one(self.admin)
        found["scan"] = self._cost("PUT", f"{BASE}/tickets/{fresh}/scan")
        found["scan again"] = self._cost("PUT", f"{BASE}/tickets/{fresh}/scan", status=400)
        return found

    def _counting(self, scans: int) -> Usage:
        """The usage of the stream's worker to count so many scans in one batch."""
        made = numbering.as_generated(generate(self.admin, scans, "COUNT"))
        self.stream.drain()
        for ticket in made:
            scan(self.admin, ticket)
        self.meter.reset()
        with self.meter.background("stream"):
            self.stream.drain()
        report = self.meter.report()["background"]["stream"]
        return report["dynamodb_requests"], report["read_units"], report["write_units"]

    def _cost(self, method: str, path: str, *, status: int = 200) -> Usage:
        # What a container keeps is read before.
        assert call("GET", f"{BASE}/reports/stats", token=self.token).status == 200
        self.meter.reset()
        with self.meter.request("page"):
            answer = call(method, path, token=self.token)
        assert answer.status == status, answer.text
        report = self.meter.report()["requests"]["page"]
        return report["dynamodb_requests"], report["read_units"], report["write_units"]


def generate_one(admin: Account) -> list[str]:
    return [ticket.ticket_id for ticket in numbering.as_generated(generate(admin, 1, "ONE"))]


@pytest.fixture(scope="module")
def usage() -> Iterator[dict[int, dict[str, Usage]]]:
    """What each route costs, by how many tickets the organization has; the reports are recounted at each size."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            admin = make_organization(timezone="Asia/Karachi")
            counter = Counter(meter, StreamReader(), admin, token_of(admin))
            found = {}
            for size, more in ((SMALL, SMALL), (LARGE, LARGE - SMALL)):
                counter.grow(more)
                assert_reports_are_true(organization_of(admin))
                found[size] = counter.usage()
            print("\n".join(f"{name}: {[found[size][name] for size in found]}" for name in found[SMALL]))
            yield found
    finally:
        meter.detach()
        forget_caches()


@pytest.mark.parametrize("scan", ["scan", "scan again"])
def test_a_scan_is_one_request_whatever_comes_of_it(usage: dict[int, dict[str, Usage]], scan: str) -> None:
    for by_route in usage.values():
        requests, _, write_units = by_route[scan]
        assert requests <= 1
        assert write_units <= 3


def test_counting_a_batch_of_scans_costs_hardly_more_than_counting_one(usage: dict[int, dict[str, Usage]]) -> None:
    for by_route in usage.values():
        for scans in BATCHES:
            requests, _, write_units = by_route[f"counting {scans}"]
            # The organization, the bits, and one transaction: bits, their sum, the day, the tally; at a bucket's end
            # of two buckets.
            assert requests <= 4
            assert write_units <= 10


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_the_same_however_many_tickets_there_are(usage: dict[int, dict[str, Usage]], page: str) -> None:
    for requests, read_units, write_units in (usage[SMALL][page], usage[LARGE][page]):
        assert requests <= MOST_REQUESTS.get(page, 2)
        assert read_units <= MOST_READ_UNITS.get(page, 2)
        assert write_units == 0
