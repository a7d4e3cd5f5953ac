"""A table of a card's states and what is done with it: no balance and no ticket stays on a card that was given up."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from chalicelib.domain.cards import balances, own_cards
from chalicelib.domain.payments import refunds
from chalicelib.table.items import Account, Card, Category, Order
from chalicelib.vocabulary.cards import CardStatus
from tests.portals.webapp.evening import ask, make_evening
from tests.support import card_states, fault_days, payers, purchases, wallets
from tests.support.client import Answer, call
from tests.support.factories import customer_token
from tests.support.shops import make_shop, new_customer
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")

HELD, PRICE = 500_000, 150_000


def by_staff(status: CardStatus) -> Callable[[Card, Account], object]:
    return lambda card, _: card_states.put_into(card.uid, status)


def by_customer(card: Card, customer: Account) -> Answer:
    path = f"/api/v1/users/nfc-cards/{card.card_id}/block/"
    return call("POST", path, {"reason": "Lost it."}, token=customer_token(customer))


@dataclass(frozen=True)
class CardCase:
    """How a card came to its state, and what follows: at the gate, and for what it held."""

    status: CardStatus
    came_by: Callable[[Card, Account], object]
    at_gate: tuple[str, str | None]
    is_given_up: bool = False


BLOCKED, NOT_ACTIVE = ("invalid", "card_blocked"), ("invalid", "card_not_active")
CASES = {
    "active": CardCase(CardStatus.ACTIVE, lambda *_: None, ("valid", None)),
    "blocked": CardCase(CardStatus.BLOCKED, by_customer, BLOCKED, is_given_up=True),
    "blocked by staff": CardCase(CardStatus.BLOCKED, by_staff(CardStatus.BLOCKED), BLOCKED),
    "lost": CardCase(CardStatus.LOST, by_staff(CardStatus.LOST), BLOCKED, is_given_up=True),
    "replaced": CardCase(CardStatus.REPLACED, by_staff(CardStatus.REPLACED), NOT_ACTIVE, is_given_up=True),
}
# A card with a shop has no customer.
OF_SHOPS = {CardStatus.STOCK, CardStatus.HELD}


def bought_with(card: Card, customer: Account, category: Category) -> Order:
    """Buy two tickets with a card, which opens them."""
    order = purchases.book(customer, category, 2)
    opened = payers.process(customer, order, method="wallet", card_id=card.card_id)
    assert payers.confirm(customer, opened.json["id"]).json["status"] == "succeeded"
    return payers.order_of(order)


def give_back(customer: Account, order: Order, place: int) -> None:
    ticket_id = order.tickets[place]["ticket_id"]
    asked = ask(customer, "POST", f"{ticket_id}/refund-request/", {"reason": "I fell ill."})
    refunds.approve(ticket_id, asked.json["id"], by="adm_1")


def held_by(customer: Account) -> dict[str, str]:
    """Return the balance of each of a customer's cards as the portal shows it."""
    answer = call("GET", "/api/v1/users/nfc-cards/", token=customer_token(customer))
    return {card["id"]: card["balance"]["amount"] for card in answer.json["results"]}


def statement(customer: Account, card: Card) -> list[tuple[str, str]]:
    path = f"/api/v1/users/nfc-cards/{card.card_id}/transactions/"
    lines = call("GET", path, token=customer_token(customer)).json["results"]
    return [(line["type"], line["amount"]["amount"]) for line in lines]


def test_every_state_of_a_card_is_in_the_table() -> None:
    assert {case.status for case in CASES.values()} | OF_SHOPS == set(CardStatus)


@pytest.mark.parametrize("name", fault_days.part(list(CASES), 0, of=2))
def test_what_a_card_held_and_what_is_refunded_to_it_follows_its_state(name: str) -> None:
    case, stream, customer, evening = CASES[name], StreamReader(), new_customer(), make_evening()
    card = wallets.make_card(customer, holds=HELD)
    order = bought_with(card, customer, evening.category)

    case.came_by(card, customer)

    reload = {"card_id": card.card_id, "amount": "100.00", "method": "card"}
    pays = payers.process(customer, purchases.book(customer, evening.category), method="wallet", card_id=card.card_id)
    assert (
        payers.ask(customer, "process", reload).status
        == pays.status
        == (201 if case.status is CardStatus.ACTIVE else 409)
    )
    assert evening.scan(card_id=card.uid) == case.at_gate
    # A refund goes back the way the money came, also to a card that is out of use.
    give_back(customer, order, 1)
    stream.drain()
    assert held_by(customer) == {card.card_id: "3500.00"}

    shop = make_shop()
    spare = shop.stock()[0]
    shop.hand_over(spare, customer)
    moved = {card.card_id: "0.00", spare.card_id: "3500.00"}
    stays = {card.card_id: "3500.00", spare.card_id: "0.00"}
    assert held_by(customer) == (moved if case.is_given_up else stays)
    kept = [order.tickets[0]["ticket_id"]] if case.is_given_up else []
    assert own_cards.get(customer.account_id, spare.uid).card.tickets.get(evening.event.event_id, []) == kept
    assert evening.scan(card_id=spare.uid)[0] == ("valid" if kept else "not_found")
    stream.drain()
    wallets.assert_balanced(wallets.books())
    assert held_by(customer) == (moved if case.is_given_up else stays)


def test_money_that_still_arrives_on_a_lost_card_moves_on_and_both_statements_say_so() -> None:
    customer, stream = new_customer(), StreamReader()
    card, spare = wallets.make_card(customer, holds=HELD), wallets.make_card(customer)
    order = bought_with(card, customer, make_evening().category)
    wanted = {"card_id": card.card_id, "amount": "100.00", "method": "card", "payment_token": "tok_ok"}
    reload = payers.ask(customer, "process", wanted)
    assert by_customer(card, customer).status == 200
    while stream.drain():
        pass
    assert held_by(customer) == {card.card_id: "0.00", spare.card_id: "2000.00"}

    give_back(customer, order, 0)
    stream.drain()
    assert held_by(customer) == {card.card_id: "0.00", spare.card_id: "3500.00"}
    assert payers.confirm(customer, reload.json["id"]).json["status"] == "succeeded"
    while stream.drain():
        pass

    assert held_by(customer) == {card.card_id: "0.00", spare.card_id: "3600.00"}
    gone = [("transfer_out", "-100.00"), ("reload", "100.00"), ("transfer_out", "-1500.00"), ("refund", "1500.00")]
    assert statement(customer, card)[:4] == gone
    moved = [("transfer_in", amount) for amount in ("100.00", "1500.00", "2000.00")]
    assert statement(customer, spare) == moved
    assert balances.gather(customer.account_id) == 0
    stream.drain()
    wallets.assert_balanced(wallets.books())
