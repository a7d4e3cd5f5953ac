"""Reconciliation: seeded differences of six kinds among many payments are found, and nothing else."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise, product
from time import monotonic
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord, Transfer
from chalicelib.domain.background.sweep import run
from chalicelib.domain.ledger import account_names, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.payments import reconciliations, repayments, sandbox_callbacks
from chalicelib.domain.payouts import sandbox_bank
from chalicelib.domain.payouts.sandbox_bank import SandboxPayouts
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Item, Order, Payout, SandboxCharge, SandboxDispute, SandboxPayout
from chalicelib.table.places import Place
from chalicelib.workers.schedules import TAKERS
from tests.support import paid_out, payers, settled, sweeps, taken_back
from tests.support.client import call
from tests.support.factories import admin_token
from tests.support.purchases import make_show
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("one_day", "moto_cloud")


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
    """Run the sweep until it has reached the present; on a busy machine one run's time is not enough for a day."""
    at = datetime.combine(clock.now().date() + timedelta(days=1), time(2, 5), tzinfo=UTC)
    with clock.set_to(at):
        for _ in range(times):
            while run(TAKERS).done_before < keys.jobs.minute(at):
                pass


def sold(count: int) -> list[Order]:
    category = make_show()[1]
    return [settled.buy(category) for _ in range(count)]


def copied(order: Order, count: int) -> None:
    """Store copies of a payment, as both sides have it, under other ids."""
    payment = payers.stored(order.payment_id)
    day, name = clock.now().date().isoformat(), order.payment_id.removeprefix("pay_")
    places: list[Place[Any]] = [
        payment.place,
        place_of(order),
        keys.money.journal(f"jrn_charge_{order.payment_id}"),
        keys.reconciliation.cleared("sandbox", day, f"jrn_charge_{order.payment_id}"),
    ]
    found = operations.get_many(places).values()
    # Encrypted bytes are no JSON, and no part of the comparison.
    kept = [{k: v for k, v in operations.put(item).arguments["Item"].items() if "B" not in v} for item in found]
    both = json.dumps(kept)

    def copies() -> Iterator[Item]:
        for _ in range(count):
            yield from map(Item.from_raw_data, json.loads(both.replace(name, new_id("pay").removeprefix("pay_"))))

    assert operations.put_many(copies()) == count * len(places)


def paid_payout() -> Payout:
    """Pay a payout, through the sweep and the queue."""
    payout = paid_out.put_settled(paid_out.make_payee().account_id, asked_by="platform")
    due = Payout.due_at(keys.jobs.due(clock.now(), payout.payout_id))
    operations.record(operations.change(payout.place, due))
    paid_out.claim(payout.payout_id)
    assert paid_out.deliver(paid_out.due(payout.payout_id)) == paid_out.DONE
    return paid_out.stored(payout.payout_id)


def payout_at_bank(payout: Payout, **changes: Any) -> None:
    actions = [getattr(SandboxPayout, name).set(value) for name, value in changes.items()]
    operations.record(operations.change(keys.money.sandbox_payout(payout.payout_id), actions))


def rows(day: Any) -> dict[str, tuple[str, str]]:
    """Return the kind and state of each difference of a day, by reference."""
    found = shown(day, page_size=100)
    assert found["status"] == "done"
    return {row["reference"]: (row["kind"], row["state"]) for row in found["results"]}


def test_payouts_are_compared_both_ways() -> None:
    stream, day = StreamReader(), clock.now().date()
    paid_payout()
    gone, less, back = (paid_payout() for _ in range(3))
    stream.drain()
    operations.record(operations.remove(keys.money.sandbox_payout(gone.payout_id)))
    payout_at_bank(less, amount=94)
    sandbox_bank.bounce(back.payout_id)
    by_hand = Transfer("pto_of_nobody", 7, "PKR", "Somebody", paid_out.iban(), "GHP-1")
    SandboxPayouts().send(by_hand)
    after_the_day()
    assert {name: kind for name, (kind, _) in rows(day).items()} == {
        gone.payout_id: "extra",
        less.payout_id: "other_amount",
        back.payout_id: "other_status",
        "pto_of_nobody": "missing",
    }


@pytest.mark.by_day
def test_a_payout_that_bounced_and_was_paid_again_is_no_difference() -> None:
    stream, day = StreamReader(), clock.now().date()
    payout = paid_payout()
    sandbox_bank.bounce(payout.payout_id)
    operations.record(operations.change(payout.place, Payout.due_at(keys.jobs.due(clock.now(), payout.payout_id))))
    paid_out.sweep(payout.payout_id)
    assert paid_out.act(payout.payout_id, "retry", paid_out.staff()).status == 200
    paid_out.claim(payout.payout_id)
    paid_out.deliver(paid_out.due(payout.payout_id))
    assert paid_out.stored(payout.payout_id).status == "paid"
    stream.drain()
    after_the_day()
    assert rows(day) == {}


@pytest.mark.by_day
def test_disputes_are_compared_both_ways() -> None:
    stream, day = StreamReader(), clock.now().date()
    orders = sold(4)
    for place, order in enumerate(orders):
        taken_back.tell(order, 150_000, *taken_back.LOST, reference=f"dp_{place}")
    stream.drain()
    for place, change in ((1, SandboxDispute.amount.set(1)), (2, SandboxDispute.words.delete({"lost"}))):
        operations.record(operations.change(keys.disputes.sandbox_dispute(f"dp_{place}"), [change]))
    operations.record(operations.remove(keys.disputes.sandbox_dispute("dp_3")))
    after_the_day()
    kinds = {name: kind for name, (kind, _) in rows(day).items()}
    assert kinds == {"dp_1": "other_amount", "dp_2": "other_status", "dp_3": "extra"}


def test_a_difference_that_a_late_callback_ends_is_resolved_by_the_next_run() -> None:
    stream, day = StreamReader(), clock.now().date()
    late, lasting = sold(2)
    stream.drain()
    journal = operations.get(keys.money.journal(f"jrn_charge_{late.payment_id}"))
    assert journal is not None
    for order in (late, lasting):
        missing(order)
    names = [payers.stored(order.payment_id).provider_reference or "" for order in (late, lasting)]
    after_the_day()
    assert rows(day) == dict.fromkeys(names, ("missing", "open"))
    operations.record(operations.put(journal))
    sweeps.at_due(keys.reconciliation.reconciliation((day + timedelta(days=1)).isoformat()))
    assert rows(day) == {names[0]: ("missing", "resolved"), names[1]: ("missing", "open")}


@pytest.mark.parametrize("kind", MoveKind)
def test_money_that_moves_in_another_currency_is_a_difference_at_once_and_one_row(
    caplog: pytest.LogCaptureFixture, kind: MoveKind
) -> None:
    stream, day = StreamReader(), clock.now().date()
    orders = sold(2)
    taken, over = (MoveWord.LOST, MoveWord.WON) if kind is MoveKind.DISPUTE else (MoveWord.SUCCEEDED, MoveWord.FAILED)
    for order, word in zip(orders, (taken, over), strict=True):
        payment = payers.stored(order.payment_id)
        move = Move(f"mv_{payment.payment_id}", kind, 100_000, "EUR", (word,), made_on=day)
        named = payment.provider_reference or ""
        for event_id, days_later in product((f"sbe_{named}_1", f"sbe_{named}_2"), (0, 1, 6)):
            body = sandbox_callbacks.moved(payment.payment_id, named, move, event_id=event_id)
            with clock.set_to(clock.now() + timedelta(days=days_later)):
                assert payers.post_webhook(body).status == 200
    name = f"mv_{orders[0].payment_id}"
    found = shown(day, page_size=100)["results"]
    assert [(row["reference"], row["kind"], row["state"]) for row in found] == [(name, "other_currency", "open")]
    assert found[0]["at_provider"] == {"amount": "1000.00", "currency": "EUR"}
    assert found[0]["in_journal"] == {"amount": "0.00", "currency": "PKR"}
    assert payers.stored(orders[0].payment_id).moves is None
    with clock.set_to(clock.now() + timedelta(days=7)):
        assert [shown(day + timedelta(days=one))["results"] for one in (1, 6)] == [[], []]
    stream.drain()
    after_the_day()
    assert {reference: each for reference, each in rows(day).items() if reference == name} == {
        name: ("other_currency", "open")
    }
    # The alarm counts this line.
    assert sum(record.message == "provider and journal differ" for record in caplog.records) == 1


@pytest.mark.timeout(1800)
@pytest.mark.by_day
def test_thirty_differences_of_six_kinds_are_found_and_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    stream, day = StreamReader(), clock.now().date()
    payments = size_of("RECONCILED_PAYMENTS", small=18, full=10_000)
    each = 5 if payments >= 1_000 else 2
    orders = sold(each * len(SEEDED) + 6)
    refund = settled.give_back(orders[-1])
    repayments.pay_back(refund.ticket_id, refund.refund_id)
    stream.drain()
    copied(orders[-2], payments - len(orders))
    assert shown(day)["status"] == "not_yet"
    expected = {}
    for place, (kind, seed) in enumerate(SEEDED.items()):
        for order in orders[place * each : (place + 1) * each]:
            seed(order)
            expected[order.payment_id] = kind
    began = monotonic()
    # How much one run does depends on the machine.
    while (found := shown(day, page_size=100))["status"] != "done":
        after_the_day()
    seconds = monotonic() - began
    with capsys.disabled():
        print(f"\n{payments} payments reconciled in {seconds:.1f} s, {len(found['results'])} differences")
    assert {row["payment_id"]: row["kind"] for row in found["results"]} == expected
    assert Counter(row["kind"] for row in found["results"]) == dict.fromkeys(SEEDED, each)
    assert {(row["state"], row["owner"]) for row in found["results"]} == {("open", "finance")}
    assert found["journal_count"] == payments + 1 - each
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
    entries = [Posting(account_names.clearing("sandbox"), -100), Posting("suspense", 100)]
    movement = journals.Movement("jrn_by_hand", type="charge", currency="PKR", entries=entries, references={})
    operations.commit(*journals.post(movement))
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


def test_a_step_looks_few_movements_up_at_the_provider_and_the_run_finds_all_that_it_lacks() -> None:
    stream, day = StreamReader(), clock.now().date()
    (order,) = sold(1)
    stream.drain()
    copied(order, 24)
    operations.remove_many(map(operations.key_of, payers.all_raws("sandbox_charge")))
    place = keys.reconciliation.reconciliation(day.isoformat())
    compared = [0]
    with clock.set_to(clock.now() + timedelta(days=1, hours=4)):
        while (known := operations.get(place)) is not None and known.state != "done":
            assert reconciliations.step(known, day)
            after = operations.get(place)
            assert after is not None
            compared.append(after.in_journal)
    assert max(now - then for then, now in pairwise(compared)) <= 10
    found = shown(day, page_size=100)
    assert (found["journal_count"], [row["kind"] for row in found["results"]]) == (25, ["extra"] * 25)
