"""Booking through the portal: the reserved stock, its time limit, the rules, and all or nothing."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.bindings import MAX_TICKETS_PER_EVENT
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.customers import dependents
from chalicelib.domain.customers.dependents import DependentDetails
from chalicelib.domain.events import categories, stock
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.sale import orders
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Category, Event, IdempotencyRecord, Order, Ticket, Venue
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.events import EventStatus
from tests.contract.ground import stored
from tests.support import event_states, stocks
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer, make_event, scan_id

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "/api/v1/tickets/book/"


@pytest.fixture
def event() -> Event:
    return make_event(title="Concert", venue=Venue(name="Alhamra"), starts_at=clock.now() + timedelta(hours=2))


@pytest.fixture
def customer() -> Account:
    return make_customer(name="Ayesha Khan")


@pytest.fixture
def token(customer: Account) -> str:
    return customer_token(customer)


def sell(event: Event, *, capacity: int = 20, name: str = "Standing", **more: Any) -> Category:
    return categories.add(event.event_id, categories.CategoryDraft(name=name, price=150_000, capacity=capacity, **more))


def wanted(category: Category, quantity: Any = 1, **more: Any) -> dict[str, Any]:
    return {"category_id": category.category_id, "quantity": quantity, **more}


def book(event: Event, token: str, *items: Any, key: str | None = None, **more: Any) -> Answer:
    headers = {"idempotency-key": key} if key else None
    return call("POST", PATH, {"event_id": event.event_id, "items": items, **more}, token=token, headers=headers)


def counts(category: Category) -> stock.StockCounts:
    return stocks.snapshot(category.event_id, [category])[category.category_id]


def ticket(ticket_id: str) -> Ticket | None:
    return operations.get(keys.tickets.ticket(ticket_id))


def card_of(customer: Account, uid: str, *, opened: dict[str, list[str]] | None = None, **more: Any) -> Card:
    return cards.register(CardRegistration(uid=uid, customer_id=customer.account_id, tickets=opened, **more))


def pay(answer: Answer) -> Order:
    operations.commit(*orders.fulfil(orders.get(answer.json["id"]), payment_id="pay_1", at=clock.now()))
    return orders.get(answer.json["id"])


def test_a_booking_holds_stock_and_shows_its_tickets_for_ten_minutes(
    event: Event, customer: Account, token: str
) -> None:
    category = sell(event, name="Front row", tier="VIP")
    answer = book(event, token, wanted(category, 2, holders=[{"name": "Bilal Ahmed"}]))

    assert answer.status == 201, answer.text
    booking = answer.json
    assert booking["status"] == "reserved"
    assert booking["total"] == {"amount": "3000.00", "currency": "PKR"}
    assert datetime.fromisoformat(booking["expires_at"]) - datetime.fromisoformat(booking["created_at"]) == timedelta(
        minutes=10
    )
    first, second = booking["tickets"]
    assert first == {
        "id": first["id"],
        "number": f"{booking['id'][-8:]}-1",
        "event": {
            "id": event.event_id,
            "title": "Concert",
            "starts_at": clock.to_text(event.starts_at),
            "venue_name": "Alhamra",
        },
        "category": {"id": category.category_id, "name": "Front row", "tier": "VIP"},
        "holder": {"name": "Bilal Ahmed", "dependent_id": None},
        "status": "reserved",
        "scan_status": "not_scanned",
        "scanned_at": None,
        "card_id": None,
        "purchased_at": booking["created_at"],
        "message": None,
        "price": {"amount": "1500.00", "currency": "PKR"},
    }
    assert second["holder"]["name"] == customer.name
    assert counts(category) == stock.StockCounts(free=18, reserved=2, sold=0, capacity=20)
    kept = ticket(first["id"])
    assert kept is not None
    assert (kept.status, kept.order_id) == ("reserved", booking["id"])
    assert kept.gsi1pk is None
    assert (kept.gsi2pk, kept.gsi2sk) == keys.tickets.customer_tickets(customer.account_id, first["id"])
    order = orders.get(booking["id"])
    assert (order.status, order.customer_id, order.total) == ("reserved", customer.account_id, 300_000)


def test_a_reserved_ticket_opens_no_gate(event: Event, token: str) -> None:
    booked = book(event, token, wanted(sell(event))).json["tickets"][0]["id"]
    caller = Caller(id="ush_1", event_id=event.event_id, name="usher", gate="Gate 1")
    assert checkin.scan(caller, Reading(scan_id(), ticket_id=booked)).reason == "not_paid"


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"quantity": 0}, "items.0.quantity"),
        ({"quantity": -1}, "items.0.quantity"),
        ({"quantity": "2"}, "items.0.quantity"),
        ({"quantity": 1.5}, "items.0.quantity"),
        ({"quantity": 5}, "items.0.quantity"),
        ({"quantity": 10**9}, "items.0.quantity"),
        ({"category_id": "cat_of_nobody"}, "items.0.category_id"),
        ({"holders": [{"name": "A"}, {"name": "B"}]}, "items.0.holders"),
        ({"holders": [{"name": "  "}]}, "items.0.holders.0.name"),
    ],
)
def test_what_no_sale_could_serve_is_named_and_changes_nothing(
    event: Event, token: str, item: dict[str, Any], field: str
) -> None:
    category = sell(event, per_order_limit=4)
    before = stored()
    answer = book(event, token, {**wanted(category), **item})
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert field in [problem["field"] for problem in answer.json["error"]["details"]]
    assert stored() == before


def test_an_order_names_each_category_once_and_holds_at_most_twenty_tickets(event: Event, token: str) -> None:
    several = [sell(event, name=f"Block {n}") for n in range(3)]
    for items in ([], [wanted(several[0]), wanted(several[0])], [wanted(one, 7) for one in several]):
        answer = book(event, token, *items)
        assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "items")
    assert book(event, token, *[wanted(one, q) for one, q in zip(several, (10, 9, 1), strict=True)]).status == 201


def test_categories_of_two_currencies_are_no_one_order(event: Event, token: str) -> None:
    answer = book(event, token, wanted(sell(event)), wanted(sell(event, name="Abroad", currency="USD")))
    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, "items")


def test_a_category_of_another_event_is_none_of_this_one(event: Event, token: str) -> None:
    elsewhere = sell(make_event())
    sell(event)
    assert book(event, token, wanted(elsewhere)).status == 400
    assert counts(elsewhere).free == 20


def test_nothing_is_sold_outside_the_sales_window(token: str) -> None:
    now = clock.now()
    event = make_event(starts_at=now + timedelta(hours=2), timezone="Asia/Karachi")
    category = sell(event, sales_start=now + timedelta(hours=1), sales_end=now + timedelta(minutes=70))
    # Customers read the hour of the event's own zone.
    opening = (now + timedelta(hours=1)).astimezone(ZoneInfo(event.timezone))
    early = book(event, token, wanted(category))
    assert (early.status, early.code) == (409, "INVALID_STATE")
    assert early.json["error"]["details"] == [
        {
            "field": category.category_id,
            "message": f"goes on sale at {opening:%H:%M} on {opening.day} {opening:%B %Y} (Asia/Karachi)",
        }
    ]
    with clock.set_to(now + timedelta(hours=1)):
        in_time = book(event, customer_token(make_customer()), wanted(category))
    with clock.set_to(now + timedelta(minutes=70)):
        late = book(event, customer_token(make_customer()), wanted(category))
    assert (in_time.status, late.status, late.code) == (201, 409, "INVALID_STATE")
    assert "was on sale until" in late.json["error"]["details"][0]["message"]
    assert counts(category).reserved == 1


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (EventStatus.PUBLISHED, 201),
        (EventStatus.LIVE, 201),
        (EventStatus.DRAFT, 404),
        (EventStatus.ENDED, 409),
        (EventStatus.CANCELLED, 409),
        (EventStatus.ARCHIVED, 409),
    ],
)
def test_only_an_event_that_is_public_and_goes_on_sells(
    event: Event, token: str, status: EventStatus, expected: int
) -> None:
    category = sell(event)
    event_states.put_into(event.event_id, status)
    categories.forget()
    assert book(event, token, wanted(category)).status == expected


@pytest.mark.parametrize("gates_open", [timedelta(0), timedelta(hours=1)], ids=["gates closed", "gates open"])
def test_an_event_that_is_over_or_unknown_sells_nothing(gates_open: timedelta) -> None:
    ends_at = clock.now() + timedelta(hours=2)
    event = make_event(ends_at=ends_at, scanning_closes_at=ends_at + gates_open)
    category = sell(event)
    with clock.set_to(ends_at - timedelta(milliseconds=1)):
        assert book(event, customer_token(make_customer()), wanted(category)).status == 201
    with clock.set_to(ends_at):
        token = customer_token(make_customer())
        assert book(event, token, wanted(category)).code == "INVALID_STATE"
        body = {"event_id": "evt_of_nobody", "items": [wanted(category)]}
        assert call("POST", PATH, body, token=token).status == 404


def test_a_holder_may_be_ones_own_dependent_and_nobody_elses(event: Event, customer: Account, token: str) -> None:
    category = sell(event)
    mine = dependents.add(customer.account_id, DependentDetails("Sara", "daughter"), operation_id="op_1").id
    other = dependents.add(make_customer().account_id, DependentDetails("Omar", "son"), operation_id="op_2").id

    answer = book(event, token, wanted(category, holders=[{"name": "Sara", "dependent_id": mine}]))
    assert answer.json["tickets"][0]["holder"] == {"name": "Sara", "dependent_id": mine}
    before = stored()
    assert book(event, token, wanted(category, holders=[{"name": "Omar", "dependent_id": other}])).status == 404
    assert stored() == before


def test_tickets_go_on_the_customers_newest_active_card_and_open_by_it_once_paid(
    event: Event, customer: Account, token: str
) -> None:
    with clock.set_to(clock.now() - timedelta(days=2)):
        card_of(customer, "04A1A1A1A1A1A1")
    newest = card_of(customer, "04A2A2A2A2A2A2")
    card_of(customer, "04A3A3A3A3A3A3", status=CardStatus.BLOCKED)

    answer = book(event, token, wanted(sell(event), 2))
    assert answer.json["card_id"] == newest.card_id
    assert [one["card_id"] for one in answer.json["tickets"]] == [newest.card_id] * 2
    assert cards.find(newest.uid).tickets == {}  # type: ignore[union-attr]  # it is there
    pay(answer)
    ids = [one["id"] for one in answer.json["tickets"]]
    assert cards.find(newest.uid).tickets == {event.event_id: ids}  # type: ignore[union-attr]
    caller = Caller(id="ush_1", event_id=event.event_id, name="usher", gate="Gate 1")
    with clock.set_to(event.starts_at):
        assert checkin.scan(caller, Reading(scan_id(), uid=newest.uid)).result == "valid"


def test_a_card_that_is_named_must_be_ones_own_active_and_have_room(
    event: Event, customer: Account, token: str
) -> None:
    category = sell(event)
    full = {event.event_id: [f"tkt_{n}" for n in range(MAX_TICKETS_PER_EVENT - 1)]}
    good = card_of(customer, "04A1A1A1A1A1A1")
    strangers = card_of(make_customer(), "04A2A2A2A2A2A2")
    blocked = card_of(customer, "04A3A3A3A3A3A3", status=CardStatus.BLOCKED)
    nearly_full = card_of(customer, "04A4A4A4A4A4A4", opened=full)
    before = stored()
    for name, status, code in (
        ("no-such-card", 400, "VALIDATION_ERROR"),
        ("04FFFFFFFFFFFF", 404, "NOT_FOUND"),
        (strangers.card_id, 404, "NOT_FOUND"),
        (blocked.card_id, 409, "INVALID_STATE"),
        (nearly_full.card_id, 409, "CONFLICT"),
    ):
        answer = book(event, token, wanted(category, 2), card_id=name)
        assert (answer.status, answer.code) == (status, code), name
    assert stored() == before
    assert book(event, token, wanted(category, 2), card_id=good.card_id).json["card_id"] == good.card_id
    assert book(event, token, wanted(category, 1), card_id=nearly_full.uid).status == 201


def test_a_default_card_takes_the_tickets_that_fit_the_holders_own_first(
    event: Event, customer: Account, token: str
) -> None:
    opened = {event.event_id: [f"tkt_{n}" for n in range(MAX_TICKETS_PER_EVENT - 1)]}
    card_of(customer, "04A1A1A1A1A1A1", opened=opened)
    child = dependents.add(customer.account_id, DependentDetails("Sara", "daughter"), operation_id="op_1").id
    holders = [{"name": "Sara", "dependent_id": child}, {"name": "Ayesha"}]

    answer = book(event, token, wanted(sell(event), 2, holders=holders))

    child_ticket, own_ticket = answer.json["tickets"]
    assert (child_ticket["card_id"], own_ticket["card_id"]) == (None, answer.json["card_id"])
    pay(answer)
    assert ticket(child_ticket["id"]).card_uid is None  # type: ignore[union-attr]  # it is there
    assert ticket(own_ticket["id"]).card_uid == "04A1A1A1A1A1A1"  # type: ignore[union-attr]


def test_sold_out_says_of_which_category_how_many_are_left_and_changes_nothing(event: Event, token: str) -> None:
    plenty, scarce = sell(event), sell(event, name="Balcony", capacity=2)
    before = stored()
    answer = book(event, token, wanted(plenty, 2), wanted(scarce, 3))
    assert (answer.status, answer.code) == (409, "SOLD_OUT")
    assert answer.json["error"]["message"] == "Not enough tickets are left. Balcony: 2 left."
    assert answer.json["error"]["details"] == [{"field": scarce.category_id, "message": "2 left"}]
    assert stored() == before

    assert book(event, token, wanted(plenty, 2), wanted(scarce, 2)).status == 201
    gone = book(event, customer_token(make_customer()), wanted(scarce))
    assert gone.json["error"]["message"] == "Not enough tickets are left. Balcony is sold out."
    assert counts(scarce) == stock.StockCounts(free=0, reserved=2, sold=0, capacity=2)


def test_an_order_larger_than_any_shard_is_put_together_from_several(event: Event, token: str) -> None:
    category = sell(event, capacity=10, shards=5)
    answer = book(event, token, wanted(category, 7))
    assert answer.status == 201
    taken = orders.get(answer.json["id"]).items[0]["shards"]
    assert len(taken) == 4
    assert sum(taken.values()) == 7
    assert counts(category) == stock.StockCounts(free=3, reserved=7, sold=0, capacity=10)


def test_the_same_key_gets_the_first_booking_again_and_another_body_none(event: Event, token: str) -> None:
    category = sell(event)
    first = book(event, token, wanted(category, 2), key="k1")
    again = book(event, token, wanted(category, 2), key="k1")
    assert (again.status, again.json) == (201, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    other = book(event, token, wanted(category, 3), key="k1")
    assert (other.status, other.code) == (422, "IDEMPOTENCY_MISMATCH")
    assert counts(category).reserved == 2
    assert book(event, token, wanted(category, 2)).json["id"] != first.json["id"]


def test_a_refusal_is_remembered_under_its_key_too(event: Event, token: str) -> None:
    category = sell(event, capacity=1)
    first = book(event, token, wanted(category, 2), key="k1")
    again = book(event, token, wanted(category, 2), key="k1")
    assert (again.code, again.json["error"]["details"]) == ("SOLD_OUT", first.json["error"]["details"])


def test_while_the_first_is_running_its_key_waits(event: Event, customer: Account, token: str) -> None:
    category = sell(event)
    raw = b'{"event_id": "%s", "items": [{"category_id": "%s", "quantity": 1}]}' % (
        event.event_id.encode(),
        category.category_id.encode(),
    )
    caller_id, route = customer.account_id, "POST /api/v1/tickets/book"
    idempotency.claim(portal=Portal.WEBAPP, caller_id=caller_id, route=route, key="k1", body=raw)
    second = call("POST", PATH, raw=raw, token=token, headers={"idempotency-key": "k1"})
    assert (second.status, second.code) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert "retry-after" in second.headers
    assert counts(category).reserved == 0


def test_a_booking_whose_answer_was_never_given_is_found_again_even_when_the_sale_is_over(
    event: Event, token: str
) -> None:
    category = sell(event, capacity=2)
    first = book(event, token, wanted(category, 2), key="k1")
    _forget_the_answer()
    assert book(event, token, wanted(category, 2), key="k1").json == first.json

    _forget_the_answer()
    event_states.put_into(event.event_id, EventStatus.CANCELLED)
    categories.forget()
    assert book(event, token, wanted(category, 2), key="k1").json == first.json
    assert counts(category) == stock.StockCounts(free=0, reserved=2, sold=0, capacity=2)


def _forget_the_answer() -> None:
    """Leave the table as a function does that was killed between its effect and its answer."""
    for pk, sk in stored():
        if pk.startswith("IDEMPOTENCY#"):
            operations.record(operations.remove(Place(IdempotencyRecord, pk, sk)))


def test_a_reservation_that_is_over_is_shown_so_before_any_sweep(event: Event, token: str) -> None:
    category = sell(event)
    answer = book(event, token, wanted(category), key="k1")
    _forget_the_answer()
    with clock.set_to(clock.now() + timedelta(minutes=10)):
        again = book(event, token, wanted(category), key="k1")
    assert again.json["id"] == answer.json["id"]
    assert (again.json["status"], again.json["tickets"][0]["status"]) == ("expired", "cancelled")


def test_a_booking_that_was_paid_meanwhile_is_shown_with_its_valid_tickets(event: Event, token: str) -> None:
    category = sell(event)
    answer = book(event, token, wanted(category), key="k1")
    pay(answer)
    _forget_the_answer()
    again = book(event, token, wanted(category), key="k1")
    assert (again.json["status"], again.json["tickets"][0]["status"]) == ("paid", "valid")
    assert counts(category) == stock.StockCounts(free=19, reserved=0, sold=1, capacity=20)
