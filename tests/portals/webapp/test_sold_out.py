"""A sold-out category: a container remembers it for a second, and what comes back is for sale after that at most."""

import time
from typing import Any

import pytest

from chalicelib.domain.events import categories, shortages
from chalicelib.domain.sale import orders
from chalicelib.table.items import Account, Category
from tests.support import asked
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer, make_event

pytestmark = pytest.mark.usefixtures("moto_cloud")


def sell(capacity: int) -> Category:
    draft = categories.CategoryDraft(name="Standing", price=150_000, capacity=capacity)
    return categories.add(make_event().event_id, draft)


def book(buyer: Account | str, category: Category, quantity: int = 1) -> Answer:
    """Book for an account, or with a token."""
    body = {"event_id": category.event_id, "items": [{"category_id": category.category_id, "quantity": quantity}]}
    return call("POST", "/api/v1/tickets/book/", body, token=buyer if isinstance(buyer, str) else customer_token(buyer))


def operations_of(sent: list[tuple[Any, ...]]) -> set[str]:
    return {str(request[0]) for request in sent}


def test_a_known_shortage_is_refused_without_a_write_and_fewer_tickets_are_still_sold() -> None:
    category, taker, late = sell(2), make_customer(), customer_token(make_customer())
    first = book(make_customer(), category, 3)
    assert shortages.left_of(category.category_id) == 2
    with asked.requests() as sent:
        again = book(late, category, 3)
    assert (again.status, again.code) == (409, "SOLD_OUT")
    assert [again.json["error"][name] for name in ("message", "details")] == [
        first.json["error"][name] for name in ("message", "details")
    ]
    assert not operations_of(sent) & {"TransactWriteItems", "TransactGetItems", "PutItem", "UpdateItem"}
    assert book(taker, category, 2).status == 201


def test_what_another_container_gives_back_is_for_sale_within_a_second() -> None:
    category, buyer, other = sell(1), make_customer(), make_customer()
    booked = book(buyer, category)
    assert book(other, category).code == "SOLD_OUT"
    orders.give_back(buyer.account_id, booked.json["id"])
    # The other container gave it back, so this one still knows of the shortage.
    shortages.remember(category.category_id, 0)
    until = time.monotonic() + 60
    while (answer := book(other, category)).status != 201 and time.monotonic() < until:
        assert answer.code == "SOLD_OUT"
        time.sleep(0.05)
    assert answer.status == 201


def test_what_this_container_gives_back_is_for_sale_at_once() -> None:
    category, buyer, other = sell(1), make_customer(), make_customer()
    booked = book(buyer, category)
    assert book(other, category).code == "SOLD_OUT"
    orders.give_back(buyer.account_id, booked.json["id"])
    assert book(other, category).status == 201


def test_a_repeated_booking_that_succeeded_is_answered_though_nothing_is_left() -> None:
    category, buyer = sell(1), make_customer()
    body = {"event_id": category.event_id, "items": [{"category_id": category.category_id, "quantity": 1}]}
    headers = {"idempotency-key": "key_of_the_last_ticket"}
    first = call("POST", "/api/v1/tickets/book/", body, token=customer_token(buyer), headers=headers)
    shortages.remember(category.category_id, 0)
    again = call("POST", "/api/v1/tickets/book/", body, token=customer_token(buyer), headers=headers)
    assert (again.status, again.json["id"]) == (201, first.json["id"])
