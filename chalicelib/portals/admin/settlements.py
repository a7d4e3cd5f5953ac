"""The staff's portal: settlements of events."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.payouts import settlement_books
from chalicelib.portals.http.auth import BOOKKEEPERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import payouts as schema

bp = Blueprint(__name__)
_BASE = "/api/finances/settlements"


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=BOOKKEEPERS,
        body=schema.SettlementIn,
        reply=schema.SettlementOut,
        status=201,
        refuses=(errors.NotFound, errors.InvalidState),
        links=(Link("admin_payout", {"payout_id": "/payout_id"}),),
        idempotent=True,
        audited="settlement.close",
    ),
)
def admin_close_settlement(call: Call[schema.SettlementIn, None]) -> schema.SettlementOut:
    """Close the books of an event that is over; closed books are only returned."""
    return schema.SettlementOut.read(settlement_books.close(call.body.event_id, by=call.principal.id))
