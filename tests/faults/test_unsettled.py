"""A charge that cannot be recorded is owed back once: for 32 callers at once, and after any fault on the way."""

import pytest

from chalicelib.clients.providers import OutcomeStatus
from chalicelib.domain.payments import reconciliation, unsettled
from chalicelib.domain.sale import orders
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Journal, Order, Payment
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from tests.faults.test_payments import at_once, deliver
from tests.support import payers, purchases
from tests.support.factories import make_customer
from tests.support.wire import Fault, befall, befallings, requests_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_payments"), pytest.mark.timeout(900)]

FAULTS = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.CONFLICT)


def unrecordable(category: Category) -> tuple[Account, Order, str]:
    """Return a customer, an order that no fulfilment can read, and its payment."""
    customer = make_customer()
    order = purchases.book(customer, category, 2)
    payment_id = payers.process(customer, order).json["id"]
    broken = [{name: value for name, value in line.items() if name != "holder_name"} for line in order.tickets]
    place = keys.sale.order(order.order_id)
    operations.record(operations.change(place, [Order.tickets.set(broken)]))
    return customer, order, payment_id


def assert_owed_once(order: Order, payment_id: str, category: Category) -> None:
    payers.assert_money_and_tickets_are_true()
    assert payers.stored(payment_id).status is PaymentStatus.REFUND_DUE
    charged = operations.get(keys.money.journal(f"jrn_charge_{payment_id}"))
    assert isinstance(charged, Journal)
    assert {entry["account"]: int(entry["amount"]) for entry in charged.entries} == {
        "clearing:sandbox": -order.total,
        "refunds_due": order.total,
    }
    assert payers.order_of(order).status == OrderStatus.CANCELLED
    assert payers.counts(category) == (500, 0, 0)
    assert payers.tickets_of(order) == []
    assert reconciliation.refund(payment_id)
    assert not reconciliation.refund(payment_id)


def test_callers_and_callbacks_at_once_give_a_charge_up_once() -> None:
    category = purchases.make_show()[1]
    customer, order, payment_id = unrecordable(category)
    at_once(
        lambda: payers.confirm(customer, payment_id),
        deliver(payment_id, OutcomeStatus.SUCCEEDED, "sbe_x"),
        lambda: payers.confirm(customer, payment_id),
        deliver(payment_id, OutcomeStatus.SUCCEEDED, "sbe_y"),
    )
    assert payers.confirm(customer, payment_id).json["status"] == "refunded"
    assert_owed_once(order, payment_id, category)


def test_a_fault_at_any_request_of_the_last_try_leaves_it_owed_once() -> None:
    category = purchases.make_show()[1]

    def before_the_last() -> tuple[Account, Order, str]:
        customer, order, payment_id = unrecordable(category)
        # As so many confirmations before count.
        counted = [Payment.unsettled_faults.set(unsettled.MOST_FAULTS - 1), Payment.unsettled_tries.set(9)]
        operations.record(operations.change(keys.money.payment(payment_id), counted))
        return customer, order, payment_id

    customer, order, payment_id = before_the_last()
    count = requests_of(lambda: payers.confirm(customer, payment_id))
    assert_owed_once(order, payment_id, category)
    for place, fault in befallings(count, FAULTS):
        customer, order, payment_id = before_the_last()
        befall(lambda who=customer, which=payment_id: payers.confirm(who, which), place, fault)  # type: ignore[misc]
        for _ in range(unsettled.MOST_FAULTS):
            if payers.confirm(customer, payment_id).status == 200:
                break
        # Its release may be what failed: then the sweep expires it.
        if payers.order_of(order).status == OrderStatus.RESERVED:
            orders.give_back(customer.account_id, order.order_id)
        assert_owed_once(order, payment_id, category)
