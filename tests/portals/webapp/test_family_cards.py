"""A family with several cards: each person's ticket goes on the card that this person carries."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.sale import orders
from chalicelib.table.items import Account, Card, Order
from chalicelib.vocabulary.cards import CardStatus
from tests.portals.webapp.evening import Evening, ask, card_of, make_evening, opened_by
from tests.support import card_states, purchases, wallets
from tests.support.client import call
from tests.support.factories import customer_token, make_customer
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
OWN, OF_CHILD = "04A1A1A1A1A1A1", "04A2A2A2A2A2A2"
FAMILY = "/api/v1/users/dependents/"


@pytest.fixture
def evening() -> Evening:
    return make_evening()


@pytest.fixture
def parent() -> Account:
    return make_customer(name="Ayesha Khan")


@pytest.fixture
def own(parent: Account) -> Card:
    with clock.set_to(clock.now() - timedelta(days=30)):
        return card_of(parent, OWN)


@pytest.fixture
def childs(parent: Account, own: Card) -> Card:  # noqa: ARG001  # the child's card is the newer one
    return card_of(parent, OF_CHILD)


@pytest.fixture
def child(parent: Account, childs: Card) -> str:
    body = {"name": "Sara", "relation": "daughter", "card_id": childs.card_id}
    return str(call("POST", FAMILY, body, token=customer_token(parent)).json["id"])


def book(evening: Evening, parent: Account, child: str | None, **more: Any) -> tuple[Order, list[str | None]]:
    """Book a ticket for the parent, and perhaps one for the child; return what the app shows of their cards."""
    holders = [{"name": "Ayesha Khan"}, *([{"name": "Sara", "dependent_id": child}] if child else [])]
    item = {"category_id": evening.category.category_id, "quantity": len(holders), "holders": holders}
    body = {"event_id": evening.event.event_id, "items": [item], **more}
    answer = call("POST", "/api/v1/tickets/book/", body, token=customer_token(parent))
    assert answer.status == 201, answer.text
    return orders.get(answer.json["id"]), [ticket["card_id"] for ticket in answer.json["tickets"]]


def bought(evening: Evening, parent: Account, child: str | None, **more: Any) -> list[str]:
    order, _ = book(evening, parent, child, **more)
    purchases.pay(order)
    return [line["ticket_id"] for line in order.tickets]


def test_a_parents_ticket_is_on_their_own_card_and_the_childs_on_the_childs(
    evening: Evening, parent: Account, own: Card, childs: Card, child: str
) -> None:
    order, shown = book(evening, parent, child)
    assert shown == [own.card_id, childs.card_id]
    purchases.pay(order)

    of_parent, of_child = (line["ticket_id"] for line in order.tickets)
    event_id = evening.event.event_id
    assert (opened_by(own), opened_by(childs)) == ({event_id: [of_parent]}, {event_id: [of_child]})
    listed = ask(parent, "GET", "").json["results"]
    assert {ticket["id"]: ticket["card_id"] for ticket in listed} == {
        of_parent: own.card_id,
        of_child: childs.card_id,
    }
    assert [evening.scan(card_id=OF_CHILD), evening.scan(card_id=OWN)] == [("valid", None)] * 2
    assert evening.scan(card_id=OF_CHILD) == ("already_scanned", None)


def test_a_card_that_is_named_takes_the_tickets_of_the_whole_family(
    evening: Evening, parent: Account, own: Card, child: str
) -> None:
    ids = bought(evening, parent, child, card_id=own.card_id)
    assert opened_by(own) == {evening.event.event_id: ids}


def test_one_card_of_the_whole_family_takes_all_their_tickets(evening: Evening, parent: Account) -> None:
    shared = card_of(parent, OWN)
    body = {"name": "Sara", "relation": "daughter", "card_id": shared.card_id}
    child = call("POST", FAMILY, body, token=customer_token(parent)).json["id"]
    ids = bought(evening, parent, child)
    assert opened_by(shared) == {evening.event.event_id: ids}


@pytest.mark.parametrize("status", [CardStatus.BLOCKED, CardStatus.LOST])
def test_a_childs_ticket_is_on_the_parents_card_once_the_childs_is_given_up(
    evening: Evening, parent: Account, own: Card, childs: Card, child: str, status: CardStatus
) -> None:
    order, _ = book(evening, parent, child)
    card_states.put_into(childs.uid, status)
    purchases.pay(order)
    ids = [line["ticket_id"] for line in order.tickets]
    assert (opened_by(own), opened_by(childs)) == ({evening.event.event_id: ids}, {})

    later = bought(evening, parent, child)
    assert opened_by(own) == {evening.event.event_id: [*ids, *later]}


def test_a_ticket_that_is_handed_to_a_parent_goes_on_their_own_card(
    evening: Evening, parent: Account, own: Card, childs: Card, child: str
) -> None:
    assert child
    giver = make_customer(name="Bilal Ahmed")
    ticket = evening.sell(giver)
    body = {"mobile_number": parent.mobile_number}
    assert ask(giver, "POST", f"{ticket.ticket_id}/transfer/", body).status == 200
    assert (opened_by(own), opened_by(childs)) == ({evening.event.event_id: [ticket.ticket_id]}, {})


def test_a_card_that_no_dependent_carries_any_more_is_the_customers_again(
    evening: Evening, parent: Account, childs: Card, child: str
) -> None:
    assert call("DELETE", f"{FAMILY}{child}/", token=customer_token(parent)).status == 204
    ids = bought(evening, parent, None)
    assert opened_by(childs) == {evening.event.event_id: ids}
    found = cards.find(OWN)
    assert found is not None
    assert dict(found.tickets) == {}


def test_money_of_a_lost_card_goes_to_the_parents_other_card_before_the_childs(
    parent: Account, own: Card, childs: Card, child: str
) -> None:
    assert child
    lost, stream = card_of(parent, "04A3A3A3A3A3A3"), StreamReader()
    wallets.credit(lost.uid, 50_000)
    path = f"/api/v1/users/nfc-cards/{lost.card_id}/block/"
    assert call("POST", path, {"reason": "Lost it."}, token=customer_token(parent)).status == 200
    stream.drain()
    listed = call("GET", "/api/v1/users/nfc-cards/", token=customer_token(parent)).json["results"]
    balances = {card["id"]: card["balance"]["amount"] for card in listed}
    assert balances == {lost.card_id: "0.00", own.card_id: "500.00", childs.card_id: "0.00"}
