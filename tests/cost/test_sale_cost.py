"""What a booking, its payment and its expiry may cost: the same after a hundred orders and after many."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from chalicelib import clock
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import categories
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.orders import HELD
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account, Category, Order
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.client import call
from tests.support.factories import customer_token, make_customer, make_event
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]

SMALL, LARGE = 100, size_of("SALE_ORDERS", small=200, full=400)
MEASURED = 5
# Two tickets: customer, cards by index, the cards themselves, and the one transaction; an Idempotency-Key adds two.
MOST_REQUESTS = 4


@dataclass(frozen=True)
class Cost:
    requests: float
    read_units: float
    write_units: float


@dataclass
class Sale:
    """A category on sale, and a customer with a card who buys of it."""

    meter: Meter
    customer: Account
    category: Category
    orders: int = 0

    def measure(self, act: Callable[[], object]) -> Cost:
        """Return what something costs in a container that is warm: the cheapest of several times.

        A cache may expire between two of them on a loaded machine. A cost that grows with the table is in all of them.
        """
        return min((self._measure_once(act) for _ in range(MEASURED)), key=lambda cost: cost.requests)

    def _measure_once(self, act: Callable[[], object]) -> Cost:
        categories.offer(self.category.event_id)
        self.meter.reset()
        with self.meter.request("act"):
            act()
        used = self.meter.report()["requests"]["act"]
        return Cost(used["dynamodb_requests"], used["read_units"], used["write_units"])

    def reserve(self) -> Order:
        self.orders += 1
        wants = [RequestedTickets(self.category.category_id, 2)]
        return orders.book(self.customer, event_id=self.category.event_id, wants=wants, operation_id=new_id("op"))

    def costs(self) -> dict[str, Cost]:
        token = customer_token(self.customer)
        items = [{"category_id": self.category.category_id, "quantity": 2}]

        def book() -> None:
            answer = call(
                "POST", "/api/v1/tickets/book/", {"event_id": self.category.event_id, "items": items}, token=token
            )
            assert answer.status == 201, answer.text

        def pay() -> None:
            operations.commit(*orders.fulfil(unpaid.pop(), payment_id="pay_1", at=clock.now()))

        book()  # the guard reads the list of lock-outs once in 20 s
        found = {"book": self.measure(book)}
        self.orders += MEASURED + 1
        unpaid = [self.reserve() for _ in range(MEASURED)]
        found["pay"] = self.measure(pay)
        held = [self.reserve() for _ in range(MEASURED)]
        with clock.set_to(clock.now() + HELD):
            found["expire"] = self.measure(lambda: orders.expire(held.pop().order_id))
        return found


@pytest.fixture(scope="module")
def costs() -> Iterator[dict[int, dict[str, Cost]]]:
    """What each step costs, by how many orders the event has."""
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            event, customer = make_event(), make_customer()
            # A card that is full at this event: its list of tickets does not grow with the measured orders.
            full = {event.event_id: [f"tkt_{n}" for n in range(bindings.MAX_TICKETS_PER_EVENT)]}
            cards.register(CardRegistration(uid="04A1A2A3A4A5A6", customer_id=customer.account_id, tickets=full))
            category = categories.add(
                event.event_id, categories.CategoryDraft(name="Standing", price=100, capacity=100_000)
            )
            sale, found = Sale(meter, customer, category), {}
            for size in (SMALL, LARGE):
                while sale.orders < size:
                    sale.reserve()
                found[size] = sale.costs()
            yield found
    finally:
        meter.detach()
        forget_caches()


@pytest.mark.parametrize("step", ["book", "pay", "expire"])
def test_a_step_of_an_order_costs_the_same_however_many_there_are(costs: dict[int, dict[str, Cost]], step: str) -> None:
    few, many = costs[SMALL][step], costs[LARGE][step]
    assert many.requests == few.requests
    assert many.read_units == pytest.approx(few.read_units, rel=0.1)
    assert many.write_units == pytest.approx(few.write_units, rel=0.1)


def test_a_booking_is_one_transaction_after_three_reads(costs: dict[int, dict[str, Cost]]) -> None:
    for by_step in costs.values():
        assert by_step["book"].requests <= MOST_REQUESTS
        assert by_step["expire"].requests == 2
        assert by_step["pay"].requests == 2
