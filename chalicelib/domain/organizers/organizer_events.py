"""An organizer's own events, with sales and attendance read from running totals.

The cost of an event's page is independent of its tickets. It takes three queries: the event with its categories and
counters, its buckets, and its devices.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib import clock, folding
from chalicelib.config import config
from chalicelib.domain import paging, timezones
from chalicelib.domain.access import occupancy
from chalicelib.domain.events import drafted_categories, events
from chalicelib.domain.gate import checkin_buckets
from chalicelib.domain.gate.checkin_buckets import GateCheckins, HourCheckins
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.domain.sale import sales_totals
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, Counters, Event, Item, Listing, SalesTotals
from chalicelib.table.operations import RawItem
from chalicelib.table.places import Key, Place
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.events import EventStatus

# Maximum offsets of time zones: a day starts up to 14 h before and 12 h after the UTC day.
_DAY_BEGINS_BEFORE, _DAY_BEGINS_AFTER = timedelta(hours=14), timedelta(hours=12)
_FIRST, _LAST = "!", "~"


class OrganizerEventFilters(Struct, frozen=True):
    """Filters of an organizer's list: an event of several days is found on each of them, in its time zone.

    `search` is a prefix of a title word.
    """

    status: EventStatus | None = None
    date_from: date | None = None
    date_to: date | None = None
    search: str | None = None

    def fit(self, event: Event) -> bool:
        """Whether an event matches the filters."""
        first, last = timezones.days(event.starts_at, event.ends_at, event.timezone)
        return (
            self.status in (None, event.status)
            and (self.date_from is None or self.date_from <= last)
            and (self.date_to is None or first <= self.date_to)
            and (self.search is None or folding.is_found(event.title, self.search))
        )


class CategorySales(Struct, frozen=True):
    """Sales of one ticket category. `sold` excludes refunded tickets, `revenue` includes them."""

    id: str
    name: str
    tier: str | None
    price: Money
    capacity: int
    sold: int
    revenue: Money
    refunded: Money


class DaySales(Struct, frozen=True):
    """Sales and refunds of one day."""

    date: date
    tickets: int
    revenue: Money
    refunded: Money


class EventCheckIns(Struct, frozen=True):
    """Results of the scans at the gates."""

    admitted: int
    on_leave: int
    duplicates_refused: int
    invalid_refused: int
    by_hour: list[HourCheckins]
    by_gate: list[GateCheckins]


class EventOccupancy(Struct, frozen=True):
    """The number of attendees inside, as known at `as_of`.

    Offline readers may have admitted more: `upper_bound` assumes that each scan in their reported queues is another
    guest. `unsynced_devices` counts devices with queued scans or without a recent heartbeat.
    """

    inside: int
    as_of: datetime
    upper_bound: int
    unsynced_devices: int


class EventAnalytics(Struct, frozen=True):
    """Statistics of an event. `sold` excludes refunded tickets, `issued` counts tickets without a paid order."""

    sold: int
    issued: int
    capacity: int
    revenue: Money
    refunded: Money
    by_category: list[CategorySales]
    sales_by_day: list[DaySales]
    check_ins: EventCheckIns
    occupancy: EventOccupancy


class EventStatistics(EventAnalytics, frozen=True):
    """Statistics of an event for staff: the platform's fees too, without the returned part, and the organizer's net."""

    fees: Money
    net: Money


class EventSummary(Struct, frozen=True):
    """An event in a list, with its key figures."""

    event: Event
    sold: int
    capacity: int
    revenue: Money
    admitted: int


class OwnEvent(Struct, frozen=True):
    """An event with its categories; those of a draft are not on sale."""

    event: Event
    categories: Sequence[Category]

    @property
    def platform_fee_percent(self) -> float | None:
        """The event's own fee, or None where it has the usual one."""
        points = self.event.fee_basis_points
        return None if points is None else points / 100


class EventDetail(Struct, frozen=True):
    """An event with its categories and analytics."""

    event: Event
    categories: Sequence[Category]
    analytics: EventAnalytics


def own(organizer_id: str, event_id: str) -> Event:
    """Return an organizer's event. Raises NotFound, also for an event of another organizer."""
    event = operations.get(keys.events.event(event_id))
    if event is None or event.organizer_id != organizer_id:
        raise NotFound("You have no such event.")
    return event


def detail(organizer_id: str, event_id: str) -> EventDetail:
    """Return an organizer's event with its analytics, at most a few seconds old. Raises NotFound."""
    found = _read(event_id)
    if found is None or found.event.organizer_id != organizer_id:
        raise NotFound("You have no such event.")
    return EventDetail(found.event, found.categories, _analytics(found))


def statistics(event_id: str) -> EventStatistics:
    """Return any event's statistics with the platform's fees, at most a few seconds old. Raises NotFound."""
    found = _read(event_id)
    if found is None:
        raise NotFound("There is no such event.")
    shown, totals = _analytics(found), sales_totals.sales_of(found.buckets)[0]
    currency = config().currency
    return EventStatistics(
        **asdict(shown),
        fees=Money(totals.fees, currency),
        net=Money(totals.revenue - totals.refunded - totals.fees, currency),
    )


class _ReadEvent(Struct, frozen=True):
    """An event, its categories, its counters and its buckets, as two queries return them."""

    event: Event
    categories: Sequence[Category]
    counters: RawItem
    buckets: Sequence[RawItem]


def _read(event_id: str) -> _ReadEvent | None:
    place = keys.events.event(event_id)
    # Categories and counters sort before the event itself.
    around = operations.query(place.pk, Between(keys.events.category(event_id).sk, place.sk), consistent=True)
    items = [Item.from_raw_data(raw) for raw in around]
    event = next((item for item in items if isinstance(item, Event)), None)
    if event is None:
        return None
    categories = [item for item in items if isinstance(item, Category)] or drafted_categories.of(event)
    categories.sort(key=lambda category: (category.position, category.category_id))
    counters = next((raw for raw in around if raw["sk"]["S"] == keys.gate.counters(event_id).sk), {})
    buckets = operations.query(keys.sale.sales_totals(event_id).pk)
    return _ReadEvent(event, categories, counters, buckets)


def _analytics(found: _ReadEvent) -> EventAnalytics:
    event, categories, raw, buckets = found.event, found.categories, found.counters, found.buckets
    totals, days, of_categories = sales_totals.sales_of(buckets)
    counters = Counters.from_raw_data(raw) if raw else Counters()
    currency = config().currency
    return EventAnalytics(
        sold=_sold(totals),
        issued=counters.sold,
        capacity=sum(category.capacity for category in categories),
        revenue=Money(totals.revenue, currency),
        refunded=Money(totals.refunded, currency),
        by_category=[_of_category(category, of_categories.get(category.category_id)) for category in categories],
        sales_by_day=[
            DaySales(
                date.fromisoformat(day),
                tickets=sums.tickets,
                revenue=Money(sums.revenue, currency),
                refunded=Money(sums.refunded, currency),
            )
            for day, sums in sorted(days.items())
        ],
        check_ins=EventCheckIns(
            admitted=counters.admitted,
            on_leave=events.on_leave(event, counters),
            duplicates_refused=counters.result_already_scanned,
            invalid_refused=counters.result_invalid + counters.result_not_found,
            by_hour=checkin_buckets.by_hour([raw, *buckets]),
            by_gate=checkin_buckets.by_gate(raw, list(event.gates or ())),
        ),
        occupancy=_occupancy(event.event_id, counters.people_inside),
    )


def _sold(totals: SalesTotals) -> int:
    return totals.tickets - totals.refunded_tickets


def _of_category(category: Category, sums: SalesTotals | None) -> CategorySales:
    sums = sums or SalesTotals()
    return CategorySales(
        id=category.category_id,
        name=category.name,
        tier=category.tier,
        price=Money(category.price, category.currency),
        capacity=category.capacity,
        sold=_sold(sums),
        revenue=Money(sums.revenue, category.currency),
        refunded=Money(sums.refunded, category.currency),
    )


def _occupancy(event_id: str, inside: int) -> EventOccupancy:
    found = occupancy.of_event(event_id, inside=inside, now=clock.now())
    return EventOccupancy(
        inside=inside,
        as_of=found.as_of,
        upper_bound=found.inside_at_most,
        unsynced_devices=found.unsynced_devices,
    )


def page(
    organizer_id: str, filters: OrganizerEventFilters, *, page_size: int, cursor: str | None
) -> Page[EventSummary]:
    """Return a page of an organizer's events, latest start first. A page may be short if `next` is set.

    Raises InvalidCursor.
    """
    low, high = _FIRST, _LAST
    if filters.date_from is not None:
        begins = datetime.combine(filters.date_from, time.min, UTC) - _DAY_BEGINS_BEFORE
        low = clock.to_text(begins - events.LONGEST)
    if filters.date_to is not None:
        high = clock.to_text(datetime.combine(filters.date_to, time.max, UTC) + _DAY_BEGINS_AFTER) + _LAST

    def load(places: Sequence[Place[Event]]) -> list[Event | None]:
        known = operations.get_many(places)
        found = [known.get(place) for place in places]
        return [
            event if event and event.organizer_id == organizer_id and filters.fit(event) else None for event in found
        ]

    page = paging.walk(
        PageRequest(f"organizer events/{organizer_id}/{filters}", page_size, cursor),
        paging.rows_of(Event, keys.organizers.organizer_events(organizer_id).pk, index="gsi1", between=(low, high)),
        load,
        budget=ReadBudget(),
    )
    return page.showing(_summaries(page.results))


def _summaries(events: Sequence[Event]) -> list[EventSummary]:
    """Return events with their key figures, with one batch read per 33 events."""
    wanted = [
        place
        for event in events
        for place in (
            keys.gate.counters(event.event_id),
            keys.sale.sales_totals(event.event_id, sales_totals.TOTALS),
            keys.events.listing(event.event_id),
        )
    ]
    found = operations.get_many(wanted, consistent=False)
    return [_summary(event, found) for event in events]


def _summary(event: Event, found: dict[Key, Item]) -> EventSummary:
    counters = found.get(keys.gate.counters(event.event_id))
    totals = found.get(keys.sale.sales_totals(event.event_id, sales_totals.TOTALS))
    listing = found.get(keys.events.listing(event.event_id))
    sold = totals if isinstance(totals, SalesTotals) else SalesTotals()
    offered = listing.body["ticket_categories"] if isinstance(listing, Listing) else []
    # A draft's categories are in its item only.
    offered = offered or event.drafted_categories or []
    return EventSummary(
        event=event,
        sold=_sold(sold),
        capacity=sum(int(category["capacity"]) for category in offered),
        revenue=Money(sold.revenue, config().currency),
        admitted=counters.admitted if isinstance(counters, Counters) else 0,
    )
