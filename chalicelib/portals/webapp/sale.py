"""The customers' door: booking."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import accounts
from chalicelib.domain.cards import cards
from chalicelib.domain.events import categories
from chalicelib.domain.money import Money
from chalicelib.domain.sale import order_tickets, orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets.own_tickets import OwnTicket
from chalicelib.domain.tickets.tickets import Holder
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import sale as schema
from chalicelib.schemas.webapp.shared import ticket_fields

bp = Blueprint(__name__)
BASE = "/api/v1"


def _want(item: schema.BookItemIn) -> RequestedTickets:
    holders = [Holder(name=holder.name, dependent_id=holder.dependent_id) for holder in item.holders or []]
    return RequestedTickets(category_id=item.category_id, quantity=item.quantity, holders=holders)


def _booking_out(order: Any) -> dict[str, Any]:
    offer = categories.offer(order.event_id)
    return {
        "id": order.order_id,
        "status": orders.shown_status(order),
        "event_id": order.event_id,
        "items": [
            {
                **item,
                "price": Money(item["price"], order.currency),
                "subtotal": Money(item["price"] * item["quantity"], order.currency),
            }
            for item in order.items
        ],
        "total": Money(order.total, order.currency),
        "card_id": order.card_id,
        "created_at": order.created_at,
        "expires_at": order.expires_at,
        "tickets": [
            ticket_fields(
                OwnTicket(
                    ticket=ticket,
                    event=offer.event,
                    category=offer.categories.get(ticket.category_id),
                    card_id=order.card_id if ticket.card_uid else None,
                )
            )
            for ticket in order_tickets.of(order)
        ],
    }


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/tickets/book",
        guard=CUSTOMER,
        body=schema.BookIn,
        reply=schema.BookingOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.SoldOut, errors.InvalidState, errors.Conflict),
        links=(Link("customer_process_payment", body={"booking_id": "/id"}),),
    ),
)
def customer_book(call: Call[schema.BookIn, None]) -> Any:
    """Reserve tickets for ten minutes, all of them or none."""
    body = call.body
    order = orders.book(
        accounts.get(call.principal.id),
        event_id=body.event_id,
        wants=[_want(item) for item in body.items],
        card_uid=cards.name_to_uid(body.card_id) if body.card_id else None,
        operation_id=call.operation_id,
    )
    return _booking_out(order)
