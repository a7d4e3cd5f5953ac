"""Money that moves at Stripe after a charge: refunds and disputes that begin there are booked, shown, and reported."""

import json
from typing import Any

import pytest

from chalicelib.domain.background.changes import Change
from chalicelib.domain.payments import reconciliation, refunds, repayments, withdrawals
from chalicelib.domain.tickets import refund_requests
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Order, Payment
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payments import PaymentStatus
from chalicelib.workers import payments as worker
from tests.support import payers, purchases, stripe_double, wallets
from tests.support.client import call
from tests.support.factories import admin_token, customer_token, make_customer
from tests.support.payers import confirm, process
from tests.support.stripe_double import GOOD, StripeDouble
from tests.support.stripe_ground import deliver

# Price in minor units of ISO 4217, currency, and a part of it.
PRICES = [(5_000, "ISK", 1_000), (20_000, "UGX", 500), (1_230, "KWD", 120), (500, "JPY", 60), (150_000, "PKR", 1_001)]


@pytest.fixture
def customer(stripe: StripeDouble) -> Account:  # noqa: ARG001  # the ground comes first
    return make_customer()


def paid(customer: Account, *, price: int = 150_000, currency: str = "PKR", count: int = 1) -> tuple[Order, Payment]:
    """Buy tickets by card."""
    category = payers.last_ticket(price=price, currency=currency)
    if count > 1:
        category = purchases.make_show(price=price)[1]
    order = purchases.book(customer, category, count)
    opened = process(customer, order, payment_token=GOOD).json
    assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    return order, payers.stored(opened["id"])


def held_by(payment: Payment) -> set[str]:
    """Return the payments that hold the payout of this one's event."""
    hold = operations.get(keys.money.payout_hold(payment.event_id))
    return set(hold.payments or ()) if hold else set()


def shown(customer: Account, payment: Payment) -> list[tuple[str, str]]:
    """Return amount and status of each refund in the customer's history."""
    listed = call("GET", "/api/v1/users/payment-history/", token=customer_token(customer)).json["results"]
    entry = next(one for one in listed if one["id"] == payment.payment_id)
    return [(refund["amount"]["amount"], refund["status"]) for refund in entry["refunds"]]


def deliver_all(double: StripeDouble, kinds: tuple[str, ...]) -> None:
    for event in list(double.events):
        if event["type"].startswith(kinds):
            assert deliver(event).status == 200


@pytest.mark.parametrize(
    ("price", "currency", "part", "kinds"),
    [
        *((*price, ("refund.", "charge.")) for price in PRICES),
        (*PRICES[0], ("charge.refunded",)),
        (*PRICES[0], ("refund.",)),
    ],
)
def test_a_part_that_was_refunded_at_stripe_is_booked_once_shown_and_holds_the_payout(
    customer: Account, stripe: StripeDouble, price: int, currency: str, part: int, kinds: tuple[str, ...]
) -> None:
    order, payment = paid(customer, price=price, currency=currency)
    at_stripe = stripe.intents[payment.provider_reference]["amount"] * part // price
    stripe.refund_by_hand(payment.provider_reference, at_stripe)
    for _ in range(2):
        deliver_all(stripe, kinds)
    found = payers.balances()
    assert (found["clearing:stripe"], found[f"chargebacks:{payment.event_id}"]) == (part - price, -part)
    assert (payers.stored(payment.payment_id).status, payers.tickets_of(order)) == (PaymentStatus.SUCCEEDED, ["valid"])
    assert [status for _, status in shown(customer, payment)] == ["succeeded"]
    assert held_by(payment) == {payment.payment_id}


@pytest.mark.parametrize(("price", "currency", "part"), PRICES[1:4])
def test_a_full_refund_at_stripe_withdraws_the_tickets_and_frees_the_payout(
    customer: Account, stripe: StripeDouble, price: int, currency: str, part: int
) -> None:
    order, payment = paid(customer, price=price, currency=currency)
    whole = stripe.intents[payment.provider_reference]["amount"]
    units = whole * part // price
    for amount in (units, whole - units):
        stripe.refund_by_hand(payment.provider_reference, amount)
    deliver_all(stripe, ("refund.", "charge."))
    after = payers.stored(payment.payment_id)
    assert (after.status, after.voided) == (PaymentStatus.REFUNDED, True)
    assert [fact.fact for fact in reconciliation.moved(payment, after)].count(Fact.PAYMENT_RETURNED) == 1
    for _ in range(2):
        withdrawals.run(payment.payment_id)
    assert payers.tickets_of(order) == ["refunded"]
    assert payers.balances() == {}
    assert held_by(payment) == set()
    ticket_id = order.tickets[0]["ticket_id"]
    refund_id = next(iter(payers.stored(payment.payment_id).granted))
    assert repayments.pay_back(ticket_id, refund_id) is True
    assert (repayments.pay_back(ticket_id, refund_id), len(stripe.refunds)) == (False, 2)


@pytest.mark.parametrize(("price", "currency", "part"), PRICES[:3])
def test_a_dispute_holds_the_payout_and_takes_the_money_until_it_is_won(
    customer: Account, stripe: StripeDouble, price: int, currency: str, part: int
) -> None:
    order, payment = paid(customer, price=price, currency=currency)
    name = payment.provider_reference
    units = stripe.intents[name]["amount"] * part // price
    deliver(stripe.dispute(name, "created", "needs_response", amount=units))
    assert (held_by(payment), payers.balances()["clearing:stripe"]) == ({payment.payment_id}, -price)
    deliver(stripe.dispute(name, "funds_withdrawn", "needs_response", amount=units))
    assert payers.balances()["clearing:stripe"] == part - price
    assert payers.balances()[f"chargebacks:{payment.event_id}"] == -part
    deliver(stripe.dispute(name, "closed", "won", amount=units))
    assert held_by(payment) == {payment.payment_id}  # the money is not back yet
    deliver(stripe.dispute(name, "funds_reinstated", "won", amount=units))
    assert held_by(payment) == set()
    assert payers.balances()["clearing:stripe"] == -price
    assert (payers.tickets_of(order), shown(customer, payment)) == (["valid"], [])


def test_a_dispute_that_is_lost_withdraws_the_ticket_unless_it_was_used(
    customer: Account, stripe: StripeDouble
) -> None:
    order, payment = paid(customer)
    deliver(stripe.dispute(payment.provider_reference, "closed", "lost"))
    withdrawals.run(payment.payment_id)
    assert payers.stored(payment.payment_id).status == PaymentStatus.REFUNDED
    assert payers.tickets_of(order) == ["refunded"]
    assert payers.balances() == {}


@pytest.mark.parametrize(("price", "currency", "part"), PRICES)
def test_a_refund_that_fails_later_is_owed_again_shown_and_left_to_staff(
    customer: Account, stripe: StripeDouble, price: int, currency: str, part: int
) -> None:
    order, payment = paid(customer, price=price, currency=currency)
    ticket_id = order.tickets[0]["ticket_id"]
    asked = refund_requests.ask(customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    refunds.approve(ticket_id, asked.refund_id, by="adm_1")
    assert [status for _, status in shown(customer, payment)] == ["pending"]
    assert repayments.pay_back(ticket_id, asked.refund_id) is True
    deliver_all(stripe, ("refund.", "charge."))  # what we asked for counts once
    assert payers.balances() == {}
    before = payers.stored(payment.payment_id)
    stripe.fail_refund(next(iter(stripe.refunds)))
    deliver(stripe.event("refund.failed"))
    assert payers.balances() == {"clearing:stripe": -price, "refunds_due": price}
    assert [status for _, status in shown(customer, payment)] == ["failed"]
    after = payers.stored(payment.payment_id)
    assert [fact.fact for fact in reconciliation.moved(before, after)] == [Fact.PAYMENT_REFUND_FAILED]
    assert held_by(payment) == {payment.payment_id}
    # Staff refund it on Stripe's own pages.
    stripe.refund_by_hand(payment.provider_reference, stripe.intents[payment.provider_reference]["amount"])
    deliver_all(stripe, ("refund.created",))
    assert (payers.balances(), held_by(payment)) == ({}, set())
    assert part < price


def test_a_refund_that_staff_made_before_ours_was_sent_is_not_made_twice(
    customer: Account, stripe: StripeDouble
) -> None:
    order, payment = paid(customer, count=2)
    asked = []
    for line in order.tickets:
        request = refund_requests.ask(customer.account_id, line["ticket_id"], reason="Ill", operation_id=new_id("op"))
        refunds.approve(line["ticket_id"], request.refund_id, by="adm_1")
        asked.append((line["ticket_id"], request.refund_id))
    stripe.refund_by_hand(payment.provider_reference, 200_000)
    deliver_all(stripe, ("charge.refunded",))
    for ticket_id, refund_id in asked:
        assert repayments.pay_back(ticket_id, refund_id) is True
    assert sorted(refund["amount"] for refund in stripe.refunds.values()) == [100_000, 200_000]
    assert payers.balances() == {}


@pytest.mark.parametrize(("end", "made"), [("won", 1), ("lost", 0)])
def test_a_refund_waits_for_the_end_of_a_dispute_and_is_made_if_that_returned_nothing(
    customer: Account, stripe: StripeDouble, end: str, made: int
) -> None:
    order, payment = paid(customer)
    ticket_id, name = order.tickets[0]["ticket_id"], payment.provider_reference
    request = refund_requests.ask(customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    refunds.approve(ticket_id, request.refund_id, by="adm_1")
    deliver(stripe.dispute(name, "funds_withdrawn", "needs_response"))
    assert repayments.pay_back(ticket_id, request.refund_id) is False
    assert (refunds.get(ticket_id, request.refund_id).status, stripe.refunds) == ("approved", {})
    before = payers.stored(payment.payment_id)
    if end == "won":
        deliver(stripe.dispute(name, "funds_reinstated", "won"))
    else:
        deliver(stripe.dispute(name, "closed", "lost"))
    facts = reconciliation.follow([Change("1", before, payers.stored(payment.payment_id))])
    (due,) = (fact for fact in facts if fact.fact is Fact.TICKET_REFUND_DUE)
    body = json.dumps({"detail-type": due.fact, "detail": due.ids})
    assert worker.handle({"Records": [{"messageId": "m1", "body": body}]}) == {"batchItemFailures": []}
    assert (refunds.get(ticket_id, request.refund_id).status, len(stripe.refunds)) == ("refunded", made)
    assert payers.balances() == {}
    assert held_by(payment) == set()


@pytest.mark.parametrize("what", ["ticket", "card"])
def test_what_staff_returned_at_stripe_ends_the_refunds_that_were_set_aside(
    customer: Account, stripe: StripeDouble, what: str
) -> None:
    if what == "ticket":
        order, payment = paid(customer)
        ticket_id = order.tickets[0]["ticket_id"]
        asked = refund_requests.ask(customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
        refunds.approve(ticket_id, asked.refund_id, by="adm_1")
    else:
        card = wallets.make_card(customer)
        body = {"card_id": card.card_id, "amount": "1500.00", "method": "card", "payment_token": GOOD}
        opened = payers.ask(customer, "process", body).json
        assert confirm(customer, opened["id"]).json["status"] == "succeeded"
        paid_back = {"ids": [card.card_id], "action": "pay_back"}
        assert call("POST", "/api/finances/unclaimed/", paid_back, token=admin_token()).status == 200
        payment = payers.stored(opened["id"])
    before = payers.stored(payment.payment_id)
    stripe.refund_by_hand(payment.provider_reference, 150_000)
    deliver_all(stripe, ("refund.", "charge."))
    facts = reconciliation.follow([Change("1", before, payers.stored(payment.payment_id))])
    (due,) = (fact for fact in facts if fact.fact in (Fact.TICKET_REFUND_DUE, Fact.CARD_PAY_BACK_DUE))
    envelope = json.dumps({"detail-type": due.fact, "detail": due.ids})
    assert worker.handle({"Records": [{"messageId": "m1", "body": envelope}]}) == {"batchItemFailures": []}
    kind = {"ticket": "refund_request", "card": "card_pay_back"}[what]
    assert [raw["status"]["S"] for raw in payers.all_raws(kind)] == [{"ticket": "refunded", "card": "paid"}[what]]
    assert (len(stripe.refunds), payers.balances()) == (1, {})


def test_money_that_is_owed_and_was_returned_at_stripe_by_hand_is_not_returned_again(
    customer: Account, stripe: StripeDouble
) -> None:
    first = purchases.book(customer, payers.last_ticket())
    declined = process(customer, first, payment_token=stripe_double.DECLINED).json["id"]
    secret = stripe.intents[payers.stored(declined).provider_reference]["client_secret"]
    confirm(customer, declined)
    assert confirm(customer, process(customer, first, payment_token=GOOD).json["id"]).json["status"] == "succeeded"
    stripe.pay(secret)
    deliver(stripe.event("succeeded"))
    assert payers.stored(declined).status == PaymentStatus.REFUND_DUE
    stripe.refund_by_hand(payers.stored(declined).provider_reference, 150_000)
    deliver_all(stripe, ("charge.refunded",))
    payment = payers.stored(declined)
    assert (payment.status, payment.refunded) == (PaymentStatus.REFUNDED, 150_000)
    assert payment.refund_reference in stripe.refunds
    assert worker.handle(payers.envelope(declined)) == {"batchItemFailures": []}
    assert len(stripe.refunds) == 1


def test_callbacks_about_charges_of_others_and_of_unknown_kinds_change_nothing_and_are_counted(
    customer: Account, stripe: StripeDouble, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, payment = paid(customer)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    event = stripe.dispute(payment.provider_reference, "created", "needs_response")
    said: dict[str, Any] = event["data"]["object"]
    others = [{**said, "payment_intent": "pi_of_others"}, {**said, "payment_intent": None}]
    stripe.intents["pi_of_others"] = {**stripe.intents[payment.provider_reference], "id": "pi_of_others"}
    del stripe.intents["pi_of_others"]["metadata"]
    for other in (*others, {**said, "payment_intent": "pi_of_nobody"}):
        assert deliver({**event, "data": {"object": other}}).status == 200
    for kind in ("payout.paid", "x" * 400 + ".y", "радар.z"):
        assert deliver({"id": "evt_9", "type": kind, "data": {"object": {}}}).status == 200
    assert (payers.stored(payment.payment_id).moves, held_by(payment)) == (None, set())
    counted = [line for line in capsys.readouterr().out.splitlines() if "UnreadProviderCallbacks" in line]
    assert ["payout" in line for line in counted] == [True, False, False]
    assert ['"kind":"other"' in line for line in counted] == [False, True, True]


def test_a_callback_about_money_that_is_no_refund_and_no_dispute_is_refused(customer: Account) -> None:
    _, payment = paid(customer)
    bodies: list[Any] = [{"payment_intent": payment.provider_reference}, [], None]
    for said in bodies:
        answer = deliver({"id": "evt_1", "type": "refund.updated", "data": {"object": said}})
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert payers.stored(payment.payment_id).moves is None
