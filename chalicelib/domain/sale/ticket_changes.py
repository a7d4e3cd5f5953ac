"""Changes of a ticket by staff: its holder's name, its labels, its category, or its cancellation."""

from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain import idempotency
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.cards import bindings
from chalicelib.domain.lists.tickets import shown_status
from chalicelib.domain.sale import category_moves
from chalicelib.domain.tickets import seats, staff_tickets, states, tickets
from chalicelib.domain.tickets.staff_tickets import StaffTicket
from chalicelib.errors import Conflict, InvalidState, Refusal, Unavailable, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary.tickets import TicketShown, TicketStatus


class TicketChange(Struct, frozen=True):
    """A change by staff; what is None stays. `version` is the one that they saw."""

    reason: str
    version: int
    holder_name: str | None = None
    labels: list[str] | None = None
    status: TicketStatus | None = None
    category_id: str | None = None


def change(ticket_id: str, wanted: TicketChange, *, operation_id: str) -> StaffTicket:
    """Change a ticket, and return it; idempotent per `operation_id`.

    Raises NotFound, ValidationFailed (nothing to change), Conflict (a stale version, a pledged ticket), InvalidState
    (a status that does not follow, a category that it cannot move to), SoldOut (that category), Unavailable.
    """
    try:
        _change(ticket_id, wanted, operation_id=operation_id)
    except Refusal:
        # A retry: this operation may have succeeded before, and its response may have been lost.
        if idempotency.result_of(operation_id) is None:
            raise
    return staff_tickets.get(ticket_id)


def _change(ticket_id: str, wanted: TicketChange, *, operation_id: str) -> None:
    for _ in retries.attempts():
        ticket = tickets.get(ticket_id)
        if staff_tickets.version_of(ticket) != wanted.version:
            raise Conflict.stale("The ticket", _present(ticket))
        actions, writes = _changes(ticket, wanted)
        changed = [*actions, Ticket.staff_changes.set(int(ticket.staff_changes or 0) + 1)]
        before, after = _difference(ticket, wanted)
        subject = AuditSubject(
            "ticket", ticket_id, before=before, after={**after, "reason": wanted.reason}, personal_to=ticket.customer_id
        )
        place, done = keys.tickets.ticket(ticket_id), idempotency.once(operation_id, ticket_id)
        try:
            acts.commit(operations.change(place, changed, _as_read(ticket)), *writes, done, subject=subject)
        except operations.ConditionFailed:
            if idempotency.result_of(operation_id) is not None:
                return
            continue  # it, its card, its booking or the stock changed after the read
        logger.info("ticket changed by staff", extra={"ticket_id": ticket_id, "changes": sorted(after)})
        return
    raise Unavailable("This ticket is being changed by others. Try again.", retry_after=1)


def _present(ticket: Ticket) -> dict[str, Any]:
    """Return what a change may change, as it is now."""
    return {
        "status": shown_status(ticket),
        "holder_name": ticket.holder_name,
        "labels": list(ticket.labels or []),
        "category_id": ticket.category_id,
        "version": staff_tickets.version_of(ticket),
    }


def _as_read(ticket: Ticket) -> Condition:
    same: Condition = (Ticket.status == ticket.status) & (Ticket.credential == ticket.credential)
    for attribute, value in ((Ticket.category_id, ticket.category_id), (Ticket.customer_id, ticket.customer_id)):
        same &= attribute.does_not_exist() if value is None else attribute == value
    known = ticket.staff_changes
    same &= Ticket.staff_changes.does_not_exist() if known is None else Ticket.staff_changes == known
    same &= Ticket.pledge.does_not_exist() if ticket.pledge is None else Ticket.pledge == ticket.pledge
    for passage, known_passage in ((Ticket.admission, ticket.admission), (Ticket.passage, ticket.passage)):
        if known_passage is None:
            same &= passage.does_not_exist()
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
    if wanted.category_id is not None and wanted.category_id != ticket.category_id:
        move = category_moves.of(ticket, wanted.category_id)
        actions += move.actions
        writes = move.writes
    if wanted.status is not None:
        _require_cancellable(ticket, wanted.status)
        actions += [
            *states.becoming(TicketStatus.CANCELLED),
            Ticket.card_uid.remove(),
        ]
        # Its seat stays sold, but counts no longer for its customer, who may book another.
        writes = [*bindings.releasing(ticket), *seats.moving(ticket, to=None)] if ticket.customer_id else []
    if not actions:
        raise ValidationFailed(details=[{"field": "holder_name", "message": "name something to change"}])
    return actions, writes


def _require_cancellable(ticket: Ticket, status: TicketStatus) -> None:
    """Raise InvalidState for a status that staff cannot give a ticket, Conflict for a pledged one."""
    if status is not TicketStatus.CANCELLED:
        ways = {TicketStatus.REFUNDED: "Open a refund request.", TicketStatus.TRANSFERRED: "Transfer it."}
        message = f"A ticket that is {ticket.status} cannot become {status} here. {ways.get(status, '')}"
        raise InvalidState(message.strip())
    shown = shown_status(ticket)
    if shown is not TicketShown.VALID:
        raise InvalidState(f"A ticket that is {shown} cannot become {status}.")
    if ticket.pledge is not None:
        raise Conflict("This ticket waits as a gift or for a refund. Answer that first.")


def _difference(ticket: Ticket, wanted: TicketChange) -> tuple[dict[str, Any], dict[str, Any]]:
    after = {
        name: value
        for name in ("holder_name", "labels", "status", "category_id")
        if (value := getattr(wanted, name)) is not None
    }
    return {name: getattr(ticket, name) for name in after}, after
