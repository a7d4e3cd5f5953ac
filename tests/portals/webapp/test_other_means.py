"""A customer who names another means of payment for the same booking is charged by that one, and once."""

import pytest

from chalicelib.vocabulary.payments import PaymentStatus
from tests.support import payers, purchases
from tests.support.factories import make_customer
from tests.support.payers import confirm, process
from tests.support.stripe_double import DECLINED, GOOD, NEEDS_OWNER, StripeDouble

CAME_TO = {GOOD: "succeeded", DECLINED: "failed", NEEDS_OWNER: "requires_action"}


def open_intents(stripe: StripeDouble) -> list[str]:
    return [one["status"] for one in stripe.intents.values() if one["status"] != "canceled"]


@pytest.mark.parametrize(
    ("first", "second"),
    [(None, GOOD), (GOOD, DECLINED), (NEEDS_OWNER, GOOD), (DECLINED, NEEDS_OWNER), (GOOD, None)],
)
def test_the_means_that_is_named_last_is_charged_and_no_other(
    stripe: StripeDouble, first: str | None, second: str | None
) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    before = process(customer, order, payment_token=first).json["id"]
    opened = process(customer, order, payment_token=second).json["id"]
    # Without a means the open payment goes on.
    assert (opened == before) == (second is None)
    assert confirm(customer, opened).json["status"] == CAME_TO[second or str(first)]
    assert len(open_intents(stripe)) == 1
    assert process(customer, order, payment_token=second).status == (409 if (second or first) == GOOD else 201)
    if before != opened:
        # The history says why it came to nothing.
        assert confirm(customer, before).json["failure_reason"] == "Another means of payment was chosen."


def test_a_means_that_was_charged_before_pays_and_the_other_is_not_charged(stripe: StripeDouble) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    opened = process(customer, order, payment_token=GOOD).json
    stripe.pay(opened["client_secret"], GOOD)  # the callback is on its way
    again = process(customer, order, payment_token=NEEDS_OWNER)
    assert (again.json["id"], again.json["status"]) == (opened["id"], "succeeded")
    assert (open_intents(stripe), payers.tickets_of(order)) == (["succeeded"], ["valid"])


def test_a_late_repeat_of_the_first_request_leaves_the_means_that_was_named_last(stripe: StripeDouble) -> None:
    customer = make_customer()
    order = purchases.book(customer, purchases.make_show()[1])
    first = process(customer, order, payment_token=DECLINED, key="first").json["id"]
    second = process(customer, order, payment_token=GOOD, key="second").json["id"]
    late = process(customer, order, payment_token=DECLINED, key="first").json
    assert (late["id"], late["status"]) == (first, "failed")
    assert confirm(customer, second).json["status"] == "succeeded"
    assert open_intents(stripe) == ["succeeded"]


def test_a_booking_that_a_card_s_balance_paid_leaves_no_charge_open_at_the_provider(stripe: StripeDouble) -> None:
    customer = make_customer()
    card = payers.card_with(customer, 500_000, uid="04C1D2E3F4000A")
    order = purchases.book(customer, purchases.make_show()[1])
    opened = process(customer, order, payment_token=GOOD).json["id"]
    wallet = process(customer, order, method="wallet", card_id=card.card_id).json["id"]
    assert confirm(customer, wallet).json["status"] == "succeeded"
    # The page that was opened first charges nobody.
    assert confirm(customer, opened).json["failure_reason"] == "The booking was paid from a card's balance."
    assert [one["status"] for one in stripe.intents.values()] == ["canceled"]


def test_what_was_charged_before_a_card_s_balance_paid_is_owed_back(stripe: StripeDouble) -> None:
    customer = make_customer()
    card = payers.card_with(customer, 500_000, uid="04C1D2E3F4000B")
    order = purchases.book(customer, purchases.make_show()[1])
    opened = process(customer, order).json
    stripe.pay(opened["client_secret"], GOOD)  # the callback is on its way
    wallet = process(customer, order, method="wallet", card_id=card.card_id).json["id"]
    assert confirm(customer, wallet).json["status"] == "succeeded"
    assert payers.stored(opened["id"]).status == PaymentStatus.REFUND_DUE


def test_a_provider_that_does_not_answer_keeps_no_card_s_balance_from_paying(stripe: StripeDouble) -> None:
    customer = make_customer()
    card = payers.card_with(customer, 500_000, uid="04C1D2E3F4000C")
    order = purchases.book(customer, purchases.make_show()[1])
    process(customer, order)
    wallet = process(customer, order, method="wallet", card_id=card.card_id).json["id"]
    stripe.broken_answers = 100
    assert confirm(customer, wallet).json["status"] == "succeeded"
