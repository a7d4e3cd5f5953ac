"""Refunds that our balance at Stripe cannot pay: they wait, and are paid once there is money."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.clients.providers.stripe import Stripe
from chalicelib.domain.payments import refunds, repayments
from chalicelib.domain.tickets import refund_requests
from chalicelib.identifiers import new_id
from tests.support import payers, purchases, stripe_double
from tests.support.factories import make_customer
from tests.support.stripe_double import API_KEY, GOOD, WEBHOOK_SECRET, StripeDouble
from tests.support.stripe_ground import leave, point_at


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


def test_a_refund_above_the_balance_waits_and_is_paid_once_there_is_money(stripe: StripeDouble) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    opened = payers.process(customer, order, payment_token=GOOD).json
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    ticket_id = order.tickets[0]["ticket_id"]
    asked = refund_requests.ask(customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    refunds.approve(ticket_id, asked.refund_id, by="adm_1")
    stripe.funds = 100_000
    assert Stripe().balance("PKR") == 100_000
    assert Stripe().balance("USD") == 0
    assert not repayments.pay_back(ticket_id, asked.refund_id)
    assert state_of(ticket_id, asked.refund_id) == ("approved", "provider_funds", True)
    stripe.funds = 150_000
    due_id = f"{asked.refund_id}/{ticket_id}"
    with clock.set_to(clock.now() + timedelta(minutes=6)):
        # Stripe repeats its refusal under the first key, so this is another try.
        assert repayments.pay_back_due(due_id)
        repayments.pay_back_due(due_id)
    assert state_of(ticket_id, asked.refund_id) == ("refunded", None, False)
    assert (stripe.funds, len(stripe.refunds)) == (0, 1)
