"""The staff's portal: tickets."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.gate import manual_checkin
from chalicelib.domain.lists.tickets import TICKETS
from chalicelib.domain.sale import ticket_changes
from chalicelib.domain.sale.ticket_changes import TicketChange
from chalicelib.domain.tickets import staff_tickets
from chalicelib.portals.http.auth import MANAGERS, PEOPLE_READERS, SUPPORTERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import tickets as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.usher.scans import DecisionOut
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/tickets"
_TICKET = f"{_BASE}/{{ticket_id}}"


@list_door(
    bp,
    TICKETS,
    Route(
        "GET",
        _BASE,
        guard=PEOPLE_READERS,
        query=list_query(TICKETS),
        reply=PageOut[schema.StaffTicketOut],
        links=(
            Link("admin_ticket", {"ticket_id": "/results/0/id"}),
            Link("admin_tickets", {"cursor": "/next"}),
        ),
    ),
)
def admin_tickets(call: Call[None, ListIn]) -> PageOut[schema.StaffTicketOut]:
    """List tickets, newest first; `search` finds their numbers."""
    page = list_page(TICKETS, call)
    return PageOut.of(page, lambda one: schema.StaffTicketOut.read(staff_tickets.for_staff(one)))


@door(
    bp,
    Route(
        "GET",
        _TICKET,
        guard=PEOPLE_READERS,
        reply=schema.StaffTicketOut,
        refuses=(errors.NotFound,),
        links=(
            Link("admin_change_ticket", {"ticket_id": "/id"}),
            Link("admin_check_in", {"ticket_id": "/id"}),
            Link("admin_transfer_ticket", {"ticket_id": "/id"}),
        ),
    ),
)
def admin_ticket(call: Call[None, None]) -> schema.StaffTicketOut:
    """Show a ticket."""
    return schema.StaffTicketOut.read(staff_tickets.get(call.path["ticket_id"]))


@door(
    bp,
    Route(
        "PUT",
        _TICKET,
        guard=MANAGERS,
        body=schema.TicketChangeIn,
        reply=schema.StaffTicketOut,
        idempotent=True,
        audited="ticket.change",
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState, errors.SoldOut),
    ),
)
def admin_change_ticket(call: Call[schema.TicketChangeIn, None]) -> schema.StaffTicketOut:
    """Correct a ticket's holder or labels, move it to another category of the same price, or cancel it."""
    body = call.body
    wanted = TicketChange(
        reason=body.reason,
        version=body.version,
        holder_name=body.holder_name,
        labels=body.labels,
        status=body.status,
        category_id=body.category_id,
    )
    changed = ticket_changes.change(call.path["ticket_id"], wanted, operation_id=call.operation_id)
    return schema.StaffTicketOut.read(changed)


@door(
    bp,
    Route(
        "POST",
        f"{_TICKET}/check-in",
        guard=SUPPORTERS,
        body=schema.CheckInIn,
        reply=DecisionOut,
        audited="ticket.check_in",
        refuses=(errors.NotFound,),
    ),
)
def admin_check_in(call: Call[schema.CheckInIn, None]) -> DecisionOut:
    """Check a ticket in by hand, by the rule of the gates."""
    body = call.body
    decision = manual_checkin.check_in(
        call.path["ticket_id"], scan_id=body.scan_id, gate=body.gate, note=body.note, by=call.principal.id
    )
    return DecisionOut.read(decision)


@door(
    bp,
    Route(
        "POST",
        f"{_TICKET}/transfer",
        guard=SUPPORTERS,
        body=schema.StaffTransferIn,
        reply=schema.StaffTicketOut,
        idempotent=True,
        audited="ticket.transfer",
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState),
    ),
)
def admin_transfer_ticket(call: Call[schema.StaffTransferIn, None]) -> schema.StaffTicketOut:
    """Transfer a ticket to another customer, or send it to its own again."""
    body = call.body
    moved = staff_tickets.hand_on(
        call.path["ticket_id"],
        is_resent=body.resend,
        mobile_number=body.mobile_number,
        reason=body.reason,
        operation_id=call.operation_id,
    )
    return schema.StaffTicketOut.read(moved)
