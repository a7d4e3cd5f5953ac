"""Disputes: one for each that a provider reports, in any order; answered once; frozen, and marked on the tickets."""

import random
from itertools import permutations
from typing import Any

import pytest

from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.ledger import account_names
from chalicelib.domain.payments import returns, sandbox_callbacks
from chalicelib.domain.tickets import tickets
from chalicelib.table.items import Category, Order
from tests.support import payers, settled, taken_back, wallets
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer
from tests.support.moto_table import restore, snapshot
from tests.support.purchases import make_show
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
ORDERS = size_of("DISPUTE_PERMUTATIONS", small=6, full=120)
AMOUNT = 100_000


@pytest.fixture
def stream(moto_cloud: object) -> StreamReader:  # noqa: ARG001  # the table is made first
    return StreamReader()


@pytest.fixture
def category(stream: StreamReader) -> Category:  # noqa: ARG001  # it reads from the beginning
    return make_show()[1]


def project_all(stream: StreamReader) -> None:
    """Project what is new, and what that writes."""
    while stream.drain():
        pass


def tell(order: Order, word: MoveWord, reference: str = "dp_1") -> None:
    payment = payers.stored(order.payment_id)
    move = Move(reference, MoveKind.DISPUTE, AMOUNT, "PKR", (word,))
    charge = payment.provider_reference or ""
    assert (
        payers.post_webhook(sandbox_callbacks.moved(payment.payment_id, charge, move, event_id=f"sbe_{word}")).status
        == 200
    )


def listed(token: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call("GET", f"/api/disputes/?{query}", token=token).json["results"]
    return found


def answer(dispute_id: str, token: str, action: str = "contest") -> Answer:
    body = {"action": action, "evidence": "The ticket was scanned at gate 1."}
    return call("PUT", f"/api/disputes/{dispute_id}/", body, token=token)


def opened(order: Order, token: str, stream: StreamReader) -> dict[str, Any]:
    tell(order, MoveWord.OPENED)
    project_all(stream)
    (dispute,) = listed(token)
    return dispute


def test_a_callback_opens_a_dispute_freezes_its_amount_and_marks_tickets_that_stay_valid(
    category: Category, stream: StreamReader
) -> None:
    token, order = admin_token(), settled.buy(category, 2)
    dispute = opened(order, token, stream)
    assert (dispute["status"], dispute["amount"]["amount"]) == ("open", "1000.00")
    assert listed(token, f"event_id={order.event_id}&customer_id={order.customer_id}&status=open") == [dispute]
    assert listed(token, "status=lost") == []
    books = payers.balances()
    assert (books[account_names.frozen(order.event_id)], books[account_names.disputed(order.event_id)]) == (
        AMOUNT,
        -AMOUNT,
    )
    stored = [tickets.get(line["ticket_id"]) for line in order.tickets]
    assert [(ticket.status, ticket.disputed) for ticket in stored] == [("valid", True)] * 2
    tell(order, MoveWord.WON)
    project_all(stream)
    assert [one["status"] for one in listed(token)] == ["won"]
    assert payers.balances()[account_names.frozen(order.event_id)] == 0
    assert [tickets.get(line["ticket_id"]).disputed for line in order.tickets] == [None] * 2


def test_what_is_taken_is_no_longer_frozen_and_is_booked_as_a_charge_back(
    category: Category, stream: StreamReader
) -> None:
    token, order = admin_token(), settled.buy(category)
    opened(order, token, stream)
    tell(order, MoveWord.WITHDRAWN)
    books = payers.balances()
    assert (books[account_names.frozen(order.event_id)], books[account_names.chargebacks(order.event_id)]) == (
        0,
        -AMOUNT,
    )


def test_a_dispute_is_answered_once_and_an_accepted_one_is_lost(category: Category, stream: StreamReader) -> None:
    token, order = admin_token(), settled.buy(category)
    dispute = opened(order, token, stream)
    for _ in range(2):
        contested = answer(dispute["id"], token)
        assert (contested.status, contested.json["status"]) == (200, "contested")
    refused = answer(dispute["id"], token, "accept")
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert "contested" in refused.text
    other = settled.buy(category)
    accepted = next(one["id"] for one in opened_beside(other, token, stream) if one["payment_id"] == other.payment_id)
    assert answer(accepted, token, "accept").json["status"] == "accepted"
    project_all(stream)
    assert call("PUT", f"/api/disputes/{accepted}/", {"action": "accept"}, token=token).json["status"] == "lost"
    assert payers.balances()[account_names.chargebacks(order.event_id)] == -AMOUNT
    assert "lost" in answer(accepted, token).text


def opened_beside(order: Order, token: str, stream: StreamReader) -> list[dict[str, Any]]:
    tell(order, MoveWord.OPENED, "dp_2")
    project_all(stream)
    return listed(token)


@pytest.mark.parametrize("end", [MoveWord.WON, MoveWord.LOST])
def test_callbacks_in_any_order_and_repeated_end_in_one_dispute(
    category: Category, stream: StreamReader, end: MoveWord
) -> None:
    token, order = admin_token(), settled.buy(category)
    words = [MoveWord.OPENED, MoveWord.WITHDRAWN, end, *([MoveWord.REINSTATED] if end is MoveWord.WON else [])]
    every = list(permutations(words))
    orders = every if not ORDERS else random.Random(7).sample(every, min(ORDERS, len(every)))  # noqa: S311  # a choice
    start, seen = snapshot(), set()
    for chosen in orders:
        restore(start)
        stream.skip()
        for word in (*chosen, chosen[0], chosen[-1]):
            tell(order, word)
            project_all(stream)
        (dispute,) = listed(token)
        books = payers.balances()
        ticket = tickets.get(order.tickets[0]["ticket_id"])
        kept = {name: value for name, value in dispute.items() if name != "opened_at"}
        seen.add((str(kept), books[account_names.frozen(order.event_id)], str(sorted(books.items())), ticket.disputed))
    assert len(seen) == 1, seen
    assert dispute["status"] == end


def test_a_dispute_that_was_lost_and_is_won_in_the_end_leaves_a_withdrawn_ticket_paid_back(
    category: Category, stream: StreamReader
) -> None:
    order = settled.buy(category)
    for words in (taken_back.LOST, (MoveWord.WON, MoveWord.REINSTATED)):
        taken_back.tell(order, 150_000, *words)
        taken_back.deliver_due(stream)
        assert payers.tickets_of(order) == ["refunded"]
    assert payers.balances()[account_names.REFUNDS_DUE] == 0
    assert payers.balances()[account_names.clearing("sandbox")] == 0
    shown = returns.shown(payers.stored(order.payment_id))
    assert [(refund.status, refund.amount.amount) for refund in shown] == [("succeeded", "1500.00")]
    taken_back.deliver_due(stream)
    assert len(payers.stored(order.payment_id).moves or {}) == 2


def test_a_dispute_that_was_lost_and_is_won_in_the_end_leaves_a_balance_paid_back(stream: StreamReader) -> None:
    customer = make_customer()
    card = wallets.make_card(customer)
    asked_for = {"card_id": card.card_id, "amount": "1000.00", "method": "card"}
    payment_id = payers.ask(customer, "process", asked_for).json["id"]
    assert payers.confirm(customer, payment_id).json["status"] == "succeeded"
    project_all(stream)
    back = {"ids": [card.card_id], "action": "pay_back"}
    assert call("POST", "/api/finances/unclaimed/", back, token=admin_token()).status == 200
    charge = payers.stored(payment_id).provider_reference or ""
    for words in (taken_back.LOST, (MoveWord.WON, MoveWord.REINSTATED)):
        for word in words:
            move = Move("dp_1", MoveKind.DISPUTE, AMOUNT, "PKR", (word,))
            callback = sandbox_callbacks.moved(payment_id, charge, move, event_id=f"sbe_{word}")
            assert payers.post_webhook(callback).status == 200
        taken_back.deliver_due(stream)
    assert payers.balances()[account_names.REFUNDS_DUE] == 0
    assert payers.balances()[account_names.clearing("sandbox")] == 0
