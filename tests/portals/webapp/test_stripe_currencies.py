"""Payments in currencies whose units at Stripe are not those of ISO 4217: charged, called back, refunded."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.cards import own_cards
from chalicelib.domain.events import categories
from chalicelib.domain.sale import orders
from chalicelib.errors import ValidationFailed
from chalicelib.table.items import Account
from chalicelib.vocabulary.payments import PaymentStatus
from chalicelib.workers import payments as worker
from tests.support import payers, purchases
from tests.support.client import call
from tests.support.factories import customer_token, make_customer, make_organizer, token_of
from tests.support.payers import confirm, process
from tests.support.settings import configured
from tests.support.stripe_double import GOOD, StripeDouble
from tests.support.stripe_ground import deliver

# Price in minor units of ISO 4217, currency, price in wire format, and the amount at Stripe.
PRICES = [
    (5_000, "ISK", "5000", 500_000),
    (20_000, "UGX", "20000", 2_000_000),
    (1_230, "KWD", "1.230", 1_230),
    (500, "JPY", "500", 500),
    (150_000, "PKR", "1500.00", 150_000),
    (70_000, "MGA", "700.00", 700),
]
UID = "04C1D2E3F40012"


@pytest.fixture
def customer(stripe: StripeDouble) -> Account:  # noqa: ARG001  # the ground comes first
    return make_customer()


@pytest.mark.parametrize(("price", "currency", "shown", "units"), PRICES)
def test_a_price_is_charged_as_stripe_counts_it_and_booked_as_we_do(
    customer: Account, stripe: StripeDouble, price: int, currency: str, shown: str, units: int
) -> None:
    order = purchases.book(customer, payers.last_ticket(price=price, currency=currency))
    opened = process(customer, order, payment_token=GOOD).json
    assert opened["amount"] == {"amount": shown, "currency": currency}
    (intent,) = stripe.intents.values()
    assert (intent["amount"], intent["currency"]) == (units, currency.lower())
    assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    assert deliver(stripe.event("succeeded")).status == 200
    assert payers.balances()["clearing:stripe"] == -price


@pytest.mark.parametrize(("price", "currency", "shown", "units"), PRICES)
def test_a_callback_alone_settles_and_money_that_came_too_late_is_refunded_in_full(
    customer: Account, stripe: StripeDouble, price: int, currency: str, shown: str, units: int
) -> None:
    order = purchases.book(customer, payers.last_ticket(price=price, currency=currency))
    opened = process(customer, order).json
    with clock.set_to(order.expires_at + timedelta(minutes=1)):
        orders.expire(order.order_id)
        purchases.book(make_customer(), payers.category_of(order))
        stripe.pay(opened["client_secret"])
        assert deliver(stripe.event("succeeded")).status == 200
        payment = payers.stored(opened["id"])
        assert (payment.status, payment.taken, payment.taken_currency) == (PaymentStatus.REFUND_DUE, price, currency)
        assert worker.handle(payers.envelope(opened["id"])) == {"batchItemFailures": []}
    assert payers.stored(opened["id"]).status == PaymentStatus.REFUNDED
    assert [refund["amount"] for refund in stripe.refunds.values()] == [units]
    assert payers.balances() == {}
    assert shown in str(opened["amount"])


# Where a price or an amount is set. PKR 1,000,000.00 has nine digits at Stripe.

UNCHARGED = [("KWD", "1.234"), ("ISK", "1000000"), ("PKR", "1000000.00"), ("USD", "0.49")]


@pytest.mark.usefixtures("moto_cloud")
@pytest.mark.parametrize(("currency", "amount"), UNCHARGED)
def test_an_organizer_cannot_ask_for_a_price_that_cannot_be_charged(currency: str, amount: str) -> None:
    organizer = make_organizer()
    with configured(CURRENCY=currency):
        event, category = purchases.make_show(organizer_id=organizer.account_id, price=0)
        for wanted in ({"id": category.category_id, "price": amount}, {"name": "VIP", "price": amount, "capacity": 5}):
            body = {"changes": {"ticket_categories": [wanted]}, "reason": "The band asked for it."}
            path = f"/api/organizer/events/{event.event_id}/edit-request/"
            answer = call("POST", path, body, token=token_of(organizer))
            assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
            assert answer.json["error"]["details"][0]["field"] == "changes.ticket_categories.0.price"


@pytest.mark.usefixtures("moto_cloud")
def test_no_category_is_made_in_a_currency_that_cannot_be_charged() -> None:
    event = purchases.make_show()[0]
    for price, currency in ((5_000, "LYD"), (0, "XXX"), (1_234, "KWD"), (-1, "PKR")):
        draft = categories.CategoryDraft(name="Box", price=price, currency=currency, capacity=1)
        with pytest.raises(ValidationFailed) as refused:
            categories.add(event.event_id, draft)
        assert [problem["field"] for problem in refused.value.details or ()] == ["price"]


@pytest.mark.usefixtures("moto_cloud")
@pytest.mark.parametrize(("currency", "amount"), [("KWD", "1.234"), ("KWD", "100000.000"), ("HKD", "3.99")])
def test_no_card_is_reloaded_with_an_amount_that_cannot_be_charged(currency: str, amount: str) -> None:
    with configured(CURRENCY=currency):
        customer = make_customer()
        card = payers.card_with(customer, 0, uid=UID)
        token = customer_token(customer)
        cards = f"/api/v1/users/nfc-cards/{card.card_id}"
        settings: dict[str, Any] = {"enabled": True, "threshold": "5", "amount": amount, "payment_token": "tok_ok"}
        reload = {"card_id": card.card_id, "method": "card", "amount": amount}
        for path, body in (
            (f"{cards}/reload/", {"amount": amount}),
            (f"{cards}/auto-reload-settings/", settings),
            ("/api/v1/payments/process/", reload),
        ):
            answer = call("POST", path, body, token=token)
            assert (answer.status, answer.code) == (400, "VALIDATION_ERROR"), path
            assert answer.json["error"]["details"][0]["field"] == "amount"
        assert own_cards.get(customer.account_id, UID).balance.auto_amount is None


@pytest.mark.usefixtures("moto_cloud")
def test_a_total_that_one_payment_cannot_charge_is_refused_by_card_and_paid_by_wallet() -> None:
    customer = make_customer()
    payers.card_with(customer, 100_000_000, uid=UID)
    _, category = purchases.make_show(price=50_000_000)
    order = purchases.book(customer, category, 2)
    answer = process(customer, order)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    assert "Book fewer tickets" in answer.json["error"]["message"]
    wallet = process(customer, order, method="wallet").json
    assert confirm(customer, wallet["id"]).json["status"] == "succeeded"
