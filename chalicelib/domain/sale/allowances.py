"""What a customer may still book beside their own open reservations and seats (D-SEC-50).

A customer has few open reservations, and at most `per_order_limit` seats of a category, reserved and owned together. A
reservation that ran out unpaid pauses the customer's sale of its event. Each refusal names the customer's own
reservation, so that a client can lead to it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import throttle
from chalicelib.domain.events import stock
from chalicelib.domain.events.categories import Offer
from chalicelib.domain.tickets import seats
from chalicelib.domain.tickets.seats import AddedSeats
from chalicelib.errors import Conflict, SoldOut
from chalicelib.table import keys, operations
from chalicelib.table.items import Order, Seats
from chalicelib.vocabulary.payments import OrderStatus


class Allowance(Struct, frozen=True):
    """A customer's seats, and the orders that they name."""

    seats: Seats
    orders: Sequence[Order]

    @property
    def open(self) -> list[Order]:
        """The reservations that can still be paid, the oldest first."""
        now = clock.now()
        return [order for order in self.orders if order.status == OrderStatus.RESERVED and order.expires_at > now]


def read(held: Seats) -> Allowance:
    """Return a customer's seats with their unsettled orders: one batch read, or none."""
    places = [keys.sale.order(order_id) for order_id in held.orders]
    found = operations.get_many(places)
    return Allowance(held, [found[place] for place in places if place in found])


def counts(order: Order) -> dict[str, int]:
    """Return how many seats of each category an order has."""
    return {item["category_id"]: int(item["quantity"]) for item in order.items}


def admit(order: Order, offer: Offer, before: Allowance) -> Seats:
    """Return the customer's seats with an order that is about to be reserved.

    Raises Conflict (open reservations, seats of a category), RateLimited (a reservation ran out a moment ago).
    """
    seats.require_open(before.seats)
    others = [other for other in before.orders if other.order_id != order.order_id]
    _require_no_pause(order, others)
    _require_few_open(before.open)
    _require_seats(order, offer, before, others)
    days = before.seats.orders
    paid = [
        AddedSeats(category_id, count, days[other.order_id])
        for other in others
        if other.status == OrderStatus.PAID
        for category_id, count in counts(other).items()
    ]
    unsettled = {other.order_id: days[other.order_id] for other in others if _is_unsettled(other)}
    unsettled[order.order_id] = seats.kept_until(offer.event.ends_at)
    return seats.changed(before.seats, paid, orders=unsettled)


def explained(sold_out: SoldOut, order: Order, offer: Offer, before: Allowance) -> SoldOut | Conflict:
    """Return the refusal for too few tickets: the customer's own reservations, where they hold what is missing."""
    wanted = counts(order)
    mine = [other for other in before.open if set(counts(other)) & set(wanted)]
    if not mine:
        return sold_out
    reserved: Counter[str] = Counter()
    for other in mine:
        reserved.update(counts(other))
    left = stock.counts(order.event_id, [offer.categories[name] for name in wanted], consistent=True)
    if any(left[name].free + reserved[name] < count for name, count in wanted.items()):
        return sold_out
    return _own_reservation("The missing tickets are reserved for you already.", mine)


def _require_no_pause(order: Order, others: Sequence[Order]) -> None:
    pause, now = timedelta(seconds=config().limits.reservation_pause_seconds), clock.now()
    over = [other for other in others if other.event_id == order.event_id and _ran_out(other)]
    wait = max((other.expires_at + pause - now for other in over), default=timedelta(0))
    if wait > timedelta(0):
        raise throttle.refusal("reservations of this event ran out unpaid", math.ceil(wait.total_seconds()))


def _require_few_open(opened: Sequence[Order]) -> None:
    most = config().limits.open_reservations
    if len(opened) >= most:
        raise _own_reservation(f"You have {len(opened)} open reservations, and {most} is the most.", opened)


def _require_seats(order: Order, offer: Offer, before: Allowance, others: Sequence[Order]) -> None:
    # An overdue reservation holds its stock until it is swept, and may still be paid until then.
    holding = [other for other in others if other.status in (OrderStatus.RESERVED, OrderStatus.PAID)]
    problems, full = [], set()
    for category_id, quantity in counts(order).items():
        category = offer.categories[category_id]
        has = seats.owned(before.seats, category_id) + sum(counts(other).get(category_id, 0) for other in holding)
        if has + quantity > category.per_order_limit:
            more = max(0, category.per_order_limit - has)
            problems.append({"field": category_id, "message": f"{category.name}: you have {has}, {more} more at most"})
            full.add(category_id)
    if not problems:
        return
    mine = [other for other in before.open if set(counts(other)) & full]
    words = f"You would have too many tickets. {'; '.join(problem['message'] for problem in problems)}."
    if mine:
        raise _own_reservation(words, mine, details=problems)
    raise Conflict(words, details=problems)


def _own_reservation(words: str, mine: Sequence[Order], *, details: Sequence[Mapping[str, str]] = ()) -> Conflict:
    """Return the refusal that names the customer's own open reservations and what to do about them."""
    newest = mine[-1].order_id
    message = f"{words} Pay your reservation {newest}, or give it back among your reservations, then book again."
    named = [{"field": "booking_id", "message": other.order_id} for other in reversed(mine)]
    return Conflict(message, details=[*named, *(dict(problem) for problem in details)])


def _ran_out(order: Order) -> bool:
    is_over = order.status == OrderStatus.RESERVED and order.expires_at <= clock.now()
    return is_over or order.status == OrderStatus.EXPIRED


def _is_unsettled(order: Order) -> bool:
    """Whether a later booking must read an order again: it is not settled, or it ran out during the pause."""
    if order.status == OrderStatus.EXPIRED:
        pause = timedelta(seconds=config().limits.reservation_pause_seconds)
        return order.expires_at + pause > clock.now()
    return order.status == OrderStatus.RESERVED
