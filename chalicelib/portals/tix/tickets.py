"""The door of Tix: numbers, tickets and their scan."""

import json

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.organizations import numbered_tickets, numbering, ticket_clearing, ticket_pages
from chalicelib.domain.organizations.numbered_tickets import NumberedDenial, NumberedScan
from chalicelib.domain.organizations.numbering import GeneratedTickets, GenerationInput
from chalicelib.domain.organizations.ticket_pages import TicketPage
from chalicelib.portals.http.answer import JOB_HEADER, Reply
from chalicelib.portals.http.auth import TIX, TIX_ADMIN
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.tix import tickets as schema

bp = Blueprint(__name__)
_BASE = "/api/tix/tickets"
_REFUSES = (errors.NotFound, errors.BeingWritten)
_DENIALS = {NumberedDenial.ALREADY_SCANNED: errors.AlreadyScanned, NumberedDenial.VOIDED: errors.TicketVoided}


def _wanted(body: schema.GenerateIn) -> GenerationInput:
    extra = None if body.extra is None else json.dumps(body.extra, ensure_ascii=False)
    return GenerationInput(quantity=body.count, prefix=body.prefix, extra=extra)


def _generated_out(made: GeneratedTickets) -> Reply[schema.GeneratedOut]:
    tickets = schema.GeneratedOut([schema.TicketOut.from_ticket(ticket) for ticket in made.tickets])
    return Reply(tickets, {JOB_HEADER: made.job_id} if made.job_id else {})


def _page_out(page: TicketPage) -> schema.TicketsOut:
    return schema.TicketsOut(
        tickets=[schema.TicketOut.from_ticket(ticket) for ticket in page.tickets],
        total=page.total,
        page=page.page,
        limit=page.limit,
        job=schema.JobOut.read(page.job) if page.job else None,
    )


def _scanned_out(scan: NumberedScan) -> schema.ScannedOut:
    """Return the scanned ticket; the clients of Tix read a denial as an error with the ticket next to it."""
    ticket = schema.TicketOut.from_ticket(scan.ticket)
    if scan.denial is None:
        return schema.ScannedOut(ticket=ticket)
    is_duplicate = scan.denial is NumberedDenial.ALREADY_SCANNED
    raise _DENIALS[scan.denial](extra={"ticket": ticket.model_dump(mode="json"), "duplicate": is_duplicate})


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/generate",
        guard=TIX,
        body=schema.GenerateIn,
        reply=schema.GeneratedOut,
        headers=(JOB_HEADER,),
        idempotent=True,
        refuses=(errors.AccountUnverified, errors.RateLimited),
    ),
)
def tix_generate_tickets(call: Call[schema.GenerateIn, None]) -> Reply[schema.GeneratedOut]:
    """Generate the next tickets of a prefix; many are written behind the answer."""
    made = numbering.generate_tickets(
        call.principal.organization_id,
        _wanted(call.body),
        user_id=call.principal.id,
        operation_id=call.operation_id,
    )
    return _generated_out(made)


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=TIX,
        query=schema.TicketsIn,
        reply=schema.TicketsOut,
        refuses=(errors.NotFound,),
        links=(
            Link("tix_ticket", {"ticket_id": "/tickets/0/id"}),
            Link("tix_scan_ticket", {"ticket_id": "/tickets/0/id"}),
            Link("tix_delete_ticket", {"ticket_id": "/tickets/0/id"}),
        ),
    ),
)
def tix_tickets(call: Call[None, schema.TicketsIn]) -> schema.TicketsOut:
    """List the organization's tickets, newest first, or the tickets of a job."""
    query, organization_id = call.query, call.principal.organization_id
    page = ticket_pages.page(organization_id, query.filter, job_id=query.job_id, page=query.page, limit=query.limit)
    return _page_out(page)


@door(
    bp,
    Route(
        "DELETE",
        _BASE,
        guard=TIX_ADMIN,
        query=schema.ClearIn,
        reply=schema.DoneOut,
        also={202: schema.ClearingOut},
        refuses=(errors.ValidationFailed, errors.RateLimited),
    ),
)
def tix_clear_tickets(call: Call[None, schema.ClearIn]) -> schema.DoneOut | schema.ClearingOut:
    """Delete all tickets of the organization; many are deleted in the background."""
    principal = call.principal
    job = ticket_clearing.clear(principal.organization_id, confirm=call.query.confirm, user_id=principal.id)
    return schema.cleared_out(job)


@door(bp, Route("GET", f"{_BASE}/{{ticket_id}}", guard=TIX, reply=schema.TicketOut, refuses=_REFUSES))
def tix_ticket(call: Call[None, None]) -> schema.TicketOut:
    """Show a ticket, by its id or its number."""
    return schema.TicketOut.from_ticket(numbered_tickets.find(call.principal.organization_id, call.path["ticket_id"]))


@door(bp, Route("DELETE", f"{_BASE}/{{ticket_id}}", guard=TIX, reply=schema.DoneOut, refuses=_REFUSES))
def tix_delete_ticket(call: Call[None, None]) -> schema.DoneOut:
    """Delete a ticket; its number is not used again."""
    numbered_tickets.delete(call.principal.organization_id, call.path["ticket_id"])
    return schema.DoneOut()


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{ticket_id}}/scan",
        guard=TIX,
        reply=schema.ScannedOut,
        idempotent=True,
        refuses=(*_REFUSES, errors.AlreadyScanned, errors.TicketVoided),
    ),
)
def tix_scan_ticket(call: Call[None, None]) -> schema.ScannedOut:
    """Admit a ticket, exactly once."""
    scan = numbered_tickets.scan(
        call.principal.organization_id,
        call.path["ticket_id"],
        user_id=call.principal.id,
        operation_id=call.operation_id,
    )
    return _scanned_out(scan)
