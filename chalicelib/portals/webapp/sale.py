"""The web app: booking."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.money import Money
from chalicelib.domain.payments import payments
from chalicelib.domain.sale import bookings
from chalicelib.domain.sale.bookings import Booking
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets.tickets import Holder
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import sale as schema
from chalicelib.schemas.webapp.shared import TicketOut
from chalicelib.schemas.wire import MoneyOut, PageIn, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"


def _wants(body: schema.BookIn) -> list[RequestedTickets]:
    return [
        RequestedTickets(
            category_id=item.category_id,
            quantity=item.quantity,
            holders=[Holder(name=holder.name, dependent_id=holder.dependent_id) for holder in item.holders or []],
        )
        for item in body.items
    ]


def _booking_out(booking: Booking) -> schema.BookingOut:
    order = booking.order
    items = [
        schema.BookedItemOut(
            category_id=item["category_id"],
            name=item["name"],
            tier=item["tier"],
            quantity=item["quantity"],
            price=MoneyOut.read(Money(item["price"], order.currency)),
            subtotal=MoneyOut.read(Money(item["price"] * item["quantity"], order.currency)),
        )
        for item in order.items
    ]
    return schema.BookingOut(
        id=order.order_id,
        status=booking.status,
        event_id=order.event_id,
        items=items,
        total=MoneyOut.read(Money(order.total, order.currency)),
        card_id=order.card_id,
        created_at=order.created_at,
        expires_at=order.expires_at,
        tickets=[TicketOut.from_ticket(ticket) for ticket in booking.tickets],
    )


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
        refuses=(errors.NotFound, errors.SoldOut, errors.InvalidState, errors.Conflict, errors.RateLimited),
        links=(
            Link("customer_process_payment", body={"booking_id": "/id"}),
            Link("customer_booking", {"booking_id": "/id"}),
            Link("customer_give_booking_back", {"booking_id": "/id"}),
        ),
    ),
)
def customer_book(call: Call[schema.BookIn, None]) -> schema.BookingOut:
    """Reserve tickets for ten minutes, all of them or none; a refusal names the customer's own open reservation."""
    body = call.body
    booking = bookings.book(
        call.principal.id,
        event_id=body.event_id,
        wants=_wants(body),
        card_name=body.card_id,
        operation_id=call.operation_id,
    )
    return _booking_out(booking)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/bookings",
        guard=CUSTOMER,
        query=PageIn,
        reply=PageOut[schema.BookingOut],
        links=(
            Link("customer_process_payment", body={"booking_id": "/results/0/id"}),
            Link("customer_bookings", {"cursor": "/next"}),
            Link("customer_booking", {"booking_id": "/results/0/id"}),
            Link("customer_give_booking_back", {"booking_id": "/results/0/id"}),
        ),
    ),
)
def customer_bookings(call: Call[None, PageIn]) -> PageOut[schema.BookingOut]:
    """List the customer's open reservations, the newest first."""
    page = bookings.open_of(call.principal.id, page_size=call.query.page_size, cursor=call.query.cursor)
    return PageOut.of(page, _booking_out)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/bookings/{{booking_id}}",
        guard=CUSTOMER,
        reply=schema.BookingOut,
        refuses=(errors.NotFound,),
    ),
)
def customer_booking(call: Call[None, None]) -> schema.BookingOut:
    """Show one booking of the customer, also one that was paid or has ended."""
    return _booking_out(bookings.own(call.principal.id, call.path["booking_id"]))


@door(
    bp,
    Route(
        "DELETE",
        f"{BASE}/users/bookings/{{booking_id}}",
        guard=CUSTOMER,
        status=204,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_give_booking_back(call: Call[None, None]) -> None:
    """Give a reservation back at once; repeating it changes nothing."""
    payments.give_back(call.principal.id, call.path["booking_id"])
