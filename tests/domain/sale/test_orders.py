"""The end of an order: paid, expired, or paid late; its stock is sold or released, once."""

from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.bindings import MAX_TICKETS_PER_EVENT
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import categories, stock
from chalicelib.domain.lists.tickets import shown_status
from chalicelib.domain.sale import orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.errors import NotFound, SoldOut, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Event, Order, Ticket
from chalicelib.vocabulary.cards import CardStatus
from tests.support import card_states, stocks
from tests.support.factories import make_customer, make_event

pytestmark = pytest.mark.usefixtures("moto_cloud")
UID = "04A1A1A1A1A1A1"


@pytest.fixture
def event() -> Event:
    return make_event()


@pytest.fixture
def customer() -> Account:
    return make_customer()


def sell(event: Event, *, capacity: int = 20, shards: int = 4) -> Category:
    return categories.add(
        event.event_id, categories.CategoryDraft(name="Standing", price=150_000, capacity=capacity, shards=shards)
    )


def reserve(event: Event, category: Category, customer: Account, quantity: int = 2) -> Order:
    wants = [RequestedTickets(category.category_id, quantity)]
    return orders.book(customer, event_id=event.event_id, wants=wants, operation_id=new_id("op"))


def fulfil(order: Order) -> Order:
    operations.commit(*orders.fulfil(order, payment_id="pay_1", at=clock.now()))
    return orders.get(order.order_id)


def revive(order: Order) -> Order:
    operations.commit(*orders.revive(orders.get(order.order_id), payment_id="pay_1", at=clock.now()))
    return orders.get(order.order_id)


def shards(category: Category) -> dict[int, tuple[int, int, int]]:
    places = [keys.events.stock(category.event_id, category.category_id, shard) for shard in range(category.shards)]
    found = operations.get_many(places).values()
    return {one.shard: (one.free, one.reserved, one.sold) for one in found}


def tickets_of(order: Order) -> list[Ticket]:
    places = [keys.tickets.ticket(line["ticket_id"]) for line in order.tickets]
    return list(operations.get_many(places).values())


def over(minutes: int = 10) -> timedelta:
    return timedelta(minutes=minutes)


def test_a_category_comes_with_all_of_its_stock_and_only_once(event: Event) -> None:
    first = categories.add(
        event.event_id, categories.CategoryDraft(name="A", price=100, capacity=103, category_id="cat_1")
    )
    again = categories.add(
        event.event_id, categories.CategoryDraft(name="B", price=200, capacity=999, category_id="cat_1")
    )
    assert (again.name, again.price, again.capacity) == ("A", 100, 103)
    assert shards(first) == {0: (52, 0, 0), 1: (51, 0, 0)}
    assert [category.category_id for category in categories.of(event.event_id)] == ["cat_1"]


@pytest.mark.parametrize(
    ("capacity", "expected"), [(1, 1), (49, 1), (99, 1), (100, 2), (800, 16), (100_000, 16), (1_000_000, 16)]
)
def test_stock_is_spread_by_how_much_there_is(capacity: int, expected: int) -> None:
    assert stock.shard_count(capacity) == expected


def test_a_category_needs_an_event_and_numbers_that_make_sense(event: Event) -> None:
    with pytest.raises(NotFound):
        categories.add("evt_of_nobody", categories.CategoryDraft(name="A", price=1, capacity=1))
    with pytest.raises(ValidationFailed) as refused:
        categories.add(event.event_id, categories.CategoryDraft(name="A", price=-1, capacity=0, per_order_limit=21))
    assert {problem["field"] for problem in refused.value.details or []} == {
        "price",
        "capacity",
        "per_order_limit",
        "shards",
    }


def test_counts_and_snapshot_say_the_same_of_each_category(event: Event, customer: Account) -> None:
    first, second = sell(event), sell(event, capacity=7, shards=3)
    reserve(event, first, customer, 3)
    expected = {
        first.category_id: stock.StockCounts(free=17, reserved=3, sold=0, capacity=20),
        second.category_id: stock.StockCounts(free=7, reserved=0, sold=0, capacity=7),
    }
    assert stock.counts(event.event_id, [first, second], consistent=True) == expected
    assert stocks.snapshot(event.event_id, [first, second]) == expected


def test_payment_sells_what_was_held_on_the_same_shards_and_makes_the_tickets_known(
    event: Event, customer: Account
) -> None:
    category = sell(event)
    order = reserve(event, category, customer)
    (shard,) = order.items[0]["shards"]
    with clock.set_to(clock.now() + timedelta(minutes=3)):
        paid = fulfil(order)
        at = clock.now()

    assert (paid.status, paid.payment_id, paid.closed_at) == ("paid", "pay_1", at)
    listed = keys.sale.event_orders(paid.event_id, paid.order_id)
    assert (paid.gsi2pk, paid.gsi2sk) == listed
    assert shards(category)[int(shard)] == (3, 0, 2)
    for ticket in tickets_of(paid):
        assert (ticket.status, ticket.issued_at) == ("valid", at)
        assert ticket.reserved_until is None
        place = keys.gate.attendee(event.event_id, customer.name, ticket.ticket_id)
        assert (ticket.gsi1pk, ticket.gsi1sk) == place
        assert (ticket.price, ticket.currency) == (150_000, "PKR")


def test_an_order_is_paid_only_once(event: Event, customer: Account) -> None:
    category = sell(event)
    order = reserve(event, category, customer)
    fulfil(order)
    with pytest.raises(operations.ConditionFailed) as failed:
        fulfil(order)
    assert 0 in failed.value.failures
    assert stocks.snapshot(event.event_id, [category])[category.category_id] == stock.StockCounts(18, 0, 2, 20)


def test_a_reservation_may_be_paid_after_its_time_as_long_as_its_stock_was_not_given_back(
    event: Event, customer: Account
) -> None:
    order = reserve(event, sell(event), customer)
    with clock.set_to(clock.now() + over(30)):
        assert fulfil(order).status == "paid"
        assert orders.expire(order.order_id) is False


@pytest.mark.parametrize("change", ["full", "blocked", "somebody else's"])
def test_a_card_that_cannot_take_the_tickets_any_more_does_not_hinder_the_payment(
    event: Event, customer: Account, change: str
) -> None:
    cards.register(CardRegistration(uid=UID, customer_id=customer.account_id))
    order = reserve(event, sell(event), customer)
    assert order.card_uid == UID
    if change == "full":
        card_states.let_open(
            UID, event_id=event.event_id, ticket_ids=[f"tkt_{n}" for n in range(MAX_TICKETS_PER_EVENT)]
        )
    elif change == "blocked":
        card_states.put_into(UID, CardStatus.BLOCKED)
    else:
        card = cards.find(UID)
        assert card is not None
        card.customer_id = "cus_other"
        operations.record(operations.put(card))
    before = dict(cards.find(UID).tickets)  # type: ignore[union-attr]  # it is there

    paid = fulfil(order)

    assert [ticket.status for ticket in tickets_of(paid)] == ["valid", "valid"]
    assert [ticket for ticket in tickets_of(paid) if ticket.card_uid] == []
    assert cards.find(UID).tickets == before  # type: ignore[union-attr]


def test_a_card_that_changes_between_the_look_and_the_payment_is_looked_at_again(
    event: Event, customer: Account
) -> None:
    cards.register(CardRegistration(uid=UID, customer_id=customer.account_id))
    category = sell(event)
    first, second = reserve(event, category, customer, 1), reserve(event, category, customer, 1)
    decided_before = orders.fulfil(second, payment_id="pay_2", at=clock.now())
    fulfil(first)
    with pytest.raises(operations.ConditionFailed) as failed:
        operations.commit(*decided_before)
    assert 0 not in failed.value.failures
    fulfil(second)
    both = [first.tickets[0]["ticket_id"], second.tickets[0]["ticket_id"]]
    assert cards.find(UID).tickets == {event.event_id: both}  # type: ignore[union-attr]  # it is there


def test_an_order_expires_when_its_time_is_over_and_not_before(event: Event, customer: Account) -> None:
    category = sell(event)
    before = shards(category)
    order = reserve(event, category, customer, 7)
    with clock.set_to(order.expires_at - timedelta(milliseconds=1)):
        assert orders.expire(order.order_id) is False
        assert orders.shown_status(order) == "reserved"
    with clock.set_to(order.expires_at):
        assert orders.shown_status(order) == "expired"
        assert {shown_status(ticket).value for ticket in tickets_of(order)} == {"cancelled"}
        assert orders.expire(order.order_id) is True
        assert orders.expire(order.order_id) is False
    after = orders.get(order.order_id)
    assert after.status == "expired"
    assert after.gsi2pk is None
    assert tickets_of(after) == []
    assert shards(category) == before


def test_nobody_and_nothing_expires_what_does_not_exist() -> None:
    assert orders.expire("ord_of_nobody") is False


def test_a_late_payment_takes_stock_anew_under_the_same_tickets(event: Event, customer: Account) -> None:
    cards.register(CardRegistration(uid=UID, customer_id=customer.account_id))
    category = sell(event)
    order = reserve(event, category, customer, 7)
    with clock.set_to(clock.now() + over()):
        orders.expire(order.order_id)
        paid = revive(order)
    assert paid.status == "paid"
    assert sum(paid.items[0]["shards"].values()) == 7
    assert stocks.snapshot(event.event_id, [category])[category.category_id] == stock.StockCounts(13, 0, 7, 20)
    assert {ticket.ticket_id for ticket in tickets_of(paid)} == {line["ticket_id"] for line in order.tickets}
    assert {(ticket.status, ticket.card_uid) for ticket in tickets_of(paid)} == {("valid", UID)}
    with pytest.raises(operations.ConditionFailed) as failed:
        revive(order)
    assert 0 in failed.value.failures


def test_a_late_payment_finds_nothing_where_all_is_sold(event: Event, customer: Account) -> None:
    category = sell(event, capacity=3, shards=3)
    order = reserve(event, category, customer, 2)
    with clock.set_to(clock.now() + over()):
        orders.expire(order.order_id)
        fulfil(reserve(event, category, make_customer(), 2))
        with pytest.raises(SoldOut) as refused:
            revive(order)
    assert refused.value.details == [{"field": category.category_id, "message": "1 left"}]
    assert orders.get(order.order_id).status == "expired"


def test_no_step_starts_from_another_status_than_its_own(event: Event, customer: Account) -> None:
    category = sell(event)
    reserved, paid, expired = (reserve(event, category, customer) for _ in range(3))
    reserve(event, category, make_customer(), 10)
    fulfil(paid)
    with clock.set_to(clock.now() + over()):
        orders.expire(expired.order_id)
    before = stocks.snapshot(event.event_id, [category])
    for step, order in (
        (orders.fulfil, paid),
        (orders.fulfil, expired),
        (orders.revive, paid),
        (orders.revive, reserved),
    ):
        writes = step(orders.get(order.order_id), payment_id="pay_2", at=clock.now())
        with pytest.raises(operations.ConditionFailed) as failed:
            operations.commit(*writes)
        assert 0 in failed.value.failures
    assert stocks.snapshot(event.event_id, [category]) == before


def test_a_booking_belongs_to_its_customer(event: Event, customer: Account) -> None:
    order = reserve(event, sell(event), customer)
    assert orders.own(customer.account_id, order.order_id).order_id == order.order_id
    for asked_by, order_id in ((make_customer().account_id, order.order_id), (customer.account_id, "ord_of_nobody")):
        with pytest.raises(NotFound):
            orders.own(asked_by, order_id)
