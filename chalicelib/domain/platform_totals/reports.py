"""The staff's dashboard and analytics, read from running totals: at most three requests, at any age of the platform.

Money is summed per currency. Where one amount is shown, it is in the platform's currency; `by_currency` has all.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.money import Money
from chalicelib.domain.platform_totals import periods, recent_acts
from chalicelib.table import keys, operations
from chalicelib.table.items import Item, PlatformCounts, PlatformSales, RecentAct
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.work import Granularity

# The events that the dashboard counts.
_EVENTS = ("events_published", "events_live", "events_ended", "events_cancelled")
_PENDING = ("refunds", "edit_requests", "payouts", "card_requests", "conflicts")
_USERS = ("customers", "organizers", "merchants", "ushers", "admins")
_MONTHS = 12
Numbers = Counter[str]


class CurrencySums(Struct, frozen=True):
    """Sales in one currency; `net` is revenue without refunds."""

    currency: str
    revenue: Money
    refunded: Money
    fees: Money
    net: Money


class SalesOfPeriod(Struct, frozen=True):
    """Sales of a period, or of all that are shown (`period` None): counts over all currencies."""

    period: str | None
    orders: int
    tickets: int
    refunded_tickets: int
    revenue: Money
    refunded: Money
    fees: Money
    net: Money
    by_currency: list[CurrencySums]


class NumbersOfPeriod(Struct, frozen=True):
    """Numbers of a period, or of now (`period` None), by name."""

    period: str | None
    numbers: Mapping[str, int]


class SalesOfCategory(Struct, frozen=True):
    """An event category: its events now, and its sales of a period or ever."""

    category: str
    events: int
    sales: SalesOfPeriod


class CategoriesOfPeriod(Struct, frozen=True):
    """The sales of a month by category, most revenue first."""

    period: str
    categories: list[SalesOfCategory]


class PlatformDashboard(Struct, frozen=True):
    """The staff's dashboard. Tickets exclude refunded ones, revenue includes refunded amounts."""

    customers: int
    events: int
    tickets_sold: int
    revenue: Money
    revenue_by_currency: list[Money]
    active_cards: int
    check_ins_today: int
    pending: Mapping[str, int]
    recent_activity: list[RecentAct]


def dashboard() -> PlatformDashboard:
    """Return the dashboard, with three queries."""
    today = clock.now().date().isoformat()
    found = _read(keys.platform.all_totals(), keys.platform.since(keys.platform.DAY, today, until=keys.platform.NOW))
    now, sales = _counts(found).get("", Counter()), _by_currency(found, "")
    tickets = sum((numbers["tickets"] - numbers["refunded_tickets"]) for numbers in sales.values())
    revenue = {currency: numbers["revenue"] for currency, numbers in sales.items()}
    return PlatformDashboard(
        customers=now["customers"],
        events=sum(now[name] for name in _EVENTS),
        tickets_sold=tickets,
        revenue=Money(revenue.get(config().currency, 0), config().currency),
        revenue_by_currency=[Money(amount, currency) for currency, amount in sorted(revenue.items())],
        active_cards=now["cards_active"],
        check_ins_today=_counts(found).get(today, Counter())["check_ins"],
        pending={name: now[f"pending_{name}"] for name in _PENDING},
        recent_activity=recent_acts.newest(),
    )


def revenue(granularity: Granularity) -> tuple[list[SalesOfPeriod], SalesOfPeriod]:
    """Return the sales of each period shown, the oldest first, and their sums; two queries."""
    names, kind = periods.shown(granularity), periods.KINDS[granularity]
    found = _read(keys.platform.all_totals(), keys.platform.since(kind, names[0], until=kind))
    whole: dict[str, Numbers] = defaultdict(Counter)
    series = []
    for name in names:
        sales = _by_currency(found, name)
        series.append(_sales(name, sales))
        for currency, numbers in sales.items():
            whole[currency].update(numbers)
    return series, _sales(None, whole)


def users(granularity: Granularity) -> tuple[list[NumbersOfPeriod], NumbersOfPeriod]:
    """Return the registrations of each period shown, and the users there are now; three requests."""
    return _series(granularity, _USERS, _USERS)


def cards(granularity: Granularity) -> tuple[list[NumbersOfPeriod], NumbersOfPeriod]:
    """Return the cards registered in each period shown, and the cards by status now; three requests."""
    return _series(granularity, ("cards_registered",), tuple(f"cards_{status}" for status in CardStatus))


def event_categories() -> tuple[list[CategoriesOfPeriod], list[SalesOfCategory]]:
    """Return the sales by category of each of twelve months, and of all time with the events; two queries."""
    names = periods.shown(Granularity.MONTH)[-_MONTHS:]
    between = keys.platform.since(keys.platform.MONTH, names[0], until=keys.platform.SUM)
    found = _read(keys.platform.all_categories(), between)
    series = [CategoriesOfPeriod(name, _categories(found, name)) for name in names]
    return series, _categories(found, "")


def _series(
    granularity: Granularity, begun: Sequence[str], now: Sequence[str]
) -> tuple[list[NumbersOfPeriod], NumbersOfPeriod]:
    names, kind = periods.shown(granularity), periods.KINDS[granularity]
    counts = _counts(_read(keys.platform.all_totals(), keys.platform.since(kind, names[0], until=kind)))
    places = [keys.platform.counts(keys.platform.NOW, "", shard) for shard in range(keys.platform.TOTAL_SHARDS)]
    present: Numbers = Counter()
    for item in operations.get_many(places, consistent=False).values():
        present.update(_numbers(item))
    series = [NumbersOfPeriod(name, {each: counts.get(name, Counter())[each] for each in begun}) for name in names]
    return series, NumbersOfPeriod(None, {each: present[each] for each in now})


# The totals of a name of a period, empty for the present numbers.
_Found = dict[str, list[PlatformCounts | PlatformSales]]


def _read(partitions: Iterable[str], between: Between) -> _Found:
    """Return the totals of a range by the name of their period, with one query per partition."""
    found: _Found = defaultdict(list)
    for partition in partitions:
        for raw in operations.query(partition, between):
            item = Item.from_raw_data(raw)
            if isinstance(item, PlatformCounts | PlatformSales):
                found[keys.platform.period_of(item.sk)].append(item)
    return found


def _counts(found: _Found) -> dict[str, Numbers]:
    counts: dict[str, Numbers] = defaultdict(Counter)
    for name, items in found.items():
        for item in items:
            if isinstance(item, PlatformCounts):
                counts[name].update(_numbers(item))
    return counts


def _numbers(item: PlatformCounts | PlatformSales) -> Numbers:
    return Counter({name: value for name, value in item.attribute_values.items() if isinstance(value, int)})


def _by_currency(found: _Found, name: str, category: str | None = None) -> dict[str, Numbers]:
    sums: dict[str, Numbers] = defaultdict(Counter)
    for item in found.get(name, ()):
        if isinstance(item, PlatformSales) and item.currency and item.category == category:
            sums[item.currency].update(_numbers(item))
    return sums


def _sales(period: str | None, by_currency: Mapping[str, Numbers]) -> SalesOfPeriod:
    rows = [_sums(currency, numbers) for currency, numbers in sorted(by_currency.items())]
    mine = next((row for row in rows if row.currency == config().currency), _sums(config().currency, Counter()))
    in_all: Numbers = Counter()
    for numbers in by_currency.values():
        in_all.update(numbers)
    return SalesOfPeriod(
        period=period,
        orders=in_all["orders"],
        tickets=in_all["tickets"],
        refunded_tickets=in_all["refunded_tickets"],
        revenue=mine.revenue,
        refunded=mine.refunded,
        fees=mine.fees,
        net=mine.net,
        by_currency=rows,
    )


def _sums(currency: str, numbers: Numbers) -> CurrencySums:
    return CurrencySums(
        currency,
        revenue=Money(numbers["revenue"], currency),
        refunded=Money(numbers["refunded"], currency),
        fees=Money(numbers["fees"], currency),
        net=Money(numbers["revenue"] - numbers["refunded"], currency),
    )


def _categories(found: _Found, name: str) -> list[SalesOfCategory]:
    items = [item for item in found.get(name, ()) if isinstance(item, PlatformSales)]
    events: Numbers = Counter()
    for item in items:
        events[item.category or ""] += item.events
    rows = [
        SalesOfCategory(category, events[category], _sales(None, _by_currency(found, name, category)))
        for category in events
    ]
    shown = [row for row in rows if row.events or row.sales.orders or row.sales.refunded_tickets]
    return sorted(shown, key=lambda row: (-row.sales.revenue.minor, row.category))
