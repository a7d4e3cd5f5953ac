"""Bookings: an order with its tickets as its customer sees them."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib.domain import paging
from chalicelib.domain.access import accounts
from chalicelib.domain.cards import cards
from chalicelib.domain.events import categories
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.domain.sale import allowances, order_tickets, orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets import seats
from chalicelib.domain.tickets.own_tickets import OwnTicket
from chalicelib.table import keys, operations
from chalicelib.table.items import Order
from chalicelib.table.places import Place
from chalicelib.vocabulary.payments import OrderStatus


class Booking(Struct, frozen=True):
    """An order and its tickets."""

    order: Order
    status: OrderStatus
    tickets: Sequence[OwnTicket]


class ListedBooking(Struct, frozen=True):
    """An order in a list of staff; its tickets are in the list of tickets."""

    order: Order
    status: OrderStatus
    event_title: str | None


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


def open_of(customer_id: str, *, page_size: int, cursor: str | None) -> Page[Booking]:
    """Return a page of a customer's open reservations, the newest first. Raises InvalidCursor."""
    opened = [*reversed(allowances.read(seats.of(customer_id)).open)]
    asked = PageRequest(f"open-bookings/{customer_id}", page_size, cursor)
    found = paging.part(asked, opened, name=lambda order: str(order.order_id))
    return found.showing([_shown(order) for order in found.results])


def own(customer_id: str, booking_id: str) -> Booking:
    """Return a customer's booking. Raises NotFound, also for another customer's."""
    return _shown(orders.own(customer_id, booking_id))


def page(customer_id: str, *, caller_id: str, page_size: int, cursor: str | None) -> Page[ListedBooking]:
    """Return a page of a customer's bookings, newest first, expired ones too. Raises NotFound, InvalidCursor."""
    accounts.get(customer_id)

    def load(places: Sequence[Place[Order]]) -> list[Order | None]:
        found = operations.get_many(places)
        return [found.get(place) for place in places]

    found = paging.walk(
        PageRequest(f"bookings/{customer_id}/{caller_id}", page_size, cursor),
        paging.rows_of(Order, keys.sale.customer_orders(customer_id).pk, index="gsi1"),
        load,
        budget=ReadBudget(),
    )
    wanted = {keys.events.event(order.event_id) for order in found.results}
    events = operations.get_many(wanted, consistent=False)
    titles = {event.event_id: event.title for event in events.values()}
    return found.showing(
        [ListedBooking(order, orders.shown_status(order), titles.get(order.event_id)) for order in found.results]
    )


def _shown(order: Order) -> Booking:
    offer = categories.offer(order.event_id)
    own_cards = {line["ticket_id"]: line.get("card_id") for line in order.tickets}
    tickets = [
        OwnTicket(
            ticket=ticket,
            event=offer.event,
            category=offer.categories.get(ticket.category_id),
            card_id=(own_cards[ticket.ticket_id] or order.card_id) if ticket.card_uid else None,
        )
        for ticket in order_tickets.of(order)
    ]
    return Booking(order, orders.shown_status(order), tickets)
