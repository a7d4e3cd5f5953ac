"""Every sequence of a payment's steps, in any order and repeated, ends in an allowed state.

The states are explored until none is new, each from the stored items. A state that was seen is not explored again,
so this covers every sequence of the steps, permuted and repeated, up to a length (PAYMENT_STEPS).
"""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import pytest

from chalicelib import clock
from chalicelib.clients.providers import OutcomeStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentMethod, PaymentStatus
from tests.support import payers
from tests.support.moto_table import restore, snapshot
from tests.support.payment_steps import LATE, World, attempt
from tests.support.sizes import size_of

# How many steps a sequence has at most; 0 means no limit.
LENGTH = size_of("PAYMENT_STEPS", small=4, full=5)
_MOST_PAYMENTS = 2
_SHAPING = (
    "payment",
    "order",
    "ticket",
    "stock",
    "journal",
    "sandbox_charge",
    "open_payment",
    "card_balance",
    "provider_event",
)
_ID = re.compile(r"(?:(?:pay|ord|tkt|sbx|ent|op)_)?[0-9A-HJKMNP-TV-Z]{26}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?")


@dataclass(frozen=True)
class State:
    stored: bytes
    now: datetime
    path: tuple[str, ...]


def shape(now: datetime) -> str:
    """Return a state without its ids and times, so that states that differ only in them are one."""
    # Sealed bytes differ each time they are written.
    raws = payers.all_raws(*_SHAPING)
    texts = [_TIME.sub("T", json.dumps(raw, sort_keys=True, default=lambda _: "sealed")) for raw in raws]
    names: dict[str, str] = {}
    in_order = "\n".join(sorted(texts, key=lambda text: _ID.sub("id", text)))
    return f"{now} {_ID.sub(lambda found: names.setdefault(found[0], f'id{len(names)}'), in_order)}"


def assert_allowed(world: World) -> None:
    payers.assert_money_and_tickets_are_true()
    assert sum(payers.counts(world.category)) == 1
    for payment in world.payments():
        if payment.status == PaymentStatus.REFUNDED:
            assert payment.refunded == payment.amount
    order = payers.order_of(world.order)
    assert order.status in (OrderStatus.RESERVED, OrderStatus.PAID, OrderStatus.EXPIRED)


@pytest.mark.usefixtures("moto_cloud", "no_pause")
@pytest.mark.parametrize(
    ("method", "token"),
    [
        (PaymentMethod.CARD, "tok_ok"),
        (PaymentMethod.CARD, "tok_declined"),
        (PaymentMethod.CARD, "tok_timeout"),
        (PaymentMethod.WALLET, None),
    ],
)
@pytest.mark.by_day
def test_every_sequence_of_steps_ends_in_an_allowed_state(method: PaymentMethod, token: str | None) -> None:
    world = World(method, token)
    late = world.order.expires_at + LATE
    steps: dict[str, Callable[[], object]] = {
        "process": world.process,
        "confirm": world.confirm,
        "succeeded": lambda: world.callback(OutcomeStatus.SUCCEEDED),
        "failed": lambda: world.callback(OutcomeStatus.FAILED),
        "expiry": world.expire,
    }
    if token in ("tok_ok", None):
        steps |= {"sold out": world.sell_to_other, "refund": world.refund}
    seen: set[str] = set()
    waiting = deque([State(snapshot(), world.order.created_at, ())])
    while waiting:
        state = waiting.popleft()
        for name, step in steps.items():
            restore(state.stored)
            path = (*state.path, name)
            now = late if name == "expiry" else state.now
            with clock.set_to(now):
                attempt(step)
                found = shape(now)
                if found in seen:
                    continue
                try:
                    assert_allowed(world)
                except AssertionError as problem:
                    raise AssertionError(f"after {path}") from problem
            seen.add(found)
            if path.count("process") <= _MOST_PAYMENTS and len(path) != LENGTH:
                waiting.append(State(snapshot(), now, path))
    assert len(seen) > len(steps)
