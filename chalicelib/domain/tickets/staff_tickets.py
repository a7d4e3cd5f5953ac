"""Tickets as staff see and change them: a holder's name, labels, a cancellation; and a transfer for a customer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain import idempotency
from chalicelib.domain.access import numbers
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.cards import bindings
from chalicelib.domain.events import deeds, events
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.money import Money
from chalicelib.domain.tickets import tickets, transfers
from chalicelib.errors import Conflict, InvalidState, NotFound, Refusal, Unavailable, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary import AccountStatus, ScanStatus, TicketShown, TicketStatus


@dataclass(frozen=True, slots=True)
class StaffTicket:
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


@dataclass(frozen=True, slots=True)
class TicketChange:
    """A change by staff; what is None stays. `version` is the one that they saw."""

    reason: str
    version: int
    holder_name: str | None = None
    labels: list[str] | None = None
    status: TicketStatus | None = None


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
        status=tickets.shown_status(ticket),
        scan_status=scan_status(ticket),
        disputed=bool(ticket.disputed),
        price=Money(ticket.price, ticket.currency or "") if ticket.price is not None else None,
        booking_id=ticket.order_id,
        issued_at=ticket.issued_at,
        version=_version(ticket),
    )


def scan_status(ticket: Ticket) -> ScanStatus:
    """Return whether a ticket was admitted."""
    return ScanStatus.NOT_SCANNED if ticket.admission is None else ScanStatus.SCANNED


def get(ticket_id: str) -> StaffTicket:
    """Return a ticket. Raises NotFound."""
    return for_staff(tickets.get(ticket_id))


def _version(ticket: Ticket) -> int:
    return ticket.credential + int(ticket.staff_changes or 0)


def change(ticket_id: str, wanted: TicketChange) -> StaffTicket:
    """Change a ticket, and return it.

    Raises NotFound, ValidationFailed (nothing to change), Conflict (a stale version, a pledged ticket), InvalidState
    (a status that does not follow), Unavailable.
    """
    for _ in retries.attempts():
        ticket = tickets.get(ticket_id)
        if _version(ticket) != wanted.version:
            shown = {"status": tickets.shown_status(ticket), "version": _version(ticket)}
            raise Conflict("This ticket was changed meanwhile. Read it again.", extra={"present": shown})
        actions, writes = _changes(ticket, wanted)
        changed = [*actions, Ticket.staff_changes.set(int(ticket.staff_changes or 0) + 1)]
        before, after = _difference(ticket, wanted)
        subject = AuditSubject(
            "ticket", ticket_id, before=before, after={**after, "reason": wanted.reason}, personal_to=ticket.customer_id
        )
        place = keys.tickets.ticket(ticket_id)
        try:
            acts.commit(operations.change(place, changed, _as_read(ticket)), *writes, subject=subject)
        except operations.ConditionFailed:
            continue  # it or its card changed after the read
        logger.info("ticket changed by staff", extra={"ticket_id": ticket_id, "changes": sorted(after)})
        return get(ticket_id)
    raise Unavailable("This ticket is being changed by others. Try again.", retry_after=1)


def _as_read(ticket: Ticket) -> Condition:
    same: Condition = (Ticket.status == ticket.status) & (Ticket.credential == ticket.credential)
    known = ticket.staff_changes
    same &= Ticket.staff_changes.does_not_exist() if known is None else Ticket.staff_changes == known
    same &= Ticket.pledge.does_not_exist() if ticket.pledge is None else Ticket.pledge == ticket.pledge
    if ticket.admission is None:
        same &= Ticket.admission.does_not_exist()
    return same


def _changes(ticket: Ticket, wanted: TicketChange) -> tuple[list[Action], list[Write]]:
    actions: list[Action] = []
    if wanted.holder_name is not None:
        actions.append(Ticket.holder_name.set(wanted.holder_name))
        if ticket.gsi1pk is not None:
            actions += Ticket.in_gsi1(keys.gate.attendee(ticket.event_id, wanted.holder_name, ticket.ticket_id))
    if wanted.labels is not None:
        actions.append(Ticket.labels.set(wanted.labels) if wanted.labels else Ticket.labels.remove())
    writes: list[Write] = []
    if wanted.status is not None:
        _require_cancellable(ticket, wanted.status)
        actions += [
            Ticket.status.set(TicketStatus.CANCELLED),
            Ticket.credential.set(ticket.credential + 1),
            Ticket.card_uid.remove(),
        ]
        writes = bindings.releasing(ticket) if ticket.customer_id else []
    if not actions:
        raise ValidationFailed(details=[{"field": "holder_name", "message": "name something to change"}])
    return actions, writes


def _require_cancellable(ticket: Ticket, status: TicketStatus) -> None:
    """Raise InvalidState for a status that staff cannot give a ticket, Conflict for a pledged one."""
    if status is not TicketStatus.CANCELLED:
        ways = {TicketStatus.REFUNDED: "Open a refund request.", TicketStatus.TRANSFERRED: "Transfer it."}
        message = f"A ticket that is {ticket.status} cannot become {status} here. {ways.get(status, '')}"
        raise InvalidState(message.strip())
    shown = tickets.shown_status(ticket)
    if shown is not TicketShown.VALID:
        raise InvalidState(f"A ticket that is {shown} cannot become {status}.")
    if ticket.pledge is not None:
        raise Conflict("This ticket waits as a gift or for a refund. Answer that first.")


def _difference(ticket: Ticket, wanted: TicketChange) -> tuple[dict[str, Any], dict[str, Any]]:
    after = {
        name: value for name in ("holder_name", "labels", "status") if (value := getattr(wanted, name)) is not None
    }
    return {name: getattr(ticket, name) for name in after}, after


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
