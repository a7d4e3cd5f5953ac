"""Stripe in the back office: a day's lists are compared with the books both ways, and disputes are answered there."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.background.sweep import run
from chalicelib.table import keys
from chalicelib.table.items import Account, Order, Payment
from chalicelib.workers.schedules import TAKERS
from tests.support import payers, purchases, stripe_double, sweeps
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer
from tests.support.payers import confirm, process
from tests.support.streams import StreamReader
from tests.support.stripe_double import API_KEY, GOOD, WEBHOOK_SECRET, StripeDouble
from tests.support.stripe_ground import deliver, leave, point_at
from tests.support.taken_back import project_all

PRICE = 150_000


@pytest.fixture
def stripe(moto_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:  # noqa: ARG001  # comes first
    with stripe_double.running() as double, monkeypatch.context() as environment:
        point_at(double.url, environment, stripe_api_key=API_KEY, stripe_webhook_secret=WEBHOOK_SECRET)
        sweeps.begin()
        yield double
    leave()


@pytest.fixture
def customer(stripe: StripeDouble) -> Account:  # noqa: ARG001  # the ground comes first
    return make_customer()


def paid(customer: Account, count: int) -> list[Payment]:
    """Buy so many single tickets by card."""
    category = purchases.make_show(price=PRICE)[1]
    return [_paid(customer, purchases.book(customer, category, 1)) for _ in range(count)]


def _paid(customer: Account, order: Order) -> Payment:
    opened = process(customer, order, payment_token=GOOD).json
    assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    return payers.stored(opened["id"])


def intent_of(payment: Payment) -> str:
    return str(payment.provider_reference)


def deliver_all(double: StripeDouble) -> None:
    for event in list(double.events):
        if event["type"].startswith(("refund.", "charge.")):
            assert deliver(event).status == 200


def compared() -> dict[str, Any]:
    """Run the comparison of today as the sweep does on the next day; return its page."""
    day = clock.now().date()
    at = datetime.combine(day + timedelta(days=1), time(2, 5), tzinfo=UTC)
    with clock.set_to(at):
        while run(TAKERS).done_before < keys.jobs.minute(at):
            pass
    found: dict[str, Any] = call("GET", f"/api/finances/reconciliation/?date={day}", token=admin_token()).json
    assert found["status"] == "done"
    return found


@pytest.mark.usefixtures("one_day")
@pytest.mark.by_day
def test_lists_of_several_pages_that_agree_with_the_books_have_no_difference(
    customer: Account, stripe: StripeDouble
) -> None:
    stream, payments = StreamReader(), paid(customer, 4)
    stripe.refund_by_hand(intent_of(payments[0]), PRICE)
    stripe.refund_by_hand(intent_of(payments[1]), 1_000)
    stripe.dispute(intent_of(payments[2]), "created", "needs_response")
    stripe.dispute(intent_of(payments[2]), "funds_withdrawn", "needs_response")
    deliver_all(stripe)
    project_all(stream)
    stripe.longest_page = 2
    found = compared()
    assert (found["results"], found["provider_count"]) == ([], 7)


@pytest.mark.usefixtures("one_day")
def test_what_one_side_alone_has_or_has_otherwise_is_a_difference(customer: Account, stripe: StripeDouble) -> None:
    stream = StreamReader()
    right, less, other, gone, back = paid(customer, 5)
    project_all(stream)
    stripe.intents[intent_of(less)]["amount_received"] = stripe.intents[intent_of(less)]["amount"] = PRICE - 1
    stripe.intents[intent_of(other)]["currency"] = "eur"
    del stripe.intents[intent_of(gone)]
    unheard = stripe.refund_by_hand(intent_of(back), 1_000)
    disputed = stripe.dispute(intent_of(right), "funds_withdrawn", "lost")["data"]["object"]["id"]
    kinds = {row["reference"]: row["kind"] for row in compared()["results"]}
    assert kinds == {
        intent_of(less): "other_amount",
        intent_of(other): "other_currency",
        intent_of(gone): "extra",
        unheard: "missing",
        disputed: "missing",
    }


def answered(dispute: dict[str, Any], token: str, action: str) -> Answer:
    body = {"action": action, "evidence": "The ticket was scanned at gate 1."}
    return call("PUT", f"/api/disputes/{dispute['id']}/", body, token=token)


def opened(stripe: StripeDouble, payment: Payment, stream: StreamReader, token: str) -> dict[str, Any]:
    assert deliver(stripe.dispute(intent_of(payment), "created", "needs_response")).status == 200
    project_all(stream)
    listed = call("GET", "/api/disputes/", token=token).json["results"]
    return next(one for one in listed if one["payment_id"] == payment.payment_id)


def test_a_dispute_is_contested_at_stripe_with_its_evidence_and_accepted_once(
    customer: Account, stripe: StripeDouble
) -> None:
    stream, token = StreamReader(), admin_token()
    first, second = paid(customer, 2)
    contested = opened(stripe, first, stream, token)
    assert answered(contested, token, "contest").json["status"] == "contested"
    assert list(stripe.evidence.values()) == ["The ticket was scanned at gate 1."]
    given_up = opened(stripe, second, stream, token)
    stripe.lost_answers = 1
    assert [answered(given_up, token, "accept").status for _ in range(2)][-1] == 200
    assert [one["status"] for one in stripe.disputes.values()] == ["under_review", "lost"]
