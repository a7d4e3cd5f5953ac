"""The web app: payments, and the provider's callback about them."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import confirmations, own_payments, payments, reconciliation
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import payments as schema
from chalicelib.schemas.wire import MoneyIn

bp = Blueprint(__name__)
BASE = "/api/v1"


def _amount(amount: MoneyIn | None) -> AmountInput | None:
    return AmountInput(amount.amount, amount.currency) if amount else None


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/payments/process",
        guard=CUSTOMER,
        body=schema.ProcessIn,
        reply=schema.PaymentOut,
        status=201,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState, errors.InsufficientBalance),
        links=(Link("customer_confirm_payment", body={"payment_id": "/id"}),),
    ),
)
def customer_process_payment(call: Call[schema.ProcessIn, None]) -> schema.PaymentOut:
    """Open a payment for a booking, or for money on a card."""
    body = call.body
    payment = payments.process(
        call.principal.id,
        order_id=body.booking_id,
        amount=_amount(body.amount),
        terms=PaymentTerms(body.method, card_name=body.card_id, token=body.payment_token, return_url=body.return_url),
        operation_id=call.operation_id,
    )
    return schema.PaymentOut.read(own_payments.shown(payment))


@door(
    bp,
    Route(
        "POST",
        f"{BASE}/payments/confirm",
        guard=CUSTOMER,
        body=schema.ConfirmIn,
        reply=schema.ConfirmedOut,
        idempotent=True,
        refuses=(errors.NotFound, errors.InvalidState, errors.InsufficientBalance),
    ),
)
def customer_confirm_payment(call: Call[schema.ConfirmIn, None]) -> schema.ConfirmedOut:
    """Charge the payment, and issue the tickets or credit the card, once."""
    return schema.ConfirmedOut.from_confirmation(confirmations.confirm(call.principal.id, call.body.payment_id))


@door(
    bp, Route("POST", f"{BASE}/payments/webhook", guard=None, reply=schema.WebhookOut, refuses=(errors.BadSignature,))
)
def public_payment_webhook(call: Call[None, None]) -> schema.WebhookOut:
    """Accept the payment provider's signed callback."""
    reconciliation.take_webhook(call.raw, call.headers)
    return schema.WebhookOut()
