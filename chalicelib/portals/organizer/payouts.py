"""The organizers' door: money on its way to them."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.payouts import payouts
from chalicelib.domain.payouts.payouts import PayoutFilters
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.auth import ORGANIZER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.organizer import payouts as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/organizer"


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/payouts",
        guard=ORGANIZER,
        query=schema.PayoutsIn,
        reply=PageOut[schema.PayoutOut],
        links=(
            Link("organizer_payout", {"payout_id": "/results/0/id"}),
            Link("organizer_payout_invoice", {"payout_id": "/results/0/id"}),
            Link("organizer_payouts", {"cursor": "/next"}),
        ),
    ),
)
def organizer_payouts(call: Call[None, schema.PayoutsIn]) -> Any:
    """List the organizer's payouts, the newest first."""
    query = call.query
    asked = PayoutFilters(query.status, query.scheduled_from, query.scheduled_to)
    return payouts.page(call.principal.id, asked, page_size=query.page_size, cursor=query.cursor)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/payouts/{{payout_id}}",
        guard=ORGANIZER,
        reply=schema.PayoutDetailOut,
        refuses=(errors.NotFound,),
    ),
)
def organizer_payout(call: Call[None, None]) -> Any:
    """Show one of the organizer's payouts with its lines."""
    return payouts.detail(call.principal.id, call.path["payout_id"])


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/payouts/{{payout_id}}/invoice",
        guard=ORGANIZER,
        media_type="application/pdf",
        refuses=(errors.NotFound,),
    ),
)
def organizer_payout_invoice(call: Call[None, None]) -> Any:
    """Return the invoice of a payout as PDF."""
    document = payouts.document(call.principal.id, call.path["payout_id"])
    named = {"Content-Disposition": f'inline; filename="{document.name}"'}
    return Reply(document.content, headers={"Content-Type": "application/pdf", **named})
