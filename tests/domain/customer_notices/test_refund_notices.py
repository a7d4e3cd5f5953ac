"""Customers hear of money that is on its way back to them: once, and not of a refund that could not be delivered."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.payments import refunds
from chalicelib.domain.tickets import refund_requests
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account
from chalicelib.workers import payments as worker
from tests.support import payers, purchases, stripe_double, wallets
from tests.support.client import call
from tests.support.factories import admin_token, make_customer
from tests.support.notices import carry, chooses, received
from tests.support.streams import StreamReader
from tests.support.stripe_double import API_KEY, GOOD, WEBHOOK_SECRET, StripeDouble
from tests.support.stripe_ground import deliver, leave, point_at

MAIL = "ayesha@example.com"
PAID_BACK = {
    "ticket": '[Gatehouse] A ticket to "Qawwali Night" was paid back',
    "card": "[Gatehouse] PKR 1,500.00 of your card's balance was paid back",
}


@pytest.fixture
def stripe(moto_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:  # noqa: ARG001  # comes first
    with stripe_double.running() as double, monkeypatch.context() as environment:
        point_at(double.url, environment, stripe_api_key=API_KEY, stripe_webhook_secret=WEBHOOK_SECRET)
        yield double
    leave()


def paid(customer: Account, body: dict[str, Any]) -> str:
    opened = payers.ask(customer, "process", {**body, "method": "card", "payment_token": GOOD}).json
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    return str(opened["id"])


def pay_back(*ids: str) -> None:
    body = {"ids": [*ids], "action": "pay_back"}
    assert call("POST", "/api/finances/unclaimed/", body, token=admin_token()).status == 200


def owe_ticket(customer: Account) -> tuple[str, dict[str, str]]:
    """Approve the refund of a ticket; return its payment, and the fact that is due."""
    order = purchases.book(customer, purchases.make_show()[1])
    payment_id, ticket_id = paid(customer, {"booking_id": order.order_id}), order.tickets[0]["ticket_id"]
    asked = refund_requests.ask(customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    refunds.approve(ticket_id, asked.refund_id, by="adm_1")
    return payment_id, {"ticket_id": ticket_id, "refund_id": asked.refund_id}


def owe_card(customer: Account) -> tuple[str, dict[str, str]]:
    """Take a balance off a card; return the payment that loaded it, and the fact that is due."""
    card = wallets.make_card(customer)
    payment_id = paid(customer, {"card_id": card.card_id, "amount": "1500.00"})
    pay_back(card.card_id)
    (raw,) = payers.all_raws("card_pay_back")
    return payment_id, {"pay_back_id": raw["pay_back_id"]["S"]}


OWING = {"ticket": ("ticket.refund_due", owe_ticket), "card": ("card.pay_back_due", owe_card)}


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("what", OWING)
def test_a_refund_is_told_once_when_the_provider_takes_it_and_not_when_it_fails(
    stripe: StripeDouble, what: str, fails: bool
) -> None:
    stream, customer = StreamReader(), chooses(make_customer(), email=MAIL)
    fact, owe = OWING[what]
    payment_id, due = owe(customer)
    stream.skip()
    message = {"Records": [{"messageId": "m", "body": json.dumps({"detail-type": fact, "detail": due})}]}
    if fails:
        stripe.refund_status = "failed"
        assert worker.handle(message) != {"batchItemFailures": []}
        assert deliver(stripe.event("refund.created")).status == 200
    assert worker.handle(message) == {"batchItemFailures": []}
    carry(stream, times=2)
    assert [mail.subject for mail in received(MAIL)] == ([] if fails else [PAID_BACK[what]])
    if fails:
        stripe.refund_status = "succeeded"
        pay_back(payment_id)
        carry(stream, times=2)
    assert deliver(stripe.event("charge.refunded")).status == 200
    carry(stream, times=2)
    assert [mail.subject for mail in received(MAIL)] == [PAID_BACK[what]]
    assert payers.balances() == {}
