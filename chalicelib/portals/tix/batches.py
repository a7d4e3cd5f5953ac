"""Tix: batches of numbered tickets for sellers."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.money import AmountInput
from chalicelib.domain.organizations import batches
from chalicelib.domain.organizations.batches import BatchFilters, BatchInput
from chalicelib.domain.organizations.voiding import NumberSpan
from chalicelib.portals.http.auth import TIX, TIX_ADMIN
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.tix import batches as schema
from chalicelib.schemas.wire import MoneyIn, PageOut

bp = Blueprint(__name__)
_BASE = "/api/tix/batches"


def _amount(given: MoneyIn) -> AmountInput:
    return AmountInput(given.amount, given.currency)


def _settled(body: schema.SettleIn) -> dict[str, Any]:
    given = body.changes()
    return {**given, "cash": _amount(body.cash)} if body.cash else given


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=TIX,
        query=schema.BatchesIn,
        reply=PageOut[schema.BatchOut],
        links=(
            Link("tix_settle_batch", {"batch_id": "/results/0/id"}),
            Link("tix_batches", {"cursor": "/next"}),
        ),
    ),
)
def tix_batches(call: Call[None, schema.BatchesIn]) -> PageOut[schema.BatchOut]:
    """List the organization's batches, newest first."""
    query = call.query
    filters = BatchFilters(seller=query.seller, prefix=query.prefix, status=query.status)
    page = batches.page(call.principal.organization_id, filters, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, schema.BatchOut.read)


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=TIX_ADMIN,
        body=schema.BatchIn,
        reply=schema.BatchOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict, errors.AccountUnverified),
        links=(Link("tix_settle_batch", {"batch_id": "/id"}),),
    ),
)
def tix_create_batch(call: Call[schema.BatchIn, None]) -> schema.BatchOut:
    """Give a seller a batch of numbers."""
    body = call.body
    wanted = BatchInput(
        seller=body.seller, numbers=NumberSpan(body.prefix, body.first, body.last), price=_amount(body.price)
    )
    return schema.BatchOut.read(
        batches.create(
            call.principal.organization_id, wanted, user_id=call.principal.id, operation_id=call.operation_id
        )
    )


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/{{batch_id}}",
        guard=TIX_ADMIN,
        body=schema.SettleIn,
        reply=schema.BatchOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
    ),
)
def tix_settle_batch(call: Call[schema.SettleIn, None]) -> schema.BatchOut:
    """Take back numbers of a batch, which are void at once, and note the seller's cash."""
    given = _settled(call.body)
    return schema.BatchOut.read(
        batches.settle(call.principal.organization_id, call.path["batch_id"], given, user_id=call.principal.id)
    )
