"""Look-ups for ushers: a card, its holder and their dependents."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib.domain.cards import cards
from chalicelib.domain.customers import customers
from chalicelib.domain.customers.customers import EmergencyContact, HealthLookUp
from chalicelib.domain.events import gate_control
from chalicelib.domain.tickets.tickets import labels_shown
from chalicelib.errors import NotFound
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import Reason
from chalicelib.vocabulary.tickets import TicketStatus


class CardVerified(Struct, frozen=True):
    """Whether a card is known and may be used at a gate."""

    known: bool
    usable: bool
    status: str
    reason: Reason | None


class CardShown(Struct, frozen=True):
    """A card as an usher sees it."""

    id: str
    uid: str
    type: str
    status: str
    assigned_at: datetime | None
    has_ticket: bool


class DependentTicket(Struct, frozen=True):
    """A dependent's ticket on the holder's card."""

    name: str
    ticket_id: str
    scan_status: str


class OtherTicket(Struct, frozen=True):
    """Another ticket on the card: of a guest, or of a dependent where the event does not show children."""

    ticket_id: str
    name: str
    tier: str | None
    scan_status: str


class AttendeeFound(Struct, frozen=True):
    """The person behind a card at one event."""

    name: str
    photo_url: str | None
    card_id: str
    ticket_id: str | None
    ticket_status: str
    ticket_tier: str | None
    scan_status: str
    scanned_at: datetime | None
    emergency_contact: EmergencyContact | None
    blood_type: str | None
    labels: list[str]
    children: list[DependentTicket]
    more: list[OtherTicket]


def verify_card(name: str) -> CardVerified:
    """Return whether a card is known and usable. Raises ValidationFailed for an invalid card name."""
    card = cards.find(name)
    if card is None:
        return CardVerified(known=False, usable=False, status="unknown", reason=None)
    usable = card.status == CardStatus.ACTIVE
    lost = card.status in (CardStatus.BLOCKED, CardStatus.LOST)
    reason = None if usable else Reason.CARD_BLOCKED if lost else Reason.CARD_NOT_ACTIVE
    return CardVerified(known=True, usable=usable, status=card.status, reason=reason)


def _existing(name: str) -> Card:
    card = cards.find(name)
    if card is None:
        raise NotFound("There is no such card.")
    return card


def card(name: str, *, event_id: str) -> CardShown:
    """Return a card of this event: it has a ticket here, or was presented here.

    Raises NotFound, also for the cards of other events, and ValidationFailed.
    """
    found = _existing(name)
    if not found.tickets.get(event_id) and not _was_presented(found, [], event_id):
        raise NotFound("There is no such card at your event.")
    return CardShown(
        id=found.card_id,
        uid=found.uid,
        type=found.type,
        status=found.status,
        assigned_at=found.assigned_at,
        has_ticket=bool(found.tickets.get(event_id)),
    )


def _scan_status(ticket: Ticket) -> str:
    return "not_scanned" if ticket.admission is None else "previously_scanned"


def _was_presented(card: Card, tickets: Sequence[Ticket], event_id: str) -> bool:
    """Whether a gate of the event has read a card, or one of these tickets on it, regardless of the decision."""
    if any(ticket.admission or ticket.passage or ticket.contested for ticket in tickets):
        return True
    # The log of scans that found no ticket. The index lags by less than a second.
    place = keys.gate.card_log(event_id, card.uid)
    return bool(operations.query(place.pk, index="gsi2", limit=1))


def _customer_behind(card: Card, ticket: Ticket) -> str | None:
    """Return the customer who holds a ticket in person, else None: their data applies to no dependent."""
    if ticket.dependent_id is not None or card.customer_id not in (None, ticket.customer_id):
        return None
    return ticket.customer_id


def _is_dependent(ticket: Ticket, holder: Ticket) -> bool:
    """Whether a ticket is of a dependent of the holder."""
    return ticket.dependent_id is not None and ticket.customer_id == holder.customer_id


def by_card(name: str, *, event_id: str, by: str, with_health: bool = True) -> AttendeeFound:
    """Return the person behind a card, their dependents and the other tickets on it.

    Their health data are returned only once the card was presented here, and counted; a page that shows each person's
    photo asks without them.

    Raises NotFound for a card without tickets here, RateLimited (look-ups of health data by this usher).
    """
    found = _existing(name)
    ticket_ids = found.tickets.get(event_id, [])
    tickets = operations.get_many([keys.tickets.ticket(ticket_id) for ticket_id in ticket_ids])
    in_order = [tickets[keys.tickets.ticket(t)] for t in ticket_ids if keys.tickets.ticket(t) in tickets]
    if not in_order:
        raise NotFound("This card has no ticket for this event.")
    logger.info("attendee looked up", extra={"caller_id": by, "event_id": event_id, "card_id": found.card_id})
    holder, *others = in_order
    event = gate_control.control(event_id).event
    children = [ticket for ticket in others if event.children_enabled and _is_dependent(ticket, holder)]
    customer_id = _customer_behind(found, holder)
    known = customers.UNKNOWN
    if customer_id:
        asked = HealthLookUp(by, event_id, lambda: with_health and _was_presented(found, in_order, event_id))
        known = customers.helpful(customer_id, asked)
    return AttendeeFound(
        name=holder.holder_name,
        photo_url=holder.photo_url or known.photo_url,
        card_id=found.card_id,
        ticket_id=holder.ticket_id,
        ticket_status="valid" if holder.status == TicketStatus.VALID else "invalid",
        ticket_tier=holder.tier,
        scan_status=_scan_status(holder),
        scanned_at=(holder.admission.scanned_at or holder.admission.decided_at) if holder.admission else None,
        emergency_contact=known.emergency_contact,
        blood_type=known.blood_type,
        labels=list(dict.fromkeys([*known.labels, *labels_shown(holder)])),
        children=[
            DependentTicket(name=t.holder_name, ticket_id=t.ticket_id, scan_status=_scan_status(t)) for t in children
        ],
        more=[
            OtherTicket(ticket_id=t.ticket_id, name=t.holder_name, tier=t.tier, scan_status=_scan_status(t))
            for t in others
            if not any(t is child for child in children)
        ],
    )
