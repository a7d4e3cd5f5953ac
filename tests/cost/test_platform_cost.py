"""What the staff's dashboard and analytics cost: at most three requests, and as many items after years as after one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.platform_totals import periods, reports
from chalicelib.table import keys, operations
from chalicelib.table.items import PlatformCounts, PlatformSales
from chalicelib.vocabulary.work import Granularity

pytestmark = pytest.mark.usefixtures("moto_cloud")

# A report shows 24 months at most.
YOUNG, OLD = 800, 1600
AT_MOST = 3


def _of(report: Callable[[Granularity], object], granularity: Granularity) -> Callable[[], object]:
    return lambda: report(granularity)


REPORTS: dict[str, Callable[[], object]] = {
    "dashboard": reports.dashboard,
    **{f"revenue by {each}": _of(reports.revenue, each) for each in Granularity},
    **{f"users by {each}": _of(reports.users, each) for each in Granularity},
    **{f"cards by {each}": _of(reports.cards, each) for each in Granularity},
    "event categories": reports.event_categories,
}


def _fill(days: range) -> None:
    """Write totals of some days ago, and of their weeks and months, on two shards."""
    rows: dict[Any, PlatformCounts | PlatformSales] = {}
    today = clock.now().date()
    for ago in days:
        for kind, name in _periods(today - timedelta(days=ago)):
            for shard in range(2):
                sold = PlatformSales(*keys.platform.sales(kind, name, "PKR", shard), currency="PKR", orders=1)
                counts = PlatformCounts(*keys.platform.counts(kind, name, shard), customers=1)
                rows |= {row.place: row for row in (sold, counts)}
                if kind == keys.platform.MONTH:
                    place = keys.platform.category_sales(kind, name, "music", "PKR", shard)
                    rows[place] = PlatformSales(*place, currency="PKR", category="music", orders=1)
    operations.put_many(rows.values())


def _periods(day: date) -> Iterator[tuple[str, str]]:
    for granularity, kind in periods.KINDS.items():
        yield kind, periods.name(granularity, day)


@contextmanager
def counted() -> Iterator[list[int]]:
    """Collect the number of items of each answer of the table."""
    found: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        batches = parsed.get("Responses", {})
        found.append(len(parsed.get("Items", [])) + sum(len(items) for items in batches.values()))

    events = operations.client().meta.events
    events.register("after-call.dynamodb.*", note)
    try:
        yield found
    finally:
        events.unregister("after-call.dynamodb.*", note)


def _costs() -> dict[str, list[int]]:
    costs = {}
    for name, report in REPORTS.items():
        with counted() as found:
            report()
        costs[name] = found
    return costs


def test_a_report_takes_three_requests_at_most_and_reads_no_more_after_years() -> None:
    _fill(range(YOUNG))
    young = _costs()
    _fill(range(YOUNG, OLD))
    assert _costs() == young
    assert {name: len(found) for name, found in young.items() if len(found) > AT_MOST} == {}
    # Something was read: each report shows what was written.
    assert all(sum(found) > 10 for name, found in young.items() if name != "dashboard")
    assert reports.revenue(Granularity.DAY)[1].orders == 2 * periods.SHOWN[Granularity.DAY]
