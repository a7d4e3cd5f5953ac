"""Tickets: issue, find, withdraw. `gate` decides on admission."""

from collections.abc import Iterable

from msgspec import Struct, field

from chalicelib import clock
from chalicelib.domain.tickets import credentials, states
from chalicelib.errors import InvalidState, NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Counters, Ticket
from chalicelib.vocabulary.tickets import TicketStatus


class Holder(Struct, frozen=True):
    """The person a ticket is for."""

    name: str
    customer_id: str | None = None
    dependent_id: str | None = None
    photo_url: str | None = None
    labels: list[str] = field(default_factory=list)


class TicketToIssue(Struct, frozen=True):
    """One ticket to be issued; `number` is printed on it."""

    event_id: str
    holder: Holder
    number: str
    tier: str | None = None
    category_id: str | None = None
    status: TicketStatus = TicketStatus.VALID
    ticket_id: str | None = None
    card_uid: str | None = None


def _item(order: TicketToIssue) -> Ticket:
    ticket_id = order.ticket_id or new_id("tkt")
    place = keys.gate.attendee(order.event_id, order.holder.name, ticket_id)
    owner = order.holder.customer_id
    index_key = keys.tickets.customer_tickets(owner, ticket_id) if owner else None
    return Ticket(
        *keys.tickets.ticket(ticket_id),
        gsi1=place,
        gsi2=index_key,
        ticket_id=ticket_id,
        event_id=order.event_id,
        number=order.number,
        tier=order.tier,
        category_id=order.category_id,
        customer_id=order.holder.customer_id,
        dependent_id=order.holder.dependent_id,
        holder_name=order.holder.name,
        photo_url=order.holder.photo_url,
        labels=order.holder.labels or None,
        status=order.status,
        card_uid=order.card_uid,
        issued_at=clock.now(),
    )


def issue(order: TicketToIssue) -> Ticket:
    """Issue one ticket and count it as sold, in one transaction; idempotent for a ticket id in use.

    Raises NotFound (event). Called by tests and demo data.
    """
    ticket = _item(order)
    writes = [operations.put(ticket, Ticket.pk.does_not_exist())]
    if order.status is TicketStatus.VALID:
        writes.append(_sold(order.event_id, 1))
    try:
        operations.commit(*writes)
    except operations.ConditionFailed as failure:
        existing = failure.found(Ticket)
        if existing is None:
            raise NotFound("There is no such event.") from failure
        return existing
    return ticket


def issue_many(orders: Iterable[TicketToIssue]) -> list[str]:
    """Issue many tickets and return their ids.

    For seeding and imports. Tickets are written in batches, and counted after all of them are stored. So an
    interrupted run leaves valid tickets that the total does not include.
    """
    ticket_ids: list[str] = []
    sold: dict[str, int] = {}

    def items() -> Iterable[Ticket]:
        for order in orders:
            ticket = _item(order)
            ticket_ids.append(ticket.ticket_id)
            sold[order.event_id] = sold.get(order.event_id, 0) + (order.status is TicketStatus.VALID)
            yield ticket

    operations.put_many(items())
    for event_id, count in sold.items():
        operations.commit(_sold(event_id, count))
    return ticket_ids


def _sold(event_id: str, count: int) -> operations.Write:
    return operations.change(keys.gate.counters(event_id), [Counters.sold.add(count)], Counters.pk.exists())


def get(ticket_id: str) -> Ticket:
    """Return a ticket. Raises NotFound."""
    ticket = operations.get(keys.tickets.ticket(ticket_id))
    if ticket is None:
        raise NotFound("There is no such ticket.")
    return ticket


def labels_shown(ticket: Ticket) -> list[str]:
    """Return the labels that a gate shows: those of the customer who holds it in person, then the ticket's own."""
    return list(dict.fromkeys(str(label) for label in (*(ticket.customer_labels or ()), *(ticket.labels or ()))))


def code(ticket: Ticket) -> str:
    """Return the signed code in a ticket's QR."""
    return credentials.encode(ticket.ticket_id, event_id=ticket.event_id, credential=ticket.credential)


# The allowed previous states of each status; cancelled and refunded tickets never change.
_MAY_FOLLOW = {
    TicketStatus.VALID: {TicketStatus.RESERVED},
    TicketStatus.CANCELLED: {TicketStatus.RESERVED, TicketStatus.VALID},
    TicketStatus.REFUNDED: {TicketStatus.VALID, TicketStatus.CANCELLED},
    TicketStatus.TRANSFERRED: {TicketStatus.VALID},
}


def set_status(ticket_id: str, status: TicketStatus) -> Ticket:
    """Move a ticket along its state machine. Raises NotFound, InvalidState."""
    before = _MAY_FOLLOW.get(status, set())
    allowed = Ticket.status.is_in(*sorted(state for state in before)) if before else None
    if allowed is None:
        raise InvalidState(f"No ticket goes back to {status}.")
    write = operations.change(keys.tickets.ticket(ticket_id), states.becoming(status), Ticket.pk.exists() & allowed)
    try:
        return Ticket.from_raw_data(operations.record(write))
    except operations.ConditionFailed as failure:
        found = failure.found(Ticket)
        if found is None:
            raise NotFound("There is no such ticket.") from failure
        raise InvalidState(f"A ticket that is {found.status} cannot become {status}.") from failure
