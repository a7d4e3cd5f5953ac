"""Callbacks about one payment by 32 callers at once, on a real engine: each is merged, and the money is booked once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.payments import refunds, repayments, resolution
from chalicelib.domain.tickets import refund_requests
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Order
from tests.support import engines, payers, purchases
from tests.support.caches import forget_caches
from tests.support.factories import make_customer
from tests.support.payers import confirm, process

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]

CALLERS, PRICE = 32, 150_000


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


def paid() -> Order:
    """Buy four tickets by card."""
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show(price=PRICE)[1], 4)
    opened = process(customer, order).json
    assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    return payers.order_of(order)


def patiently(act: Callable[[], object]) -> None:
    """Act until there is an answer, as a provider and a queue do."""
    for _ in range(80):
        with suppress(Unavailable):
            act()
            return
    raise AssertionError("no answer came")


def test_callbacks_and_our_own_refunds_at_once_return_each_rupee_once() -> None:
    order = paid()
    payment_id = order.payment_id
    asked = []
    for line in order.tickets[:2]:
        request = refund_requests.ask(order.customer_id, line["ticket_id"], reason="Ill", operation_id=new_id("op"))
        refunds.approve(line["ticket_id"], request.refund_id, by="adm_1")
        asked.append((line["ticket_id"], request.refund_id))
    words = (MoveWord.OPENED, MoveWord.WITHDRAWN, MoveWord.WON, MoveWord.REINSTATED)
    moves = [Move("dp_1", MoveKind.DISPUTE, 2 * PRICE, "PKR", (word,)) for word in words]
    moves.append(Move("re_1", MoveKind.REFUND, PRICE, "PKR", (MoveWord.SUCCEEDED,)))
    acts: list[Callable[[], object]] = [
        *(lambda move=move: resolution.take_moves(payment_id, [move]) for move in moves),
        *(lambda one=one: repayments.pay_back(*one) for one in asked),
    ]
    with ThreadPoolExecutor(CALLERS) as together:
        list(together.map(patiently, (acts * CALLERS)[:CALLERS]))
        list(together.map(patiently, acts))
    payment = payers.stored(payment_id)
    moved = payment.moves or {}
    assert set(moved["dp_1"]["words"]) == {word.value for word in words}
    # What staff refunded at the provider settles what was owed, so ours made up for the rest, or came first.
    own = [int(move["amount"]) for name, move in moved.items() if name not in ("dp_1", "re_1")]
    back = sum(own) + PRICE
    assert int(payment.returned or 0) == back
    assert 2 * PRICE <= back <= 3 * PRICE
    balances = payers.balances()
    assert balances["clearing:sandbox"] == back - 4 * PRICE
    assert balances["refunds_due"] == 0
    assert balances[f"chargebacks:{order.event_id}"] == 2 * PRICE - back
    hold = operations.get(keys.money.payout_hold(order.event_id))
    assert bool(hold and hold.payments) == (back > 2 * PRICE)
    assert [refunds.get(*one).status for one in asked] == ["refunded", "refunded"]
    assert sum(balances.values()) == 0
