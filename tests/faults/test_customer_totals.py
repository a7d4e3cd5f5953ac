"""A customer's statistics, however badly the stream delivers the orders, refunds, transfers and visits."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.domain.customers import customer_totals
from chalicelib.domain.customers.customer_totals import CustomerAnalytics
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Reading
from chalicelib.domain.tickets import transfers
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Order
from chalicelib.vocabulary.payments import OrderStatus
from tests.faults import scenarios
from tests.support.explore import explore
from tests.support.factories import make_customer
from tests.support.purchases import book, make_show, pay, refund
from tests.support.streams import StreamReader, project

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_customer_totals")]

DONE: dict[str, Any] = {"batchItemFailures": []}


@dataclass(frozen=True)
class Story:
    """The history of two customers: its records, and the expected statistics at the end."""

    buyer_id: str
    friend_id: str
    records: list[dict[str, Any]]

    def assert_told(self) -> None:
        buyer, friend = customer_totals.analytics(self.buyer_id), customer_totals.analytics(self.friend_id)
        month = f"{clock.now() + timedelta(hours=5):%Y-%m}"
        assert _numbers(buyer) == (5, 2 * 150_000 + 3 * 80_000 - 150_000, 1, 2, ["theatre", "music"])
        assert _numbers(friend) == (1, 0, 0, 2, ["music"])
        assert [(one.month, one.tickets, one.spent.minor) for one in buyer.by_month] == [(month, 5, 390_000)]


def _numbers(told: CustomerAnalytics) -> tuple[int, int, int, int, list[str]]:
    money = told.total_spent.minor
    return told.tickets_bought, money, told.events_attended, told.upcoming_events, told.favorite_categories


def hand_over(giver: Account, ticket_id: str, taker: Account) -> None:
    number = taker.mobile_number or ""
    transfers.transfer(giver.account_id, ticket_id, mobile_number=number, message=None, operation_id=new_id("op"))


def tell(stream: StreamReader) -> Story:
    """A customer buys two orders, gets a refund of half of one, gives a ticket to a friend, and enters with a guest."""
    stream.skip()
    buyer, friend = make_customer(), make_customer()
    music, standard = make_show(starts_at=clock.now(), ends_at=clock.now() + timedelta(hours=4))
    theatre, stalls = make_show(category="theatre", price=80_000)
    first, second, third = book(buyer, standard, 2), book(buyer, stalls, 3), book(friend, standard, 1)
    paid = pay(first)
    pay(second)
    refund(pay(third))
    refund(paid, 75_000)
    refund(paid, 150_000)
    given = second.tickets[0]["ticket_id"]
    hand_over(buyer, given, friend)
    for line in first.tickets:
        reading = Reading(scenarios.scan_id(), ticket_id=line["ticket_id"])
        assert checkin.scan(scenarios.caller(music.event_id), reading).result == "valid"
    assert theatre.event_id != music.event_id
    return Story(buyer.account_id, friend.account_id, stream.read())


def test_a_batch_that_comes_twice_whole_and_in_halves_counts_once(stream: StreamReader) -> None:
    story = tell(stream)
    half = len(story.records) // 2
    for batch in (story.records, story.records, story.records[half:], story.records[:half]):
        assert project(batch) == DONE
    story.assert_told()
    # The stream delivers the writes of the totals as well, and they change nothing.
    stream.drain()
    story.assert_told()


@explore(most=12, fewest=3)
@given(shuffle=st.randoms(use_true_random=False))
def test_records_in_any_order_and_size_count_once(shuffle: random.Random, stream: StreamReader) -> None:
    story = tell(stream)
    records = story.records + shuffle.choices(story.records, k=len(story.records) // 2)
    shuffle.shuffle(records)
    while records:
        size = shuffle.randint(1, 12)
        assert project(records[:size]) == DONE
        records = records[size:]
    story.assert_told()


def test_four_workers_with_the_same_records_at_once_count_them_once(stream: StreamReader) -> None:
    story = tell(stream)
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(project, [story.records] * 4))
    # A worker that gave up in the race runs again, as Lambda retries it.
    assert project(story.records) == DONE
    story.assert_told()


def test_a_payment_that_bought_nothing_subtracts_nothing(stream: StreamReader) -> None:
    customer = make_customer()
    _, standard = make_show()
    bought, late = book(customer, standard, 1), book(customer, standard, 1)
    pay(bought)
    lost = pay(late)
    # A payment that came too late: its order was never paid by it.
    unpaid = [Order.status.set(OrderStatus.EXPIRED), Order.payment_id.remove()]
    operations.record(operations.change(keys.sale.order(late.order_id), unpaid))
    refund(lost)
    stream.drain()
    assert customer_totals.analytics(customer.account_id).total_spent.minor == 150_000


def test_a_visit_names_the_tickets_that_are_valid_and_none_when_all_are_gone(stream: StreamReader) -> None:
    customer, friend = make_customer(), make_customer()
    event, standard = make_show()
    order = book(customer, standard, 2)
    pay(order)
    stream.drain()
    ids = {line["ticket_id"] for line in order.tickets}
    visit = operations.get(keys.customers.visit(customer.account_id, event.event_id))
    assert visit is not None
    assert set(visit.tickets or ()) == ids
    for ticket_id in ids:
        hand_over(customer, ticket_id, friend)
    stream.drain()
    visit = operations.get(keys.customers.visit(customer.account_id, event.event_id))
    assert visit is not None
    raw = visit.serialize()
    assert set(raw) & {"tickets", "gsi1pk", "gsi1sk"} == set()
    assert customer_totals.analytics(customer.account_id).upcoming_events == 0
    assert customer_totals.analytics(friend.account_id).upcoming_events == 1
    with clock.set_to(event.ends_at):
        assert customer_totals.analytics(friend.account_id).upcoming_events == 0
