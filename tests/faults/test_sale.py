"""The sale while the table fails: after any fault of a request, stock, order and tickets agree."""

from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.background import sweep
from chalicelib.domain.events import categories, stock
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, Order, SweepMark
from chalicelib.workers import schedules
from tests.faults import dying
from tests.support import stocks, sweeps
from tests.support.caches import forget_caches
from tests.support.children import exit_code
from tests.support.wire import IN_PROCESS, Fault, befall, befallings, requests_of, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_sale")]

CAPACITY = 500


def sell(event: Event, *, capacity: int = CAPACITY, shards: int = 3) -> Category:
    return categories.add(
        event.event_id, categories.CategoryDraft(name="Standing", price=150_000, capacity=capacity, shards=shards)
    )


@pytest.fixture
def category(event: Event) -> Category:
    return sell(event)


def customer() -> Account:
    account_id = new_id("cus")
    return Account(*keys.access.account(account_id), account_id=account_id, name="Buyer")


@pytest.fixture
def swept() -> None:
    """No item of earlier tests is due, and the next sweep starts from a moment ago."""
    start = clock.now()
    mark = SweepMark(*keys.jobs.sweep_mark("due"), minute=keys.jobs.minute(start))
    operations.record(operations.put(mark))
    with clock.set_to(start + timedelta(minutes=14)):
        schedules.sweep()
    operations.record(operations.put(mark))


def book(category: Category, buyer: Account, operation_id: str, quantity: int = 2) -> Order:
    wants = [RequestedTickets(category.category_id, quantity)]
    return orders.book(buyer, event_id=category.event_id, wants=wants, operation_id=operation_id)


def counts(category: Category) -> stock.StockCounts:
    return stocks.snapshot(category.event_id, [category])[category.category_id]


def statuses(order: Order) -> list[str]:
    places = [keys.tickets.ticket(line["ticket_id"]) for line in order.tickets]
    return [ticket.status for ticket in operations.get_many(places).values()]


def test_whichever_request_of_a_booking_fails_the_same_operation_comes_to_one_order(category: Category) -> None:
    def first() -> Order:
        categories.forget()
        return book(category, customer(), new_id("op"))

    made = 1
    for place, fault in befallings(requests_of(first), IN_PROCESS):
        buyer, operation_id = customer(), new_id("op")
        categories.forget()
        befall(lambda: book(category, buyer, operation_id), place, fault)  # noqa: B023  # done before the next
        order = book(category, buyer, operation_id)
        assert book(category, buyer, operation_id).order_id == order.order_id
        assert statuses(order) == ["reserved", "reserved"], (place, fault)
        made += 1
    assert counts(category) == stock.StockCounts(CAPACITY - 2 * made, 2 * made, 0, CAPACITY)


def test_the_sdks_own_retry_after_a_lost_answer_reserves_once(category: Category) -> None:
    buyer, operation_id = customer(), new_id("op")
    categories.offer(category.event_id)
    operations.client.cache_clear()
    with wire(retries=True) as wired:
        wired.choose = lambda: Fault.ANSWER_LOST if wired.sent.count("TransactWriteItems") == 1 else None
        order = book(category, buyer, operation_id)
    assert wired.sent.count("TransactWriteItems") == 2
    assert statuses(order) == ["reserved", "reserved"]
    assert counts(category).reserved == 2


def test_an_answer_lost_when_the_last_ticket_went_is_not_told_as_sold_out(event: Event) -> None:
    category = sell(event, capacity=2, shards=1)
    buyer, operation_id = customer(), new_id("op")
    operations.client.cache_clear()
    with wire(retries=False) as wired, suppress(Unavailable):
        wired.choose = lambda: Fault.ANSWER_LOST if wired.sent[-1] == "TransactWriteItems" else None
        book(category, buyer, operation_id)
    order = book(category, buyer, operation_id)
    assert statuses(order) == ["reserved", "reserved"]
    assert counts(category) == stock.StockCounts(0, 2, 0, 2)


def test_lasting_conflicts_are_told_as_unavailable_and_never_as_sold_out(event: Event) -> None:
    category = sell(event, capacity=2, shards=2)
    operations.client.cache_clear()
    with wire(retries=False) as wired, pytest.raises(Unavailable) as refused:  # noqa: PT012  # the wire is set up inside
        wired.choose = lambda: Fault.CONFLICT if wired.sent[-1].startswith("Transact") else None
        book(category, customer(), new_id("op"))
    assert refused.value.retry_after == 1
    assert counts(category).free == 2


@pytest.mark.parametrize("step", ["expire", "fulfil", "give back"])
def test_whichever_request_of_a_step_fails_its_repetition_moves_the_stock_once(category: Category, step: str) -> None:
    def act(order: Order) -> None:
        if step == "expire":
            orders.expire(order.order_id)
        elif step == "give back":
            orders.give_back(order.customer_id, order.order_id)
        elif (found := orders.get(order.order_id)).status == "reserved":
            operations.commit(*orders.fulfil(found, payment_id="pay_1", at=clock.now()))

    # One for each fault at each of the two requests of a step that is tried, and one that shows how many those are.
    made = [book(category, customer(), new_id("op")) for _ in range(len(befallings(2, IN_PROCESS)) + 1)]
    with clock.set_to(clock.now() + timedelta(minutes=3 if step == "give back" else 11)):
        last = made.pop()
        requests = requests_of(lambda: act(last))
        for order, (place, fault) in zip(made, befallings(requests, IN_PROCESS), strict=True):
            befall(lambda: act(order), place, fault)  # noqa: B023  # done before the next
            act(order)
    after = counts(category)
    if step != "fulfil":
        assert after == stock.StockCounts(CAPACITY, 0, 0, CAPACITY)
        assert [statuses(order) for order in made] == [[]] * len(made)
    else:
        sold = 2 * (len(made) + 1)
        assert after == stock.StockCounts(CAPACITY - sold, 0, sold, CAPACITY)
        assert [statuses(order) for order in made] == [["valid", "valid"]] * len(made)


@pytest.mark.parametrize("fault", [Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
def test_a_process_killed_around_the_booking_leaves_one_order_or_none(category: Category, fault: Fault) -> None:
    buyer, operation_id = customer(), new_id("op")
    died = exit_code(dying.book, buyer.account_id, category.event_id, category.category_id, operation_id, fault)
    assert died == 137
    assert counts(category).reserved == (2 if fault is Fault.KILLED_AFTER else 0)
    forget_caches()  # another process takes over
    order = book(category, buyer, operation_id)
    assert statuses(order) == ["reserved", "reserved"]
    assert counts(category).reserved == 2


@pytest.mark.usefixtures("swept")
def test_a_thing_that_could_not_even_be_put_off_keeps_its_minute_undone(category: Category) -> None:
    order = book(category, customer(), new_id("op"))
    minute = keys.jobs.minute(order.expires_at)
    start = clock.now()
    with clock.set_to(start + timedelta(minutes=12)):
        with wire(retries=False) as wired:
            wired.choose = lambda: Fault.BROKEN if wired.sent[-1] in ("TransactWriteItems", "UpdateItem") else None
            came_to = schedules.sweep()
        assert (came_to.handled, came_to.put_off, came_to.done_before) == (0, 0, minute)
        found = operations.get(keys.jobs.sweep_mark("due"))
        assert found is not None
        assert found.minute == minute
    with clock.set_to(start + timedelta(minutes=13)):
        assert schedules.sweep().handled == 1
    assert counts(category).free == CAPACITY


@pytest.mark.usefixtures("swept")
def test_a_sweep_that_cannot_read_moves_no_mark_and_loses_nothing(category: Category) -> None:
    order = book(category, customer(), new_id("op"))
    with clock.set_to(clock.now() + timedelta(minutes=12)):
        before = operations.get(keys.jobs.sweep_mark("due"))
        with wire(retries=False) as wired, pytest.raises(Unavailable):  # noqa: PT012  # the wire is set up inside
            wired.choose = lambda: Fault.BROKEN if wired.sent[-1] == "Query" else None
            schedules.sweep()
        after = operations.get(keys.jobs.sweep_mark("due"))
        assert (before and before.minute) == (after and after.minute)
        schedules.sweep()
    assert orders.get(order.order_id).status == "expired"


@pytest.mark.usefixtures("swept")
def test_a_failure_does_not_make_the_runs_after_it_longer(category: Category) -> None:
    def broken(_: str) -> bool:
        raise RuntimeError("a fault of ours")

    book(category, customer(), new_id("op"))
    takers = {**schedules.TAKERS, "ord_": broken}
    start, sent = clock.now(), []
    for minutes in range(12, 17):
        with clock.set_to(start + timedelta(minutes=minutes)):
            sent.append(requests_of(lambda: sweep.run(takers)))
    assert len(set(sent[1:])) == 1
    with clock.set_to(start + timedelta(minutes=17)):
        assert schedules.sweep().handled == 1


@pytest.mark.usefixtures("swept")
def test_many_that_are_due_at_once_are_taken_side_by_side(event: Event) -> None:
    category = sell(event, capacity=200, shards=2)
    for _ in range(100):
        book(category, customer(), new_id("op"))
    assert counts(category).free == 0
    with clock.set_to(clock.now() + timedelta(minutes=12)):
        assert sweeps.until_done() == 100
    assert counts(category) == stock.StockCounts(200, 0, 0, 200)
