"""Sales totals of events and organizers: a projection of the table's stream.

One transaction adds a paid order or approved refund to the totals and marks it as counted. So repeated, partial or
unordered stream batches count each one once. A sale counts on the day of its payment. A refund counts on the day of its
approval. Days are in the event's time zone. Totals over categories include only amounts in the platform's currency.
A category's own totals are in the category's currency.

An event's totals, and those of each of its days, name the organizer in whose totals they are counted. So they move with
the event where staff give it to another organizer, each of them once.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain import money, timezones
from chalicelib.domain.background.changes import Change, Wanted, every, follows
from chalicelib.domain.platform_totals import sums
from chalicelib.domain.platform_totals.sums import SaleToCount
from chalicelib.errors import Unavailable
from chalicelib.observability import count
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Event, Item, Order, OrganizerDay, OrganizerTotals, RefundRequest, SalesTotals
from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.operations import Write
from chalicelib.table.places import Key
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.payments import OrderStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus

TOTALS, SALES, CATEGORY, WAY = "TOTALS", "SALES", "CATEGORY", "WAY"
# The numbers of both event and organizer totals; only event totals have fees, and what refunds left.
_NUMBERS = ("tickets", "revenue", "refunded_tickets", "refunded")
# The totals of an event that its organizer's totals contain.
_OF_ORGANIZERS = (TOTALS, SALES)
_PER_TRANSACTION = 40
_GIVEN_BACK = (RefundRequestStatus.APPROVED, RefundRequestStatus.REFUNDED)
# The event statuses that the organizer's dashboard counts as shown.
SHOWN = (EventStatus.PUBLISHED, EventStatus.LIVE, EventStatus.ENDED)

Trade = Order | RefundRequest
Numbers = Counter[str]


class _TradeLine(Struct, frozen=True):
    """The numbers that a trade adds to one category."""

    category_id: str
    numbers: Numbers


@follows(*every(RefundRequest, Event), Wanted(Order, unless=Order.sales_counted))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Update the sales totals from these changes; idempotent, also after a partial run."""
    trades: dict[str, dict[Key, Trade]] = defaultdict(dict)
    events: dict[str, None] = {}
    moved: dict[str, None] = {}
    for change in changes:
        after = change.after
        if isinstance(after, Order | RefundRequest) and _is_uncounted(after):
            trades[after.event_id][after.place] = after
        elif isinstance(after, Event) and _counted(after) != _standing(after):
            events[after.event_id] = None
        if isinstance(after, Event) and _was_anothers(change.before, after):
            moved[after.event_id] = None
    if trades:
        known = operations.get_many([keys.events.event(event_id) for event_id in trades], consistent=False)
        for event_id, of_event in trades.items():
            _count(event_id, known.get(keys.events.event(event_id)), list(of_event.values()))
    # What was sold before totals named their organizer is found by the mark that the count of events changes.
    for event_id in moved:
        _hand_over(event_id)
    for event_id in events:
        _count_event(event_id)
    return []


def _was_anothers(before: Item | None, after: Event) -> bool:
    return isinstance(before, Event) and before.organizer_id != after.organizer_id


def _is_uncounted(trade: Trade) -> bool:
    if trade.sales_counted:
        return False
    return trade.status == OrderStatus.PAID if isinstance(trade, Order) else trade.status in _GIVEN_BACK


def _count(event_id: str, event: Event | None, trades: Sequence[Trade]) -> None:
    """Add trades of one event to the totals, each exactly once."""
    pending = list(trades)
    while pending:
        # Orders with many categories or days need more writes each, so fewer of them fit in a transaction.
        size = min(len(pending), _PER_TRANSACTION)
        while size > 1 and size + len(_additions(event_id, event, pending[:size])) > operations.TRANSACTION_LIMIT:
            size //= 2
        chunk, pending = pending[:size], pending[size:]
        while chunk:
            try:
                operations.commit(*map(_mark, chunk), *_additions(event_id, event, chunk))
            except operations.ConditionFailed as failure:
                if max(failure.failures) >= len(chunk):
                    event = _hand_over(event_id)
                chunk = [trade for place, trade in enumerate(chunk) if place not in failure.failures]
            else:
                outcomes = Counter("paid" if isinstance(trade, Order) else "refunded" for trade in chunk)
                count("Orders", outcomes, by="outcome")
                break


def _mark(trade: Trade) -> Write:
    if isinstance(trade, Order):
        fresh = Order.sales_counted.does_not_exist() & (Order.status == OrderStatus.PAID)
        return operations.change(keys.sale.order(trade.order_id), [Order.sales_counted.set(True)], fresh)
    fresh = RefundRequest.pk.exists() & RefundRequest.sales_counted.does_not_exist()
    place = keys.tickets.refund_request(trade.ticket_id, trade.refund_id)
    return operations.change(place, [RefundRequest.sales_counted.set(True)], fresh)


def recategorizing(order: Order, items: Sequence[Mapping[str, Any]]) -> list[Write]:
    """Return the writes that move the sales of an order between categories, to those of its new items.

    Their transaction must require the order as read, and that it is counted. No other total changes.
    """
    differences: dict[str, Numbers] = defaultdict(Counter)
    for sold, sign in ((order.items, -1), (items, +1)):
        for line in _order_lines(order, sold):
            for name, number in line.numbers.items():
                differences[line.category_id][name] += sign * number
    return [
        _of_event(order.event_id, CATEGORY, category_id, numbers)
        for category_id, numbers in differences.items()
        if any(numbers.values())
    ]


def _lines(trade: Trade) -> list[_TradeLine]:
    if isinstance(trade, RefundRequest):
        numbers = Counter(refunded_tickets=1, refunded=trade.amount, fees=-trade.fee)
        return [_TradeLine(trade.category_id or "", numbers)]
    return _order_lines(trade, trade.items)


def _order_lines(order: Order, items: Sequence[Mapping[str, Any]]) -> list[_TradeLine]:
    lines, before = [], 0
    for item in items:
        quantity: int = item["quantity"]
        revenue: int = quantity * item["price"]
        # Each item's share of the fee is a difference of rounded sums, so the shares add up to the fee.
        up_to, after = (money.portion(order.fee, part=sold, whole=order.total) for sold in (before, before + revenue))
        lines.append(_TradeLine(item["category_id"], Counter(tickets=quantity, revenue=revenue, fees=after - up_to)))
        before += revenue
    return lines


def _kept(trade: Trade) -> int:
    """Return what a refund leaves of its ticket's price, in the platform's currency."""
    if not isinstance(trade, RefundRequest) or trade.currency != config().currency:
        return 0
    return int(trade.kept or 0)


def _day(trade: Trade, event: Event | None) -> str:
    moment = (trade.closed_at if isinstance(trade, Order) else trade.decided_at) or clock.now()
    return timezones.local(moment, event.timezone if event else "UTC").date().isoformat()


def _additions(event_id: str, event: Event | None, trades: Sequence[Trade]) -> list[Write]:
    """Return one write for each total that these trades change."""
    by_category: dict[str, Numbers] = defaultdict(Counter)
    by_day: dict[str, Numbers] = defaultdict(Counter)
    by_way: dict[str, Numbers] = defaultdict(Counter)
    in_all: Numbers = Counter()
    for trade in trades:
        for line in _lines(trade):
            by_category[line.category_id].update(line.numbers)
            of_trade = line.numbers
            if trade.currency != config().currency:
                of_trade = Counter({name: of_trade[name] for name in ("tickets", "refunded_tickets")})
            by_day[_day(trade, event)].update(of_trade)
            in_all.update(of_trade)
            if trade.paid_by:
                by_way[trade.paid_by].update({**of_trade, "kept": _kept(trade)})
    organizer_id = event.organizer_id if event else None
    writes = [_of_event(event_id, TOTALS, None, in_all, organizer_id=organizer_id)]
    writes += [_of_event(event_id, SALES, day, of_day, organizer_id=organizer_id) for day, of_day in by_day.items()]
    writes += [_of_event(event_id, CATEGORY, name, numbers) for name, numbers in by_category.items()]
    writes += [_of_event(event_id, WAY, name, numbers) for name, numbers in by_way.items()]
    if organizer_id:
        writes.append(_of_organizer(organizer_id, in_all))
        writes += [_of_day(organizer_id, day, numbers) for day, numbers in by_day.items()]
    return [*writes, *sums.of_sales(_of_platform(trade, event) for trade in trades)]


def _of_platform(trade: Trade, event: Event | None) -> SaleToCount:
    """Return what a trade adds to the platform's totals; an order counts with its sale, not with its refunds."""
    numbers: Numbers = Counter(orders=1 if isinstance(trade, Order) else 0)
    for line in _lines(trade):
        numbers.update(line.numbers)
    at = (trade.closed_at if isinstance(trade, Order) else trade.decided_at) or clock.now()
    return SaleToCount(trade.currency, at, event.category if event else None, numbers)


def _added(cls: type[SalesTotals | OrganizerTotals | OrganizerDay], numbers: Numbers) -> list[Action]:
    names = (*_NUMBERS, "fees", "kept") if cls is SalesTotals else _NUMBERS
    attributes: dict[str, IntegerAttribute[int]] = {name: getattr(cls, name) for name in names}
    return [attributes[name].add(numbers[name]) for name in names if numbers[name]]


def _of_event(event_id: str, of: str, name: str | None, numbers: Numbers, *, organizer_id: str | None = None) -> Write:
    named = [SalesTotals.kind.set(SalesTotals), SalesTotals.event_id.set(event_id), SalesTotals.of.set(of)]
    if name:
        named.append(SalesTotals.name.set(name))
    if organizer_id:
        named.append(SalesTotals.organizer_id.set(organizer_id))
    place = keys.sale.sales_totals(event_id, of, name)
    in_theirs = SalesTotals.pk.does_not_exist() | _is_in(organizer_id) if of in _OF_ORGANIZERS else None
    return operations.change(place, [*named, *_added(SalesTotals, numbers)], in_theirs)


def _is_in(organizer_id: str | None) -> Condition:
    """Return the condition that totals are counted for an organizer, or for nobody."""
    named: Condition = SalesTotals.organizer_id.does_not_exist()
    return SalesTotals.organizer_id == organizer_id if organizer_id else named


def _of_organizer(organizer_id: str, numbers: Numbers) -> Write:
    named = [OrganizerTotals.kind.set(OrganizerTotals), OrganizerTotals.organizer_id.set(organizer_id)]
    place = keys.organizers.totals(organizer_id)
    return operations.change(place, [*named, *_added(OrganizerTotals, numbers)])


def _of_day(organizer_id: str, day: str, numbers: Numbers) -> Write:
    named = [
        OrganizerDay.kind.set(OrganizerDay),
        OrganizerDay.organizer_id.set(organizer_id),
        OrganizerDay.date.set(day),
    ]
    place = keys.organizers.day(organizer_id, day)
    return operations.change(place, [*named, *_added(OrganizerDay, numbers)])


def _hand_over(event_id: str) -> Event | None:
    """Count an event's sales for its present organizer, and no longer for the former one; idempotent.

    Return the event. Raises Unavailable.
    """
    for _ in retries.attempts():
        event = operations.get(keys.events.event(event_id))
        if event is None:
            return None
        totals, days, _of_categories = sales_of(operations.query(keys.sale.sales_totals(event_id).pk, consistent=True))
        try:
            for each in (totals, *days.values()):
                former = each.organizer_id or event.counted_for
                if each.of and each.organizer_id != event.organizer_id:
                    operations.commit(*_handing_over(each, former, event.organizer_id))
        except operations.ConditionFailed:
            continue  # a sale was counted, or another worker was first, after the read
        return event
    raise Unavailable(retry_after=1)


def _handing_over(each: SalesTotals, former: str | None, organizer_id: str | None) -> list[Write]:
    """Return the writes that move one of an event's totals between organizers; its numbers only rise."""
    numbers: Numbers = Counter({name: int(getattr(each, name)) for name in _NUMBERS})
    as_read = _is_in(each.organizer_id)
    for name, number in numbers.items():
        attribute: IntegerAttribute[int] = getattr(SalesTotals, name)
        as_read &= attribute == number if number else attribute.does_not_exist()
    named = SalesTotals.organizer_id.set(organizer_id) if organizer_id else SalesTotals.organizer_id.remove()
    writes = [operations.change(keys.sale.sales_totals(each.event_id, each.of, each.name), [named], as_read)]
    for whose, sign in ((former, -1), (organizer_id, +1)):
        if whose and former != organizer_id and any(numbers.values()):
            added = Counter({name: sign * number for name, number in numbers.items()})
            writes.append(_of_day(whose, each.name, added) if each.name else _of_organizer(whose, added))
    return writes


# The organizer whom an event is counted for, and whether it is counted as shown.
_Standing = tuple[str, bool]


def _standing(event: Event) -> _Standing | None:
    if not event.organizer_id or event.status == EventStatus.ARCHIVED:
        return None
    return event.organizer_id, event.status in SHOWN


def _counted(event: Event) -> _Standing | None:
    return (event.counted_for, bool(event.counted_as_shown)) if event.counted_for else None


def _count_event(event_id: str) -> None:
    """Update the event counts of the old and new organizer after an event's owner or status changed.

    Raises Unavailable.
    """
    for _ in retries.attempts():
        event = operations.get(keys.events.event(event_id))
        if event is None or _counted(event) == _standing(event):
            return
        moves: dict[str, Numbers] = defaultdict(Counter)
        for standing, by in ((_counted(event), -1), (_standing(event), +1)):
            if standing is not None:
                moves[standing[0]].update(Counter(events=by, shown=by if standing[1] else 0))
        try:
            operations.commit(_mark_event(event), *(_moved(name, numbers) for name, numbers in moves.items()))
        except operations.ConditionFailed:
            continue  # the event changed, or was counted, after the read
        return
    raise Unavailable(retry_after=1)


def _mark_event(event: Event) -> Write:
    standing = _standing(event)
    unchanged = Event.status == event.status
    for attribute, value in ((Event.organizer_id, event.organizer_id), (Event.counted_for, event.counted_for)):
        unchanged &= attribute.does_not_exist() if value is None else attribute == value
    seen = event.counted_as_shown
    unchanged &= Event.counted_as_shown.does_not_exist() if seen is None else Event.counted_as_shown == bool(seen)
    actions: list[Action]
    if standing is None:
        actions = [Event.counted_for.remove(), Event.counted_as_shown.remove()]
    else:
        actions = [Event.counted_for.set(standing[0]), Event.counted_as_shown.set(standing[1])]
    return operations.change(keys.events.event(event.event_id), actions, unchanged)


def _moved(organizer_id: str, numbers: Numbers) -> Write:
    actions: list[Action] = [
        OrganizerTotals.kind.set(OrganizerTotals),
        OrganizerTotals.organizer_id.set(organizer_id),
    ]
    counts = ((OrganizerTotals.events, numbers["events"]), (OrganizerTotals.shown, numbers["shown"]))
    actions += [attribute.add(by) for attribute, by in counts if by]
    return operations.change(keys.organizers.totals(organizer_id), actions)


def sales_of(raws: Sequence[operations.RawItem]) -> tuple[SalesTotals, dict[str, SalesTotals], dict[str, SalesTotals]]:
    """Return an event's totals, its days by date, and its categories by id, from its raw totals items."""
    items = [item for item in map(Item.from_raw_data, raws) if isinstance(item, SalesTotals)]
    totals = next((item for item in items if item.of == TOTALS), SalesTotals())
    days = {item.name: item for item in items if item.of == SALES}
    categories = {item.name: item for item in items if item.of == CATEGORY}
    return totals, days, categories


def by_way(event_id: str) -> dict[str, SalesTotals]:
    """Return an event's sales by the provider of their payments, as far as the stream has been processed."""
    place = keys.sale.sales_totals(event_id, WAY, "")
    raws = operations.query(place.pk, Begins(place.sk), consistent=True)
    return {item.name: item for item in map(SalesTotals.from_raw_data, raws) if item.name}
