"""The web app: a customer's tickets."""

import base64

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.money import Money
from chalicelib.domain.tickets import gifts, own_tickets, qr_codes, refund_requests, transfers
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.domain.tickets.own_tickets import OwnTicketFilters
from chalicelib.domain.tickets.qr_codes import QrCode
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import tickets as schema
from chalicelib.schemas.webapp.shared import TicketOut
from chalicelib.schemas.wire import MoneyOut, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"
_TICKET = f"{BASE}/users/tickets/{{ticket_id}}"


def _qr_code_out(code: QrCode) -> schema.QrCodeOut:
    image = f"data:image/png;base64,{base64.b64encode(code.picture).decode()}"
    return schema.QrCodeOut(ticket_id=code.ticket_id, payload=code.payload, image=image, expires_at=code.expires_at)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/tickets",
        guard=CUSTOMER,
        query=schema.TicketsIn,
        reply=PageOut[TicketOut],
        links=(
            Link("customer_ticket", {"ticket_id": "/results/0/id"}),
            Link("customer_ticket_qr_code", {"ticket_id": "/results/0/id"}),
            Link("customer_transfer_ticket", {"ticket_id": "/results/0/id"}),
            Link("customer_gift_ticket", {"ticket_id": "/results/0/id"}),
            Link("customer_request_refund", {"ticket_id": "/results/0/id"}),
            Link("customer_tickets", {"cursor": "/next"}),
        ),
    ),
)
def customer_tickets(call: Call[None, schema.TicketsIn]) -> PageOut[TicketOut]:
    """List the customer's tickets, newest first."""
    query = call.query
    filters = OwnTicketFilters(status=query.status, upcoming=query.upcoming, event_id=query.event_id)
    page = own_tickets.page(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, TicketOut.from_ticket)


@door(bp, Route("GET", _TICKET, guard=CUSTOMER, reply=TicketOut, refuses=(errors.NotFound,)))
def customer_ticket(call: Call[None, None]) -> TicketOut:
    """Show one of the customer's tickets."""
    return TicketOut.from_ticket(own_tickets.get(call.principal.id, call.path["ticket_id"]))


@door(
    bp,
    Route(
        "GET",
        f"{_TICKET}/qr-code",
        guard=CUSTOMER,
        reply=schema.QrCodeOut,
        as_png=schema.QrCodeOut.png,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_ticket_qr_code(call: Call[None, None]) -> schema.QrCodeOut:
    """Show a ticket's QR code; with `Accept: image/png` the picture itself."""
    return _qr_code_out(qr_codes.of(call.principal.id, call.path["ticket_id"]))


@door(
    bp,
    Route(
        "POST",
        f"{_TICKET}/transfer",
        guard=CUSTOMER,
        body=schema.TransferIn,
        reply=schema.TransferOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState, errors.RateLimited),
    ),
)
def customer_transfer_ticket(call: Call[schema.TransferIn, None]) -> schema.TransferOut:
    """Transfer a ticket to another customer, at once and for good."""
    transferred = transfers.transfer(
        call.principal.id,
        call.path["ticket_id"],
        mobile_number=call.body.mobile_number,
        message=call.body.message,
        operation_id=call.operation_id,
    )
    return schema.TransferOut.read(transferred)


@door(
    bp,
    Route(
        "POST",
        f"{_TICKET}/gift",
        guard=CUSTOMER,
        body=schema.GiftIn,
        reply=schema.GiftOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState, errors.RateLimited),
    ),
)
def customer_gift_ticket(call: Call[schema.GiftIn, None]) -> schema.GiftOut:
    """Gift a ticket to a number; it arrives when that number registers."""
    body = call.body
    gift = GiftInput(call.path["ticket_id"], body.mobile_number, name=body.name, message=body.message)
    return schema.GiftOut.read(gifts.give(call.principal.id, gift, operation_id=call.operation_id))


@door(
    bp,
    Route(
        "POST",
        f"{_TICKET}/refund-request",
        guard=CUSTOMER,
        body=schema.RefundRequestIn,
        reply=schema.RefundRequestOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState),
    ),
)
def customer_request_refund(call: Call[schema.RefundRequestIn, None]) -> schema.RefundRequestOut:
    """Request a refund for a ticket."""
    asked = refund_requests.ask(
        call.principal.id, call.path["ticket_id"], reason=call.body.reason, operation_id=call.operation_id
    )
    return schema.RefundRequestOut(
        id=asked.refund_id,
        status=asked.status,
        ticket_id=asked.ticket_id,
        amount=MoneyOut.read(Money(asked.amount, asked.currency)),
        created_at=asked.created_at,
    )
