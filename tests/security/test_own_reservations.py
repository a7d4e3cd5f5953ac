"""A customer's own reservations and seats: how many there may be, how a refusal names them, how they are given back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.events import categories, stock
from chalicelib.domain.payments import payments, refunds
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import refund_requests, seats
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account, Category
from chalicelib.vocabulary.payments import PaymentMethod
from chalicelib.workers import schedules
from tests.support import payers, stocks
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer, make_event
from tests.support.settings import configured

USERS = "/api/v1/users"
LIMIT = 4


@pytest.fixture(autouse=True)
def _deployed(moto_cloud: None) -> Iterator[None]:  # noqa: ARG001  # the cloud comes first
    """The limits of a deployed stage; other tests have higher ones."""
    with configured(LIMIT_OPEN_RESERVATIONS=2):
        yield


def sell(*, capacity: int = 100, price: int = 150_000, limit: int = LIMIT, days: int = 7) -> Category:
    event = make_event(
        starts_at=clock.now() + timedelta(days=days), ends_at=clock.now() + timedelta(days=days, hours=4)
    )
    draft = categories.CategoryDraft(name="Standing", price=price, capacity=capacity, shards=2, per_order_limit=limit)
    return categories.add(event.event_id, draft)


def book(customer: Account, category: Category, quantity: int = 1, **more: Any) -> Answer:
    body = {
        "event_id": category.event_id,
        "items": [{"category_id": category.category_id, "quantity": quantity}],
    }
    return call("POST", "/api/v1/tickets/book/", body, token=customer_token(customer), **more)


def booked(customer: Account, category: Category, quantity: int = 1) -> str:
    answer = book(customer, category, quantity)
    assert answer.status == 201, answer.text
    return str(answer.json["id"])


def pay(customer: Account, order_id: str) -> list[str]:
    """Pay a reservation, and return the ids of its tickets."""
    terms = PaymentTerms(PaymentMethod.CARD, token="tok_ok")
    opened = payments.start(customer.account_id, order_id=order_id, terms=terms, operation_id=new_id("op"))
    assert payments.confirm(customer.account_id, opened.payment_id).status == "succeeded"
    return [line["ticket_id"] for line in orders.get(order_id).tickets]


def give_back(customer: Account, order_id: str) -> Answer:
    return call("DELETE", f"{USERS}/bookings/{order_id}/", token=customer_token(customer))


def listed(customer: Account) -> list[str]:
    answer = call("GET", f"{USERS}/bookings/", token=customer_token(customer))
    assert answer.status == 200, answer.text
    return [booking["id"] for booking in answer.json["results"]]


def transfer(customer: Account, ticket_id: str, to: Account) -> None:
    path = f"{USERS}/tickets/{ticket_id}/transfer/"
    answer = call("POST", path, {"mobile_number": to.mobile_number}, token=customer_token(customer))
    assert answer.status == 200, answer.text


def named(answer: Answer) -> list[str]:
    """Return the reservations that a refusal names, and check that its sentence names the newest."""
    assert answer.status == 409, answer.text
    problems = answer.json["error"].get("details", [])
    ids = [problem["message"] for problem in problems if problem["field"] == "booking_id"]
    assert all(order_id in answer.json["error"]["message"] for order_id in ids[:1])
    return ids


def counts(category: Category) -> stock.StockCounts:
    return stocks.snapshot(category.event_id, [category])[category.category_id]


def test_a_customer_has_at_most_two_open_reservations_and_the_refusal_names_them() -> None:
    customer = make_customer()
    first, second = booked(customer, sell()), booked(customer, sell())

    refused = book(customer, sell())

    assert named(refused) == [second, first]
    assert (refused.code, listed(customer)) == ("CONFLICT", [second, first])
    assert give_back(customer, second).status == 204
    assert booked(customer, sell())
    assert booked(make_customer(), sell())


@pytest.mark.parametrize("price", [0, 150_000])
def test_reserved_and_owned_seats_of_a_category_are_limited_together(price: int) -> None:
    customer, category = make_customer(), sell(price=price)
    bought = booked(customer, category, 3)
    pay(customer, bought)
    held = booked(customer, category, 1)

    refused = book(customer, category)

    assert named(refused) == [held]
    assert refused.json["error"]["details"][1:] == [
        {"field": category.category_id, "message": "Standing: you have 4, 0 more at most"}
    ]
    pay(customer, held)
    full = book(customer, category)
    assert (full.status, full.code, named(full)) == (409, "CONFLICT", [])
    assert booked(customer, sell(), LIMIT)
    assert counts(category).free == 96


def test_an_event_does_not_look_sold_out_because_of_the_own_reservation() -> None:
    customer, category = make_customer(), sell(capacity=2, limit=10)
    held = booked(customer, category, 2)

    refused = book(customer, category, 2)
    of_another = book(make_customer(), category, 1)

    assert (refused.code, named(refused)) == ("CONFLICT", [held])
    assert of_another.code == "SOLD_OUT"
    assert book(customer, category, 3).code == "SOLD_OUT"
    pay(customer, held)
    assert book(customer, category, 1).code == "SOLD_OUT"


def test_a_reservation_given_back_frees_its_stock_at_once_and_only_once() -> None:
    customer, category = make_customer(), sell()
    order_id = booked(customer, category, 2)
    assert counts(category).reserved == 2

    answers = [give_back(customer, order_id).status for _ in range(3)]

    assert answers == [204] * 3
    assert counts(category) == stock.StockCounts(free=100, reserved=0, sold=0, capacity=100)
    assert (orders.get(order_id).status, listed(customer)) == ("cancelled", [])
    shown = call("GET", f"{USERS}/bookings/{order_id}/", token=customer_token(customer))
    assert (shown.status, shown.json["status"]) == (200, "cancelled")
    assert book(customer, category, LIMIT).status == 201


def test_only_the_owner_of_an_unpaid_reservation_gives_it_back() -> None:
    customer, category = make_customer(), sell()
    order_id = booked(customer, category)
    stranger = make_customer()
    assert give_back(stranger, order_id).status == 404
    assert call("GET", f"{USERS}/bookings/{order_id}/", token=customer_token(stranger)).status == 404
    pay(customer, order_id)
    refused = give_back(customer, order_id)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert counts(category).sold == 1


def test_an_id_that_differs_in_its_time_names_no_booking() -> None:
    customer = make_customer()
    order_id = booked(customer, sell())
    other = f"ord_{'7' if order_id[4] != '7' else '6'}{order_id[5:]}"
    assert call("GET", f"{USERS}/bookings/{other}/", token=customer_token(customer)).status == 404
    assert give_back(customer, other).status == 404
    assert listed(customer) == [order_id]


@pytest.mark.parametrize(("method", "token"), [("card", "tok_ok"), ("card", "tok_declined"), ("wallet", None)])
def test_a_payment_of_a_reservation_that_was_given_back_takes_no_money(method: str, token: str | None) -> None:
    customer, category = make_customer(), sell()
    payers.card_with(customer, 150_000, uid="04A1B2C3D4E501")
    order = orders.get(booked(customer, category))
    more = {"payment_token": token} if token else {}
    opened = payers.process(customer, order, method=method, **more).json["id"]
    if token == "tok_declined":
        assert payers.confirm(customer, opened).json["status"] == "failed"
    assert give_back(customer, order.order_id).status == 204
    after = payers.confirm(customer, opened).json
    assert (after["status"], payers.stored(opened).is_due) == ("failed", False)
    if token != "tok_declined":
        assert after["failure_reason"] == "The booking was given back."
    assert payers.balances() == {"card:04A1B2C3D4E501": 150_000, "clearing:desk": -150_000}
    assert counts(category) == stock.StockCounts(free=100, reserved=0, sold=0, capacity=100)


def test_a_payment_of_a_reservation_that_ran_out_stays_open_until_its_own_time() -> None:
    customer = make_customer()
    order = orders.get(booked(customer, sell()))
    opened = payers.process(customer, order, payment_token="tok_ok").json["id"]
    with clock.set_to(order.expires_at + timedelta(seconds=1)):
        assert give_back(customer, order.order_id).status == 204
        assert payers.confirm(customer, opened).json["status"] == "succeeded"


@pytest.mark.parametrize("is_swept", [True, False])
def test_after_a_reservation_ran_out_its_event_pauses_for_the_customer(is_swept: bool) -> None:
    customer, category, elsewhere = make_customer(), sell(), sell()
    order_id = booked(customer, category)
    over = orders.get(order_id).expires_at
    with clock.set_to(over + timedelta(seconds=61)):
        if is_swept:
            schedules.sweep()
            assert orders.get(order_id).status == "expired"
        refused = book(customer, category)
        assert (refused.status, refused.code) == (429, "RATE_LIMITED")
        assert "ran out unpaid" in refused.json["error"]["message"]
        assert int(refused.headers["retry-after"]) == 300 - 61
        assert listed(customer) == []
        assert booked(make_customer(), category)
        assert booked(customer, elsewhere)
    with clock.set_to(over + timedelta(seconds=301)):
        schedules.sweep()
        assert booked(customer, category)


def test_an_overdue_reservation_that_is_given_back_still_pauses_the_event() -> None:
    customer, category = make_customer(), sell()
    order_id = booked(customer, category)
    with clock.set_to(orders.get(order_id).expires_at):
        assert give_back(customer, order_id).status == 204
        assert (orders.get(order_id).status, counts(category).reserved) == ("expired", 0)
        assert book(customer, category).status == 429


def test_a_paid_reservation_pauses_nothing() -> None:
    customer, category = make_customer(), sell()
    order_id = booked(customer, category)
    pay(customer, order_id)
    with clock.set_to(orders.get(order_id).expires_at):
        assert booked(customer, category)


def test_a_ticket_counts_for_its_owner_after_a_transfer_a_gift_and_a_refund() -> None:
    giver, taker, category = make_customer(), make_customer(), sell()
    first, second, third, _ = pay(giver, booked(giver, category, LIMIT))
    assert book(giver, category).status == 409

    transfer(giver, first, taker)
    assert booked(giver, category)
    assert book(giver, category).status == 409
    assert book(taker, category, LIMIT).status == 409
    assert booked(taker, category, LIMIT - 1)

    gift = call(
        "POST",
        f"{USERS}/tickets/{second}/gift/",
        {"mobile_number": taker.mobile_number},
        token=customer_token(giver),
    )
    assert gift.status in (200, 201), gift.text
    assert booked(giver, category)
    assert seats.owned(seats.of(taker.account_id), category.category_id) == 2

    asked = refund_requests.ask(giver.account_id, third, reason="Ill", operation_id=new_id("op"))
    for _ in range(2):
        refunds.approve(third, asked.refund_id, by="adm_1")
    for order_id in listed(giver):
        pay(giver, order_id)
    assert booked(giver, category)
    assert book(giver, category).status == 409


def test_a_late_payment_counts_its_seats_once() -> None:
    customer, category = make_customer(), sell()
    order_id = booked(customer, category, 3)
    with clock.set_to(orders.get(order_id).expires_at + timedelta(minutes=1)):
        assert orders.expire(order_id)
        operations.commit(*orders.revive(orders.get(order_id), payment_id="pay_1", at=clock.now()))
        assert seats.owned(seats.of(customer.account_id), category.category_id) == 3
        assert book(customer, category, 2).status == 409
        assert booked(customer, category, 1)


def test_seats_of_past_events_are_forgotten_so_that_the_item_stays_small() -> None:
    customer = make_customer()
    past = sell(days=1)
    pay(customer, booked(customer, past, LIMIT))
    with clock.set_to(clock.now() + timedelta(days=40)):
        for _ in range(2):
            pay(customer, booked(customer, sell()))
        assert past.category_id not in seats.of(customer.account_id).owned
