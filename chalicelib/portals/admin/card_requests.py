"""The staff's portal: customers' requests for a card."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.card_office import request_answers
from chalicelib.domain.card_office.request_answers import AnsweredRequest, RequestAnswer
from chalicelib.domain.lists.cards import CARD_REQUESTS
from chalicelib.domain.money import Money
from chalicelib.portals.http.auth import MANAGERS, PEOPLE_READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import list_page, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import card_requests as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import MoneyOut, PageOut

bp = Blueprint(__name__)
_BASE = "/api/card-requests"


def _fields(request: Any) -> dict[str, Any]:
    return {
        "id": request.request_id,
        "customer_id": request.customer_id,
        "status": request.status,
        "delivery": request.delivery,
        "merchant_id": request.merchant_id,
        "fee": MoneyOut.read(Money(request.fee, request.currency)),
        "card_uid": request.card_uid,
        "reason": request.reason,
        "created_at": request.created_at,
        "decided_at": request.decided_at,
    }


def _request_out(request: Any) -> schema.CardRequestOut:
    return schema.CardRequestOut(**_fields(request))


def _answered_out(answered: AnsweredRequest) -> schema.AnsweredRequestOut:
    return schema.AnsweredRequestOut(**_fields(answered.request), address=answered.address)


@list_door(
    bp,
    CARD_REQUESTS,
    Route(
        "GET",
        _BASE,
        guard=PEOPLE_READERS,
        query=list_query(CARD_REQUESTS),
        reply=PageOut[schema.CardRequestOut],
        links=(
            Link("admin_answer_card_request", {"request_id": "/results/0/id"}),
            Link("admin_card_requests", {"cursor": "/next"}),
        ),
    ),
)
def admin_card_requests(call: Call[None, ListIn]) -> PageOut[schema.CardRequestOut]:
    """List customers' requests for a card, newest first."""
    return PageOut.of(list_page(CARD_REQUESTS, call), _request_out)


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{request_id}}",
        guard=MANAGERS,
        body=schema.CardRequestAnswerIn,
        reply=schema.AnsweredRequestOut,
        idempotent=True,
        audited="card_request.answer",
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def admin_answer_card_request(call: Call[schema.CardRequestAnswerIn, None]) -> schema.AnsweredRequestOut:
    """Approve, send or reject a request for a card."""
    body = call.body
    wanted = RequestAnswer(body.action, card_uid=body.card_uid, reason=body.reason)
    return _answered_out(request_answers.answer(call.path["request_id"], wanted, by=call.principal.id))
