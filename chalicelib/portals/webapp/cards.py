"""The customers' door: a customer's NFC cards."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.cards import balances, card_requests, own_cards
from chalicelib.domain.cards.balances import StatementFilters
from chalicelib.domain.cards.own_cards import CardHolding
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.paging import Page
from chalicelib.domain.payments import auto_reload, payments
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import cards as schema
from chalicelib.schemas.webapp.payments import PaymentOut
from chalicelib.schemas.wire import MoneyIn, PageIn, PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"
_CARDS = f"{BASE}/users/nfc-cards"
_CARD = f"{_CARDS}/{{card_id}}"


def _asked(amount: MoneyIn | None) -> AmountInput | None:
    return AmountInput(amount.amount, amount.currency) if amount else None


def _card_out(holding: CardHolding) -> dict[str, Any]:
    card, balance = holding.card, holding.balance
    merchant = {"id": card.merchant_id, "name": holding.merchant_name} if card.merchant_id else None
    return {
        "id": card.card_id,
        "uid": card.uid,
        "status": card.status,
        "balance": Money(balance.amount, balance.currency),
        "merchant": merchant,
        "assigned_at": card.assigned_at,
        "auto_reload": auto_reload.settings(balance),
    }


@door(
    bp,
    Route(
        "GET",
        _CARDS,
        guard=CUSTOMER,
        query=PageIn,
        reply=PageOut[schema.CardOut],
        links=(
            Link("customer_reload_card", {"card_id": "/results/0/id"}),
            Link("customer_block_card", {"card_id": "/results/0/id"}),
            Link("customer_card_transactions", {"card_id": "/results/0/id"}),
            Link("customer_auto_reload", {"card_id": "/results/0/id"}),
            Link("customer_cards", {"cursor": "/next"}),
        ),
    ),
)
def customer_cards(call: Call[None, PageIn]) -> Any:
    """List the customer's cards with their balances, newest first."""
    page = own_cards.of(call.principal.id, page_size=call.query.page_size, cursor=call.query.cursor)
    return Page(results=[_card_out(holding) for holding in page.results], next=page.next)


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
        refuses=(errors.Conflict,),
    ),
)
def customer_request_card(call: Call[schema.CardRequestIn, None]) -> Any:
    """Ask for a card, to be fetched or sent."""
    body = call.body
    request = card_requests.make(
        call.principal.id,
        delivery=body.delivery,
        merchant_id=body.merchant_id,
        address=body.address,
        operation_id=call.operation_id,
    )
    return {"id": request.request_id, "status": request.status, "fee": Money(request.fee, request.currency)}


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
def customer_reload_card(call: Call[schema.ReloadIn, None]) -> Any:
    """Open a payment that puts money on a card."""
    body = call.body
    payment = payments.reload(
        call.principal.id,
        call.path["card_id"],
        AmountInput(body.amount.amount, body.amount.currency),
        token=body.payment_token,
        operation_id=call.operation_id,
    )
    return payments.shown(payment)


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
def customer_card_transactions(call: Call[None, schema.TransactionsIn]) -> Any:
    """List the lines of a card's ledger, newest first."""
    query = call.query
    filters = StatementFilters(type=query.type, date_from=query.begins_at(), date_to=query.ends_at())
    page = balances.transactions(
        call.principal.id, call.path["card_id"], filters, page_size=query.page_size, cursor=query.cursor
    )
    results = [
        {
            "id": line.entry_id,
            "type": line.type,
            "amount": Money(line.amount, line.currency),
            "balance_after": Money(line.balance_after, line.currency),
            "reference": line.reference,
            "created_at": line.created_at,
        }
        for line in page.results
    ]
    return Page(results=results, next=page.next, count=page.count)


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
def customer_auto_reload(call: Call[schema.AutoReloadIn, None]) -> Any:
    """Say when a card is topped up by itself, or that it is not."""
    body = call.body
    return _card_out(
        auto_reload.change(
            call.principal.id,
            call.path["card_id"],
            enabled=body.enabled,
            threshold=_asked(body.threshold),
            amount=_asked(body.amount),
            token=body.payment_token,
        )
    )


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
def customer_block_card(call: Call[schema.BlockIn, None]) -> Any:
    """Block a card: it is refused at every gate and pays nothing from then on."""
    return _card_out(own_cards.block(call.principal.id, call.path["card_id"], reason=call.body.reason))
