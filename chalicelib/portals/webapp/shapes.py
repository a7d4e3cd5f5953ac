"""What the domain returns, in the shapes of the wire that several doors of the web app share."""

from typing import Any

from chalicelib.config import config
from chalicelib.domain import tickets
from chalicelib.domain.money import Money


def ticket(found: Any, *, event: Any, category: Any = None, card_id: str | None = None) -> dict[str, Any]:
    """Return a ticket as its customer sees it; `category` and `card_id` where it was sold in one and is on a card."""
    passed = found.admission
    return {
        "id": found.ticket_id,
        "number": found.number,
        "event": {
            "id": found.event_id,
            "title": event.title,
            "starts_at": event.starts_at,
            "venue_name": event.venue.name if event.venue else None,
        },
        "category": {"id": found.category_id, "name": category.name if category else found.tier, "tier": found.tier},
        "holder": {"name": found.holder_name, "dependent_id": found.dependent_id},
        "status": tickets.shown_status(found),
        "scan_status": "scanned" if passed else "not_scanned",
        "scanned_at": (passed.scanned_at or passed.decided_at) if passed else None,
        "card_id": card_id,
        "purchased_at": found.issued_at,
        "price": Money(int(found.price or 0), found.currency or config().currency),
    }
