"""The web app: money that is claimed by a link (D-CRD-08)."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.card_office import claims
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.portals.webapp.cards import BASE
from chalicelib.schemas.webapp import claims as schema

bp = Blueprint(__name__)


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/claims",
        guard=CUSTOMER,
        body=schema.ClaimIn,
        reply=schema.ClaimOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_claim(call: Call[schema.ClaimIn, None]) -> schema.ClaimOut:
    """Claim money that is left on a card, by the link that was sent; it is credited to one's own card."""
    body = call.body
    return schema.ClaimOut.read(claims.claim(body.token, customer_id=call.principal.id, card_name=body.card_id))
