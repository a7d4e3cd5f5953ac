"""An organizer's dashboard, read from running totals at constant cost.

Check-ins cover the events of the last twelve months and are summed from the counters of each event. A shared counter
per organizer would make the scans of all its gates contend for one item.
"""

from datetime import date, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.money import Money
from chalicelib.domain.organizers.organizer_events import DaySales
from chalicelib.domain.sale import sales_totals
from chalicelib.table import keys, operations
from chalicelib.table.items import Counters, Event, OrganizerDay, OrganizerTotals, SalesTotals
from chalicelib.table.ranges import Between

# Days that the sales by day and the check-ins cover.
DAYS = 30
_YEAR = timedelta(days=366)
# Bounds the read; organizers have fewer events within a year and upcoming.
_EVENTS_AT_MOST = 1_000


class EventCounts(Struct, frozen=True):
    """Numbers of events. Drafts and cancelled events count in the total only."""

    total: int
    upcoming: int
    live: int
    past: int


class OrganizerDashboard(Struct, frozen=True):
    """An organizer's dashboard. `tickets_sold` excludes refunded tickets, `revenue` includes refunded amounts."""

    events: EventCounts
    tickets_sold: int
    revenue: Money
    refunded: Money
    checked_in: int
    check_in_rate: float
    pending_payouts: Money
    sales_by_day: list[DaySales]


class _Attendance(Struct, frozen=True):
    checked_in: int
    expected: int


def dashboard(organizer_id: str) -> OrganizerDashboard:
    """Return an organizer's totals; `sales_by_day` covers the last thirty days, oldest first."""
    currency = config().currency
    totals = operations.get(keys.organizers.totals(organizer_id)) or OrganizerTotals()
    events = _events(organizer_id)
    attendance = _attendance(events)
    return OrganizerDashboard(
        events=_counts(totals, events),
        tickets_sold=totals.tickets - totals.refunded_tickets,
        revenue=Money(totals.revenue, currency),
        refunded=Money(totals.refunded, currency),
        checked_in=attendance.checked_in,
        check_in_rate=round(attendance.checked_in / attendance.expected, 4) if attendance.expected else 0.0,
        pending_payouts=Money(totals.pending_payouts, currency),
        sales_by_day=_by_day(organizer_id, currency),
    )


def _events(organizer_id: str) -> list[Event]:
    """Return published or formerly published events that started within a year or are upcoming."""
    since = clock.to_text(clock.now() - _YEAR)
    partition = keys.organizers.organizer_events(organizer_id).pk
    raws = operations.query(partition, Between(since, "~"), index="gsi1", newest_first=True, limit=_EVENTS_AT_MOST)
    found = operations.get_many(operations.places_of(Event, raws), consistent=False).values()
    return [event for event in found if event.status in sales_totals.SHOWN and event.organizer_id == organizer_id]


def _counts(totals: OrganizerTotals, events: list[Event]) -> EventCounts:
    now = clock.now()
    upcoming = sum(event.starts_at > now for event in events)
    live = sum(event.starts_at <= now < event.ends_at for event in events)
    # Events older than a year are over and are counted from the totals.
    ended = sum(event.ends_at <= now for event in events)
    past = max(ended, totals.shown - upcoming - live)
    return EventCounts(total=max(totals.events, upcoming + live + past), upcoming=upcoming, live=live, past=past)


def _attendance(events: list[Event]) -> _Attendance:
    """Return the check-ins of events and the numbers of tickets held.

    An event counts from its start, or from its first admission: doors open before that. Who came in at a gate without
    the network may have had a ticket that was given back before the platform heard of it.
    """
    now, checked_in, expected = clock.now(), 0, 0
    counters_of = {event.event_id: keys.gate.counters(event.event_id) for event in events}
    sales_of = {event.event_id: keys.sale.sales_totals(event.event_id, sales_totals.TOTALS) for event in events}
    counters = operations.get_many(list(counters_of.values()), consistent=False)
    sales = operations.get_many(list(sales_of.values()), consistent=False)
    for event in events:
        counted = counters.get(counters_of[event.event_id]) or Counters()
        if event.starts_at > now and not counted.admitted:
            continue
        sold = sales.get(sales_of[event.event_id]) or SalesTotals()
        checked_in += counted.admitted
        expected += max(counted.admitted, counted.sold + sold.tickets - sold.refunded_tickets)
    return _Attendance(checked_in, expected)


def _by_day(organizer_id: str, currency: str) -> list[DaySales]:
    """Return thirty days in event zones up to today (UTC), and tomorrow if it has begun in an event's zone."""
    today = clock.now().date()
    first = today - timedelta(days=DAYS - 1)
    places = keys.organizers.day(organizer_id, first.isoformat()), keys.organizers.day(organizer_id, "~")
    raws = operations.query(places[0].pk, Between(places[0].sk, places[1].sk), consistent=True)
    known = {date.fromisoformat(day.date): day for day in map(OrganizerDay.from_raw_data, raws)}
    days = sorted({*known, *(first + timedelta(days=number) for number in range(DAYS))})
    return [_day(day, known.get(day) or OrganizerDay(), currency) for day in days]


def _day(day: date, sums: OrganizerDay, currency: str) -> DaySales:
    return DaySales(
        day,
        tickets=sums.tickets,
        revenue=Money(sums.revenue, currency),
        refunded=Money(sums.refunded, currency),
    )
