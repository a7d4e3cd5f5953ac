"""Seats: how many of each category a customer owns, and their orders that may hold more (D-SALE-02).

One small item per customer. Each booking, transfer, gift, refund and late payment writes it in its own transaction
under an optimistic lock. Payment, expiry and cancellation of an order write nothing: the next booking reads the orders
that were unsettled at the last one, and counts the seats of those that were paid.
"""

import copy
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.errors import AccountSuspended, NotFound, SoldOut
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Seats, Ticket
from chalicelib.table.operations import Write

# How long after the end of its event a category is counted, in case the event is postponed.
_KEPT = timedelta(days=30)
# For a received ticket, since a transfer does not read the event.
_KEPT_AT_MOST = timedelta(days=400)


class AddedSeats(Struct, frozen=True):
    """Seats of a category to add, or to take away where negative; `until` is the day until which they are kept."""

    category_id: str
    count: int
    until: str


def none(customer_id: str) -> Seats:
    """Return the seats of a customer without any."""
    return Seats(*keys.customers.seats(customer_id))


def of(customer_id: str) -> Seats:
    """Return a customer's seats."""
    return operations.get(keys.customers.seats(customer_id)) or none(customer_id)


def owner(customer_id: str) -> tuple[Account, Seats]:
    """Return a customer with their seats, in one read. Raises NotFound."""
    account, place = keys.access.account(customer_id), keys.customers.seats(customer_id)
    found = operations.get_many((account, place))
    customer, held = found.get(account), found.get(place)
    if not isinstance(customer, Account):
        raise NotFound
    return customer, held if isinstance(held, Seats) else none(customer_id)


def owned(seats: Seats, category_id: str) -> int:
    """Return how many seats of a category a customer owns, of the settled orders."""
    # Negative where a ticket of an order that is not counted yet was given away.
    return int(seats.owned.get(category_id, (0, ""))[0])


def changed(before: Seats, added: Iterable[AddedSeats], *, orders: Mapping[str, str]) -> Seats:
    """Return seats with other counts and other unsettled orders; categories of the past are dropped."""
    today = clock.now().date().isoformat()
    counted = {name: entry for name, entry in before.owned.items() if entry[1] >= today}
    for each in added:
        count, until = counted.get(each.category_id, (0, each.until))
        counted[each.category_id] = [count + each.count, until]
    after = copy.deepcopy(before)
    after.owned = {name: entry for name, entry in counted.items() if entry[0]}
    after.orders = dict(orders)
    after.version = before.version + 1
    return after


def closing(before: Seats) -> Write:
    """Return the write that adds no seat any more, to a customer who is being erased.

    Each booking writes the seats in its transaction. So one that began before fails, reads them again and is refused.
    """
    after = changed(before, (), orders=before.orders)
    after.closed = True
    return put(after)


def require_open(held: Seats) -> None:
    """Raise AccountSuspended where the customer is being erased."""
    if held.closed:
        raise AccountSuspended("This account is closed.")


def put(after: Seats) -> Write:
    """Return the write of changed seats; it fails if others changed them after the read."""
    before = after.version - 1
    return operations.put(after, Seats.version == before if before else Seats.pk.does_not_exist())


def moving(ticket: Ticket, *, to: str | None) -> list[Write]:
    """Return the writes that count a ticket for its next owner, or for nobody; a ticket without an order counts not."""
    if ticket.order_id is None or ticket.category_id is None or ticket.customer_id == to:
        return []
    by = {ticket.customer_id: -1} | ({to: 1} if to else {})
    places = {customer_id: keys.customers.seats(customer_id) for customer_id in by}
    found = operations.get_many(places.values())
    writes = []
    for customer_id, place in places.items():
        seats = found.get(place) or none(customer_id)
        added = AddedSeats(ticket.category_id, by[customer_id], _at_most())
        writes.append(put(changed(seats, [added], orders=seats.orders)))
    return writes


def recategorizing(ticket: Ticket, *, to: str, booked_by: str) -> list[Write]:
    """Return the writes that count a ticket in another category, for its customer; its order has changed too.

    A later booking counts an unsettled order by its items. So its ticket is not counted again here for the customer
    who booked it.
    """
    places = {name: keys.customers.seats(name) for name in (ticket.customer_id, booked_by) if name}
    found = operations.get_many(places.values())
    writes = []
    for customer_id, place in places.items():
        seats = found.get(place) or none(customer_id)
        is_owner, is_unsettled = customer_id == ticket.customer_id, ticket.order_id in seats.orders
        is_counted_later = customer_id == booked_by and is_unsettled
        if not is_owner and not is_counted_later:
            continue
        by = int(is_owner) - int(is_counted_later)
        added = [AddedSeats(ticket.category_id, -by, _at_most()), AddedSeats(to, by, _at_most())]
        writes.append(put(changed(seats, added, orders=seats.orders)))
    return writes


def late(customer_id: str, order_id: str, counts: Mapping[str, int]) -> Write:
    """Return the write that counts the seats of an expired order that is paid after all."""
    seats = of(customer_id)
    if seats.closed:
        raise SoldOut("The customer of this booking is erased.")
    until = seats.orders.get(order_id) or _at_most()
    added = [AddedSeats(name, count, until) for name, count in counts.items()]
    return put(changed(seats, added, orders={name: day for name, day in seats.orders.items() if name != order_id}))


def kept_until(event_ends_at: datetime) -> str:
    """Return the day until which the seats of an event are counted."""
    return (event_ends_at + _KEPT).date().isoformat()


def _at_most() -> str:
    return (clock.now() + _KEPT_AT_MOST).date().isoformat()
