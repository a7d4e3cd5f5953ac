"""The merchants' portal: the inventory and the dashboard."""

from chalice import Blueprint

from chalicelib.domain.cards.cards import ShopCard
from chalicelib.domain.merchants import inventory, merchant_totals
from chalicelib.domain.merchants.inventory import InventoryFilters
from chalicelib.portals.http.auth import MERCHANT
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.merchant import cards as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/merchant"


def card_out(shown: ShopCard) -> schema.CardOut:
    """Return a card as its merchant sees it."""
    card = shown.card
    return schema.CardOut(
        id=card.card_id,
        uid=shown.uid,
        type=card.type,
        status=shown.status,
        held_until=shown.held_until,
        assigned_at=card.assigned_at,
    )


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
def merchant_cards(call: Call[None, schema.CardsIn]) -> PageOut[schema.CardOut]:
    """List the merchant's cards by UID, or the cards assigned in a period, latest first."""
    query, assigned = call.query, call.query.assigned
    filters = InventoryFilters(
        status=query.status,
        search=query.search,
        assigned_from=assigned.begins_at(),
        assigned_to=assigned.ends_at(),
    )
    page = inventory.page(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, card_out)


@door(bp, Route("GET", f"{BASE}/dashboard-stats", guard=MERCHANT, reply=schema.DashboardOut))
def merchant_dashboard(call: Call[None, None]) -> schema.DashboardOut:
    """Show the merchant's cards by status, and the assigned cards and collected fees."""
    return schema.DashboardOut.read(merchant_totals.dashboard(call.principal.id))
