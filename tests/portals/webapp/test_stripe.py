"""Payments through Stripe's own SDK, against a double that is as strict as Stripe: its keys, refusals and events."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients.providers import Declined
from chalicelib.clients.providers import stripe as client
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import reloads
from chalicelib.domain.sale import orders, rules
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Order, Payment
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.workers import payments as worker
from chalicelib.workers import schedules
from tests.support import payers, purchases, stripe_double, sweeps
from tests.support.client import call
from tests.support.factories import customer_token, make_customer
from tests.support.log_lines import collected
from tests.support.payers import confirm, process
from tests.support.settings import configured
from tests.support.stripe_double import API_KEY, DECLINED, GOOD, NEEDS_OWNER, WEBHOOK_SECRET, StripeDouble, sign
from tests.support.stripe_ground import deliver, leave, point_at, put_secret

UID = "04C1D2E3F40011"


@pytest.fixture
def stripe(moto_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:  # noqa: ARG001  # comes first
    with stripe_double.running() as double, monkeypatch.context() as environment:
        point_at(double.url, environment, stripe_api_key=API_KEY, stripe_webhook_secret=WEBHOOK_SECRET)
        # The SDK waits half a second and more before it tries again.
        monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_, **__: 0.0)
        yield double
        payers.assert_money_and_tickets_are_true()
        assert_the_provider_holds_what_is_booked(double)
    leave()


@pytest.fixture
def customer(stripe: StripeDouble) -> Account:  # noqa: ARG001  # the ground comes first
    return make_customer()


@pytest.fixture
def order(customer: Account) -> Order:
    return purchases.book(customer, payers.last_ticket())


def assert_the_provider_holds_what_is_booked(double: StripeDouble) -> None:
    booked = -payers.balances()["clearing:stripe"]
    open_ones = {
        one.provider_reference
        for one in payers.all_items()
        if isinstance(one, Payment) and one.status in ("requires_confirmation", "failed")
    }
    assert booked == sum(double.held(name) for name in double.intents if name not in open_ones)


def intent_of(double: StripeDouble, payment_id: str) -> dict[str, Any]:
    return double.intents[payers.stored(payment_id).provider_reference]


def opened(customer: Account, order: Order, **more: Any) -> str:
    return str(process(customer, order, **more).json["id"])


def expire_and_sell(order: Order) -> None:
    orders.expire(order.order_id)
    want = rules.RequestedTickets(order.items[0]["category_id"], 1, [])
    orders.book(make_customer(), event_id=order.event_id, wants=[want], operation_id=new_id("op"))


def test_an_intent_is_opened_for_the_total_and_carries_the_payments_id(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    answer = process(customer, order)
    assert (answer.status, answer.json["provider"], answer.json["status"]) == (201, "stripe", "requires_confirmation")
    intent = intent_of(stripe, answer.json["id"])
    assert answer.json["client_secret"] == intent["client_secret"]
    assert (intent["amount"], intent["currency"]) == (150_000, "pkr")
    assert intent["metadata"] == {"payment_id": answer.json["id"]}
    assert confirm(customer, answer.json["id"]).json["status"] == "requires_confirmation"


def test_a_known_card_is_charged_and_the_tickets_are_issued(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order, payment_token=GOOD)
    for _ in range(2):
        answer = confirm(customer, payment_id)
        assert (answer.json["status"], answer.json["receipt_number"]) == ("succeeded", f"R-{payment_id[4:]}")
    assert payers.tickets_of(order) == ["valid"]
    assert payers.balances()["clearing:stripe"] == -150_000
    assert stripe.held(intent_of(stripe, payment_id)["id"]) == 150_000


def test_a_card_that_is_declined_fails_the_payment_and_the_same_intent_may_be_paid_after_all(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order, payment_token=DECLINED)
    secret = intent_of(stripe, payment_id)["client_secret"]
    answer = confirm(customer, payment_id)
    assert (answer.status, answer.json["status"], answer.json["failure_reason"]) == (
        200,
        "failed",
        "insufficient_funds",
    )
    assert payers.order_of(order).status == OrderStatus.RESERVED
    stripe.pay(secret)
    assert deliver(stripe.event("succeeded")).status == 200
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.stored(payment_id).failure_reason is None


def test_of_two_intents_that_were_paid_for_one_booking_the_second_is_returned(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    first = opened(customer, order, payment_token=DECLINED)
    secret = intent_of(stripe, first)["client_secret"]
    confirm(customer, first)
    second = opened(customer, order, payment_token=GOOD)
    assert second != first
    assert confirm(customer, second).json["status"] == "succeeded"
    stripe.pay(secret)
    deliver(stripe.event("succeeded"))
    assert payers.stored(first).status == PaymentStatus.REFUND_DUE
    worker.handle(payers.envelope(first))
    assert stripe.held(payers.stored(first).provider_reference) == 0
    assert payers.order_of(order).payment_id == second


@pytest.mark.parametrize("token", ["pm_unknown", "p" * 255, "кarta\r\nx-evil: 1"])
def test_a_token_that_stripe_does_not_know_fails_at_once(customer: Account, order: Order, token: str) -> None:
    answer = process(customer, order, payment_token=token)
    assert (answer.json["status"], answer.json["failure_reason"]) == ("failed", "resource_missing")


@pytest.mark.parametrize("key", [None, "one-key"])
@pytest.mark.parametrize("redirects", [True, False])
@pytest.mark.parametrize("hears", ["confirm", "callback"])
def test_an_owner_who_must_act_at_the_bank_reads_how_and_pays(
    customer: Account, order: Order, stripe: StripeDouble, key: str | None, hears: str, *, redirects: bool
) -> None:
    stripe.redirects = redirects
    with configured(RETURN_ORIGINS="https://shop.example"):
        payment_id = opened(customer, order, payment_token=NEEDS_OWNER, return_url="https://shop.example/back")
    if hears == "callback":
        stripe._confirm(intent_of(stripe, payment_id)["id"])
        deliver(stripe.event("requires_action"))
    name, secret = intent_of(stripe, payment_id)["id"], intent_of(stripe, payment_id)["client_secret"]
    page = {
        "type": "redirect_to_url",
        "url": f"https://hooks.stripe.example/3ds/{name}?secret=s",
        "client_secret": None,
    }
    script = {"type": "use_stripe_sdk", "url": None, "client_secret": secret}
    for _ in range(2):
        waits = confirm(customer, payment_id, key=key)
        assert (waits.status, waits.json["status"]) == (200, "requires_action")
        assert waits.json["next_action"] == (page if redirects else script)
    assert b"hooks.stripe" not in bytes(payers.stored(payment_id).sealed_action)
    stripe.authenticate(name)
    if hears == "callback":
        deliver(stripe.event("succeeded"))
        deliver(stripe.event("requires_action"))  # late
    paid = confirm(customer, payment_id, key=key)
    assert (paid.json["status"], paid.json["next_action"]) == ("succeeded", None)
    assert (payers.tickets_of(order), stripe.held(name)) == (["valid"], 150_000)
    again = confirm(customer, payment_id, key="one-key")
    assert again.json == paid.json


def test_an_owner_whom_the_bank_does_not_know_fails_the_payment(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order, payment_token=NEEDS_OWNER)
    confirm(customer, payment_id, key="one-key")
    stripe.authenticate(intent_of(stripe, payment_id)["id"], is_right=False)
    failed = confirm(customer, payment_id, key="one-key").json
    assert (failed["status"], failed["failure_reason"]) == ("failed", "payment_intent_authentication_failure")
    assert (failed["next_action"], payers.tickets_of(order)) == (None, ["reserved"])


@pytest.mark.parametrize("lost", [1, 3])
@pytest.mark.parametrize("when", ["process", "confirm"])
def test_an_answer_lost_after_the_deed_opens_one_intent_and_charges_once(
    customer: Account, order: Order, stripe: StripeDouble, lost: int, when: str
) -> None:
    if when == "process":
        stripe.lost_answers = lost
    answer = process(customer, order, payment_token=GOOD, key="p")
    if when == "process" and lost > 2:
        assert (answer.status, answer.code) == (503, "UNAVAILABLE")
        assert answer.headers["retry-after"] == "5"
        answer = process(customer, order, payment_token=GOOD, key="p")
    assert answer.status == 201
    payment_id = answer.json["id"]
    if when == "confirm":
        stripe.lost_answers = lost
    answer = confirm(customer, payment_id)
    if when == "confirm" and lost > 2:
        assert answer.status == 503
        answer = confirm(customer, payment_id)
    assert answer.json["status"] == "succeeded"
    assert len(stripe.intents) == 1
    keys = {key for method, _, key in stripe.requests if method == "POST"}
    assert keys == {f"{payment_id}/{hashlib.sha256(GOOD.encode()).hexdigest()}", f"{payment_id}/confirm/{GOOD}"}


def test_stripe_that_is_down_is_told_as_such_and_nothing_changes(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order, payment_token=GOOD)
    stripe.broken_answers = 3
    assert confirm(customer, payment_id).status == 503
    assert payers.stored(payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION


def test_an_idempotency_key_with_another_body_is_refused_by_the_double_as_by_stripe(stripe: StripeDouble) -> None:
    wanted = {"amount": "100", "currency": "pkr", "metadata[payment_id]": "pay_1"}
    first = stripe.answer("POST", "/v1/payment_intents", wanted, "k")
    assert stripe.answer("POST", "/v1/payment_intents", wanted, "k") == first
    other = stripe.answer("POST", "/v1/payment_intents", {**wanted, "amount": "200"}, "k")
    assert other is not None
    assert other[1]["error"]["type"] == "idempotency_error"


# Events


def test_the_same_event_twice_and_its_forerunner_afterwards_change_nothing(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order)
    secret = intent_of(stripe, payment_id)["client_secret"]
    stripe.pay(secret, DECLINED)
    stripe.pay(secret)
    failed, succeeded = stripe.event("payment_failed"), stripe.event("succeeded")
    for event in (succeeded, succeeded, failed, succeeded, failed):
        assert deliver(event).status == 200
        assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.balances()["clearing:stripe"] == -150_000
    assert payers.tickets_of(order) == ["valid"]


def test_events_that_are_forged_stale_or_unsigned_change_nothing(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order)
    stripe.pay(intent_of(stripe, payment_id)["client_secret"])
    raw = json.dumps(stripe.event("succeeded")).encode()
    good = sign(raw)
    refused = [
        deliver(raw, signature=sign(raw, secret="whsec_of_another")),
        deliver(raw, age=302),
        deliver(raw.replace(b"150000", b"150001"), signature=good),
        deliver(raw, signature=""),
        deliver(raw, signature=good.replace("v1=", "v0=")),
        deliver(raw, signature="t=x,v1=y"),
        deliver(b"\xff\xfe", signature=good),
        deliver(b"no json", signature=sign(b"no json")),
        deliver(b"[]", signature=sign(b"[]")),
        payers.post_webhook(raw),
    ]
    for answer in refused:
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert payers.stored(payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION
    assert deliver(raw, age=290).status == 200
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED


def test_events_of_other_kinds_and_of_other_shops_are_taken_without_effect(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order)
    stripe.pay(intent_of(stripe, payment_id)["client_secret"])
    event = stripe.event("succeeded")
    intent = event["data"]["object"]
    foreign = {**event, "data": {"object": {**intent, "metadata": {}}}}
    unknown = {**event, "data": {"object": {**intent, "metadata": {"payment_id": new_id("pay")}}}}
    for other in ({**event, "type": "charge.dispute.created"}, foreign, unknown):
        assert deliver(other).status == 200
    assert payers.stored(payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION
    deliver(event)
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED


# After the time of the order


def test_a_success_after_expiry_is_honoured_while_stock_is_left(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order)
    with clock.set_to(order.expires_at + timedelta(minutes=1)):
        orders.expire(order.order_id)
        stripe.pay(intent_of(stripe, payment_id)["client_secret"])
        deliver(stripe.event("succeeded"))
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.tickets_of(order) == ["valid"]


@pytest.mark.parametrize("lost", [0, 1, 3])
def test_a_success_after_expiry_without_stock_is_refunded_in_full_once(
    customer: Account, order: Order, stripe: StripeDouble, lost: int
) -> None:
    payment_id = opened(customer, order)
    with clock.set_to(order.expires_at + timedelta(minutes=1)):
        expire_and_sell(order)
        stripe.pay(intent_of(stripe, payment_id)["client_secret"])
        deliver(stripe.event("succeeded"))
        assert payers.stored(payment_id).status == PaymentStatus.REFUND_DUE
        stripe.lost_answers = lost
        failed = worker.handle(payers.envelope(payment_id))["batchItemFailures"]
        assert failed == ([{"itemIdentifier": "m1"}] if lost > 2 else [])
        # Stripe has deleted the key by that time, but not the refund.
        stripe.forget_keys()
        assert worker.handle(payers.envelope(payment_id)) == {"batchItemFailures": []}
    payment = payers.stored(payment_id)
    assert (payment.status, payment.refunded) == (PaymentStatus.REFUNDED, 150_000)
    assert payment.refund_reference in stripe.refunds
    assert len(stripe.refunds) == 1
    assert payers.balances() == {}


@pytest.mark.usefixtures("swept")
def test_a_refund_that_stripe_could_not_make_is_not_called_one_and_is_tried_again_by_the_sweep(
    customer: Account, order: Order, stripe: StripeDouble
) -> None:
    payment_id = opened(customer, order)
    with clock.set_to(order.expires_at + timedelta(minutes=1)):
        expire_and_sell(order)
        stripe.pay(intent_of(stripe, payment_id)["client_secret"])
        deliver(stripe.event("succeeded"))
        stripe.refund_status = "failed"
        assert worker.handle(payers.envelope(payment_id)) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    with clock.set_to(order.expires_at + timedelta(minutes=8)):
        schedules.sweep()
        assert payers.stored(payment_id).status == PaymentStatus.REFUND_DUE
    # An operator corrects it at Stripe after the key has expired.
    stripe.refund_status = "succeeded"
    stripe.forget_keys()
    with clock.set_to(order.expires_at + timedelta(minutes=10)):
        schedules.sweep()
    assert payers.stored(payment_id).status == PaymentStatus.REFUNDED
    assert stripe.held(payers.stored(payment_id).provider_reference) == 0


def test_more_than_was_taken_is_never_given_back(customer: Account, order: Order, stripe: StripeDouble) -> None:
    payment_id = opened(customer, order, payment_token=GOOD)
    confirm(customer, payment_id)
    reference = payers.stored(payment_id).provider_reference
    provider = client.Stripe()
    for amount, key in ((150_001, "a"), (150_000, "b"), (1, "c")):
        if key == "b":
            first, again = (provider.refund(reference, amount=amount, currency="PKR", key=key) for _ in range(2))
            assert first == again
        else:
            with pytest.raises(Declined, match="charge_already_refunded"):
                provider.refund(reference, amount=amount, currency="PKR", key=key)
    assert stripe.held(reference) == 0
    stripe.refunds.clear()  # these refunds are in no book of the platform


@pytest.mark.usefixtures("swept")
def test_what_nobody_paid_is_cancelled_at_stripe_and_what_was_paid_unheard_is_found(
    customer: Account, stripe: StripeDouble
) -> None:
    unpaid, unheard = (purchases.book(customer, payers.last_ticket()) for _ in range(2))
    first, second = opened(customer, unpaid), opened(customer, unheard)
    stripe.pay(intent_of(stripe, second)["client_secret"])
    with clock.set_to(unheard.expires_at + timedelta(minutes=7)):
        schedules.sweep()
    assert intent_of(stripe, first)["status"] == "canceled"
    assert payers.stored(first).status == PaymentStatus.FAILED
    assert payers.stored(second).status == PaymentStatus.SUCCEEDED
    for event in stripe.events:
        assert deliver(event).status == 200
    assert payers.order_of(unheard).payment_id == second


# Cards that are topped up, and keys


def test_a_saved_card_is_charged_as_its_customer_once_for_an_operation(customer: Account, stripe: StripeDouble) -> None:
    payers.card_with(customer, 0, uid=UID)
    for _ in range(2):
        payment = reloads.charge_saved(
            customer.account_id, UID, AmountInput("500.00"), token=GOOD, operation_id="op_auto_reload_1"
        )
        assert payment.status == PaymentStatus.SUCCEEDED
    assert [intent["customer"] for intent in stripe.intents.values()] == ["cus_1"]
    assert payers.balances() == {"clearing:stripe": -50_000, f"card:{UID}": 50_000}


def test_a_saved_method_pays_each_automatic_reload_and_what_its_owner_buys(
    customer: Account, stripe: StripeDouble
) -> None:
    payers.card_with(customer, 0, uid=UID)
    stripe.methods["pm_saved"] = None
    for number in range(2):
        payment = reloads.charge_saved(
            customer.account_id, UID, AmountInput("500.00"), token="pm_saved", operation_id=f"op_auto_reload_{number}"
        )
        assert payment.status == PaymentStatus.SUCCEEDED
    assert len({one["customer"] for one in stripe.intents.values()}) == 1
    path = f"/api/v1/users/nfc-cards/{UID}/reload/"
    body = {"amount": "500.00", "payment_token": "pm_saved"}
    reload = call("POST", path, body, token=customer_token(customer)).json
    assert confirm(customer, reload["id"]).json["status"] == "succeeded"
    assert payers.balances()[f"card:{UID}"] == 150_000


def test_a_saved_card_that_wants_its_owner_fails_while_they_are_away(customer: Account, stripe: StripeDouble) -> None:
    payers.card_with(customer, 0, uid=UID)
    payment = reloads.charge_saved(
        customer.account_id, UID, AmountInput("500.00"), token=NEEDS_OWNER, operation_id="op_auto_reload_2"
    )
    assert (payment.status, payment.failure_reason) == (PaymentStatus.FAILED, "authentication_required")
    assert [stripe.held(name) for name in stripe.intents] == [0]
    assert payers.balances() == {}


def test_without_its_keys_a_payment_is_refused_clearly_and_the_wallet_still_pays(
    customer: Account, order: Order
) -> None:
    payers.card_with(customer, 200_000, uid=UID)
    put_secret()
    answer = process(customer, order)
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.json["error"]["message"] == "Payments by card are not configured. Try again later."
    assert deliver({"id": "evt_1", "type": "x"}).status == 503
    with pytest.raises(Unavailable):
        client.Stripe().retrieve("pi_1")
    wallet = opened(customer, order, method="wallet")
    assert confirm(customer, wallet).json["status"] == "succeeded"


def test_a_charge_that_stripe_processes_for_ever_is_asked_for_less_and_less_and_fails_in_the_end(
    stripe: StripeDouble, customer: Account, order: Order
) -> None:
    payment_id = process(customer, order).json["id"]
    place = keys.money.payment(payment_id)
    reference = payers.stored(payment_id).provider_reference
    assert reference is not None
    stripe.intents[reference]["status"] = "processing"
    deadline = payers.stored(payment_id).open_until
    assert deadline is not None
    waits = []
    with collected() as logged:
        for overdue in (timedelta(minutes=1), timedelta(days=8), timedelta(days=16)):
            at = (deadline + overdue).replace(second=0, microsecond=0)
            due = Payment.due_at(keys.jobs.due(at, payment_id))
            operations.record(operations.change(place, due))
            sweeps.at_due(place)
            key = payers.stored(payment_id).gsi2pk
            waits.append(datetime.fromisoformat(key.split("#")[1]).replace(tzinfo=UTC) - at if key else None)
    assert waits == [timedelta(minutes=6), timedelta(days=1, minutes=1), None]
    assert payers.stored(payment_id).status is PaymentStatus.FAILED
    assert [line["due_id"] for line in logged.all() if line["message"] == "work given up"] == [payment_id]
    # What the provider reports later still counts.
    stripe.intents[reference]["status"] = "requires_confirmation"
    stripe.pay(stripe.intents[reference]["client_secret"])
    assert deliver(stripe.event("payment_intent.succeeded")).status == 200
    assert payers.stored(payment_id).status in (PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_DUE)
