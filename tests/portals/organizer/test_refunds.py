"""Refunds of tickets: each is paid once, and an organizer's figures include it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.ledger import account_names, card_balances
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import refunds, repayments
from chalicelib.domain.tickets import refund_requests, tickets
from chalicelib.errors import Conflict, InvalidState, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Order, Payment
from chalicelib.workers import payments as payments_worker
from tests.support import payers
from tests.support.client import call
from tests.support.factories import make_customer, make_organizer, scan_id, token_of
from tests.support.meanwhile import after
from tests.support.purchases import book, make_show
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
DONE: dict[str, Any] = {"batchItemFailures": []}


def bought(customer: Account, category: Category, quantity: int, *, method: str = "card") -> Order:
    """Buy tickets through the customers' portal."""
    order = book(customer, category, quantity)
    paid = payers.process(customer, order, method=method, **({"token": "tok_ok"} if method == "card" else {})).json
    assert payers.confirm(customer, paid["id"]).json["status"] == "succeeded"
    return payers.order_of(order)


def asked(customer: Account, order: Order, place: int) -> tuple[str, str]:
    """Ask for the money of one ticket of an order."""
    ticket_id = order.tickets[place]["ticket_id"]
    request = refund_requests.ask(customer.account_id, ticket_id, reason="Ill", operation_id=new_id("op"))
    return ticket_id, request.refund_id


def told(ticket_id: str, refund_id: str) -> dict[str, Any]:
    """Return the batch that the payments queue gives to its worker."""
    detail = {"ticket_id": ticket_id, "refund_id": refund_id, "payment_id": "pay_x", "fact_id": refund_id}
    return {
        "Records": [{"messageId": "m1", "body": json.dumps({"detail-type": "ticket.refund_due", "detail": detail})}]
    }


def payment_of(order: Order) -> Payment:
    found = operations.get(keys.money.payment(order.payment_id))
    assert found is not None
    return found


def test_an_approved_refund_takes_the_ticket_back_and_pays_the_money_once() -> None:
    organizer, customer = make_organizer(), make_customer()
    event, standard = make_show(organizer_id=organizer.account_id)
    with clock.set_to(clock.now()):  # one day, also at midnight
        order = bought(customer, standard, 2)
        ticket_id, refund_id = asked(customer, order, 1)
        before = tickets.get(ticket_id)
        first = refunds.approve(ticket_id, refund_id, by="adm_1")
    assert refunds.approve(ticket_id, refund_id, by="adm_2").decided_by == first.decided_by == "adm_1"
    ticket = tickets.get(ticket_id)
    assert (ticket.status, ticket.credential) == ("refunded", before.credential + 1)
    assert ticket.pledge is None
    assert payers.counts(standard) == (499, 0, 1)
    payment = payment_of(order)
    assert (payment.refunded, payment.status) == (150_000, "succeeded")
    assert payers.balances()["refunds_due"] == 150_000
    for _ in range(2):
        assert payments_worker.handle(told(ticket_id, refund_id)) == DONE
    assert refunds.get(ticket_id, refund_id).status == "refunded"
    charge = operations.get(keys.money.sandbox_charge(payment.provider_reference))
    assert charge is not None
    assert charge.refunded == 150_000
    assert payers.balances() == {
        f"clearing:{payment.provider}": -150_000,
        account_names.sales(event.event_id): 142_500,
        account_names.FEES: 7_500,
    }
    for _ in range(2):
        StreamReader().drain()
    analytics = call("GET", f"/api/organizer/events/{event.event_id}/", token=token_of(organizer)).json["analytics"]
    assert (analytics["sold"], analytics["revenue"]["amount"], analytics["refunded"]["amount"]) == (
        1,
        "3000.00",
        "1500.00",
    )
    (of_category,) = analytics["by_category"]
    assert (of_category["sold"], of_category["refunded"]["amount"]) == (1, "1500.00")
    assert [(day["tickets"], day["refunded"]["amount"]) for day in analytics["sales_by_day"]] == [(2, "1500.00")]


def test_what_was_paid_from_a_card_is_on_the_card_again() -> None:
    customer = make_customer()
    card = payers.card_with(customer, 400_000, uid="04AABBCCDDEE01")
    event, standard = make_show(price=133_333)
    order = bought(customer, standard, 3, method="wallet")
    before = payers.balances()
    for place in range(3):
        ticket_id, refund_id = asked(customer, order, place)
        assert refunds.approve(ticket_id, refund_id, by="adm_1").status == "refunded"
        assert not repayments.pay_back(ticket_id, refund_id)
    assert card_balances.of(card.uid).amount == 400_000
    after = payers.balances()
    # Each ticket's share of the fee is rounded, all of them together leave nothing.
    assert before[account_names.FEES] > 0
    assert (after[account_names.FEES], after[account_names.sales(event.event_id)]) == (0, 0)
    assert payment_of(order).status == "refunded"
    bound = operations.get(keys.cards.card(card.uid))
    assert bound is not None
    assert bound.tickets == {}
    assert payers.counts(standard) == (500, 0, 0)


def test_a_part_of_the_price_may_be_given_back_and_never_more() -> None:
    customer = make_customer()
    _, standard = make_show()
    order = bought(customer, standard, 1)
    ticket_id, refund_id = asked(customer, order, 0)
    for wrong in ("0", "1.234"):
        with pytest.raises(ValidationFailed):
            refunds.approve(ticket_id, refund_id, by="adm_1", amount=AmountInput(wrong))
    for too_much in (AmountInput("1500.01"), AmountInput("10.00", "EUR")):
        with pytest.raises(InvalidState, match="PKR"):
            refunds.approve(ticket_id, refund_id, by="adm_1", amount=too_much)
    assert payment_of(order).refunded == 0
    assert int(refunds.approve(ticket_id, refund_id, by="adm_1", amount=AmountInput("500.00")).amount) == 50_000
    with pytest.raises(Conflict):
        refunds.approve(ticket_id, refund_id, by="adm_1", amount=AmountInput("600.00"))
    assert int(payment_of(order).refunded) == 50_000
    assert payers.balances()["refunds_due"] == 50_000


def test_a_rejected_ticket_is_its_owners_to_use_again() -> None:
    customer = make_customer()
    _, standard = make_show()
    order = bought(customer, standard, 1)
    ticket_id, refund_id = asked(customer, order, 0)
    for _ in range(2):
        assert refunds.reject(ticket_id, refund_id, by="adm_1", note="Too late").status == "rejected"
    assert tickets.get(ticket_id).pledge is None
    with pytest.raises(InvalidState):
        refunds.approve(ticket_id, refund_id, by="adm_1")
    again = asked(customer, order, 0)[1]
    assert refunds.approve(ticket_id, again, by="adm_1").status == "approved"
    stored = operations.get(keys.tickets.refund_request(ticket_id, refund_id))
    assert stored is not None
    assert stored.note == "Too late"


def asked_tonight() -> tuple[Order, Category, str, str]:
    """Ask for the money of a ticket whose gates are open: asking does not keep its owner from going in."""
    customer, now = make_customer(), clock.now()
    later = now + timedelta(hours=4)
    _, standard = make_show(starts_at=now, ends_at=later, refunds_until=later)
    order = bought(customer, standard, 1)
    return order, standard, *asked(customer, order, 0)


def enter(order: Order, ticket_id: str) -> None:
    caller = Caller(id="ush_1", event_id=order.event_id)
    assert checkin.scan(caller, Reading(scan_id=scan_id(), ticket_id=ticket_id)).result == "valid"


def require_nothing_given_back(order: Order, standard: Category, ticket_id: str, refund_id: str) -> None:
    ticket = tickets.get(ticket_id)
    assert (ticket.status, ticket.presence, ticket.credential) == ("valid", "inside", 1)
    assert refunds.get(ticket_id, refund_id).status == "pending"
    assert payment_of(order).refunded == 0
    assert payers.counts(standard) == (499, 0, 1)
    assert "refunds_due" not in payers.balances()


def test_nothing_is_given_back_for_a_ticket_that_was_used() -> None:
    order, standard, ticket_id, refund_id = asked_tonight()
    enter(order, ticket_id)
    with pytest.raises(InvalidState, match="was used"):
        refunds.approve(ticket_id, refund_id, by="adm_1")
    require_nothing_given_back(order, standard, ticket_id, refund_id)


def test_nothing_is_given_back_for_a_ticket_that_is_used_while_it_is_decided() -> None:
    order, standard, ticket_id, refund_id = asked_tonight()
    of_ticket = keys.tickets.ticket(ticket_id)

    def is_of_ticket(asked: dict[str, Any]) -> bool:
        return bool(asked["Key"] == {"pk": {"S": of_ticket.pk}, "sk": {"S": of_ticket.sk}})

    with (
        after("GetItem", lambda: enter(order, ticket_id), matches=is_of_ticket),
        pytest.raises(InvalidState, match="was used"),
    ):
        refunds.approve(ticket_id, refund_id, by="adm_1")
    require_nothing_given_back(order, standard, ticket_id, refund_id)
