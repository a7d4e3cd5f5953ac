"""Payments through the customers' portal: the charge, what it buys, and what is stored."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.clients.providers import OutcomeStatus
from chalicelib.domain.payments import reconciliation, sandbox_callbacks
from chalicelib.domain.sale import orders
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Category, Order, SandboxCharge
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.workers import payments as worker
from chalicelib.workers import schedules
from tests.support import card_states, desk, payers, purchases
from tests.support.client import call
from tests.support.factories import customer_token, make_customer
from tests.support.payers import confirm, process

UID, OTHER_UID = "04C1D2E3F40001", "04C1D2E3F40002"


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


@pytest.fixture
def order(customer: Account, category: Category) -> Order:
    return purchases.book(customer, category, 2)


def charge(payment_id: str) -> SandboxCharge:
    found = operations.get(keys.money.sandbox_charge(payers.stored(payment_id).provider_reference))
    assert found is not None
    return found


def after(order: Order, minutes: float) -> AbstractContextManager[None]:
    return clock.set_to(order.expires_at + timedelta(minutes=minutes))


# A payment by card


def test_a_payment_is_opened_for_the_bookings_total(customer: Account, order: Order) -> None:
    answer = process(customer, order)
    assert answer.status == 201
    payment_id = answer.json["id"]
    assert answer.json == {
        "id": payment_id,
        "status": "requires_confirmation",
        "amount": {"amount": "3000.00", "currency": "PKR"},
        "provider": "sandbox",
        "method": "card",
        "client_secret": f"sbx_{payment_id[4:]}_secret",
        "booking_id": order.order_id,
        "card_id": None,
        "receipt_number": None,
        "failure_reason": None,
        "created_at": answer.json["created_at"],
        "next_action": None,
    }
    assert charge(payment_id).status == "open"
    assert payers.order_of(order).status == OrderStatus.RESERVED
    assert payers.balances() == {}


def test_a_confirmed_payment_issues_the_tickets_and_books_sale_and_fee(
    customer: Account, order: Order, category: Category
) -> None:
    payment_id = process(customer, order).json["id"]
    answer = confirm(customer, payment_id)
    assert answer.status == 200
    assert answer.json["status"] == "succeeded"
    assert answer.json["receipt_number"] == f"R-{payment_id[4:]}"
    assert answer.json["client_secret"] is None
    paid = payers.order_of(order)
    assert (paid.status, paid.payment_id) == (OrderStatus.PAID, payment_id)
    assert payers.tickets_of(order) == ["valid", "valid"]
    assert payers.counts(category) == (498, 0, 2)
    assert payers.balances() == {
        "clearing:sandbox": -300_000,
        f"sales:{order.event_id}": 285_000,
        "fees": 15_000,
    }
    assert payers.stored(payment_id).gsi2pk is None


def test_a_confirmed_payment_shows_its_event_and_tickets_and_an_open_or_failed_one_none(
    customer: Account, order: Order
) -> None:
    failed = confirm(customer, process(customer, order, payment_token="tok_declined").json["id"]).json
    assert (failed["status"], failed["event"], failed["ticket_ids"], failed["tickets"]) == ("failed", None, [], [])
    opened = process(customer, order).json
    paid = confirm(customer, opened["id"]).json
    bought = [str(each["ticket_id"]) for each in order.tickets]
    assert (paid["status"], paid["ticket_ids"]) == ("succeeded", bought)
    assert [(ticket["id"], ticket["status"]) for ticket in paid["tickets"]] == [(each, "valid") for each in bought]
    assert paid["event"] == {"id": order.event_id, "title": paid["tickets"][0]["event"]["title"]}
    assert confirm(customer, opened["id"]).json == paid


def test_a_payment_that_is_confirmed_again_is_the_same_and_takes_nothing_more(customer: Account, order: Order) -> None:
    payment_id = process(customer, order).json["id"]
    first = confirm(customer, payment_id)
    before = payers.balances()
    assert confirm(customer, payment_id).json == first.json
    assert payers.balances() == before


def test_the_same_keys_request_opens_one_payment_also_once_it_is_paid(customer: Account, order: Order) -> None:
    first = process(customer, order, key="a-key")
    again = process(customer, order, key="a-key")
    assert (again.json, again.headers["idempotent-replayed"]) == (first.json, "true")
    confirm(customer, first.json["id"])
    # Its first answer reported a state in between, so it is computed again.
    paid = process(customer, order, key="a-key")
    assert (paid.json["id"], paid.json["status"]) == (first.json["id"], "succeeded")
    assert "idempotent-replayed" not in paid.headers
    assert process(customer, order, key="a-key").headers["idempotent-replayed"] == "true"
    assert process(customer, order, key="a-key", return_url=None, method="wallet").code == "IDEMPOTENCY_MISMATCH"


@pytest.mark.parametrize("key", [None, "a-key"])
def test_a_challenged_payment_says_what_to_do_and_is_paid_when_it_is_confirmed_again(
    customer: Account, order: Order, key: str | None
) -> None:
    payment_id = process(customer, order, payment_token="tok_3ds").json["id"]
    waits = confirm(customer, payment_id, key=key).json
    secret = f"sbx_{payment_id[4:]}_secret"
    assert waits["status"] == "requires_action"
    assert waits["next_action"] == {"type": "confirm_again", "url": None, "client_secret": secret}
    listed = call("GET", "/api/v1/users/payment-history/?status=requires_action", token=customer_token(customer)).json
    assert [one["next_action"] for one in listed["results"]] == [waits["next_action"]]
    assert payers.tickets_of(order) == ["reserved", "reserved"]
    paid = confirm(customer, payment_id, key=key).json
    assert (paid["status"], paid["next_action"]) == ("succeeded", None)
    assert payers.tickets_of(order) == ["valid", "valid"]


def test_a_challenge_that_nobody_answers_is_cancelled_with_its_reservation(customer: Account, order: Order) -> None:
    payment_id = process(customer, order, payment_token="tok_3ds").json["id"]
    confirm(customer, payment_id)
    with after(order, 6):
        assert reconciliation.reconcile(payment_id)
    assert (payers.stored(payment_id).status, charge(payment_id).status) == (PaymentStatus.FAILED, "canceled")
    assert confirm(customer, payment_id).json["next_action"] is None


def test_a_payment_that_is_still_open_is_given_again(customer: Account, order: Order) -> None:
    assert process(customer, order).json == process(customer, order).json


def test_a_declined_payment_fails_and_the_next_one_is_another_that_may_succeed(customer: Account, order: Order) -> None:
    declined = process(customer, order, payment_token="tok_declined").json["id"]
    answer = confirm(customer, declined)
    assert (answer.status, answer.json["status"], answer.json["failure_reason"]) == (200, "failed", "card_declined")
    assert payers.order_of(order).status == OrderStatus.RESERVED
    assert payers.balances() == {}
    second = process(customer, order).json["id"]
    assert second != declined
    assert confirm(customer, second).json["status"] == "succeeded"
    assert confirm(customer, declined).json["status"] == "failed"
    assert payers.order_of(order).payment_id == second


def test_an_answer_that_is_lost_on_the_way_from_the_provider_charges_once(customer: Account, order: Order) -> None:
    payment_id = process(customer, order, payment_token="tok_timeout").json["id"]
    lost = confirm(customer, payment_id, key="k")
    assert (lost.status, lost.code, lost.headers["retry-after"]) == (503, "UNAVAILABLE", "1")
    assert payers.order_of(order).status == OrderStatus.RESERVED
    answer = confirm(customer, payment_id, key="k")
    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    assert payers.balances()["clearing:sandbox"] == -300_000
    assert charge(payment_id).status == "succeeded"


def test_a_token_that_the_provider_does_not_know_fails_at_once(customer: Account, order: Order) -> None:
    answer = process(customer, order, payment_token="tok_other")
    assert (answer.json["status"], answer.json["failure_reason"]) == ("failed", "unknown_token")
    assert confirm(customer, answer.json["id"]).json["status"] == "failed"
    assert process(customer, order).json["status"] == "requires_confirmation"


def test_an_order_that_costs_nothing_is_settled_without_a_provider(customer: Account) -> None:
    _, category = purchases.make_show(price=0)
    order = purchases.book(customer, category)
    opened = process(customer, order).json
    assert (opened["provider"], opened["client_secret"]) == ("free", None)
    assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    assert payers.tickets_of(order) == ["valid"]
    assert payers.balances() == {}


def test_what_is_not_the_customers_is_not_found(customer: Account, order: Order) -> None:
    stranger = make_customer()
    payment_id = process(customer, order).json["id"]
    assert process(stranger, order).status == 404
    assert confirm(stranger, payment_id).status == 404
    assert confirm(stranger, "pay_01K9ZC3B6P8R0T2V4X6Z8A0CEG").status == 404
    assert payers.stored(payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION


def test_a_booking_that_is_paid_or_over_takes_no_new_payment(customer: Account, category: Category) -> None:
    paid, over = purchases.book(customer, category), purchases.book(customer, category)
    confirm(customer, process(customer, paid).json["id"])
    answer = process(customer, paid)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    with after(over, 0.01):
        answer = process(customer, over)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    assert "Book again" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"method": "card"}, "booking_id"),
        ({"method": "wallet", "card_id": UID, "amount": "10"}, "method"),
        ({"method": "card", "card_id": UID}, "amount"),
        ({"method": "card", "card_id": UID, "amount": "0.50"}, "amount"),
        ({"method": "card", "card_id": UID, "amount": "100000.01"}, "amount"),
        ({"method": "card", "card_id": UID, "amount": {"amount": "10", "currency": "USD"}}, "amount.currency"),
        ({"method": "card", "booking_id": "ord_x", "amount": "10"}, "amount"),
        ({"method": "cash", "booking_id": "ord_x"}, "method"),
        ({"method": "card", "booking_id": "ord_x", "return_url": "javascript:alert(1)"}, "return_url"),
    ],
)
def test_a_wrong_request_says_which_field(customer: Account, body: dict[str, object], field: str) -> None:
    payers.card_with(customer, 0, uid=UID)
    answer = payers.ask(customer, "process", body)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert [problem["field"] for problem in answer.json["error"]["details"]] == [field]


# A payment from a card's balance


def test_a_wallet_payment_debits_the_card_and_issues_the_tickets_at_once(customer: Account, order: Order) -> None:
    card = payers.card_with(customer, 400_000, uid=UID)
    opened = process(customer, order, method="wallet").json
    assert (opened["provider"], opened["card_id"], opened["client_secret"]) == ("wallet", card.card_id, None)
    assert payers.balances()[f"card:{UID}"] == 400_000
    assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    assert payers.balances() == {
        "clearing:desk": -400_000,
        f"card:{UID}": 100_000,
        f"sales:{order.event_id}": 285_000,
        "fees": 15_000,
    }
    line = operations.get(keys.money.card_entry(UID, 2))
    assert line is not None
    assert (line.type, line.amount, line.balance_after, line.reference) == (
        "purchase",
        -300_000,
        100_000,
        order.order_id,
    )


def test_a_card_that_holds_too_little_pays_nothing(customer: Account, order: Order) -> None:
    payers.card_with(customer, 299_999, uid=UID)
    answer = process(customer, order, method="wallet")
    assert (answer.status, answer.code) == (409, "INSUFFICIENT_BALANCE")


def test_money_that_was_spent_meanwhile_is_not_spent_twice(customer: Account, category: Category) -> None:
    payers.card_with(customer, 150_000, uid=UID)
    first, second = purchases.book(customer, category), purchases.book(customer, category)
    ids = [process(customer, one, method="wallet").json["id"] for one in (first, second)]
    assert confirm(customer, ids[0]).json["status"] == "succeeded"
    answer = confirm(customer, ids[1])
    assert (answer.status, answer.code) == (409, "INSUFFICIENT_BALANCE")
    assert payers.order_of(second).status == OrderStatus.RESERVED
    assert payers.balances()[f"card:{UID}"] == 0


def test_a_card_that_is_not_active_pays_nothing(customer: Account, order: Order) -> None:
    payers.card_with(customer, 400_000, uid=UID)
    payment_id = process(customer, order, method="wallet").json["id"]
    card_states.put_into(UID, CardStatus.BLOCKED)
    answer = confirm(customer, payment_id)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    answer = process(customer, order, method="wallet", card_id=UID)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    assert payers.balances()[f"card:{UID}"] == 400_000


def test_of_several_cards_the_one_that_pays_is_named_and_may_be_changed(customer: Account, category: Category) -> None:
    order = purchases.book(customer, category)
    assert process(customer, order, method="wallet").code == "INVALID_STATE"
    payers.card_with(customer, 200_000, uid=UID)
    other = payers.card_with(customer, 200_000, uid=OTHER_UID)
    assert process(customer, order, method="wallet").code == "INVALID_STATE"
    first = process(customer, order, method="wallet", card_id=UID).json
    second = process(customer, order, method="wallet", card_id=other.card_id).json
    assert second["card_id"] == other.card_id
    assert confirm(customer, first["id"]).json["status"] == "failed"
    assert confirm(customer, second["id"]).json["status"] == "succeeded"
    assert payers.balances()[f"card:{UID}"] == 200_000


def test_anothers_card_is_not_found(customer: Account, order: Order) -> None:
    payers.card_with(make_customer(), 400_000, uid=UID)
    assert process(customer, order, method="wallet", card_id=UID).status == 404
    body = {"method": "card", "card_id": UID, "amount": "10"}
    assert payers.ask(customer, "process", body).status == 404


def test_a_wallet_payment_after_its_time_takes_nothing_where_the_tickets_are_gone(customer: Account) -> None:
    category = payers.last_ticket()
    payers.card_with(customer, 400_000, uid=UID)
    order = purchases.book(customer, category)
    payment_id = process(customer, order, method="wallet").json["id"]
    with after(order, 1):
        orders.expire(order.order_id)
        purchases.book(make_customer(), category)
        answer = confirm(customer, payment_id)
    assert answer.json["status"] == "failed"
    assert "nothing was taken" in answer.json["failure_reason"]
    assert payers.balances()[f"card:{UID}"] == 400_000


# Reloads


def test_a_reload_puts_what_the_provider_took_on_the_card(customer: Account) -> None:
    card = payers.card_with(customer, 0, uid=UID)
    body = {"method": "card", "card_id": card.card_id, "amount": "250.50"}
    opened = payers.ask(customer, "process", body).json
    assert (opened["card_id"], opened["booking_id"]) == (card.card_id, None)
    assert opened["amount"] == {"amount": "250.50", "currency": "PKR"}
    for _ in range(2):
        assert confirm(customer, opened["id"]).json["status"] == "succeeded"
    assert payers.balances() == {"clearing:sandbox": -25_050, f"card:{UID}": 25_050}
    line = operations.get(keys.money.card_entry(UID, 1))
    assert line is not None
    assert line.type == "reload"


def test_a_reload_of_a_card_that_staff_blocked_meanwhile_charges_nothing(customer: Account) -> None:
    payers.card_with(customer, 0, uid=UID)
    body = {"method": "card", "card_id": UID, "amount": "100"}
    payment_id = payers.ask(customer, "process", body).json["id"]
    blocked = desk.ask("PUT", f"nfc-cards/{UID}/", {"status": "blocked", "reason": "Under review."})
    assert blocked.status == 200
    refused = confirm(customer, payment_id)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert "nothing is charged" in refused.json["error"]["message"]
    assert payers.balances() == {}
    assert payers.ask(customer, "process", body).code == "INVALID_STATE"
    # What the provider took all the same is on the card.
    payers.charge_at_sandbox(payment_id)
    assert confirm(customer, payment_id).json["status"] == "succeeded"
    assert payers.balances()[f"card:{UID}"] == 10_000


def test_a_card_that_its_customer_lost_meanwhile_still_gets_its_money(customer: Account) -> None:
    payers.card_with(customer, 0, uid=UID)
    payment_id = payers.ask(customer, "process", {"method": "card", "card_id": UID, "amount": "100"}).json["id"]
    card_states.put_into(UID, CardStatus.LOST)
    assert confirm(customer, payment_id).json["status"] == "succeeded"
    assert payers.balances()[f"card:{UID}"] == 10_000


# Callbacks


def opened(customer: Account, order: Order, **more: str) -> str:
    return str(process(customer, order, **more).json["id"])


def test_a_callback_settles_a_payment_once_however_often_it_comes(customer: Account, order: Order) -> None:
    payment_id = opened(customer, order)
    raw = payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED)
    for _ in range(3):
        answer = payers.post_webhook(raw)
        assert (answer.status, answer.json) == (200, {"received": True})
    payers.post_webhook(payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED))
    assert confirm(customer, payment_id).json["status"] == "succeeded"
    assert payers.balances()["clearing:sandbox"] == -300_000
    assert payers.tickets_of(order) == ["valid", "valid"]


@pytest.mark.parametrize("order_of_events", [("failed", "succeeded"), ("succeeded", "failed")])
def test_success_wins_whichever_callback_comes_first(
    customer: Account, order: Order, order_of_events: tuple[str, str]
) -> None:
    payment_id = opened(customer, order)
    for status in order_of_events:
        payers.post_webhook(payers.told(payers.stored(payment_id), OutcomeStatus(status)))
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.order_of(order).status == OrderStatus.PAID


def test_a_callback_that_is_not_signed_just_now_changes_nothing(customer: Account, order: Order) -> None:
    payment_id = opened(customer, order)
    raw = payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED)
    good = sandbox_callbacks.sign(raw, at=int(clock.now().timestamp()))
    tampered = raw.replace(b"succeeded", b"SUCCEEDED")
    wrong = [
        payers.post_webhook(tampered, signature=good),
        payers.post_webhook(raw, age=301),
        payers.post_webhook(raw, age=-301),
        *(payers.post_webhook(raw, signature=one) for one in (good[:-1], f"{good}0", "t=1", "v1=aa", "x", "t=é,v1=é")),
        call("POST", "/api/v1/payments/webhook/", raw=raw),
    ]
    for answer in wrong:
        assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert payers.stored(payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION
    assert payers.post_webhook(raw, age=299).status == 200
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED


def test_a_callback_of_another_kind_or_about_no_payment_of_ours_is_taken_without_effect(
    customer: Account, order: Order
) -> None:
    payment_id = opened(customer, order)
    payment = payers.stored(payment_id)
    unknown = payers.told(payment, OutcomeStatus.SUCCEEDED, kind="charge.dispute.created")
    assert payers.post_webhook(unknown).status == 200
    foreign = payers.told(payment, OutcomeStatus.SUCCEEDED).replace(
        payment_id.encode(), b"pay_01K9ZC3B6P8R0T2V4X6Z8A0CEG"
    )
    assert payers.post_webhook(foreign).status == 200
    another_charge = payers.told(payment, OutcomeStatus.SUCCEEDED, reference="sbx_another")
    assert payers.post_webhook(another_charge).status == 200
    assert payers.stored(payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION
    assert payers.post_webhook(b"[]").status == 400


def test_a_callback_about_a_wallet_payment_pays_nothing(customer: Account, order: Order) -> None:
    payers.card_with(customer, 400_000, uid=UID)
    payment_id = opened(customer, order, method="wallet")
    raw = payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED)
    assert payers.post_webhook(raw).status == 200
    assert payers.order_of(order).status == OrderStatus.RESERVED


# Money that buys nothing is returned


def test_a_late_success_is_honoured_while_stock_is_left(customer: Account, order: Order, category: Category) -> None:
    payment_id = opened(customer, order)
    with after(order, 1):
        assert orders.expire(order.order_id)
        assert payers.counts(category) == (500, 0, 0)
        assert confirm(customer, payment_id).json["status"] == "succeeded"
    assert payers.order_of(order).status == OrderStatus.PAID
    assert payers.counts(category) == (498, 0, 2)


def test_a_success_after_its_time_is_honoured_while_the_stock_is_still_held(customer: Account, order: Order) -> None:
    payment_id = opened(customer, order)
    with after(order, 1):
        assert confirm(customer, payment_id).json["status"] == "succeeded"
    assert payers.tickets_of(order) == ["valid", "valid"]


def test_a_late_success_without_stock_is_refunded_in_full_once(customer: Account) -> None:
    category = payers.last_ticket()
    order = purchases.book(customer, category)
    payment_id = opened(customer, order)
    with after(order, 1):
        orders.expire(order.order_id)
        purchases.book(make_customer(), category)
        answer = confirm(customer, payment_id)
    assert answer.json["status"] == "refunded"
    assert answer.json["receipt_number"] is None
    assert answer.json["failure_reason"] == (
        "The reservation had expired and the tickets were gone; the money is returned."
    )
    assert payers.stored(payment_id).status == PaymentStatus.REFUND_DUE
    assert payers.balances() == {"clearing:sandbox": -150_000, "refunds_due": 150_000}
    for _ in range(2):
        assert worker.handle(payers.envelope(payment_id)) == {"batchItemFailures": []}
    refunded = payers.stored(payment_id)
    assert (refunded.status, refunded.refunded) == (PaymentStatus.REFUNDED, 150_000)
    assert refunded.gsi2pk is None
    assert int(charge(payment_id).refunded) == 150_000
    assert payers.balances() == {}
    assert confirm(customer, payment_id).json["status"] == "refunded"
    assert payers.counts(category) == (0, 1, 0)


def test_the_second_of_two_payments_for_one_booking_is_refunded(customer: Account, order: Order) -> None:
    payers.card_with(customer, 400_000, uid=UID)
    by_card, by_wallet = opened(customer, order), opened(customer, order, method="wallet")
    payers.charge_at_sandbox(by_card)
    assert confirm(customer, by_wallet).json["status"] == "succeeded"
    assert confirm(customer, by_card).json["status"] == "refunded"
    worker.handle(payers.envelope(by_card))
    assert payers.order_of(order).payment_id == by_wallet
    assert payers.balances().get("clearing:sandbox", 0) == 0
    assert payers.balances()[f"card:{UID}"] == 100_000


def test_a_wallet_payment_for_a_booking_that_is_paid_takes_nothing(customer: Account, order: Order) -> None:
    payers.card_with(customer, 400_000, uid=UID)
    by_card, by_wallet = opened(customer, order), opened(customer, order, method="wallet")
    assert confirm(customer, by_card).json["status"] == "succeeded"
    assert confirm(customer, by_wallet).json["status"] == "failed"
    assert payers.balances()[f"card:{UID}"] == 400_000


@pytest.mark.parametrize("changes", [{"amount": 299_999}, {"amount": 300_001}, {"currency": "USD"}])
def test_another_amount_than_was_asked_for_never_pays_the_order(
    customer: Account, order: Order, changes: dict[str, object]
) -> None:
    payment_id = opened(customer, order)
    payers.post_webhook(payers.told(payers.stored(payment_id), OutcomeStatus.SUCCEEDED, **changes))
    payment = payers.stored(payment_id)
    assert payment.status == PaymentStatus.REFUND_DUE
    assert (payment.taken, payment.taken_currency) == (
        changes.get("amount", 300_000),
        changes.get("currency", "PKR"),
    )
    assert payers.order_of(order).status == OrderStatus.RESERVED


# What hangs is closed


@pytest.mark.usefixtures("swept")
def test_a_payment_that_nobody_confirms_is_cancelled_at_the_provider_after_its_time(
    customer: Account, order: Order
) -> None:
    payment_id = opened(customer, order)
    with after(order, 4):
        schedules.sweep()
        assert payers.stored(payment_id).status == PaymentStatus.REQUIRES_CONFIRMATION
    with after(order, 7):
        schedules.sweep()
        assert confirm(customer, payment_id).json["status"] == "failed"
    payment = payers.stored(payment_id)
    assert payment.status == PaymentStatus.FAILED
    assert payment.gsi2pk is None
    assert charge(payment_id).status == "canceled"


@pytest.mark.usefixtures("swept")
def test_a_charge_whose_answer_was_lost_for_good_is_found_by_the_sweep(customer: Account, order: Order) -> None:
    payment_id = opened(customer, order, payment_token="tok_timeout")
    assert confirm(customer, payment_id).status == 503
    with after(order, 7):
        schedules.sweep()
    assert payers.stored(payment_id).status == PaymentStatus.SUCCEEDED
    assert payers.order_of(order).status == OrderStatus.PAID


@pytest.mark.usefixtures("swept")
def test_a_refund_that_nobody_made_is_made_by_the_sweep(customer: Account, order: Order) -> None:
    payers.card_with(customer, 400_000, uid=UID)
    by_card, by_wallet = opened(customer, order), opened(customer, order, method="wallet")
    payers.charge_at_sandbox(by_card)
    confirm(customer, by_wallet)
    assert confirm(customer, by_card).json["status"] == "refunded"
    with clock.set_to(clock.now() + timedelta(minutes=7)):
        schedules.sweep()
    assert payers.stored(by_card).status == PaymentStatus.REFUNDED
    assert charge(by_card).refunded == 300_000
