"""Reconciliation: seeded differences of six kinds among many payments are found, and nothing else."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain import ledger
from chalicelib.domain.ledger import Posting
from chalicelib.domain.payments import reconciliations, refunds
from chalicelib.domain.sweep import run
from chalicelib.table import keys, operations
from chalicelib.table.items import Order, SandboxCharge
from chalicelib.workers.schedules import TAKERS
from tests.support import payers, settled
from tests.support.client import call
from tests.support.factories import admin_token
from tests.support.purchases import make_show
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def shown(day: Any, *, token: str = "", **query: Any) -> dict[str, Any]:
    asked = "&".join(f"{name}={value}" for name, value in {"date": day, **query}.items())
    found: dict[str, Any] = call("GET", f"/api/finances/reconciliation/?{asked}", token=token or admin_token()).json
    return found


def place_of(order: Order) -> Any:
    return keys.money.sandbox_charge(payers.stored(order.payment_id).provider_reference or "")


def charge_of(order: Order, **changes: Any) -> None:
    """Change what the provider has of the payment of an order."""
    actions = [getattr(SandboxCharge, name).set(value) for name, value in changes.items()]
    operations.record(operations.change(place_of(order), actions, SandboxCharge.pk.exists()))


def charged_twice(order: Order) -> None:
    charge = operations.get(place_of(order))
    assert charge is not None
    reference = f"{charge.reference}.2"
    other = SandboxCharge(
        *keys.money.sandbox_charge(reference),
        gsi2=keys.reconciliation.sandbox_day(clock.now().date().isoformat(), reference),
        reference=reference,
        amount=charge.amount,
        currency=charge.currency,
        token=charge.token,
        status="succeeded",
    )
    operations.record(operations.put(other))


def missing(order: Order) -> None:
    operations.record(operations.remove(keys.money.journal(f"jrn_charge_{order.payment_id}")))
    day = clock.now().date().isoformat()
    operations.record(operations.remove(keys.reconciliation.cleared("sandbox", day, f"jrn_charge_{order.payment_id}")))


SEEDED: dict[str, Callable[[Order], object]] = {
    "missing": missing,
    "extra": lambda order: operations.record(operations.remove(place_of(order))),
    "other_amount": lambda order: charge_of(order, amount=149_999),
    "other_currency": lambda order: charge_of(order, currency="EUR"),
    "other_status": lambda order: charge_of(order, status="canceled"),
    "twice": charged_twice,
}


def after_the_day(times: int = 1) -> None:
    """Run the sweep until the day was reconciled."""
    with clock.set_to(datetime.combine(clock.now().date() + timedelta(days=1), time(2, 5), tzinfo=UTC)):
        for _ in range(times):
            run(TAKERS)


def sold(count: int) -> list[Order]:
    category = make_show()[1]
    return [settled.buy(category) for _ in range(count)]


def test_thirty_differences_of_six_kinds_are_found_and_no_others() -> None:
    stream, day = StreamReader(), clock.now().date()
    each = 2
    orders = sold(each * len(SEEDED) + 6)
    refund = settled.give_back(orders[-1])
    refunds.pay_back(refund.ticket_id, refund.refund_id)
    stream.drain()
    assert shown(day)["status"] == "not_yet"
    expected = {}
    for place, (kind, seed) in enumerate(SEEDED.items()):
        for order in orders[place * each : (place + 1) * each]:
            seed(order)
            expected[order.payment_id] = kind
    after_the_day()
    found = shown(day, page_size=100)
    assert found["status"] == "done"
    assert {row["payment_id"]: row["kind"] for row in found["results"]} == expected
    assert Counter(row["kind"] for row in found["results"]) == dict.fromkeys(SEEDED, each)
    assert {(row["state"], row["owner"]) for row in found["results"]} == {("open", "finance")}
    assert found["journal_count"] == len(orders) + 1 - each
    # Again it finds the same rows.
    after_the_day(2)
    assert shown(day, page_size=100) == found
    token = admin_token()
    first = shown(day, token=token, page_size=5)
    rest = shown(day, token=token, page_size=100, cursor=first["next"])
    assert first["results"] + rest["results"] == found["results"]


def test_a_day_without_differences_shows_zero_rows_and_the_next_day_is_planned() -> None:
    stream, day = StreamReader(), clock.now().date()
    sold(3)
    stream.drain()
    after_the_day()
    found = shown(day)
    assert (found["status"], found["results"], found["provider_count"], found["journal_count"]) == ("done", [], 3, 3)
    assert found["count"] == 0
    assert operations.get(keys.reconciliation.reconciliation((day + timedelta(days=1)).isoformat())) is not None


def test_money_without_a_payment_and_a_payment_of_another_day_are_told_apart() -> None:
    stream, day = StreamReader(), clock.now().date()
    entries = [Posting(ledger.clearing("sandbox"), -100), Posting("suspense", 100)]
    movement = ledger.Movement("jrn_by_hand", type="charge", currency="PKR", entries=entries, references={})
    operations.commit(*ledger.post(movement))
    stream.drain()
    after_the_day()
    assert [(row["kind"], row["reference"]) for row in shown(day)["results"]] == [("extra", "jrn_by_hand")]


def test_a_run_that_is_cut_after_any_step_ends_as_one_that_was_not() -> None:
    stream, day = StreamReader(), clock.now().date()
    orders = sold(4)
    stream.drain()
    missing(orders[0])
    place = keys.reconciliation.reconciliation(day.isoformat())
    with clock.set_to(clock.now() + timedelta(days=1, hours=4)):
        for _ in range(20):
            known = operations.get(place)
            assert known is not None
            if known.state == "done":
                break
            # A step is done twice, as after a crash before the cursor was stored.
            assert reconciliations.step(known, day)
            assert not reconciliations.step(known, day)
    found = shown(day)
    assert (found["status"], found["provider_count"], found["journal_count"]) == ("done", 4, 3)
    assert [row["kind"] for row in found["results"]] == ["missing"]
