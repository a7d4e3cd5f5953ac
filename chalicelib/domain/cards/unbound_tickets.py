"""A customer's tickets that no card opens yet, and the writes by which one does."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib import clock
from chalicelib.domain.cards.cards import MAX_TICKETS_PER_EVENT
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Event, Ticket, Visit
from chalicelib.table.operations import Write
from chalicelib.vocabulary import EventStatus, TicketStatus

# One transaction takes so many of them beside what else it does (AWS: 100 actions).
PER_TRANSACTION = 80
# Tickets bought in the last seconds are found among the newest, all others through the events to come.
_NEWEST, _EVENTS = 100, 100
_OVER = (EventStatus.ENDED, EventStatus.CANCELLED, EventStatus.ARCHIVED)

Opens = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Binding:
    """What a card will open, the writes on the tickets that make it so, and whether there are more for another time."""

    opens: Opens
    writes: list[Write]
    has_more: bool


def bind(customer_id: str, card: Card) -> Binding:
    """Let a card open the customer's valid tickets of events to come that no card opens, as far as it has room.

    The holder's own come first. Each write holds only while its ticket is the customer's, valid and on no card; the
    caller changes the card's `tickets` in the same transaction, on the condition that they are as they were read.
    """
    opens: Opens = {event_id: list(ticket_ids) for event_id, ticket_ids in card.tickets.items()}
    fitting: list[Ticket] = []
    for ticket in _unbound(customer_id):
        opened = opens.get(ticket.event_id, [])
        if ticket.ticket_id in opened or len(opened) < MAX_TICKETS_PER_EVENT:
            if len(fitting) == PER_TRANSACTION:
                return Binding(opens, [_onto(ticket, card, customer_id) for ticket in fitting], has_more=True)
            opens[ticket.event_id] = [*(name for name in opened if name != ticket.ticket_id), ticket.ticket_id]
            fitting.append(ticket)
    return Binding(opens, [_onto(ticket, card, customer_id) for ticket in fitting], has_more=False)


def _onto(ticket: Ticket, card: Card, customer_id: str) -> Write:
    still_free = (
        (Ticket.customer_id == customer_id)
        & (Ticket.status == TicketStatus.VALID.value)
        & Ticket.card_uid.does_not_exist()
    )
    return operations.change(Ticket, keys.ticket(ticket.ticket_id), [Ticket.card_uid.set(card.uid)], still_free)


def _unbound(customer_id: str) -> list[Ticket]:
    places = {keys.ticket(ticket_id): None for ticket_id in _ticket_ids(customer_id)}
    found = operations.get_many(Ticket, places).values()
    free = [t for t in found if t.customer_id == customer_id and t.status == TicketStatus.VALID and not t.card_uid]
    events = operations.get_many(Event, {keys.event(t.event_id): None for t in free}, consistent=False)
    now = clock.now()
    ahead = {e.event_id for e in events.values() if e.ends_at > now and e.status not in _OVER}
    upcoming = [ticket for ticket in free if ticket.event_id in ahead]
    return sorted(upcoming, key=lambda ticket: (ticket.dependent_id is not None, ticket.ticket_id))


def _ticket_ids(customer_id: str) -> list[str]:
    """Return the ids of a customer's newest tickets, and of all to events that are not over."""
    shelf = keys.customer_tickets(customer_id).pk
    newest = operations.query(shelf, index="gsi2", newest_first=True, limit=_NEWEST)
    ids = [raw["gsi2sk"]["S"] for raw in newest]
    # "~" stands after every id.
    reach = (clock.to_text(clock.now()) + "~", "~")
    ahead = operations.query(keys.ahead(customer_id).pk, index="gsi1", between=reach, limit=_EVENTS)
    visits: Sequence[Visit] = list(operations.get_many(Visit, operations.keys_of(ahead)).values())
    return ids + [ticket_id for visit in visits for ticket_id in sorted(visit.tickets or ())]
