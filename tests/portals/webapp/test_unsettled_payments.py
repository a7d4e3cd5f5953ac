"""A payment that was charged ends: it buys what it is for, or the money is owed back and the order is closed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients.providers import OutcomeStatus
from chalicelib.domain.background import changes as changes_of
from chalicelib.domain.background import sweep
from chalicelib.domain.gate import alerts
from chalicelib.domain.payments import reconciliation, unsettled
from chalicelib.domain.sale import orders, rules
from chalicelib.domain.tickets.tickets import Holder
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Order, Payment
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.workers import payments as worker
from tests.support import log_lines, meanwhile, payers, purchases, sweeps
from tests.support.factories import make_customer
from tests.support.payers import ask, confirm, process
from tests.support.streams import StreamReader

# 100 characters, which are 1,800 letters and spaces when they are folded for search.
LONGEST_NAME = "\ufdfa" * 100
UID = "04C1D2E3F40001"


def bug() -> None:
    raise RuntimeError("a fault of ours")


# Each is the same at every try.
FAULTS: dict[str, meanwhile.Act] = {
    "a request that DynamoDB refuses": meanwhile.refused("ValidationException"),
    "an item that is too large": meanwhile.refused(
        "TransactionCanceledException",
        CancellationReasons=[{"Code": "None"}, {"Code": "ValidationError"}],
    ),
    "a collection that is too large": meanwhile.refused("ItemCollectionSizeLimitExceededException"),
    "a missing permission": meanwhile.refused("AccessDeniedException"),
    "a bug": bug,
}


def failing(act: meanwhile.Act = meanwhile.lost, *, what: str = "TICKET#") -> AbstractContextManager[None]:
    """Let every transaction fail that settles a payment by something of this kind: what it buys."""

    def settles_it(params: dict[str, Any]) -> bool:
        actions = [action for item in params["TransactItems"] for action in item.values()]
        written = [(action.get("Key") or action["Item"])["pk"]["S"] for action in actions]
        return all(any(pk.startswith(kind) for pk in written) for kind in ("PAYMENT#", what))

    return meanwhile.failing("TransactWriteItems", matches=settles_it, act=act)


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


@pytest.fixture
def order(customer: Account, category: Category) -> Order:
    return purchases.book(customer, category, 2)


def assert_owed_back(order: Order, payment_id: str, category: Category) -> None:
    """Assert that the money is owed, the order closed and its stock free; then that the refund returns it."""
    payment = payers.stored(payment_id)
    assert payment.status is PaymentStatus.REFUND_DUE
    assert (payment.taken, payment.taken_currency) == (payment.amount, payment.currency)
    assert payers.balances() == {"clearing:sandbox": -payment.amount, "refunds_due": payment.amount}
    assert payers.order_of(order).status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
    assert payers.counts(category) == (500, 0, 0)
    assert worker.handle(payers.envelope(payment_id)) == {"batchItemFailures": []}
    assert payers.stored(payment_id).status is PaymentStatus.REFUNDED
    assert payers.balances() == {}


@pytest.mark.parametrize("act", FAULTS.values(), ids=FAULTS.keys())
def test_a_charge_that_no_try_can_record_is_owed_back_and_its_order_closed(
    act: meanwhile.Act, customer: Account, order: Order, category: Category
) -> None:
    payment_id = process(customer, order).json["id"]
    with log_lines.collected() as logged, failing(act):
        answers = [confirm(customer, payment_id) for _ in range(unsettled.MOST_FAULTS)]
    assert [answer.status for answer in answers] == [500] * (unsettled.MOST_FAULTS - 1) + [200]
    shown = answers[-1].json
    assert shown["status"] == "refunded"
    assert shown["failure_reason"] == "The purchase could not be completed; the money is returned."
    # The alarm counts this line.
    assert [line["payment_id"] for line in logged.all() if line["message"] == "settlement given up"] == [payment_id]
    assert confirm(customer, payment_id).json["status"] == "refunded"
    assert_owed_back(order, payment_id, category)


def test_staff_are_notified_once_of_a_charge_that_was_given_up(customer: Account, order: Order) -> None:
    stream = StreamReader()
    payment_id = process(customer, order).json["id"]
    stream.read()
    with failing(FAULTS["a bug"]):
        for _ in range(unsettled.MOST_FAULTS):
            confirm(customer, payment_id)
    changes = [changes_of.change_of(record) for record in stream.read()]
    (told,) = [fact for fact in reconciliation.follow(changes) if fact.fact is Fact.PAYMENT_GIVEN_UP]
    assert told.ids == {"payment_id": payment_id, "order_id": order.order_id, "event_id": order.event_id}
    # The rest of its life brings no second one.
    assert worker.handle(payers.envelope(payment_id)) == {"batchItemFailures": []}
    later = [changes_of.change_of(record) for record in stream.read()]
    assert [fact for fact in reconciliation.follow(later) if fact.fact is Fact.PAYMENT_GIVEN_UP] == []
    alerts.mail(told.fact, dict(told.ids))


def test_the_sweep_ends_a_charge_that_nobody_asks_for(customer: Account, order: Order, category: Category) -> None:
    payment_id = process(customer, order).json["id"]
    place = keys.money.payment(payment_id)
    with failing(FAULTS["a bug"]):
        assert confirm(customer, payment_id).status == 500
        for _ in range(unsettled.MOST_FAULTS - 1):
            assert payers.stored(payment_id).status is PaymentStatus.REQUIRES_CONFIRMATION
            sweeps.at_due(place)
    assert_owed_back(order, payment_id, category)


def test_a_callback_ends_a_charge_that_no_try_can_record(customer: Account, order: Order, category: Category) -> None:
    payment_id = process(customer, order).json["id"]
    raw = payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED, event_id="sbe_1")
    with failing(FAULTS["a request that DynamoDB refuses"]):
        answers = [payers.post_webhook(raw).status for _ in range(unsettled.MOST_FAULTS)]
    assert answers == [500] * (unsettled.MOST_FAULTS - 1) + [200]
    assert payers.post_webhook(raw).status == 200
    assert payers.stored(payment_id).status is PaymentStatus.REFUND_DUE
    assert payers.counts(category) == (500, 0, 0)


def test_an_outage_of_an_hour_is_no_reason_to_return_the_money(customer: Account, order: Order) -> None:
    payment_id = process(customer, order).json["id"]
    start = clock.now()
    with failing():
        for minute in range(0, 60, 3):
            with clock.set_to(start + timedelta(minutes=minute)):
                assert confirm(customer, payment_id).status == 503
    assert payers.stored(payment_id).status is PaymentStatus.REQUIRES_CONFIRMATION
    assert confirm(customer, payment_id).json["status"] == "succeeded"
    assert payers.tickets_of(order) == ["valid", "valid"]


def test_contention_that_lasts_for_hours_ends_in_money_owed_back(
    customer: Account, order: Order, category: Category
) -> None:
    payment_id = process(customer, order).json["id"]
    start = clock.now()
    with failing():
        for minute in range(0, 121, 15):
            with clock.set_to(start + timedelta(minutes=minute)):
                answer = confirm(customer, payment_id)
                assert answer.status == (503 if minute < 120 else 200)
    with clock.set_to(order.expires_at + timedelta(minutes=1)):
        orders.expire(order.order_id)
    assert_owed_back(order, payment_id, category)


def test_a_reload_that_no_try_can_record_is_owed_back(customer: Account) -> None:
    card = payers.card_with(customer, 0, uid=UID)
    body = {"card_id": card.card_id, "amount": {"amount": "500.00", "currency": "PKR"}, "method": "card"}
    payment_id = ask(customer, "process", body).json["id"]
    with failing(FAULTS["a bug"], what="CARD#"):
        for _ in range(unsettled.MOST_FAULTS):
            answer = confirm(customer, payment_id)
    assert (answer.status, answer.json["status"]) == (200, "refunded")
    assert payers.balances() == {"clearing:sandbox": -50_000, "refunds_due": 50_000}


def test_a_payment_from_a_card_that_no_try_can_record_takes_nothing(
    customer: Account, order: Order, category: Category
) -> None:
    payers.card_with(customer, 500_000, uid=UID)
    before = payers.balances()
    payment_id = process(customer, order, method="wallet").json["id"]
    with failing(FAULTS["a bug"]):
        for _ in range(unsettled.MOST_FAULTS):
            answer = confirm(customer, payment_id)
    assert (answer.status, answer.json["status"]) == (200, "failed")
    assert "nothing was taken" in answer.json["failure_reason"]
    assert payers.balances() == before
    assert payers.counts(category) == (500, 0, 0)


def test_a_refused_payment_from_a_card_is_no_failed_try(customer: Account, order: Order) -> None:
    payers.card_with(customer, 300_000, uid=UID)
    payment_id = process(customer, order, method="wallet").json["id"]
    other = purchases.book(customer, purchases.make_show()[1], 1)
    assert confirm(customer, process(customer, other, method="wallet").json["id"]).status == 200
    for _ in range(unsettled.MOST_FAULTS + 1):
        assert confirm(customer, payment_id).status == 409
    assert payers.stored(payment_id).unsettled_tries is None


# What the provider does not say


def failed_for(payment_id: str, how_long: timedelta) -> None:
    """Move the first failure of a due payment back, as if the sweep had tried for so long."""
    payment = payers.stored(payment_id)
    assert payment.due_failed_at is not None
    actions = [
        Payment.due_failed_at.set(payment.due_failed_at - how_long),
        Payment.due_tries.set(sweep.MOST_TRIES),
    ]
    operations.record(operations.change(keys.money.payment(payment_id), actions))


def without_charge(payment_id: str) -> None:
    """Let the provider forget a charge, so that it refuses each question about it."""
    reference = payers.stored(payment_id).provider_reference
    operations.record(operations.remove(keys.money.sandbox_charge(reference)))


def test_a_payment_that_its_provider_never_explains_fails_after_a_day_and_a_late_callback_still_counts(
    customer: Account, order: Order
) -> None:
    payment_id = process(customer, order).json["id"]
    place = keys.money.payment(payment_id)
    late = payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED)
    without_charge(payment_id)
    sweeps.at_due(place)
    failed_for(payment_id, timedelta(hours=23))
    sweeps.at_due(place)
    assert payers.stored(payment_id).status is PaymentStatus.REQUIRES_CONFIRMATION
    failed_for(payment_id, timedelta(hours=1))
    sweeps.at_due(place)
    payment = payers.stored(payment_id)
    assert (payment.status, payment.is_due) == (PaymentStatus.FAILED, False)
    assert payers.post_webhook(late).status == 200
    assert payers.stored(payment_id).status in (PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_DUE)


def test_a_refund_that_its_provider_refuses_for_a_day_is_set_aside_for_staff(customer: Account, order: Order) -> None:
    payment_id = process(customer, order).json["id"]
    place = keys.money.payment(payment_id)
    with failing(FAULTS["a bug"]):
        for _ in range(unsettled.MOST_FAULTS):
            confirm(customer, payment_id)
    without_charge(payment_id)
    sweeps.at_due(place)
    failed_for(payment_id, timedelta(hours=24))
    with log_lines.collected() as logged:
        sweeps.at_due(place)
    assert payers.stored(payment_id).status is PaymentStatus.REFUND_DUE
    (raw,) = operations.query(keys.jobs.set_aside("").pk, index="gsi2")
    assert operations.key_of(raw) == place
    assert [line["due_id"] for line in logged.all() if line["message"] == "work given up"] == [payment_id]
