"""Refunds that our balance at Stripe cannot pay: they wait, and are paid once there is money."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.clients.providers.stripe import Stripe
from chalicelib.domain.payments import refunds, repayments
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import refund_requests
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import SweptItem
from chalicelib.table.places import Place
from chalicelib.workers import payments as worker
from tests.support import payers, purchases, stripe_double, sweeps, wallets
from tests.support.client import call
from tests.support.factories import admin_token, make_customer
from tests.support.stripe_double import API_KEY, GOOD, WEBHOOK_SECRET, StripeDouble
from tests.support.stripe_ground import deliver, leave, point_at

PRICE = 150_000


@pytest.fixture
def stripe(moto_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:  # noqa: ARG001  # comes first
    with stripe_double.running() as double, monkeypatch.context() as environment:
        point_at(double.url, environment, stripe_api_key=API_KEY, stripe_webhook_secret=WEBHOOK_SECRET)
        yield double
    leave()


def state_of(ticket_id: str, refund_id: str) -> tuple[str, str | None, bool]:
    """Return a refund's status, what it waits for, and whether the sweep will take it."""
    refund = refunds.get(ticket_id, refund_id)
    return str(refund.status), refund.waits_for, refund.is_due


def approved_refund() -> tuple[str, str, str]:
    """Pay for a ticket and approve its refund; return the ids of payment, ticket and refund."""
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    opened = payers.process(customer, order, payment_token=GOOD).json
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    ticket_id = order.tickets[0]["ticket_id"]
    asked = refund_requests.ask(customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    refunds.approve(ticket_id, asked.refund_id, by="adm_1")
    return opened["id"], ticket_id, asked.refund_id


def test_a_refund_above_the_balance_waits_and_is_paid_once_there_is_money(stripe: StripeDouble) -> None:
    _, ticket_id, refund_id = approved_refund()
    stripe.funds = 100_000
    assert Stripe().balance("PKR") == 100_000
    assert Stripe().balance("USD") == 0
    assert not repayments.pay_back(ticket_id, refund_id)
    assert state_of(ticket_id, refund_id) == ("approved", "provider_funds", True)
    stripe.funds = 150_000
    due_id = f"{refund_id}/{ticket_id}"
    with clock.set_to(clock.now() + timedelta(minutes=6)):
        # Stripe repeats its refusal under the first key, so this is another try.
        assert repayments.pay_back_due(due_id)
        repayments.pay_back_due(due_id)
    assert state_of(ticket_id, refund_id) == ("refunded", None, False)
    assert (stripe.funds, len(stripe.refunds)) == (0, 1)


def paid_too_late(stripe: StripeDouble) -> tuple[Place[SweptItem], dict[str, str]]:
    """Pay for a reservation whose last seat was sold meanwhile; return the payment, and the fact of its refund."""
    customer = make_customer()
    order = purchases.book(customer, payers.last_ticket(price=PRICE))
    opened = payers.process(customer, order).json
    with clock.set_to(order.expires_at + timedelta(minutes=1)):
        orders.expire(order.order_id)
        purchases.book(make_customer(), payers.category_of(order))
        stripe.pay(opened["client_secret"])
        assert deliver(stripe.event("succeeded")).status == 200
    assert payers.stored(opened["id"]).status == "refund_due"
    return keys.money.payment(opened["id"]), {"detail-type": "payment.refund_due", "payment_id": opened["id"]}


def taken_off_a_card(stripe: StripeDouble) -> tuple[Place[SweptItem], dict[str, str]]:  # noqa: ARG001  # one signature
    """Pay a card's balance back to the payment that loaded it; return the pay-back, and its fact."""
    customer = make_customer()
    card = wallets.make_card(customer)
    body = {"card_id": card.card_id, "amount": "1500.00", "method": "card", "payment_token": GOOD}
    opened = payers.ask(customer, "process", body).json
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    paid_back = {"ids": [card.card_id], "action": "pay_back"}
    assert call("POST", "/api/finances/unclaimed/", paid_back, token=admin_token()).status == 200
    (raw,) = payers.all_raws("card_pay_back")
    name = raw["pay_back_id"]["S"]
    return keys.money.card_pay_back(name), {"detail-type": "card.pay_back_due", "pay_back_id": name}


@pytest.mark.usefixtures("swept")
@pytest.mark.parametrize("owe", [paid_too_late, taken_off_a_card])
def test_what_is_owed_waits_for_days_without_a_fault_and_is_paid_once_there_is_money(
    stripe: StripeDouble,
    owe: Callable[[StripeDouble], tuple[Place[SweptItem], dict[str, str]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    place, detail = owe(stripe)
    body = json.dumps({"detail-type": detail.pop("detail-type"), "detail": detail})
    message = {"Records": [{"messageId": "m1", "body": body}]}
    stripe.funds = PRICE - 1
    for days in range(4):
        with clock.set_to(clock.now() + timedelta(days=days)):
            assert worker.handle(message) == {"batchItemFailures": []}
            sweeps.at_due(place)
    assert [line for line in caplog.records if line.levelname == "ERROR"] == []
    assert payers.balances() == {"clearing:stripe": -PRICE, "refunds_due": PRICE}
    stripe.funds = 2 * PRICE
    with clock.set_to(clock.now() + timedelta(days=4)):
        sweeps.at_due(place)
        assert worker.handle(message) == {"batchItemFailures": []}
    assert (stripe.funds, len(stripe.refunds), payers.balances()) == (PRICE, 1, {})


def due_minute(place: Place[SweptItem]) -> str:
    """Return the minute in which the sweep will take what is at a place."""
    item = operations.get(place)
    assert item is not None
    return str(item.gsi2pk)


@pytest.mark.usefixtures("swept")
@pytest.mark.parametrize("what", ["a ticket", "a charge"])
def test_a_refund_that_waits_for_a_dispute_is_made_by_the_sweep_where_no_message_comes(
    stripe: StripeDouble, what: str
) -> None:
    place: Place[SweptItem]
    if what == "a ticket":
        payment_id, ticket_id, refund_id = approved_refund()
        place, charge = keys.tickets.refund_request(ticket_id, refund_id), payers.stored(payment_id)
    else:
        place = paid_too_late(stripe)[0]
        charge = payers.stored(place.pk.partition("#")[2])
    stripe.funds = 0
    sweeps.at_due(place)
    assert deliver(stripe.dispute(charge.provider_reference, "created", "needs_response")).status == 200
    before = due_minute(place)
    sweeps.at_due(place)
    assert due_minute(place) > before
    sweeps.at_due(place)
    stripe.funds = PRICE
    assert deliver(stripe.dispute(charge.provider_reference, "closed", "won")).status == 200
    sweeps.at_due(place)
    assert (stripe.funds, len(stripe.refunds), payers.balances()) == (0, 1, {})
