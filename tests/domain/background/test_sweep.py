"""The sweep takes each due item once. One that fails waits for the next run and delays no other."""

import itertools
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.background import jobs, sweep
from chalicelib.domain.events import categories, stock
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.errors import Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, Event, Order, PrintRun, SweepMark
from chalicelib.table.places import Place
from chalicelib.vocabulary.numbered_tickets import PrintFormat
from chalicelib.vocabulary.work import JobStatus
from chalicelib.workers import schedules
from tests.support import log_lines, stocks, sweeps
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
    return stocks.snapshot(category.event_id, [category])[category.category_id]


def mark() -> str:
    found = operations.get(keys.jobs.sweep_mark("due"))
    assert found is not None
    return found.minute


def broken(_: str) -> bool:
    raise RuntimeError("a fault of ours")


def make_due(due_id: str, minutes: float = 5) -> Place[Order]:
    """Store an item that is due in some minutes, of any kind."""
    place = Place(Order, "A_THING", due_id)
    moment = clock.now().replace(second=0, microsecond=0) + later(minutes)
    item = Order(*place, gsi2=keys.jobs.due(moment, due_id), status="reserved")
    item.order_id = item.customer_id = item.event_id = item.currency = "none"
    item.items, item.tickets, item.total, item.created_at, item.expires_at = [], [], 0, moment, moment
    operations.record(operations.put(item))
    return place


def stored(place: Place[Order]) -> Order:
    found = operations.get(place)
    assert found is not None
    return found


@pytest.fixture
def hanging() -> Iterator[Callable[[str], bool]]:
    """A taker that does not end before its test does."""
    is_over = threading.Event()

    def hang(_: str) -> bool:
        is_over.wait()
        return True

    yield hang
    is_over.set()


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


@pytest.mark.usefixtures("swept")
@pytest.mark.parametrize("prefix", schedules.TAKERS)
def test_what_fails_for_good_is_set_aside_and_no_longer_due(prefix: str) -> None:
    due_id = f"{prefix}of_a_test"
    place = make_due(due_id)
    tried: list[datetime] = []

    def fail(_: str) -> bool:
        tried.append(clock.now())
        raise RuntimeError("a fault of ours")

    while (found := operations.get(place)) and found.gsi2pk != keys.jobs.set_aside(due_id).pk:
        assert len(tried) < 3 * sweep.MOST_TRIES, "it is retried for ever"
        sweeps.at_due(place, lambda: sweep.run({prefix: fail}))
    assert len(tried) >= sweep.MOST_TRIES
    assert sweep.GIVEN_UP_AFTER <= tried[-1] - tried[0] < sweep.GIVEN_UP_AFTER + later(20)
    waits = [(after - before) // later(1) for before, after in itertools.pairwise(tried)]
    assert waits == sorted(waits)
    assert waits[:4] == [1, 1, 1, 1]
    assert [raw["sk"]["S"] for raw in operations.query(keys.jobs.set_aside("").pk, index="gsi2")] == [due_id]
    with clock.set_to(tried[-1] + later(20)):
        assert sweep.run({prefix: fail}).put_off == 0


@pytest.mark.usefixtures("swept")
def test_an_outage_gets_a_day_and_scheduling_again_begins_from_the_first_try(category: Category) -> None:
    order = reserve(category)
    place = keys.sale.order(order.order_id)
    actions = [Order.due_tries.set(100), Order.due_failed_at.set(clock.now() - later(60 * 24 - 30))]
    operations.record(operations.change(place, actions))

    def out(_: str) -> bool:
        raise Unavailable

    with clock.set_to(order.expires_at + later(2)):
        assert sweep.run({"ord_": out}).put_off == 1
        due = Order.due_at(keys.jobs.due(clock.now() + later(30), order.order_id))
        operations.record(operations.change(place, due))
    with clock.set_to(order.expires_at + later(35)):
        assert sweep.run({"ord_": out}).put_off == 1
    actions = [Order.due_tries.set(100), Order.due_failed_at.set(clock.now() - later(60 * 24))]
    operations.record(operations.change(place, actions))
    with clock.set_to(order.expires_at + later(40)):
        assert sweep.run({"ord_": out}).given_up == 1


@pytest.mark.usefixtures("swept")
def test_a_job_without_progress_fails_and_one_with_progress_goes_on() -> None:
    job_id = "job_of_a_test"
    place = keys.organizations.print_run(job_id)
    now = clock.now()
    run = PrintRun(*place, gsi2=jobs.due_place(job_id), job_id=job_id, owner_id="org_1", status=JobStatus.OPEN)
    run.created_by, run.created_at, run.quantity = "usr_1", now, 10
    run.format, run.prefix, run.first, run.last = PrintFormat.CSV, "A", 1, 10
    operations.record(operations.put(run))
    for progress in (0, 1):
        operations.record(operations.change(place, [PrintRun.done.set(progress)]))
        assert jobs.revive(job_id)
        # As so many runs of the sweep before.
        operations.record(operations.change(place, [PrintRun.revivals.set(jobs.MOST_REVIVALS - 1)]))
        assert jobs.revive(job_id)
    with log_lines.collected() as logged:
        assert jobs.revive(job_id)
    failed = operations.get(place)
    assert failed is not None
    assert (failed.status, failed.is_due) == (JobStatus.FAILED, False)
    assert [line["job_id"] for line in logged.all() if line["message"] == "work given up"] == [job_id]
    assert not jobs.revive(job_id)


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
def test_the_mark_never_goes_back_to_that_of_an_earlier_run() -> None:
    start = clock.now() + later(2)
    with clock.set_to(start):
        schedules.sweep()
        newest = mark()
    with clock.set_to(start - later(2)):
        schedules.sweep()
    assert mark() == newest


@pytest.mark.parametrize("minutes", [-10, 20, 2 * 24 * 60])
def test_a_run_whose_clock_is_wrong_hides_nothing_that_is_due_later(category: Category, minutes: float) -> None:
    start = clock.now()
    with clock.set_to(start + later(minutes)):
        schedules.sweep()
    order = reserve(category)
    with clock.set_to(start + later(1)):
        schedules.sweep()
    with clock.set_to(start + later(12)):
        sweeps.until_done()
        assert orders.get(order.order_id).status == "expired"
    assert mark() == keys.jobs.minute(start + later(12))


@pytest.mark.usefixtures("swept")
@pytest.mark.parametrize("count", [3, 40])
def test_a_provider_that_does_not_answer_delays_its_own_kind_alone_and_nothing_is_lost(
    hanging: Callable[[str], bool], count: int
) -> None:
    hung = [make_due(f"pay_{number:03}", minutes=5) for number in range(count)]
    others = [make_due(f"ord_{number:03}", minutes=6) for number in range(20)]
    taken: list[str] = []

    def take(due_id: str) -> bool:
        taken.append(due_id)
        operations.record(operations.change(Place(Order, "A_THING", due_id), Order.not_due()))
        return True

    start = clock.now().replace(second=0, microsecond=0) + later(8)
    with clock.set_to(start), log_lines.collected() as logged:
        swept = sweep.run({"pay_": hanging, "ord_": take}, seconds=6.0)
    assert sorted(taken) == sorted(place.sk for place in others)
    assert (swept.handled, swept.put_off, swept.done_before) == (len(others), count, keys.jobs.minute(start))
    # Those that were tried count it; the rest had no turn. All of them are due in a coming minute.
    tried = [place for place in hung if stored(place).due_tries]
    assert 1 <= len(tried) <= 2
    late = [line["due_id"] for line in logged.all() if line["message"] == "due item takes too long"]
    assert sorted(late) == [place.sk for place in tried]
    taken.clear()
    with clock.set_to(start + later(1)):
        sweep.run({"pay_": take})
    assert sorted(taken) == [place.sk for place in hung]


@pytest.mark.usefixtures("swept")
def test_one_item_that_hangs_leaves_the_others_of_its_kind_their_turn(hanging: Callable[[str], bool]) -> None:
    bad = make_due("pay_000", minutes=5)
    taken: set[str] = set()

    def take(due_id: str) -> bool:
        if due_id == bad.sk:
            hanging(due_id)
        taken.add(due_id)
        return True

    for number in range(1, 20):
        make_due(f"pay_{number:03}", minutes=5)
    with clock.set_to(clock.now().replace(second=0, microsecond=0) + later(7)):
        swept = sweep.run({"pay_": take}, seconds=6.0)
    assert (len(taken), swept.handled, swept.put_off) == (19, 19, 1)
    assert stored(bad).due_tries == 1
