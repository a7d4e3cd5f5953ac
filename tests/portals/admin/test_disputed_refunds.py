"""Disputes beside refunds: whichever is first, lost, won, or won after it was lost, what is owed is paid once.

Each case goes through the provider's callbacks, the staff's requests and the payments queue, and ends with books in
which nothing is due.
"""

import random
from itertools import product
from typing import Any

import pytest

from chalicelib.clients.providers import Move, MoveKind, MoveWord, OutcomeStatus
from chalicelib.domain.ledger import account_names
from chalicelib.domain.payments import returns, sandbox_callbacks
from chalicelib.table import keys, operations
from chalicelib.table.items import Journal, Order, Payment, SandboxCharge
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.payments import PaymentStatus
from tests.support import meanwhile, paid_out, payers, settled, taken_back, wallets
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer
from tests.support.purchases import make_show
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
PRICE = 150_000
WHOLE = 2 * PRICE
WON, BACK = MoveWord.WON, MoveWord.REINSTATED
# What the bank says, in the order in which the callbacks come.
LOST, WON_AT_ONCE = "lost", "won"
ENDS: dict[str, tuple[tuple[MoveWord, ...], tuple[MoveWord, ...]]] = {
    LOST: (taken_back.LOST, ()),
    WON_AT_ONCE: ((MoveWord.OPENED, MoveWord.WITHDRAWN, BACK, WON), ()),
    "lost, then won": (taken_back.LOST, (WON, BACK)),
    "lost, then back and won": (taken_back.LOST, (BACK, WON)),
}
# What the bank takes, how many tickets are returned before and after that, and whether the first was paid back by then.
_EVERY = [*product((100_000, 200_000, WHOLE), (0, 1), (0, 1, 2), (False, True))]
_TOLD = (100_000, 0, 2, False)
CASES = [_TOLD, *random.Random(12).sample(_EVERY, size_of("DISPUTED_REFUNDS", small=2, full=len(_EVERY)))]  # noqa: S311  # a choice


@pytest.fixture
def stream(moto_cloud: object) -> StreamReader:  # noqa: ARG001  # the table is made first
    return StreamReader()


def give_back(order: Order, place: int) -> None:
    """Have staff return a ticket of an order, as long as it is there to return."""
    token, ticket_id = admin_token(), order.tickets[place]["ticket_id"]
    asked = call("POST", "/api/refund-requests/", {"ticket_id": ticket_id, "reason": "Ill"}, token=token)
    if asked.status == 409:
        return  # a lost dispute has withdrawn it
    assert asked.status == 201, asked.text
    decided = call("PUT", f"/api/refund-requests/{asked.json['id']}/", {"decision": "approve"}, token=token)
    assert decided.status == 200, decided.text


def pay_back(*ids: str) -> Answer:
    return call("POST", "/api/finances/unclaimed/", {"ids": [*ids], "action": "pay_back"}, token=admin_token())


def refunded_at_provider(payment: Payment) -> int:
    """Return what the provider's own record of a charge says that it refunded."""
    charge = operations.get(keys.money.sandbox_charge(payment.provider_reference or ""))
    assert charge is not None
    return int(charge.refunded)


def assert_settled(payment_id: str, *, lost: int, owed: int, paid: int = 0, failed: int = 0) -> None:
    """Assert that the customer has what is owed, or more where the bank took it, and that nothing is due.

    `paid` was refunded before the bank took `lost`; so many refunds failed, and were made again.
    """
    payment, books = payers.stored(payment_id), payers.balances()
    for item in payers.all_items():
        assert not isinstance(item, Journal) or sum(int(entry["amount"]) for entry in item.entries) == 0
    away = max(owed, paid + lost)
    assert away <= payment.amount
    assert (int(payment.refunded or 0), int(payment.returned or 0)) == (owed, away)
    assert books[account_names.REFUNDS_DUE] == 0
    assert books[account_names.clearing("sandbox")] == away - payment.amount
    assert books[account_names.chargebacks(payment.event_id)] == owed - away
    assert refunded_at_provider(payment) == away - lost
    assert books[account_names.frozen(payment.event_id)] == 0
    assert [refund.status for refund in returns.shown(payment) if refund.status != "succeeded"] == ["failed"] * failed
    left = call("GET", "/api/finances/unclaimed/?kind=undelivered_refund", token=admin_token()).json["results"]
    assert left == []


@pytest.mark.parametrize(("amount", "before", "after", "is_paid"), CASES)
@pytest.mark.parametrize("end", ENDS)
def test_tickets_are_paid_back_once_beside_a_dispute(
    stream: StreamReader, amount: int, before: int, after: int, end: str, *, is_paid: bool
) -> None:
    order = settled.buy(make_show()[1], 2)
    for place in range(before):
        give_back(order, place)
    paid = before * PRICE if is_paid else 0
    if is_paid:
        taken_back.deliver_due(stream)
    # A bank takes no more than what is left of a charge.
    amount = min(amount, WHOLE - paid)
    first, then = ENDS[end]
    taken_back.tell(order, amount, *first)
    taken_back.deliver_due(stream)
    for place in range(before, min(before + after, 2)):
        give_back(order, place)
    taken_back.deliver_due(stream)
    for word in then:
        taken_back.tell(order, amount, word)
        taken_back.deliver_due(stream)
    owed = payers.tickets_of(order).count("refunded") * PRICE
    assert owed >= (before + min(after, 2 - before)) * PRICE
    assert_settled(order.payment_id, paid=paid, lost=amount if end == LOST else 0, owed=owed)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_balance_is_paid_back_once_beside_a_dispute(stream: StreamReader, end: str, *, is_replaced: bool) -> None:
    customer = make_customer()
    card = wallets.make_card(customer)
    body = {"card_id": card.card_id, "amount": "1500.00", "method": "card"}
    payment_id = payers.ask(customer, "process", body).json["id"]
    assert payers.confirm(customer, payment_id).json["status"] == "succeeded"
    if is_replaced:
        spare = wallets.make_card(None, status=CardStatus.STOCK)
        moved = {"to_uid": spare.uid, "reason": "Lost."}
        token = admin_token()
        assert call("POST", f"/api/nfc-cards/{card.card_id}/transfer/", moved, token=token).status == 200
        card = spare
    first, then = ENDS[end]
    taken_back.tell_of(payment_id, 40_000, *first)
    taken_back.deliver_due(stream)
    assert pay_back(card.card_id).status == 200
    taken_back.deliver_due(stream)
    for word in then:
        taken_back.tell_of(payment_id, 40_000, word)
        taken_back.deliver_due(stream)
    assert_settled(payment_id, lost=40_000 if end == LOST else 0, owed=PRICE)
    assert payers.balances()[account_names.card(card.uid)] == 0


@pytest.mark.parametrize("end", ENDS)
def test_a_charge_that_bought_nothing_is_paid_back_once_beside_a_dispute(stream: StreamReader, end: str) -> None:
    category = payers.last_ticket()
    _, payment_id = settled.expired(category)
    other = settled.buy(category)
    payment = payers.stored(payment_id)
    raw = payers.told(payment, OutcomeStatus.SUCCEEDED, reference=f"sbx_{payment_id.removeprefix('pay_')}")
    charged = keys.money.sandbox_charge(f"sbx_{payment_id.removeprefix('pay_')}")
    operations.record(operations.change(charged, [SandboxCharge.status.set("succeeded")], SandboxCharge.pk.exists()))
    assert payers.post_webhook(raw).status == 200
    assert payers.stored(payment_id).status == PaymentStatus.REFUND_DUE
    first, then = ENDS[end]
    taken_back.tell_of(payment_id, 40_000, *first)
    taken_back.deliver_due(stream)
    for word in then:
        taken_back.tell_of(payment_id, 40_000, word)
        taken_back.deliver_due(stream)
    payment = payers.stored(payment_id)
    assert (payment.status, int(payment.returned or 0)) == ("refunded", PRICE)
    assert refunded_at_provider(payment) == PRICE - (40_000 if end == LOST else 0)
    books = payers.balances()
    assert (books[account_names.REFUNDS_DUE], books[account_names.clearing("sandbox")]) == (0, -other.total)


def test_refunds_that_are_made_at_the_same_moment_share_what_a_dispute_took(stream: StreamReader) -> None:
    order = settled.buy(make_show()[1], 2)
    taken_back.tell(order, 100_000, *taken_back.LOST)
    taken_back.deliver_due(stream)
    for place in range(2):
        give_back(order, place)
    one, two = (name for name in payers.stored(order.payment_id).granted)
    granted = payers.stored(order.payment_id).granted or {}

    def pay(name: str) -> None:
        detail = {"refund_id": name, "ticket_id": granted[name]["ticket_id"], "payment_id": order.payment_id}
        assert paid_out.deliver({"detail-type": "ticket.refund_due", "detail": detail}) == paid_out.DONE

    def is_refund(sent: dict[str, Any]) -> bool:
        return "sandbox_refund" in str(sent)

    with meanwhile.before("TransactWriteItems", lambda: pay(two), matches=is_refund):
        pay(one)
    taken_back.deliver_due(stream)
    assert_settled(order.payment_id, lost=100_000, owed=WHOLE)


@pytest.mark.parametrize("end", ["lost, then won", "lost, then back and won"])
def test_what_staff_had_refunded_again_is_made_whole_when_a_lost_dispute_is_won(stream: StreamReader, end: str) -> None:
    order = settled.buy(make_show()[1], 1)
    first, then = ENDS[end]
    taken_back.tell(order, 40_000, *first)
    give_back(order, 0)
    taken_back.deliver_due(stream)
    payment = payers.stored(order.payment_id)
    ((reference, made),) = ((name, move) for name, move in (payment.moves or {}).items() if move.get("key"))
    failed = Move(reference, MoveKind.REFUND, int(made["amount"]), "PKR", (MoveWord.FAILED,), made["key"])
    raw = sandbox_callbacks.moved(order.payment_id, payment.provider_reference or "", failed, event_id="sbe_failed")
    assert payers.post_webhook(raw).status == 200
    taken_back.deliver_due(stream)
    for _ in range(2):
        assert pay_back(order.payment_id).json["results"][0]["amount"]["amount"] == "1100.00"
    taken_back.deliver_due(stream)
    for word in then:
        taken_back.tell(order, 40_000, word)
        taken_back.deliver_due(stream)
    assert_settled(order.payment_id, lost=0, owed=PRICE, failed=1)


def test_a_refund_from_before_they_were_listed_with_their_payment_is_paid_back(stream: StreamReader) -> None:
    order = settled.buy(make_show()[1], 2)
    give_back(order, 0)
    unlisted = operations.change(keys.money.payment(order.payment_id), [Payment.granted.remove()], Payment.pk.exists())
    operations.record(unlisted)
    taken_back.deliver_due(stream)
    assert_settled(order.payment_id, lost=0, owed=PRICE)
