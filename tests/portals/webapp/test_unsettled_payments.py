"""A payment that was charged ends: it buys the tickets, or the money is owed back, also where fulfilment cannot."""

from collections.abc import Iterator

import pytest

from chalicelib.domain.sale import orders, rules
from chalicelib.domain.tickets.tickets import Holder
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Order
from chalicelib.table.ranges import Begins
from tests.support import payers, purchases
from tests.support.factories import make_customer
from tests.support.payers import confirm, process

# 100 characters, which are 1,800 letters and spaces when they are folded for search.
LONGEST_NAME = "\ufdfa" * 100


@pytest.fixture(autouse=True)
def table(moto_cloud: None) -> Iterator[None]:  # noqa: ARG001  # the cloud comes first
    yield
    payers.assert_money_and_tickets_are_true()


@pytest.fixture
def customer(table: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer()


@pytest.fixture
def category(table: None) -> Category:  # noqa: ARG001  # the cloud comes first
    return purchases.make_show()[1]


def booked_for(customer: Account, category: Category, name: str) -> Order:
    want = rules.RequestedTickets(category.category_id, 1, [Holder(name=name)])
    return orders.book(customer, event_id=category.event_id, wants=[want], operation_id=new_id("op"))


def test_a_holder_with_the_longest_folded_name_is_paid_for_and_found_by_that_name(
    customer: Account, category: Category
) -> None:
    order = booked_for(customer, category, LONGEST_NAME)
    answer = confirm(customer, process(customer, order).json["id"])
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    partition = keys.gate.attendees(order.event_id, LONGEST_NAME)
    for prefix in (LONGEST_NAME[:1], LONGEST_NAME):
        (raw,) = operations.query(partition, Begins(keys.gate.attendee_prefix(prefix)), index="gsi1")
        assert operations.key_of(raw) == keys.tickets.ticket(order.tickets[0]["ticket_id"])
