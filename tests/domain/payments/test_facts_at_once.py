"""Facts of payments that come twice and eight at once, and two sweeps at once: each is booked and done once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.payments import sandbox_callbacks
from chalicelib.table import keys, operations
from chalicelib.table.items import SandboxCharge
from chalicelib.workers import schedules
from tests.support import payers, purchases, settled, sweeps, wallets
from tests.support.client import call
from tests.support.factories import admin_token, make_customer
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud", "no_pause")
AT_ONCE = 8


def at_once(act: Any) -> list[Any]:
    with clock.set_to(clock.now()), ThreadPoolExecutor(AT_ONCE) as workers:
        return list(workers.map(lambda _: act(), range(AT_ONCE)))


def charge_of(payment_id: str) -> SandboxCharge:
    found = operations.get(keys.money.sandbox_charge(str(payers.stored(payment_id).provider_reference)))
    assert found is not None
    return found


def test_eight_workers_with_the_facts_of_a_refund_twice_each_pay_it_back_once() -> None:
    stream = StreamReader()
    order = settled.buy(purchases.make_show()[1], 2)
    for place in range(2):
        settled.give_back(order, place)
    stream.drain()
    granted = payers.stored(str(order.payment_id)).granted
    bodies = [
        {"detail-type": "ticket.refund_due", "detail": {"ticket_id": grant["ticket_id"], "refund_id": name}}
        for name, grant in granted.items()
    ]
    batch = payers.batch_of(*bodies, *bodies)
    at_once(lambda: app.payments(batch, None))
    # What met another worker comes again.
    assert app.payments(batch, None) == {"batchItemFailures": []}
    assert charge_of(str(order.payment_id)).refunded == 300_000
    assert payers.balances() == {}
    assert len(payers.stored(str(order.payment_id)).moves) == 2


@pytest.mark.parametrize("ids", ["one callback", "a callback each"])
def test_eight_callbacks_of_one_fact_are_booked_once(ids: str) -> None:
    order = settled.buy(purchases.make_show()[1])
    payment = payers.stored(str(order.payment_id))
    numbers = iter(range(100))

    def report() -> int:
        said = Move("dp_1", MoveKind.DISPUTE, 150_000, "PKR", (MoveWord.WITHDRAWN,))
        event_id = "sbe_1" if ids == "one callback" else f"sbe_{next(numbers)}"
        raw = sandbox_callbacks.moved(payment.payment_id, str(payment.provider_reference), said, event_id=event_id)
        return payers.post_webhook(raw).status

    # One that met seven others may be asked to come again, as its provider does.
    assert set(at_once(report)) <= {200, 503}
    assert report() == 200
    after = payers.stored(payment.payment_id)
    assert (after.revision, after.returned, list(after.moves)) == (1, 150_000, ["dp_1"])
    assert payers.balances()[f"chargebacks:{payment.event_id}"] == -150_000


@pytest.mark.usefixtures("swept")
def test_two_sweeps_at_once_do_each_item_once() -> None:
    category = purchases.make_show()[1]
    customer = make_customer()
    for _ in range(6):
        purchases.book(customer, category)
    card = wallets.make_card(customer)
    opened = payers.ask(customer, "process", {"card_id": card.card_id, "amount": "300.00", "method": "card"}).json["id"]
    payers.confirm(customer, opened)
    act = {"ids": [card.card_id], "action": "pay_back"}
    assert call("POST", "/api/finances/unclaimed/", act, token=admin_token()).status == 200
    with clock.set_to(clock.now() + timedelta(minutes=17)):
        sweeps.begin()
        with ThreadPoolExecutor(2) as workers:
            runs = list(workers.map(lambda _: schedules.sweep(), range(2)))
        assert schedules.sweep().handled == 0
    assert sum(one.given_up for one in runs) == 0
    assert payers.counts(category) == (500, 0, 0)
    assert charge_of(opened).refunded == 30_000
    journals = Counter(raw["type"]["S"] for raw in payers.all_raws("journal"))
    assert (journals["pay_back"], journals["moved"]) == (1, 1)
    assert payers.balances()["refunds_due"] == 0
