"""The move of a ticket to another category of its event at the same price, by staff (D-DSP-06).

All that counts tickets by category moves in one transaction: the ticket, its order, the stock and the sales totals of
both categories, and the seats of its customer. The order must be in the totals before: the stream adds it as it was
booked. The books of the event are open until then, so that its settlement never sums half of a move.
"""

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.events import deeds, events, stock
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.money import Money
from chalicelib.domain.sale import order_tickets, sales_totals
from chalicelib.domain.tickets import seats
from chalicelib.errors import InvalidState, Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, Event, Order, Settlement, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payments import OrderStatus


class CategoryMove(Struct, frozen=True):
    """A move: the actions on its ticket, and the writes of everything else."""

    actions: list[Action]
    writes: list[Write]


def of(ticket: Ticket, category_id: str) -> CategoryMove:
    """Return the move of a ticket to another category.

    Its writes require order, stock, seats, event and price unchanged since the read; on failure, read again. Raises
    InvalidState (the state of the ticket or event, another event or price), Conflict (pledged), SoldOut, Unavailable
    (the sale is not counted yet).
    """
    event = events.get(ticket.event_id)
    _require_movable(ticket, event)
    paid = _price_of(ticket)
    order, category = _read(ticket, category_id)
    _require_same_price(paid, order, category)
    if not order.sales_counted:
        raise Unavailable("The sale of this ticket is being counted. Try again in a few seconds.", retry_after=5)
    taken = stock.where_left(category, 1)
    (shard,) = taken
    source = order_tickets.shard_of(order, ticket.ticket_id)
    items, lines = order_tickets.recategorized(order, ticket.ticket_id, category, shard=shard)
    event_id = event.event_id
    return CategoryMove(
        actions=[
            Ticket.category_id.set(category_id),
            Ticket.tier.set(category.tier) if category.tier else Ticket.tier.remove(),
        ],
        writes=[
            _order(order, items, lines),
            *stock.put_back(event_id, {ticket.category_id: {source: 1}}),
            *stock.sell_free(event_id, {category_id: taken}),
            *sales_totals.recategorizing(order, items),
            *seats.recategorizing(ticket, to=category_id, booked_by=order.customer_id),
            operations.check(
                keys.events.category(event_id, category_id),
                (Category.price == category.price) & (Category.currency == category.currency),
            ),
            operations.check(keys.money.settlement(event_id), Settlement.pk.does_not_exist()),
            deeds.while_unchanged(event),
        ],
    )


def _require_movable(ticket: Ticket, event: Event) -> None:
    deeds.require(Deed.RECATEGORIZE, event, ticket)
    # Its gates may still be open, but its books may close.
    if event.ends_at <= clock.now():
        raise InvalidState("This event is over, so its tickets keep their categories.")
    if operations.get(keys.money.settlement(event.event_id)) is not None:
        raise InvalidState("The books of this event are closed, so its tickets keep their categories.")


def _price_of(ticket: Ticket) -> Money:
    if ticket.order_id is None or ticket.category_id is None or ticket.price is None:
        raise InvalidState("This ticket was not booked, so it belongs to no category that it could leave.")
    return Money(ticket.price, ticket.currency or "")


def _read(ticket: Ticket, category_id: str) -> tuple[Order, Category]:
    places = keys.sale.order(ticket.order_id), keys.events.category(ticket.event_id, category_id)
    found = operations.get_many(places)
    order, category = found.get(places[0]), found.get(places[1])
    if not isinstance(category, Category) or category.category_id != category_id:
        raise InvalidState("This is no category of the ticket's event. A ticket moves only within its event.")
    if not isinstance(order, Order) or order.status != OrderStatus.PAID:
        raise InvalidState("The booking of this ticket is not paid, so the ticket keeps its category.")
    return order, category


def _require_same_price(paid: Money, order: Order, category: Category) -> None:
    # The price of a category may have changed since an order booked it.
    booked = [item["price"] for item in order.items if item["category_id"] == category.category_id]
    others = [Money(category.price, category.currency), *(Money(int(price), order.currency) for price in booked)]
    for other in others:
        if other != paid:
            raise InvalidState(
                f"This ticket cost {paid.amount} {paid.currency}, and {category.name} costs {other.amount}"
                f" {other.currency}. A ticket moves only at the same price."
            )


def _order(order: Order, items: list[order_tickets.Line], lines: list[order_tickets.Line]) -> Write:
    moves = order.recategorized
    as_read = Order.recategorized.does_not_exist() if moves is None else Order.recategorized == moves
    is_counted = (Order.status == OrderStatus.PAID) & Order.sales_counted.exists()
    actions: list[Action] = [
        Order.items.set(items),
        Order.tickets.set(lines),
        Order.recategorized.set(int(moves or 0) + 1),
    ]
    return operations.change(keys.sale.order(order.order_id), actions, is_counted & as_read)
