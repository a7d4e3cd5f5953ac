"""A payment is settled once; money that buys nothing is refunded in full, once."""

from collections.abc import Iterator

import pytest

from chalicelib import clock
from chalicelib.clients.providers import Charge, OutcomeStatus
from chalicelib.domain.cards import cards
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.payments import payments, providers, reconciliation
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Order, SandboxCharge
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from tests.support import event_states, payers, purchases
from tests.support.factories import make_customer
from tests.support.meanwhile import changing, failing

UID = "04C1D2E3F40007"


@pytest.fixture(autouse=True)
def table(moto_cloud: None) -> Iterator[None]:  # noqa: ARG001  # the cloud comes first
    yield
    payers.assert_money_and_tickets_are_true()


@pytest.fixture
def customer(table: None) -> Account:  # noqa: ARG001  # the cloud comes first
    return make_customer()


@pytest.fixture
def order(customer: Account) -> Order:
    return purchases.book(customer, purchases.make_show()[1], 2)


@pytest.fixture
def owed(customer: Account, order: Order) -> str:
    """A payment that must be refunded: its event was cancelled after the charge, before the answer was recorded."""
    payment = payers.stored(str(payers.process(customer, order).json["id"]))
    asked = Charge(payment_id=payment.payment_id, amount=payment.amount, currency=payment.currency)
    providers.named(payment.provider).confirm(asked, payment.provider_reference)
    event_states.put_into(order.event_id, EventStatus.CANCELLED)
    payments.confirm(customer.account_id, payment.payment_id)
    return payment.payment_id


def charge(payment_id: str) -> SandboxCharge:
    found = operations.get(keys.money.sandbox_charge(payers.stored(payment_id).provider_reference))
    assert found is not None
    return found


def test_a_settled_payment_stays_as_it_is_whatever_is_said_of_it_later(customer: Account, order: Order) -> None:
    payment_id = str(payers.process(customer, order).json["id"])
    payments.confirm(customer.account_id, payment_id)
    settled = payers.stored(payment_id)
    assert settled.status == PaymentStatus.SUCCEEDED
    for status in (OutcomeStatus.SUCCEEDED, OutcomeStatus.FAILED):
        assert payers.post_webhook(payers.told(settled, status)).status == 200
    assert payers.stored(payment_id).serialize() == settled.serialize()


def test_a_success_for_an_event_that_was_cancelled_meanwhile_is_owed_back(order: Order, owed: str) -> None:
    payment = payers.stored(owed)
    assert payment.status == PaymentStatus.REFUND_DUE
    assert payment.failure_reason == "The booking or its event was cancelled; the money is returned."
    assert payers.order_of(order).status == OrderStatus.RESERVED
    assert payers.balances() == {"clearing:sandbox": -300_000, "refunds_due": 300_000}


def test_a_reload_of_a_card_that_is_somebody_elses_by_then_is_owed_back(customer: Account) -> None:
    payers.card_with(customer, 0, uid=UID)
    body = {"method": "card", "card_id": UID, "amount": "100"}
    payment_id = payers.ask(customer, "process", body).json["id"]
    card = cards.find(UID)
    assert card is not None
    card.customer_id = make_customer().account_id
    operations.record(operations.put(card))
    assert payments.confirm(customer.account_id, payment_id).status == PaymentStatus.REFUND_DUE
    assert int(card_balances.of(UID).amount) == 0
    assert reconciliation.refund(payment_id)
    assert payers.balances() == {}


def test_a_refund_whose_record_was_lost_is_found_again_and_not_made_twice(
    owed: str,
) -> None:
    is_record = changing(keys.money.payment(owed))
    with failing("TransactWriteItems", matches=is_record), pytest.raises(Unavailable):
        reconciliation.refund(owed)
    assert payers.stored(owed).status == PaymentStatus.REFUND_DUE
    assert int(charge(owed).refunded) == 300_000
    assert reconciliation.refund(owed) is True
    assert reconciliation.refund(owed) is False
    assert payers.stored(owed).status == PaymentStatus.REFUNDED
    assert charge(owed).refunded == 300_000
    assert payers.balances() == {}


def test_a_refund_gives_back_what_was_taken_not_what_was_asked_for(customer: Account, order: Order) -> None:
    payment_id = str(payers.process(customer, order).json["id"])
    payment = payers.stored(payment_id)
    taken = [SandboxCharge.status.set("succeeded"), SandboxCharge.amount.set(300_001)]
    operations.record(operations.change(keys.money.sandbox_charge(payment.provider_reference), taken))
    payers.post_webhook(payers.told(payment, OutcomeStatus.SUCCEEDED, amount=300_001))
    assert reconciliation.refund(payment_id)
    refunded = payers.stored(payment_id)
    assert (refunded.status, refunded.refunded) == (PaymentStatus.REFUNDED, 300_001)
    assert refunded.settled_at is not None
    assert refunded.settled_at <= clock.now()
    assert charge(payment_id).refunded == 300_001
    assert payers.balances() == {}
