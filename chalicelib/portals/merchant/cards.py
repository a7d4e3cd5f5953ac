"""The merchants' door: the inventory and the dashboard."""

from typing import Any

from chalice import Blueprint

from chalicelib.domain.cards import cards
from chalicelib.domain.merchants import inventory, merchant_totals
from chalicelib.domain.merchants.inventory import InventoryFilters
from chalicelib.domain.paging import Page
from chalicelib.portals.http.auth import MERCHANT
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.merchant import cards as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/merchant"


def card_out(card: Any) -> dict[str, Any]:
    """Return a card as its merchant sees it."""
    status = cards.shown_status(card)
    return {
        "id": card.card_id,
        "uid": card.uid,
        "type": card.type,
        "status": status,
        "held_until": cards.held_until(card),
        "assigned_at": card.assigned_at,
    }


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/cards",
        guard=MERCHANT,
        query=schema.CardsIn,
        reply=PageOut[schema.CardOut],
        links=(
            Link("merchant_assign_card", body={"card_id": "/results/0/id"}),
            Link("merchant_cards", {"cursor": "/next"}),
        ),
    ),
)
def merchant_cards(call: Call[None, schema.CardsIn]) -> Any:
    """List the merchant's cards by UID, or, by when they were handed out, the latest first."""
    query, assigned = call.query, call.query.assigned
    filters = InventoryFilters(
        status=query.status,
        search=query.search,
        assigned_from=assigned.begins_at(),
        assigned_to=assigned.ends_at(),
    )
    page = inventory.page(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return Page(results=[card_out(card) for card in page.results], next=page.next, count=page.count)


@door(bp, Route("GET", f"{BASE}/dashboard-stats", guard=MERCHANT, reply=schema.DashboardOut))
def merchant_dashboard(call: Call[None, None]) -> Any:
    """Show the merchant's cards by status, and what they handed out and collected."""
    return merchant_totals.dashboard(call.principal.id)
