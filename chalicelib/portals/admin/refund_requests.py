"""The staff's portal: refund requests, opened for customers and decided."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.lists.disputes import REFUND_REQUESTS
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import refund_decisions
from chalicelib.domain.payments.refund_decisions import RefundDecision
from chalicelib.domain.tickets import refund_requests
from chalicelib.portals.http.auth import MANAGERS, PEOPLE_READERS, SUPPORTERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import refund_requests as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import MoneyIn, PageOut

bp = Blueprint(__name__)
_BASE = "/api/refund-requests"


def _amount(sent: MoneyIn | None) -> AmountInput | None:
    return AmountInput(sent.amount, sent.currency) if sent else None


@list_door(
    bp,
    REFUND_REQUESTS,
    Route(
        "GET",
        _BASE,
        guard=PEOPLE_READERS,
        query=list_query(REFUND_REQUESTS),
        reply=PageOut[schema.RefundRequestOut],
        links=(
            Link("admin_decide_refund_request", {"request_id": "/results/0/id"}),
            Link("admin_refund_requests", {"cursor": "/next"}),
        ),
    ),
)
def admin_refund_requests(call: Call[None, ListIn]) -> PageOut[schema.RefundRequestOut]:
    """List refund requests, newest first."""
    page = list_page(REFUND_REQUESTS, call)
    return PageOut.of(page, lambda one: schema.RefundRequestOut.read(refund_requests.for_staff(one)))


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=SUPPORTERS,
        body=schema.OpenRefundIn,
        reply=schema.RefundRequestOut,
        status=201,
        idempotent=True,
        audited="refund_request.open",
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState),
        links=(Link("admin_decide_refund_request", {"request_id": "/id"}),),
    ),
)
def admin_open_refund_request(call: Call[schema.OpenRefundIn, None]) -> schema.RefundRequestOut:
    """Open a refund for a customer."""
    body = call.body
    opened = refund_requests.open_for_customer(
        body.ticket_id,
        reason=body.reason,
        amount=_amount(body.amount),
        by=call.principal.id,
        operation_id=call.operation_id,
    )
    return schema.RefundRequestOut.read(opened)


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{request_id}}",
        guard=MANAGERS,
        body=schema.RefundDecisionIn,
        reply=schema.RefundRequestOut,
        idempotent=True,
        audited="refund_request.decide",
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState, errors.SecondPersonNeeded),
    ),
)
def admin_decide_refund_request(call: Call[schema.RefundDecisionIn, None]) -> schema.RefundRequestOut:
    """Approve a refund, which is paid back once, or reject it."""
    body = call.body
    decided = RefundDecision(body.decision, note=body.note, amount=_amount(body.amount))
    decision = refund_decisions.decide(
        call.path["request_id"], decided, by=call.principal.id, operation_id=call.operation_id
    )
    return schema.RefundRequestOut.read(decision)
