"""The web app: a customer's NFC cards."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.cards import balances, card_requests, own_cards
from chalicelib.domain.cards.balances import StatementFilters
from chalicelib.domain.cards.own_cards import CardHolding
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import auto_reload, own_payments, reloads
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import cards as schema
from chalicelib.schemas.webapp.payments import PaymentOut
from chalicelib.schemas.wire import MoneyIn, MoneyOut, PageIn, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"
_CARDS = f"{BASE}/users/nfc-cards"
_CARD = f"{_CARDS}/{{card_id}}"


def _amount(amount: MoneyIn | None) -> AmountInput | None:
    return AmountInput(amount.amount, amount.currency) if amount else None


def _card_out(holding: CardHolding) -> schema.CardOut:
    card = holding.card
    merchant = schema.MerchantOut(id=card.merchant_id, name=holding.merchant_name) if card.merchant_id else None
    return schema.CardOut(
        id=card.card_id,
        uid=card.uid,
        status=card.status,
        balance=MoneyOut.read(holding.money),
        merchant=merchant,
        assigned_at=card.assigned_at,
        auto_reload=schema.AutoReloadOut.read(holding.auto_reload) if holding.auto_reload else None,
    )


def _request_out(request: Any) -> schema.OpenRequestOut:
    return schema.OpenRequestOut(id=request.request_id, status=request.status, reason=request.reason)


@door(
    bp,
    Route(
        "GET",
        _CARDS,
        guard=CUSTOMER,
        query=PageIn,
        reply=schema.CardPage,
        links=(
            Link("customer_reload_card", {"card_id": "/results/0/id"}),
            Link("customer_block_card", {"card_id": "/results/0/id"}),
            Link("customer_card_transactions", {"card_id": "/results/0/id"}),
            Link("customer_auto_reload", {"card_id": "/results/0/id"}),
            Link("customer_cards", {"cursor": "/next"}),
        ),
    ),
)
def customer_cards(call: Call[None, PageIn]) -> schema.CardPage:
    """List the customer's cards with their balances, newest first, and their request for a card."""
    own = own_cards.overview(call.principal.id, page_size=call.query.page_size, cursor=call.query.cursor)
    page = PageOut.of(own.page, _card_out)
    requests = [*map(_request_out, own.requests)]
    return schema.CardPage(results=page.results, next=page.next, count=page.count, requests=requests)


@door(
    bp,
    Route(
        "POST",
        f"{_CARDS}/request",
        guard=CUSTOMER,
        body=schema.CardRequestIn,
        reply=schema.CardRequestOut,
        status=201,
        idempotent=True,
        refuses=(errors.Conflict, errors.NotFound),
    ),
)
def customer_request_card(call: Call[schema.CardRequestIn, None]) -> schema.CardRequestOut:
    """Request a card, to be collected or sent."""
    body = call.body
    request = card_requests.make(
        call.principal.id,
        delivery=body.delivery,
        merchant_id=body.merchant_id,
        address=body.address,
        operation_id=call.operation_id,
    )
    return schema.CardRequestOut(
        id=request.request_id,
        status=request.status,
        fee=MoneyOut.read(Money(request.fee, request.currency)),
    )


@door(
    bp,
    Route(
        "POST",
        f"{_CARD}/reload",
        guard=CUSTOMER,
        body=schema.ReloadIn,
        reply=PaymentOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_reload_card(call: Call[schema.ReloadIn, None]) -> PaymentOut:
    """Open a payment that adds money to a card."""
    body = call.body
    payment = reloads.reload(
        call.principal.id,
        call.path["card_id"],
        _amount(body.amount),
        token=body.payment_token,
        operation_id=call.operation_id,
    )
    return PaymentOut.read(own_payments.shown(payment))


@door(
    bp,
    Route(
        "GET",
        f"{_CARD}/transactions",
        guard=CUSTOMER,
        query=schema.TransactionsIn,
        reply=PageOut[schema.TransactionOut],
        refuses=(errors.NotFound,),
        links=(Link("customer_card_transactions", {"cursor": "/next"}),),
    ),
)
def customer_card_transactions(call: Call[None, schema.TransactionsIn]) -> PageOut[schema.TransactionOut]:
    """List the lines of a card's ledger, newest first."""
    query = call.query
    page = balances.transactions(
        call.principal.id,
        call.path["card_id"],
        StatementFilters(type=query.type, date_from=query.begins_at(), date_to=query.ends_at()),
        page_size=query.page_size,
        cursor=query.cursor,
    )
    return PageOut.of(page, schema.TransactionOut.read)


@door(
    bp,
    Route(
        "POST",
        f"{_CARD}/auto-reload-settings",
        guard=CUSTOMER,
        body=schema.AutoReloadIn,
        reply=schema.CardOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_auto_reload(call: Call[schema.AutoReloadIn, None]) -> schema.CardOut:
    """Turn the automatic reload of a card on or off."""
    body = call.body
    holding = auto_reload.change(
        call.principal.id,
        call.path["card_id"],
        enabled=body.enabled,
        threshold=_amount(body.threshold),
        amount=_amount(body.amount),
        token=body.payment_token,
    )
    return _card_out(holding)


@door(
    bp,
    Route(
        "POST",
        f"{_CARD}/block",
        guard=CUSTOMER,
        body=schema.BlockIn,
        reply=schema.CardOut,
        idempotent=True,
        refuses=(errors.NotFound,),
    ),
)
def customer_block_card(call: Call[schema.BlockIn, None]) -> schema.CardOut:
    """Block a card: every gate and every payment refuses it from now on."""
    return _card_out(own_cards.block(call.principal.id, call.path["card_id"], reason=call.body.reason))
