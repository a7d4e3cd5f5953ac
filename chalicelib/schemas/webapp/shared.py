"""What several parts of the customers' door show: a ticket."""

from typing import Any, Literal

from chalicelib.schemas.wire import Moment, MoneyOut, Out
from chalicelib.vocabulary import TicketShown


class TicketEventOut(Out):
    """The event that a ticket is for."""

    id: str
    title: str
    starts_at: Moment
    venue_name: str | None = None


class SoldCategoryOut(Out):
    """The category that a ticket was sold in; a ticket from elsewhere has only its tier."""

    id: str | None = None
    name: str | None = None
    tier: str | None = None


class HolderOut(Out):
    """Who a ticket is for."""

    name: str
    dependent_id: str | None = None


class TicketOut(Out):
    """A ticket as its customer sees it."""

    id: str
    number: str
    event: TicketEventOut
    category: SoldCategoryOut
    holder: HolderOut
    status: TicketShown
    scan_status: Literal["scanned", "not_scanned"]
    scanned_at: Moment | None = None
    card_id: str | None = None
    purchased_at: Moment
    price: MoneyOut


def ticket_fields(shown: Any) -> dict[str, Any]:
    """Return the fields of a ticket with what stands around it."""
    ticket, event, category = shown.ticket, shown.event, shown.category
    passed = ticket.admission
    return {
        "id": ticket.ticket_id,
        "number": ticket.number,
        "event": {
            "id": ticket.event_id,
            "title": event.title,
            "starts_at": event.starts_at,
            "venue_name": event.venue.name if event.venue else None,
        },
        "category": {"id": ticket.category_id, "name": category.name if category else ticket.tier, "tier": ticket.tier},
        "holder": {"name": ticket.holder_name, "dependent_id": ticket.dependent_id},
        "status": shown.status,
        "scan_status": "scanned" if passed else "not_scanned",
        "scanned_at": (passed.scanned_at or passed.decided_at) if passed else None,
        "card_id": shown.card_id,
        "purchased_at": ticket.issued_at,
        "price": shown.price,
    }
