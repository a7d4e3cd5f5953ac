"""Writes that add to the platform's totals, for the transactions that count a sale or an admission.

They are not idempotent: the mark in the caller's transaction is what counts a thing once.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from pynamodb.expressions.update import Action

from chalicelib.domain.platform_totals import periods
from chalicelib.table import keys, operations
from chalicelib.table.items import PlatformCounts, PlatformSales
from chalicelib.table.operations import Write
from chalicelib.table.places import Place


class SaleToCount(Struct, frozen=True):
    """A sale or a refund: its currency, when it was made, and its numbers as PlatformSales names them."""

    currency: str
    at: datetime
    category: str | None
    numbers: Mapping[str, int] = field(default_factory=dict)


def shard() -> int:
    """Return the shard for the totals of one transaction."""
    return random.randrange(keys.platform.TOTAL_SHARDS)  # noqa: S311 # nosec B311  # spreads load, guards nothing


def of_sales(sales: Iterable[SaleToCount]) -> list[Write]:
    """Return the writes that add sales and refunds: one per period, per currency, and per category and month."""
    number = shard()
    sums: dict[Place[PlatformSales], Counter[str]] = defaultdict(Counter)
    named: dict[Place[PlatformSales], tuple[str, str | None]] = {}
    for sale in sales:
        category = sale.category or ""
        places: dict[Place[PlatformSales], str | None] = {}
        places |= {keys.platform.sales(kind, name, sale.currency, number): None for kind, name in periods.of(sale.at)}
        places[keys.platform.sales(keys.platform.NOW, "", sale.currency, number)] = None
        month = sale.at.date().isoformat()[:7]
        for kind, name in ((keys.platform.MONTH, month), (keys.platform.SUM, "")):
            of_category = keys.platform.category_sales(kind, name, category, sale.currency, number)
            places[of_category] = category
        for place, of in places.items():
            sums[place].update(sale.numbers)
            named[place] = (sale.currency, of)
    return [_sales_added(place, *named[place], numbers) for place, numbers in sums.items()]


def _sales_added(
    place: Place[PlatformSales], currency: str | None, category: str | None, numbers: Mapping[str, int]
) -> Write:
    actions: list[Action] = [PlatformSales.kind.set(PlatformSales)]
    if currency is not None:
        actions.append(PlatformSales.currency.set(currency))
    if category is not None:
        actions.append(PlatformSales.category.set(category))
    return operations.change(place, [*actions, *added(PlatformSales, numbers)])


def of_category_events(category: str, by: int, number: int) -> Write:
    """Return the write that adds to the number of a category's events, on one shard."""
    place = keys.platform.category_sales(keys.platform.SUM, "", category, "", number)
    return _sales_added(place, None, category, {"events": by})


def of_admissions(counts: Mapping[datetime, int]) -> list[Write]:
    """Return the writes that add first admissions by their moments, one per day (UTC)."""
    number = shard()
    by_day: Counter[str] = Counter()
    for moment, count in counts.items():
        by_day[moment.date().isoformat()] += count
    return [counted(keys.platform.DAY, day, {"check_ins": by}, number) for day, by in by_day.items() if by]


def counted(period: str, name: str, numbers: Mapping[str, int], number: int) -> Write:
    """Return the write that adds numbers to the counts of a period, on one shard."""
    actions = [PlatformCounts.kind.set(PlatformCounts), *added(PlatformCounts, numbers)]
    return operations.change(keys.platform.counts(period, name, number), actions)


def added(item: type[Any], numbers: Mapping[str, int]) -> list[Action]:
    """Return the actions that add numbers to the attributes of these names."""
    return [getattr(item, name).add(by) for name, by in numbers.items() if by]
