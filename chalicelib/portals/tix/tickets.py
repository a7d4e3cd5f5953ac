"""The door of Tix: numbers, tickets and their scan."""

import json
from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.organizations import numbered_tickets, numbering, ticket_clearing, ticket_pages
from chalicelib.domain.organizations.numbered_tickets import NumberedDenial
from chalicelib.domain.organizations.numbering import GenerationInput
from chalicelib.errors import AlreadyScanned, TicketVoided
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.auth import TIX, TIX_ADMIN
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.tix import tickets as schema
from chalicelib.vocabulary import JobStatus

bp = Blueprint(__name__)
_BASE = "/api/tix/tickets"
_DENIALS = {NumberedDenial.ALREADY_SCANNED: AlreadyScanned, NumberedDenial.VOIDED: TicketVoided}


def ticket_out(ticket: Any) -> dict[str, Any]:
    """Return a ticket as its organization sees it."""
    return schema.ticket_fields(ticket, number=numbered_tickets.number_of(ticket))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/generate",
        guard=TIX,
        body=schema.GenerateIn,
        reply=schema.GeneratedOut,
        also={202: schema.JobStartedOut},
        idempotent=True,
    ),
)
def tix_generate_tickets(call: Call[schema.GenerateIn, None]) -> Any:
    """Generate the next tickets of a prefix, many of them behind the answer."""
    body = call.body
    extra = None if body.extra is None else json.dumps(body.extra, ensure_ascii=False)
    made = numbering.generate(
        call.principal.organization_id,
        GenerationInput(quantity=body.count, prefix=body.prefix, extra=extra),
        user_id=call.principal.id,
        operation_id=call.operation_id,
    )
    if not numbering.is_at_once(made):
        return Reply({"job_id": made.job_id}, status=202)
    return [ticket_out(ticket) for ticket in numbering.as_generated(made)]


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
def tix_tickets(call: Call[None, schema.TicketsIn]) -> Any:
    """List the organization's tickets, the newest first, or what a job has made."""
    query, organization_id = call.query, call.principal.organization_id
    page = ticket_pages.page(organization_id, query.filter, job_id=query.job_id, page=query.page, limit=query.limit)
    return {
        "tickets": [ticket_out(ticket) for ticket in page.tickets],
        "total": page.total,
        "page": page.page,
        "limit": page.limit,
        "job": page.job,
    }


@door(
    bp,
    Route(
        "DELETE",
        _BASE,
        guard=TIX_ADMIN,
        query=schema.ClearIn,
        reply=schema.DoneOut,
        also={202: schema.ClearingOut},
        refuses=(errors.ValidationFailed,),
    ),
)
def tix_clear_tickets(call: Call[None, schema.ClearIn]) -> Any:
    """Delete all tickets of the organization, many of them behind the answer."""
    principal = call.principal
    job = ticket_clearing.clear(principal.organization_id, confirm=call.query.confirm, user_id=principal.id)
    if job.status == JobStatus.OPEN:
        return Reply({"job_id": job.job_id}, status=202)
    return {}


@door(bp, Route("GET", f"{_BASE}/{{ticket_id}}", guard=TIX, reply=schema.TicketOut, refuses=(errors.NotFound,)))
def tix_ticket(call: Call[None, None]) -> Any:
    """Show a ticket, by its id or its number."""
    return ticket_out(numbered_tickets.find(call.principal.organization_id, call.path["ticket_id"]))


@door(bp, Route("DELETE", f"{_BASE}/{{ticket_id}}", guard=TIX, reply=schema.DoneOut, refuses=(errors.NotFound,)))
def tix_delete_ticket(call: Call[None, None]) -> Any:
    """Delete a ticket; its number is not used again."""
    numbered_tickets.delete(call.principal.organization_id, call.path["ticket_id"])
    return {}


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{ticket_id}}/scan",
        guard=TIX,
        reply=schema.ScannedOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.AlreadyScanned, errors.TicketVoided),
    ),
)
def tix_scan_ticket(call: Call[None, None]) -> Any:
    """Let a ticket in, exactly once."""
    scan = numbered_tickets.scan(
        call.principal.organization_id,
        call.path["ticket_id"],
        user_id=call.principal.id,
        operation_id=call.operation_id,
    )
    if scan.denial is not None:
        raise _DENIALS[scan.denial](
            beside={
                "ticket": schema.TicketOut.model_validate(ticket_out(scan.ticket)).model_dump(mode="json"),
                "duplicate": scan.denial is NumberedDenial.ALREADY_SCANNED,
            }
        )
    return {"ticket": ticket_out(scan.ticket)}
