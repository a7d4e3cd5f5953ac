"""Reloads through the customers' portal: the amounts that each card accepts, and the resulting balance."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.payments import reconciliation
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Payment
from chalicelib.vocabulary.cards import CardStatus
from tests.support import payers, wallets
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")

CARDS = "/api/v1/users/nfc-cards/"


def pkr(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


@pytest.fixture
def customer() -> Account:
    return make_customer()


@pytest.fixture
def token(customer: Account) -> str:
    return customer_token(customer)


@pytest.fixture
def card(customer: Account) -> Card:
    return wallets.make_card(customer, holds=10_000)


def reload(card: Card, body: dict[str, Any], token: str, *, key: str | None = None, name: str | None = None) -> Answer:
    headers = {"idempotency-key": key} if key else {}
    return call("POST", f"{CARDS}{name or card.card_id}/reload/", body, token=token, headers=headers)


def confirm(payment_id: str, token: str) -> Answer:
    return call("POST", "/api/v1/payments/confirm/", {"payment_id": payment_id}, token=token)


def transactions(card: Card, token: str) -> list[Any]:
    return list(call("GET", f"{CARDS}{card.card_id}/transactions/", token=token).json["results"])


def payments_of(customer: Account) -> list[Payment]:
    raws = operations.query(keys.money.customer_payments(customer.account_id).pk, index="gsi1")
    places = [keys.money.payment(raw["gsi1sk"]["S"]) for raw in raws]
    return list(operations.get_many(places).values())


def test_a_reload_that_is_confirmed_stands_on_the_card_and_in_its_ledger(
    customer: Account, card: Card, token: str
) -> None:
    answer = reload(card, {"amount": "250.50", "payment_token": "tok_ok"}, token)
    assert answer.status == 201
    opened = answer.json
    assert (opened["status"], opened["amount"]) == ("requires_confirmation", pkr("250.50"))
    assert (opened["card_id"], opened["booking_id"], opened["provider"]) == (card.card_id, None, "sandbox")
    assert opened["client_secret"]
    assert card_balances.of(card.uid).amount == 10_000
    for _ in range(2):
        confirmed = confirm(opened["id"], token).json
        assert (confirmed["status"], confirmed["card_id"]) == ("succeeded", card.card_id)
        assert confirmed["receipt_number"]
    line, _ = transactions(card, token)
    assert (line["type"], line["amount"], line["balance_after"]) == ("reload", pkr("250.50"), pkr("350.50"))
    assert line["reference"] == opened["id"]
    listed = call("GET", CARDS, token=token).json["results"]
    assert [one["balance"] for one in listed] == [pkr("350.50")]
    stored = payers.stored(opened["id"])
    assert (stored.purpose, stored.customer_id, stored.card_uid) == ("reload", customer.account_id, card.uid)
    wallets.assert_balanced(wallets.books(), drained=False)


@pytest.mark.parametrize("amount", ["1", "1.00", "99999.99", "100000", {"amount": "5", "currency": "PKR"}, "7.5"])
def test_what_one_reload_may_be(amount: Any, card: Card, token: str) -> None:
    assert reload(card, {"amount": amount}, token).status == 201


@pytest.mark.parametrize(
    ("amount", "field"),
    [
        ("0", "amount"),
        ("0.00", "amount"),
        ("0.99", "amount"),
        ("100000.01", "amount"),
        ("1000000", "amount"),
        ("1.001", "amount"),
        ("-5", "amount"),
        ("five", "amount"),
        (None, "amount"),
        ({"amount": "5", "currency": "EUR"}, "amount.currency"),
    ],
)
def test_what_no_reload_may_be(amount: Any, field: str, customer: Account, card: Card, token: str) -> None:
    answer = reload(card, {"amount": amount}, token)
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    named = {detail["field"] for detail in answer.json["error"]["details"]}
    assert all(name.startswith(field) for name in named), named
    assert payments_of(customer) == []


@pytest.mark.parametrize("name", ["another's", "04FFFFFFFFFFFF", "crd_01K9ZC3V8G0000400TC7B6KYQ6", "nonsense"])
def test_a_card_that_is_not_the_customers_own_is_not_found(name: str, customer: Account, token: str) -> None:
    other = wallets.make_card(make_customer())
    answer = reload(other, {"amount": "5"}, token, name=None if name.startswith("another") else name)
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert payments_of(customer) == []


@pytest.mark.parametrize("status", [CardStatus.BLOCKED, CardStatus.LOST, CardStatus.REPLACED, CardStatus.HELD])
def test_only_an_active_card_is_reloaded(status: CardStatus, customer: Account, token: str) -> None:
    card = wallets.make_card(customer, status=status)
    answer = reload(card, {"amount": "5"}, token)
    assert (answer.status, answer.code) == (409, "INVALID_STATE")
    assert payments_of(customer) == []


def test_a_card_is_named_by_its_uid_in_any_spelling_too(card: Card, token: str) -> None:
    opened = reload(card, {"amount": "5"}, token, name=card.uid.lower())
    assert (opened.status, opened.json["card_id"]) == (201, card.card_id)


def test_the_same_key_opens_one_payment_and_another_body_with_it_is_refused(
    customer: Account, card: Card, token: str
) -> None:
    first = reload(card, {"amount": "5"}, token, key="k1")
    again = reload(card, {"amount": "5"}, token, key="k1")
    assert (again.status, again.json, again.headers["idempotent-replayed"]) == (201, first.json, "true")
    assert reload(card, {"amount": "6"}, token, key="k1").code == "IDEMPOTENCY_MISMATCH"
    with clock.set_to(clock.now() + timedelta(hours=73)):  # the answer is forgotten, the effect is not
        late = reload(card, {"amount": "5"}, customer_token(customer), key="k1")
    assert late.json["id"] == first.json["id"]
    assert len(payments_of(customer)) == 1
    assert reload(card, {"amount": "5"}, token, key="k2").json["id"] != first.json["id"]


@pytest.mark.parametrize(("means", "reason"), [("tok_declined", "card_declined"), ("tok_unknown", "unknown_token")])
def test_a_declined_reload_changes_nothing_on_the_card(means: str, reason: str, card: Card, token: str) -> None:
    opened = reload(card, {"amount": "5", "payment_token": means}, token).json
    failed = confirm(opened["id"], token).json
    assert (failed["status"], failed["failure_reason"]) == ("failed", reason)
    assert card_balances.of(card.uid).amount == 10_000
    assert [line["type"] for line in transactions(card, token)] == ["reload"]


def test_a_reload_whose_answer_was_lost_is_taken_once(card: Card, token: str) -> None:
    opened = reload(card, {"amount": "5", "payment_token": "tok_timeout"}, token).json
    assert confirm(opened["id"], token).status == 503
    assert [confirm(opened["id"], token).json["status"] for _ in range(2)] == ["succeeded"] * 2
    assert card_balances.of(card.uid).amount == 10_500


def test_a_reload_that_nobody_paid_is_closed_after_its_time_and_credits_nothing(card: Card, token: str) -> None:
    opened = reload(card, {"amount": "5"}, token).json
    with clock.set_to(clock.now() + timedelta(minutes=16)):
        assert reconciliation.reconcile(opened["id"])
        assert payers.stored(opened["id"]).status == "failed"
    assert confirm(opened["id"], token).json["status"] == "failed"
    assert card_balances.of(card.uid).amount == 10_000


def test_somebody_else_cannot_confirm_a_reload(card: Card, token: str) -> None:
    opened = reload(card, {"amount": "5"}, token).json
    answer = confirm(opened["id"], customer_token(make_customer()))
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert card_balances.of(card.uid).amount == 10_000
