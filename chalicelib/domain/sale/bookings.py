"""Bookings: an order with its tickets as its customer sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.cards import cards
from chalicelib.domain.events import categories
from chalicelib.domain.sale import allowances, order_tickets, orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets import seats
from chalicelib.domain.tickets.own_tickets import OwnTicket
from chalicelib.table.items import Order
from chalicelib.vocabulary import OrderStatus


@dataclass(frozen=True, slots=True)
class Booking:
    """An order and its tickets."""

    order: Order
    status: OrderStatus
    tickets: Sequence[OwnTicket]


def book(
    customer_id: str,
    *,
    event_id: str,
    wants: Sequence[RequestedTickets],
    card_name: str | None,
    operation_id: str,
) -> Booking:
    """Reserve tickets as `orders.book` does; `card_name` is a card's id or UID.

    Raises ValidationFailed (the card's name) and the errors of `orders.book`.
    """
    customer, held = seats.owner(customer_id)
    order = orders.book(
        customer,
        event_id=event_id,
        wants=wants,
        card_uid=cards.name_to_uid(card_name) if card_name else None,
        operation_id=operation_id,
        held=held,
    )
    return _shown(order)


def open_of(customer_id: str) -> list[Booking]:
    """Return a customer's open reservations, the newest first."""
    opened = allowances.read(seats.of(customer_id)).open
    return [_shown(order) for order in reversed(opened)]


def own(customer_id: str, booking_id: str) -> Booking:
    """Return a customer's booking. Raises NotFound, also for another customer's."""
    return _shown(orders.own(customer_id, booking_id))


def _shown(order: Order) -> Booking:
    offer = categories.offer(order.event_id)
    tickets = [
        OwnTicket(
            ticket=ticket,
            event=offer.event,
            category=offer.categories.get(ticket.category_id),
            card_id=order.card_id if ticket.card_uid else None,
        )
        for ticket in order_tickets.of(order)
    ]
    return Booking(order, orders.shown_status(order), tickets)
