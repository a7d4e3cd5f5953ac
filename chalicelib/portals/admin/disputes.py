"""The staff's portal: disputes (chargebacks)."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.lists.disputes import DISPUTES
from chalicelib.domain.payments import disputes
from chalicelib.portals.http.auth import MANAGERS, READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import disputes as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
_BASE = "/api/disputes"


@list_door(
    bp,
    DISPUTES,
    Route(
        "GET",
        _BASE,
        guard=READERS,
        query=list_query(DISPUTES),
        reply=PageOut[schema.DisputeOut],
        links=(
            Link("admin_answer_dispute", {"dispute_id": "/results/0/id"}),
            Link("admin_disputes", {"cursor": "/next"}),
        ),
    ),
)
def admin_disputes(call: Call[None, ListIn]) -> PageOut[schema.DisputeOut]:
    """List disputes, newest first."""
    return PageOut.of(list_page(DISPUTES, call), lambda one: schema.DisputeOut.read(disputes.for_staff(one)))


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{dispute_id}}",
        guard=MANAGERS,
        body=schema.DisputeAnswerIn,
        reply=schema.DisputeOut,
        idempotent=True,
        audited="dispute.answer",
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def admin_answer_dispute(call: Call[schema.DisputeAnswerIn, None]) -> schema.DisputeOut:
    """Accept or contest a dispute at the payment provider, once."""
    answered = disputes.answer(
        call.path["dispute_id"], call.body.action, evidence=call.body.evidence, by=call.principal.id
    )
    return schema.DisputeOut.read(answered)
