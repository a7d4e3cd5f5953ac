"""The truth of the sale, on an exact engine: never oversold, nothing lost, no refusal while there is stock."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest

from chalicelib import clock
from chalicelib.domain.events import categories, stock
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.errors import Conflict, InvalidState, SoldOut, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, Order, SweepMark
from chalicelib.workers import schedules
from tests.support import engines, stocks
from tests.support.caches import forget_caches
from tests.support.factories import make_event
from tests.support.settings import configured
from tests.support.sizes import size_of
from tests.support.sweeps import until_done

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("sale"), pytest.mark.timeout(1500)]

BUYERS = size_of("SALE_BUYERS", small=60, full=120)
TICKETS = 2 * BUYERS
ResultT = TypeVar("ResultT")
# How the tickets are split into categories, in percent.
SHARES = (50, 30, 20)
SHARDS = 6
AT_ONCE = 8
CALLERS = 32
PATIENCE = 60


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@pytest.fixture
def swept() -> None:
    """No item of earlier tests is due, and the next sweep starts from a moment ago."""
    start = clock.now()
    mark = SweepMark(*keys.jobs.sweep_mark("due"), minute=keys.jobs.minute(start))
    operations.record(operations.put(mark))
    with clock.set_to(start + timedelta(minutes=25)):
        schedules.sweep()
    operations.record(operations.put(mark))


@pytest.fixture
def event() -> Event:
    return make_event()


def customer() -> Account:
    """A customer as far as the sale asks: no password is hashed for them."""
    account_id = new_id("cus")
    return Account(*keys.access.account(account_id), account_id=account_id, name="Buyer")


def sell(event: Event, capacity: int, *, name: str = "Standing", shards: int = SHARDS) -> Category:
    return categories.add(
        event.event_id, categories.CategoryDraft(name=name, price=150_000, capacity=capacity, shards=shards)
    )


def reserve(event: Event, category: Category, quantity: int) -> Order:
    wants = [RequestedTickets(category.category_id, quantity)]
    return patiently(lambda: orders.book(customer(), event_id=event.event_id, wants=wants, operation_id=new_id("op")))


def patiently(act: Callable[[], ResultT]) -> ResultT:
    """Retry as a client does after a 503."""
    for _ in range(PATIENCE):
        try:
            return act()
        except Unavailable:
            time.sleep(0.02)
    raise AssertionError(f"{PATIENCE} tries brought no answer")


def pay(order_id: str, payment_id: str) -> bool:
    """Make an order in any state paid, as a successful payment does; return whether this call did it."""
    for _ in range(PATIENCE):
        order = orders.get(order_id)
        if order.status == "paid":
            return False
        step = orders.fulfil if order.status == "reserved" else orders.revive
        try:
            operations.commit(*step(order, payment_id=payment_id, at=clock.now()))
        except operations.ConditionFailed:
            continue
        except Unavailable:
            time.sleep(0.02)
            continue
        return True
    raise AssertionError(f"{PATIENCE} tries brought no answer")


def together(acts: list[Callable[[], bool]]) -> list[bool]:
    """Do all of these at the same moment, each in a thread of its own."""
    start = threading.Barrier(len(acts))
    results = [False] * len(acts)
    faults: list[BaseException] = []

    def work(place: int, act: Callable[[], bool]) -> None:
        start.wait(60)
        try:
            results[place] = act()
        except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
            faults.append(fault)

    run(threading.Thread(target=work, args=(place, act)) for place, act in enumerate(acts))
    if faults:
        raise faults[0]
    return results


def run(threads: Iterator[threading.Thread]) -> None:
    started = list(threads)
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def tickets_of(order: Order) -> list[str]:
    """Return the statuses of an order's stored tickets."""
    found = operations.get_many([keys.tickets.ticket(line["ticket_id"]) for line in order.tickets])
    return [ticket.status for ticket in found.values()]


@dataclass
class Refused:
    """A refusal with SOLD_OUT: what the buyer wanted of each category, and the stock that the answer named."""

    wanted: dict[str, int]
    left: dict[str, int]


@dataclass
class Rush:
    """A sale under way: its buyers, and a sampler that reads all stock in one transaction."""

    event: Event
    sold: list[Category]
    paid: list[str] = field(default_factory=list)
    unpaid: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    samples: list[dict[str, stock.StockCounts]] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def buy(self, chance: random.Random) -> None:
        """Want one to four tickets of one category or two; pay for half of the orders."""
        names = chance.sample([category.category_id for category in self.sold], k=chance.choice((1, 1, 2)))
        wanted = Counter(names)
        while wanted.total() < chance.randint(1, 4):
            wanted[chance.choice(names)] += 1
        wants = [RequestedTickets(name, quantity) for name, quantity in wanted.items()]
        buyer, operation_id = customer(), new_id("op")
        try:
            order = patiently(
                lambda: orders.book(buyer, event_id=self.event.event_id, wants=wants, operation_id=operation_id)
            )
        except SoldOut as refusal:
            left = {told["field"]: int(told["message"].removesuffix(" left")) for told in refusal.details or []}
            self.refused.append(Refused(dict(wanted), left))
            return
        if chance.random() < 0.5:
            assert pay(order.order_id, new_id("pay"))
            self.paid.append(order.order_id)
        else:
            self.unpaid.append(order.order_id)

    def watch(self) -> None:
        """Read the whole stock again and again, each time in one transaction."""
        while not self.over.is_set():
            try:
                self.samples.append(stocks.snapshot(self.event.event_id, self.sold))
            except Unavailable:
                continue
            except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
                self.faults.append(fault)
                return

    def serve(self, queue: Iterator[int], lock: threading.Lock) -> None:
        """Serve one buyer after the other, until none is left."""
        while not self.faults:
            with lock:
                number = next(queue, None)
            if number is None:
                return
            try:
                self.buy(random.Random(number))  # noqa: S311  # the same rush at every run
            except BaseException as fault:  # noqa: BLE001  # reported to the test, which runs in another thread
                self.faults.append(fault)

    def open(self, buyers: int) -> None:
        """Serve all buyers, some at once, and sample the stock until the last has left."""
        watcher = threading.Thread(target=self.watch)
        watcher.start()
        queue, lock = iter(range(buyers)), threading.Lock()
        try:
            run(threading.Thread(target=self.serve, args=(queue, lock)) for _ in range(AT_ONCE))
        finally:
            self.over.set()
            watcher.join()
        if self.faults:
            raise self.faults[0]


@pytest.mark.usefixtures("swept")
def test_a_rush_never_oversells_never_loses_and_sends_nobody_away_while_there_is_stock(event: Event) -> None:
    capacities = [TICKETS * share // 100 for share in SHARES]
    sold = [sell(event, capacity, name=f"Block {capacity}") for capacity in capacities]
    rush = Rush(event, sold)

    rush.open(BUYERS)

    capacity = {category.category_id: category.capacity for category in sold}
    assert len(rush.samples) > 10
    for sample in rush.samples:
        for category_id, counts in sample.items():
            assert counts.capacity == capacity[category_id]
            assert counts.free + counts.reserved + counts.sold == counts.capacity
            assert min(counts.free, counts.reserved, counts.sold) >= 0
    booked, paid = quantities(rush.paid + rush.unpaid), quantities(rush.paid)
    after = stocks.snapshot(event.event_id, sold)
    for category_id, counts in after.items():
        assert counts.sold == paid[category_id]
        assert counts.reserved == booked[category_id] - paid[category_id]
        assert counts.free == capacity[category_id] - booked[category_id] >= 0
    assert len(rush.paid) + len(rush.unpaid) + len(rush.refused) == BUYERS
    for buyer in rush.refused:
        assert buyer.left
        for category_id, left in buyer.left.items():
            # No stock was released meanwhile: the stock at the refusal was too small, and so is the free stock now.
            assert after[category_id].free <= left < buyer.wanted[category_id]

    with clock.set_to(clock.now() + timedelta(minutes=12)):
        assert until_done() == len(rush.unpaid)
        assert [orders.get(order_id).status for order_id in rush.unpaid] == ["expired"] * len(rush.unpaid)
        assert [tickets_of(orders.get(order_id)) for order_id in rush.unpaid] == [[]] * len(rush.unpaid)
    for order_id in rush.paid:
        order = orders.get(order_id)
        assert tickets_of(order) == ["valid"] * len(order.tickets)
    for category_id, counts in stocks.snapshot(event.event_id, sold).items():
        everything_else = capacity[category_id] - paid[category_id]
        assert counts == stock.StockCounts(everything_else, 0, paid[category_id], capacity[category_id])


def quantities(order_ids: list[str]) -> Counter[str]:
    """Return how many tickets these orders hold, by category."""
    found: Counter[str] = Counter()
    for order in operations.get_many([keys.sale.order(order_id) for order_id in order_ids]).values():
        for item in order.items:
            found[item["category_id"]] += int(item["quantity"])
            assert sum(item["shards"].values()) == item["quantity"]
    return found


def test_the_last_tickets_are_found_in_whichever_shards_they_are(event: Event) -> None:
    category = sell(event, 24, shards=24)

    orders_made = [reserve(event, category, 4) for _ in range(6)]

    assert stocks.snapshot(event.event_id, [category])[category.category_id] == stock.StockCounts(0, 24, 0, 24)
    assert all(sum(order.items[0]["shards"].values()) == 4 for order in orders_made)
    with pytest.raises(SoldOut) as refused:
        reserve(event, category, 1)
    assert refused.value.details == [{"field": category.category_id, "message": "0 left"}]


def test_of_an_expiry_and_a_payment_at_the_same_moment_exactly_one_wins(event: Event) -> None:
    category = sell(event, 40, shards=1)
    made = [reserve(event, category, 2) for _ in range(8)]

    with clock.set_to(clock.now() + timedelta(minutes=11)):
        for order in made:
            wins = together(
                [
                    partial(patiently, partial(orders.expire, order.order_id))
                    if number % 2
                    else partial(fulfil_once, order.order_id, f"pay_{number}")
                    for number in range(CALLERS)
                ]
            )
            assert wins.count(True) == 1

    after = [orders.get(order.order_id) for order in made]
    paid = [order for order in after if order.status == "paid"]
    assert [order.status for order in after if order not in paid] == ["expired"] * (len(made) - len(paid))
    assert all(tickets_of(order) == (["valid"] * 2 if order.status == "paid" else []) for order in after)
    counts = stocks.snapshot(event.event_id, [category])[category.category_id]
    assert counts == stock.StockCounts(40 - 2 * len(paid), 0, 2 * len(paid), 40)


def test_of_giving_back_and_a_payment_at_the_same_moment_exactly_one_wins(event: Event) -> None:
    category = sell(event, 40, shards=1)
    made = [reserve(event, category, 2) for _ in range(8)]

    def give_back(order: Order) -> bool:
        try:
            patiently(lambda: orders.give_back(order.customer_id, order.order_id))
        except InvalidState:
            return False
        return True

    for order in made:
        wins = together(
            [
                partial(give_back, order) if number % 2 else partial(fulfil_once, order.order_id, f"pay_{number}")
                for number in range(CALLERS)
            ]
        )
        # Each caller who gives back sees the same; of the payments at most one is made.
        assert len(set(wins[1::2])) == 1
        assert wins[::2].count(True) == (0 if wins[1] else 1)

    after = [orders.get(order.order_id) for order in made]
    paid = [order for order in after if order.status == "paid"]
    assert [order.status for order in after if order not in paid] == ["cancelled"] * (len(made) - len(paid))
    assert all(tickets_of(order) == (["valid"] * 2 if order.status == "paid" else []) for order in after)
    counts = stocks.snapshot(event.event_id, [category])[category.category_id]
    assert counts == stock.StockCounts(40 - 2 * len(paid), 0, 2 * len(paid), 40)


def fulfil_once(order_id: str, payment_id: str) -> bool:
    """Pay an order if it is reserved still."""
    for _ in range(PATIENCE):
        order = orders.get(order_id)
        if order.status != "reserved":
            return False
        try:
            operations.commit(*orders.fulfil(order, payment_id=payment_id, at=clock.now()))
        except operations.ConditionFailed:
            continue
        except Unavailable:
            time.sleep(0.02)
            continue
        return True
    raise AssertionError(f"{PATIENCE} tries brought no answer")


@pytest.mark.usefixtures("swept")
def test_however_many_sweeps_and_late_payments_meet_an_order_it_is_paid_once_and_stock_balances(event: Event) -> None:
    category = sell(event, 12, shards=3)
    order = reserve(event, category, 4)

    with clock.set_to(clock.now() + timedelta(minutes=12)):
        sweeps: list[Callable[[], bool]] = [lambda: patiently(schedules.sweep).handled > 0 for _ in range(CALLERS // 2)]
        payments = [partial(pay, order.order_id, f"pay_{number}") for number in range(CALLERS // 2)]
        wins = together([*sweeps, *payments])

    assert wins[len(sweeps) :].count(True) == 1
    after = orders.get(order.order_id)
    assert (after.status, tickets_of(after)) == ("paid", ["valid"] * 4)
    assert stocks.snapshot(event.event_id, [category])[category.category_id] == stock.StockCounts(8, 0, 4, 12)


def test_a_booking_sent_by_many_at_once_under_one_operation_is_one_order(event: Event) -> None:
    category = sell(event, 100, shards=4)
    buyer, operation_id, seen = customer(), new_id("op"), []

    def book() -> bool:
        wants = [RequestedTickets(category.category_id, 3)]
        order = patiently(lambda: orders.book(buyer, event_id=event.event_id, wants=wants, operation_id=operation_id))
        seen.append(order.order_id)
        return True

    together([book] * CALLERS)

    assert (len(seen), len(set(seen))) == (CALLERS, 1)
    assert stocks.snapshot(event.event_id, [category])[category.category_id] == stock.StockCounts(97, 3, 0, 100)


def _own_bookings_at_once(event: Event, category: Category) -> int:
    """Let one customer book one seat by many callers at once; return how many of them were served."""
    buyer = customer()

    def book() -> bool:
        wants = [RequestedTickets(category.category_id, 1)]
        try:
            patiently(lambda: orders.book(buyer, event_id=event.event_id, wants=wants, operation_id=new_id("op")))
        except Conflict:
            return False
        return True

    return together([book] * CALLERS).count(True)


def test_of_many_bookings_of_one_customer_at_once_two_are_open(event: Event) -> None:
    category = sell(event, 100, shards=4)
    with configured(LIMIT_OPEN_RESERVATIONS=2):
        assert _own_bookings_at_once(event, category) == 2
    assert stocks.snapshot(event.event_id, [category])[category.category_id] == stock.StockCounts(98, 2, 0, 100)


def test_of_many_bookings_of_one_customer_at_once_as_many_seats_as_allowed_are_held(event: Event) -> None:
    category = sell(event, 100, shards=4)
    with configured(LIMIT_OPEN_RESERVATIONS=CALLERS):
        assert _own_bookings_at_once(event, category) == category.per_order_limit
    held = category.per_order_limit
    assert stocks.snapshot(event.event_id, [category])[category.category_id] == stock.StockCounts(
        100 - held, held, 0, 100
    )
