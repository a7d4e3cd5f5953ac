"""Tickets as staff see them; and what staff do with one for its customer: transfer it, or send it again."""

from datetime import datetime

from msgspec import Struct

from chalicelib.domain import idempotency
from chalicelib.domain.access import numbers
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.lists.tickets import shown_status
from chalicelib.domain.money import Money
from chalicelib.domain.tickets import tickets, transfers
from chalicelib.errors import Conflict, InvalidState, NotFound, Refusal, Unavailable, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Ticket
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.gate import ScanStatus
from chalicelib.vocabulary.tickets import TicketShown, TicketStatus


class StaffTicket(Struct, frozen=True):
    """A ticket as staff see it. `version` changes with each change by staff, customers or refunds, not with a scan."""

    id: str
    number: str
    event_id: str
    category_id: str | None
    tier: str | None
    customer_id: str | None
    dependent_id: str | None
    holder_name: str
    labels: list[str]
    status: TicketShown
    scan_status: ScanStatus
    disputed: bool
    price: Money | None
    booking_id: str | None
    issued_at: datetime
    version: int


def for_staff(ticket: Ticket) -> StaffTicket:
    """Return a ticket as staff see it."""
    return StaffTicket(
        id=ticket.ticket_id,
        number=ticket.number,
        event_id=ticket.event_id,
        category_id=ticket.category_id,
        tier=ticket.tier,
        customer_id=ticket.customer_id,
        dependent_id=ticket.dependent_id,
        holder_name=ticket.holder_name,
        labels=[str(label) for label in ticket.labels or []],
        status=shown_status(ticket),
        scan_status=scan_status(ticket),
        disputed=bool(ticket.disputed),
        price=Money(ticket.price, ticket.currency or "") if ticket.price is not None else None,
        booking_id=ticket.order_id,
        issued_at=ticket.issued_at,
        version=version_of(ticket),
    )


def scan_status(ticket: Ticket) -> ScanStatus:
    """Return whether a ticket was admitted."""
    return ScanStatus.NOT_SCANNED if ticket.admission is None else ScanStatus.SCANNED


def get(ticket_id: str) -> StaffTicket:
    """Return a ticket. Raises NotFound."""
    return for_staff(tickets.get(ticket_id))


def version_of(ticket: Ticket) -> int:
    """Return the number that changes with each change by staff, customers or refunds."""
    return ticket.credential + int(ticket.staff_changes or 0)


def hand_on(
    ticket_id: str, *, is_resent: bool, mobile_number: str | None, reason: str | None, operation_id: str
) -> StaffTicket:
    """Transfer a ticket, or send it to its own customer again. Raises as both do, and ValidationFailed."""
    if is_resent:
        return resend(ticket_id, operation_id=operation_id)
    if mobile_number is None or reason is None:
        raise ValidationFailed(details=[{"field": "mobile_number", "message": "is needed to transfer, with a reason"}])
    return transfer(ticket_id, mobile_number=mobile_number, reason=reason, operation_id=operation_id)


def transfer(ticket_id: str, *, mobile_number: str, reason: str, operation_id: str) -> StaffTicket:
    """Transfer a ticket to the registered customer with a number, for its customer; idempotent per `operation_id`.

    Raises NotFound (the ticket, the number), InvalidState, Conflict (pledged, theirs already), Unavailable.
    """
    try:
        _transfer(ticket_id, mobile_number=mobile_number, reason=reason, operation_id=operation_id)
    except Refusal:
        # A retry: this operation may have succeeded before, and its response may have been lost.
        if idempotency.result_of(operation_id) is None:
            raise
    return get(ticket_id)


def _transfer(ticket_id: str, *, mobile_number: str, reason: str, operation_id: str) -> None:
    for _ in retries.attempts():
        ticket = tickets.get(ticket_id)
        event = events.get(ticket.event_id)
        deeds.require(Deed.TRANSFER, event, ticket)
        taker = numbers.find_by_number(mobile_number)
        if taker is None or taker.status != AccountStatus.ACTIVE:
            raise NotFound("No customer has this number.")
        if taker.account_id == ticket.customer_id:
            raise Conflict("This ticket is that customer's already.")
        after = {"customer_id": taker.account_id, "reason": reason}
        subject = AuditSubject("ticket", ticket_id, before={"customer_id": ticket.customer_id}, after=after)
        done = idempotency.once(operation_id, taker.account_id)
        try:
            acts.commit(*transfers.handing_over(ticket, to=taker), done, deeds.while_unchanged(event), subject=subject)
        except operations.ConditionFailed:
            if idempotency.result_of(operation_id) is not None:
                return
            continue
        logger.info("ticket transferred by staff", extra={"ticket_id": ticket_id})
        return
    raise Unavailable("This ticket or its card is being changed by others. Try again.", retry_after=1)


def resend(ticket_id: str, *, operation_id: str) -> StaffTicket:
    """Send a valid ticket and its receipt again; the stream sends them, once per `operation_id`.

    Raises NotFound, InvalidState (not valid, or not booked by a customer).
    """
    ticket = tickets.get(ticket_id)
    if ticket.status != TicketStatus.VALID or ticket.order_id is None or ticket.customer_id is None:
        raise InvalidState("Only a valid ticket that a customer booked can be sent again.")
    order = operations.get(keys.sale.order(ticket.order_id))
    if order is None or order.customer_id != ticket.customer_id:
        raise InvalidState("This ticket was handed on, so its receipt is another customer's.")
    is_valid = Ticket.status == TicketStatus.VALID
    subject = AuditSubject("ticket", ticket_id, after={"resent": True})
    write = operations.change(keys.tickets.ticket(ticket_id), [Ticket.resent_by.set(operation_id)], is_valid)
    try:
        acts.commit(write, subject=subject)
    except operations.ConditionFailed as failure:
        raise InvalidState("This ticket is no longer valid.") from failure
    return get(ticket_id)
