"""A reservation that its customer gives back: its payment ends at the provider too, so that no open page charges it."""

from chalicelib.table.items import Account, Order
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from tests.support import payers, purchases
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer
from tests.support.stripe_double import GOOD, StripeDouble


def give_back(customer: Account, order: Order) -> Answer:
    return call("DELETE", f"/api/v1/users/bookings/{order.order_id}/", token=customer_token(customer))


def test_the_provider_takes_no_money_for_a_reservation_that_was_given_back(stripe: StripeDouble) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    opened = payers.process(customer, order).json["id"]
    assert give_back(customer, order).status == 204
    assert [intent["status"] for intent in stripe.intents.values()] == ["canceled"]
    assert payers.confirm(customer, opened).json["failure_reason"] == "The booking was given back."


def test_what_was_charged_before_its_reservation_was_given_back_is_owed_back(stripe: StripeDouble) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    opened = payers.process(customer, order).json
    stripe.pay(opened["client_secret"], GOOD)  # the callback is on its way
    assert give_back(customer, order).status == 204
    assert payers.confirm(customer, opened["id"]).json["status"] == "refunded"
    assert payers.stored(opened["id"]).status == PaymentStatus.REFUND_DUE


def test_a_provider_that_does_not_answer_keeps_no_reservation(stripe: StripeDouble) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    opened = payers.process(customer, order).json["id"]
    stripe.broken_answers = 100
    assert give_back(customer, order).status == 204
    assert payers.order_of(order).status == OrderStatus.CANCELLED
    stripe.broken_answers = 0
    # The same request again closes what the first one left.
    assert give_back(customer, order).status == 204
    assert payers.stored(opened).status == PaymentStatus.FAILED
