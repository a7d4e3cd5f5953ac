"""The sweep takes each due item once. One that fails waits for the next run and delays no other."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain import sweep
from chalicelib.domain.events import categories, stock
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, Event, Order, SweepMark
from chalicelib.workers import schedules
from tests.support.factories import make_customer, make_event

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def event() -> Event:
    return make_event()


@pytest.fixture
def category(event: Event) -> Category:
    """A category on sale; the last run of the sweep was a moment ago."""
    minute = keys.jobs.minute(clock.now())
    operations.record(operations.put(SweepMark(*keys.jobs.sweep_mark("due"), minute=minute)))
    return categories.add(event.event_id, categories.CategoryDraft(name="Standing", price=150_000, capacity=100))


def reserve(category: Category) -> Order:
    wants = [RequestedTickets(category.category_id, 2)]
    return orders.book(make_customer(), event_id=category.event_id, wants=wants, operation_id=new_id("op"))


def counts(category: Category) -> stock.StockCounts:
    return stock.snapshot(category.event_id, [category])[category.category_id]


def mark() -> str:
    found = operations.get(keys.jobs.sweep_mark("due"))
    assert found is not None
    return found.minute


def broken(_: str) -> bool:
    raise RuntimeError("a fault of ours")


def later(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def test_a_run_gives_back_what_is_over_and_leaves_what_is_held(category: Category) -> None:
    start = clock.now()
    first = reserve(category)
    with clock.set_to(start + later(5)):
        second = reserve(category)
    with clock.set_to(start + later(12)):
        assert schedules.sweep().handled == 1
        assert [orders.get(o.order_id).status for o in (first, second)] == ["expired", "reserved"]
        assert counts(category) == stock.StockCounts(98, 2, 0, 100)
        assert schedules.sweep().handled == 0
    with clock.set_to(start + later(17)):
        schedules.sweep()
    assert counts(category) == stock.StockCounts(100, 0, 0, 100)


def test_a_minute_is_not_done_before_it_is_over(category: Category) -> None:
    order = reserve(category)
    minute = order.expires_at.replace(second=0, microsecond=0)
    with clock.set_to(minute + timedelta(seconds=59)):
        assert schedules.sweep().handled == 0
        assert mark() == f"{minute:%Y-%m-%dT%H:%M}"
    with clock.set_to(minute + later(1)):
        assert schedules.sweep().handled == 1


def test_many_that_are_due_at_once_are_all_taken(category: Category) -> None:
    made = [reserve(category) for _ in range(5)]
    with clock.set_to(clock.now() + later(12)):
        assert schedules.sweep().handled == 5
    assert {orders.get(order.order_id).status for order in made} == {"expired"}


def test_what_fails_is_put_off_to_the_next_run_and_the_others_are_taken(
    category: Category,
) -> None:
    bad, good = reserve(category), reserve(category)
    takers = {
        **schedules.TAKERS,
        "ord_": lambda order_id: broken(order_id) if order_id == bad.order_id else orders.expire(order_id),
    }
    start = clock.now()
    with clock.set_to(start + later(12)):
        swept = sweep.run(takers)
        assert (swept.handled, swept.put_off) == (1, 1)
        assert orders.get(good.order_id).status == "expired"
    for minutes in (13, 14):
        with clock.set_to(start + later(minutes)):
            swept = sweep.run(takers)
            assert (swept.handled, swept.put_off) == (0, 1)
    with clock.set_to(start + later(15)):
        assert schedules.sweep().handled == 1
    assert counts(category) == stock.StockCounts(100, 0, 0, 100)


def test_what_nobody_takes_yet_waits_for_who_does(
    category: Category,
) -> None:
    reserve(category)
    others = {prefix: taker for prefix, taker in schedules.TAKERS.items() if prefix != "ord_"}
    start = clock.now()
    with clock.set_to(start + later(12)):
        assert sweep.run(others).put_off == 1
    with clock.set_to(start + later(13)):
        assert schedules.sweep().handled == 1


def test_the_first_run_looks_a_few_hours_back_and_the_next_goes_on_from_the_mark(category: Category) -> None:
    operations.record(operations.remove(keys.jobs.sweep_mark("due")))
    reserve(category)
    start = clock.now()
    with clock.set_to(start + later(150)):
        assert schedules.sweep().handled == 1
        reserve(category)
    with clock.set_to(start + later(400)):
        assert schedules.sweep().handled == 1


@pytest.mark.usefixtures("swept")
def test_the_mark_never_goes_back() -> None:
    start = clock.now() + later(2)
    with clock.set_to(start):
        schedules.sweep()
        newest = mark()
    with clock.set_to(start - later(5)):
        schedules.sweep()
    assert mark() == newest
