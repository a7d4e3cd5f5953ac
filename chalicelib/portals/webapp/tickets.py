"""The customers' door: a customer's tickets."""

import base64
from collections.abc import Mapping
from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page
from chalicelib.domain.tickets import gifts, own_tickets, qr_codes, refund_requests, transfers
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import tickets as schema
from chalicelib.schemas.webapp.shared import TicketOut, ticket_fields
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"
_TICKET = f"{BASE}/users/tickets/{{ticket_id}}"
_PNG = "image/png"


def _asks_for_picture(headers: Mapping[str, str]) -> bool:
    """Whether a caller names the picture, and no JSON before it."""
    ranges = [part.partition(";")[0].strip().lower() for part in (headers.get("accept") or "").split(",")]
    named = [name for name in ranges if name in (_PNG, "application/json")]
    return named[:1] == [_PNG]


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
def customer_tickets(call: Call[None, schema.TicketsIn]) -> Any:
    """List the customer's tickets, newest first."""
    query = call.query
    filters = own_tickets.OwnTicketFilters(status=query.status, upcoming=query.upcoming, event_id=query.event_id)
    page = own_tickets.page(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return Page(results=[ticket_fields(shown) for shown in page.results], next=page.next)


@door(bp, Route("GET", _TICKET, guard=CUSTOMER, reply=TicketOut, refuses=(errors.NotFound,)))
def customer_ticket(call: Call[None, None]) -> Any:
    """Show one of the customer's tickets."""
    return ticket_fields(own_tickets.get(call.principal.id, call.path["ticket_id"]))


@door(
    bp,
    Route(
        "GET",
        f"{_TICKET}/qr-code",
        guard=CUSTOMER,
        reply=schema.QrCodeOut,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_ticket_qr_code(call: Call[None, None]) -> Any:
    """Show a ticket's QR code; with `Accept: image/png` the picture itself."""
    code = qr_codes.of(call.principal.id, call.path["ticket_id"])
    picture = qr_codes.picture(code.payload)
    if _asks_for_picture(call.headers):
        return Reply(picture, headers={"Content-Type": _PNG})
    image = f"data:{_PNG};base64,{base64.b64encode(picture).decode()}"
    return {"ticket_id": code.ticket_id, "payload": code.payload, "image": image, "expires_at": code.expires_at}


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
def customer_transfer_ticket(call: Call[schema.TransferIn, None]) -> Any:
    """Give a ticket to another customer, at once and for good."""
    return transfers.transfer(
        call.principal.id,
        call.path["ticket_id"],
        mobile_number=call.body.mobile_number,
        message=call.body.message,
        operation_id=call.operation_id,
    )


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
def customer_gift_ticket(call: Call[schema.GiftIn, None]) -> Any:
    """Gift a ticket to a number, which it reaches when that number registers."""
    body = call.body
    present = GiftInput(call.path["ticket_id"], body.mobile_number, name=body.name, message=body.message)
    return gifts.give(call.principal.id, present, operation_id=call.operation_id)


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
def customer_request_refund(call: Call[schema.RefundRequestIn, None]) -> Any:
    """Ask for a ticket's money back."""
    asked = refund_requests.ask(
        call.principal.id, call.path["ticket_id"], reason=call.body.reason, operation_id=call.operation_id
    )
    return {
        "id": asked.refund_id,
        "status": asked.status,
        "ticket_id": asked.ticket_id,
        "amount": Money(asked.amount, asked.currency),
        "created_at": asked.created_at,
    }
