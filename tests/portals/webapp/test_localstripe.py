"""Payments on the wire: Stripe's SDK, localstripe in another process, and its signed events to our webhook."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe as sdk
import uvicorn

import app as platform
from chalicelib import clock
from chalicelib.clients.providers import stripe as client
from chalicelib.domain.sale import orders
from chalicelib.table.items import Account, Order
from chalicelib.vocabulary.payments import PaymentStatus
from chalicelib.workers import payments as worker
from infra.local.front import EnvelopeProtocol, Gateway
from infra.local.meter import Meter
from tests.support import localstripe, payers, purchases
from tests.support.factories import make_customer
from tests.support.payers import confirm, process
from tests.support.stripe_ground import leave, point_at

KINDS = ["payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"]
_EVENT_SECONDS = 120.0
# A card that localstripe declines when it is charged.
DECLINED_NUMBER = "4000000000000341"
# A card whose owner must act at the bank.
CHALLENGED_NUMBER = "4000002500003155"


class Door:
    """The platform behind its HTTP front, where events arrive."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self._gateway = Gateway(platform.app, meter=Meter(), threads=1)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}/api/v1/payments/webhook/"
        settings = uvicorn.Config(
            self._serve, http=EnvelopeProtocol, ws="none", interface="asgi3", lifespan="off", log_config=None
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([self._socket])))
        self._thread.start()

    async def _serve(self, scope: Any, receive: Any, send: Any) -> None:
        async def answer(message: Any) -> None:
            await send(message)
            if "status" in message:
                self.statuses.append(message["status"])

        await self._gateway(scope, receive, answer)

    def await_event(self) -> None:
        """Wait for an event that is signed as it should be, and answered."""
        until = time.monotonic() + _EVENT_SECONDS
        while not self.statuses:
            assert time.monotonic() < until, "no event came"
            time.sleep(0.05)
        assert self.statuses == [200]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._gateway.close()
        self._socket.close()


# One worker starts it for all of them.
pytestmark = pytest.mark.xdist_group("localstripe")


@pytest.fixture(scope="module")
def stripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log: Path = tmp_path_factory.mktemp("localstripe") / "log"
    with localstripe.running(log) as url:
        yield url


@pytest.fixture
def door(stripe: str, moto_cloud: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:  # noqa: ARG001  # comes first
    with monkeypatch.context() as environment:
        keys = {"stripe_api_key": localstripe.API_KEY, "stripe_webhook_secret": localstripe.WEBHOOK_SECRET}
        point_at(stripe, environment, **keys)
        running = Door()
        localstripe.send_events_to(running.address, of=stripe, kinds=KINDS)
        try:
            yield running
        finally:
            running.close()
        payers.assert_money_and_tickets_are_true()
    leave()


@pytest.fixture
def customer(door: Door) -> Account:  # noqa: ARG001  # the ground comes first
    return make_customer()


@pytest.fixture
def order(customer: Account) -> Order:
    return purchases.book(customer, payers.last_ticket())


def asked(url: str) -> sdk.StripeClient:
    return sdk.StripeClient(localstripe.API_KEY, base_addresses={"api": url})


def card(url: str, number: str) -> str:
    params: Any = {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2040, "cvc": "123"}}
    return asked(url).v1.payment_methods.create(params).id


def test_a_payment_is_made_and_its_event_confirms_what_was_done(
    customer: Account, order: Order, door: Door, stripe: str
) -> None:
    opened = process(customer, order, payment_token=card(stripe, "4242424242424242")).json
    assert (opened["provider"], opened["status"]) == ("stripe", "requires_confirmation")
    assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    door.await_event()
    payment = payers.stored(opened["id"])
    assert payment.status == PaymentStatus.SUCCEEDED
    intent = asked(stripe).v1.payment_intents.retrieve(payment.provider_reference)
    assert (intent.status, intent.amount, intent.metadata["payment_id"]) == ("succeeded", 150_000, opened["id"])
    assert payers.balances()["clearing:stripe"] == -150_000
    assert payers.tickets_of(order) == ["valid"]


def test_an_event_alone_settles_what_the_customer_confirmed_at_stripe(
    customer: Account, order: Order, door: Door, stripe: str
) -> None:
    payment_id = process(customer, order, payment_token=card(stripe, "4242424242424242")).json["id"]
    asked(stripe).v1.payment_intents.confirm(payers.stored(payment_id).provider_reference)
    door.await_event()
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.tickets_of(order) == ["valid"]


def test_a_card_that_is_declined_fails_the_payment(customer: Account, order: Order, door: Door, stripe: str) -> None:
    payment_id = process(customer, order, payment_token=card(stripe, DECLINED_NUMBER)).json["id"]
    answer = confirm(customer, payment_id)
    assert (answer.status, answer.json["status"], answer.json["failure_reason"]) == (200, "failed", "card_declined")
    door.await_event()
    assert payers.stored(payment_id).status == PaymentStatus.FAILED
    assert payers.tickets_of(order) == ["reserved"]
    assert payers.balances() == {}


@pytest.mark.parametrize("key", [None, "one-key"])
def test_an_owner_acts_at_the_bank_and_the_same_request_then_succeeds(
    customer: Account, order: Order, door: Door, stripe: str, key: str | None
) -> None:
    payment_id = process(customer, order, payment_token=card(stripe, CHALLENGED_NUMBER)).json["id"]
    waits = confirm(customer, payment_id, key=key).json
    assert waits["status"] == "requires_action"
    action = waits["next_action"]
    assert (action["type"], action["client_secret"].partition("_secret_")[0]) == (
        "use_stripe_sdk",
        payers.stored(payment_id).provider_reference,
    )
    localstripe.authenticate(action["client_secret"], at=stripe)
    assert confirm(customer, payment_id, key=key).json["status"] == "succeeded"
    door.await_event()
    assert payers.tickets_of(order) == ["valid"]


@pytest.mark.parametrize(
    "amounts",
    [(5_000, 1, "ISK", 500_000), (20_000, 7, "UGX", 2_000_000), (1_230, 120, "KWD", 1_230), (500, 60, "JPY", 500)],
)
def test_each_currency_is_charged_and_refunded_in_stripes_units(
    customer: Account, door: Door, stripe: str, amounts: tuple[int, int, str, int]
) -> None:
    price, back, currency, units = amounts
    order = purchases.book(customer, payers.last_ticket(price=price, currency=currency))
    payment_id = process(customer, order, payment_token=card(stripe, "4242424242424242")).json["id"]
    assert confirm(customer, payment_id).json["status"] == "succeeded"
    name = payers.stored(payment_id).provider_reference or ""
    assert asked(stripe).v1.payment_intents.retrieve(name).amount == units
    door.await_event()
    part = client.Stripe().refund(name, amount=back, currency=currency, key="k")
    (refund,) = asked(stripe).v1.refunds.list({"payment_intent": name}).data
    assert (part.reference, refund.amount * price) == (refund.id, part.amount * units)


def test_money_that_came_too_late_is_refunded_at_stripe(
    customer: Account, order: Order, door: Door, stripe: str
) -> None:
    payment_id = process(customer, order, payment_token=card(stripe, "4242424242424242")).json["id"]
    with clock.set_to(order.expires_at + timedelta(minutes=1)):
        orders.expire(order.order_id)
        purchases.book(make_customer(), payers.category_of(order))
        assert confirm(customer, payment_id).json["status"] == "refunded"
        assert worker.handle(payers.envelope(payment_id)) == {"batchItemFailures": []}
    payment = payers.stored(payment_id)
    assert payment.status == PaymentStatus.REFUNDED
    refund = asked(stripe).v1.refunds.retrieve(payment.refund_reference)
    assert (refund.amount, refund.payment_intent) == (150_000, payment.provider_reference)
    door.await_event()
    assert payers.stored(payment_id).status == PaymentStatus.REFUNDED
    assert payers.balances() == {}
