"""Callbacks about one charge in any order, repeated: its refunds, its dispute, a refund that fails, and its success.

`MOVE_PERMUTATIONS=0` tries all orders.
"""

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice, permutations
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord, OutcomeStatus
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.payments import reconciliation, sandbox_callbacks, withdrawals
from chalicelib.domain.sale import orders
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, SandboxCharge
from tests.support import payers, purchases
from tests.support.factories import make_customer
from tests.support.moto_table import restore, snapshot
from tests.support.payment_steps import LATE, World
from tests.support.sizes import size_of

ORDERS = size_of("MOVE_PERMUTATIONS", small=5, full=120)
RELOAD_ORDERS = 3 if ORDERS else None
PRICE = 150_000
# A reference, its kind, its amount and each word that the provider says of it.
HISTORIES: dict[str, list[tuple[str, MoveKind, int, MoveWord]]] = {
    "refunded in full, and sent back by the bank": [
        ("re_1", MoveKind.REFUND, PRICE, MoveWord.PENDING),
        ("re_1", MoveKind.REFUND, PRICE, MoveWord.SUCCEEDED),
        ("re_1", MoveKind.REFUND, PRICE, MoveWord.FAILED),
    ],
    "refunded in part, then disputed and won": [
        ("re_1", MoveKind.REFUND, 40_000, MoveWord.SUCCEEDED),
        ("dp_1", MoveKind.DISPUTE, 110_000, MoveWord.OPENED),
        ("dp_1", MoveKind.DISPUTE, 110_000, MoveWord.WITHDRAWN),
        ("dp_1", MoveKind.DISPUTE, 110_000, MoveWord.WON),
        ("dp_1", MoveKind.DISPUTE, 110_000, MoveWord.REINSTATED),
    ],
    "disputed and lost": [
        ("dp_1", MoveKind.DISPUTE, PRICE, MoveWord.OPENED),
        ("dp_1", MoveKind.DISPUTE, PRICE, MoveWord.WITHDRAWN),
        ("dp_1", MoveKind.DISPUTE, PRICE, MoveWord.LOST),
    ],
    "disputed, lost, and won in the end": [
        ("dp_1", MoveKind.DISPUTE, PRICE, MoveWord.WITHDRAWN),
        ("dp_1", MoveKind.DISPUTE, PRICE, MoveWord.LOST),
        ("dp_1", MoveKind.DISPUTE, PRICE, MoveWord.WON),
        ("dp_1", MoveKind.DISPUTE, PRICE, MoveWord.REINSTATED),
    ],
    "a part refunded, failed, and refunded again": [
        ("re_1", MoveKind.REFUND, 40_000, MoveWord.SUCCEEDED),
        ("re_1", MoveKind.REFUND, 40_000, MoveWord.FAILED),
        ("re_2", MoveKind.REFUND, 40_000, MoveWord.SUCCEEDED),
    ],
}
Step = Callable[[], object]


def settled_facts(world: World) -> dict[str, Any]:
    """Return everything that must not depend on the order of the steps."""
    found: dict[str, Any] = {"accounts": dict(payers.balances()), "tickets": payers.tickets_of(world.order)}
    found["order"] = payers.order_of(world.order).status
    for payment in world.payments():
        moves = {
            name: {part: move[part] for part in ("kind", "amount", "words")}
            for name, move in (payment.moves or {}).items()
        }
        names = ("status", "returned", "refunded", "voided", "questioned", "receipt_number", "refund_reference")
        found[payment.payment_id] = {"moves": moves, **{name: getattr(payment, name) for name in names}}
    hold = operations.get(keys.money.payout_hold(world.order.event_id))
    found["held"] = sorted(hold.payments or ()) if hold else []
    return found


def callback(payment_id: str, move: tuple[str, MoveKind, int, MoveWord]) -> bytes:
    reference, kind, amount, word = move
    said = Move(reference, kind, amount, "PKR", (word,))
    charge = payers.stored(payment_id).provider_reference
    return sandbox_callbacks.moved(payment_id, charge or "", said, event_id=f"sbe_{reference}_{word}")


def steps_of(world: World, payment_id: str, moves: list[tuple[str, MoveKind, int, MoveWord]]) -> list[Step]:
    """Return the steps that a charge which succeeded at its provider causes, in no particular order."""

    def send(move: tuple[str, MoveKind, int, MoveWord]) -> None:
        assert payers.post_webhook(callback(payment_id, move)).status == 200

    def succeed() -> None:
        raw = payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED, event_id="sbe_success")
        assert payers.post_webhook(raw).status == 200

    told: list[Step] = [lambda move=move: send(move) for move in moves]  # type: ignore[misc]
    return [*told, succeed, lambda: world.confirm(payment_id), lambda: orders.expire(world.order.order_id)]


def some_orders(count: int) -> Iterator[tuple[int, ...]]:
    """Yield orders of so many steps, the first and the last among them."""
    everyone = range(count)
    if not ORDERS:
        yield from permutations(everyone)
        return
    yield tuple(everyone)
    yield tuple(reversed(everyone))
    chosen = random.Random(11)  # noqa: S311  # which orders are tried
    for _ in range(ORDERS - 2):
        yield tuple(chosen.sample(everyone, count))


@pytest.mark.usefixtures("moto_cloud", "no_pause")
@pytest.mark.parametrize("is_sold_out", [False, True])
@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.by_day
def test_any_order_and_repetition_of_callbacks_ends_in_one_state(history: str, *, is_sold_out: bool) -> None:
    world = World(token="tok_ok")
    payment_id = world.process()
    reference = payers.stored(payment_id).provider_reference
    place = keys.money.sandbox_charge(reference or "")
    operations.record(operations.change(place, [SandboxCharge.status.set("succeeded")], SandboxCharge.pk.exists()))
    late = world.order.expires_at + LATE
    with clock.set_to(late):
        if is_sold_out:
            orders.expire(world.order.order_id)
            world.sell_to_other()
        steps, start = steps_of(world, payment_id, HISTORIES[history]), snapshot()
        seen: dict[str, tuple[int, ...]] = {}
        for order in some_orders(len(steps)):
            restore(start)
            for number in (*order, order[0], order[-1]):
                steps[number]()
            # What the platform itself does at the provider comes last: it is no report, but another history.
            withdrawals.run(payment_id)
            world.refund()
            payers.assert_money_and_tickets_are_true()
            seen.setdefault(json.dumps(settled_facts(world), sort_keys=True, default=str), order)
    assert len(seen) == 1, "\n".join(f"{order}: {state}" for state, order in seen.items())


@pytest.mark.usefixtures("moto_cloud", "no_pause")
@pytest.mark.parametrize(
    ("history", "is_theirs"),
    [*((each, True) for each in HISTORIES), ("a part refunded, failed, and refunded again", False)],
)
@pytest.mark.by_day
def test_any_order_and_repetition_of_callbacks_about_a_reload_ends_in_one_state(
    history: str, *, is_theirs: bool
) -> None:
    customer, uid = make_customer(), "04C1D2E3F40022"
    payers.card_with(customer, 0, uid=uid)
    body = {"card_id": uid, "method": "card", "amount": "1500.00", "payment_token": "tok_ok"}
    payment_id = payers.ask(customer, "process", body).json["id"]
    place = keys.money.sandbox_charge(payers.stored(payment_id).provider_reference or "")
    operations.record(operations.change(place, [SandboxCharge.status.set("succeeded")], SandboxCharge.pk.exists()))
    if not is_theirs:
        operations.record(operations.change(keys.cards.card(uid), [Card.customer_id.set(make_customer().account_id)]))

    def send(raw: bytes) -> None:
        assert payers.post_webhook(raw).status == 200

    raws = [callback(payment_id, move) for move in HISTORIES[history]]
    raws.append(payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED, event_id="sbe_success"))
    steps: list[Step] = [partial(send, raw) for raw in raws]
    with clock.set_to(clock.now() + timedelta(minutes=16)):
        steps.append(lambda: payers.confirm(customer, payment_id))
        start, seen = snapshot(), dict[str, tuple[int, ...]]()
        for order in islice(some_orders(len(steps)), RELOAD_ORDERS):
            restore(start)
            for number in (*order, order[0], order[-1]):
                steps[number]()
            # Last, as above: what the platform does at the provider is another history.
            reconciliation.refund(payment_id)
            payers.assert_money_and_tickets_are_true()
            seen.setdefault(json.dumps(facts_of_reload(payment_id, uid), sort_keys=True, default=str), order)
    assert len(seen) == 1, "\n".join(f"{order}: {state}" for state, order in seen.items())


def facts_of_reload(payment_id: str, uid: str) -> dict[str, Any]:
    payment = payers.stored(payment_id)
    names = ("status", "returned", "refunded", "voided", "questioned", "receipt_number", "refund_reference")
    words = {name: move["words"] for name, move in (payment.moves or {}).items()}
    found = {name: getattr(payment, name) for name in names}
    return {**found, "moves": words, "accounts": dict(payers.balances()), "card": card_balances.of(uid).amount}


@pytest.mark.usefixtures("moto_cloud", "no_pause")
def test_what_a_reload_lost_at_its_provider_is_booked_and_holds_no_payout() -> None:
    customer = make_customer()
    payers.card_with(customer, 0, uid="04C1D2E3F40021")
    opened = payers.ask(customer, "process", {"card_id": "04C1D2E3F40021", "method": "card", "amount": "500.00"}).json
    assert payers.confirm(customer, opened["id"]).json["status"] == "succeeded"
    for word in (MoveWord.OPENED, MoveWord.WITHDRAWN):
        payers.post_webhook(callback(opened["id"], ("dp_1", MoveKind.DISPUTE, 50_000, word)))
    assert payers.balances() == {"card:04C1D2E3F40021": 50_000, "chargebacks:cards": -50_000}
    assert payers.all_raws("payout_hold") == []


@pytest.mark.usefixtures("moto_cloud", "no_pause")
def test_a_move_of_another_charge_or_in_another_currency_changes_nothing() -> None:
    customer = make_customer()
    order = purchases.book(customer, payers.last_ticket())
    opened = payers.process(customer, order).json
    payers.confirm(customer, opened["id"])
    charge = payers.stored(opened["id"]).provider_reference or ""
    for said, of in (
        (Move("re_1", MoveKind.REFUND, 100, "USD", (MoveWord.SUCCEEDED,)), charge),
        (Move("re_1", MoveKind.REFUND, 100, "PKR", (MoveWord.SUCCEEDED,)), "sbx_another"),
        (Move("r" * 256, MoveKind.REFUND, 100, "PKR", (MoveWord.SUCCEEDED,)), charge),
    ):
        raw = sandbox_callbacks.moved(opened["id"], of, said, event_id="sbe_1")
        assert payers.post_webhook(raw).status == 200
    assert payers.stored(opened["id"]).moves is None
    assert payers.balances()["clearing:sandbox"] == -PRICE
