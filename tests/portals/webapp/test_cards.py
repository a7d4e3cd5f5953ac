"""A customer's own NFC cards: list, card requests, block, and the lines of the ledger."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import new_accounts
from chalicelib.domain.crypto import encryption
from chalicelib.domain.ledger import card_balances
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, CardRequest
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from tests.support import card_states, wallets
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.desk import ask
from tests.support.factories import (
    customer_token,
    make_customer,
    make_event,
    make_merchant,
    make_ticket,
    scan_id,
    usher_token,
)

pytestmark = pytest.mark.usefixtures("moto_cloud")

CARDS = "/api/v1/users/nfc-cards/"
PICKUP = {"delivery": "pickup"}
TOP_UP = {"enabled": True, "threshold": "500.00", "amount": {"amount": "1000.00", "currency": "PKR"}}
MINUTE = timedelta(minutes=1)


def pkr(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "PKR"}


@pytest.fixture
def customer() -> Account:
    return make_customer()


@pytest.fixture
def token(customer: Account) -> str:
    return customer_token(customer)


def listed(token: str, query: str = "") -> list[Any]:
    return list(call("GET", f"{CARDS}{query}", token=token).json["results"])


def refused(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def test_a_customer_sees_their_own_cards_newest_first_with_what_each_holds(customer: Account, token: str) -> None:
    old = wallets.make_card(customer, holds=250_000)
    with clock.set_to(clock.now() + MINUTE):
        new = wallets.make_card(customer)
    wallets.make_card(make_customer(), holds=100)
    assert listed(token) == [
        {
            "id": card.card_id,
            "uid": card.uid,
            "status": "active",
            "balance": pkr(amount),
            "merchant": None,
            "assigned_at": card.assigned_at and clock.to_text(card.assigned_at),
            "auto_reload": None,
        }
        for card, amount in ((new, "0.00"), (old, "2500.00"))
    ]
    first = call("GET", f"{CARDS}?page_size=1", token=token).json
    second = call("GET", f"{CARDS}?page_size=1&cursor={first['next']}", token=token).json
    assert [card["id"] for card in first["results"] + second["results"]] == [new.card_id, old.card_id]
    assert second["next"] is None


def test_a_card_names_the_merchant_who_handed_it_out_and_none_where_nobody_knows_their_name(
    customer: Account, token: str
) -> None:
    shop = new_accounts.create_admin(
        email="shop@example.com", password="a long enough password", name="Shop", role=AdminRole.SUPPORT
    )
    for merchant_id, name in ((shop.account_id, "Shop"), ("mer_nobody", None)):
        card = wallets.make_card(customer)
        operations.record(operations.change(keys.cards.card(card.uid), [Card.merchant_id.set(merchant_id)]))
        shown = next(found for found in listed(token) if found["id"] == card.card_id)
        assert shown["merchant"] == {"id": merchant_id, "name": name}


@pytest.mark.parametrize("name", ["somebody else's", "04FFFFFFFFFFFF", "crd_01K9ZC3V8G0000400TC7B6KYQ6", "nonsense"])
def test_a_card_that_is_not_the_customers_own_is_not_found(name: str, token: str) -> None:
    other = wallets.make_card(make_customer(), holds=500)
    path = f"{CARDS}{other.card_id if name.startswith('somebody') else name}"
    answers = [
        call("GET", f"{path}/transactions/", token=token),
        call("POST", f"{path}/auto-reload-settings/", {**TOP_UP, "payment_token": "tok_ok"}, token=token),
        call("POST", f"{path}/auto-reload-settings/", {"enabled": False}, token=token),
        call("POST", f"{path}/block/", {"reason": "lost"}, token=token),
    ]
    assert {refused(answer) for answer in answers} == {(404, "NOT_FOUND")}
    stored = operations.get(keys.cards.card(other.uid))
    assert stored is not None
    assert (stored.status, card_balances.of(other.uid).auto_enabled) == ("active", False)


# Asking for a card.


def requests_of(customer: Account) -> list[CardRequest]:
    raws = operations.query(
        keys.access.account(customer.account_id).pk, Begins(keys.cards.card_request(customer.account_id).sk)
    )
    return [CardRequest.from_raw_data(raw) for raw in raws]


def test_a_customer_asks_for_a_card_and_is_told_its_fee(customer: Account, token: str) -> None:
    answer = call("POST", f"{CARDS}request/", PICKUP, token=token)
    assert answer.status == 201
    assert answer.json["status"] == "requested"
    listed = call("GET", CARDS, token=token).json
    assert listed["requests"] == [{"id": answer.json["id"], "status": "requested", "reason": None}]
    assert call("GET", CARDS, token=customer_token(make_customer())).json["requests"] == []
    assert answer.json["fee"] == pkr("500.00")
    (stored,) = requests_of(customer)
    assert (stored.request_id, stored.delivery) == (answer.json["id"], "pickup")
    assert not stored.merchant_id
    assert (stored.fee, stored.currency) == (config().card_fee, "PKR")
    assert stored.address is None


@pytest.mark.parametrize(
    "address", ["12 Mall Road, Lahore", {"line1": "12 Mall Road", "city": "Lahore", "postal_code": "54000"}]
)
def test_the_address_that_a_card_goes_to_is_sealed(address: Any, customer: Account, token: str) -> None:
    answer = call("POST", f"{CARDS}request/", {"delivery": "post", "address": address}, token=token)
    assert answer.status == 201, answer.text
    (stored,) = requests_of(customer)
    assert b"Mall" not in bytes(stored.address)
    told = encryption.open_sealed(customer.account_id, "card_request_address", bytes(stored.address))
    assert told == (address if isinstance(address, str) else "12 Mall Road\nLahore\n54000")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"delivery": "post", "merchant_id": "mer_1"}, "address"),
        ({"delivery": "drone"}, "delivery"),
        ({}, "delivery"),
        ({"delivery": "post", "address": {"line1": "12 Mall Road"}}, "address.city"),
    ],
)
def test_a_request_says_where_the_card_is_fetched_or_sent(
    body: dict[str, Any], field: str, customer: Account, token: str
) -> None:
    answer = call("POST", f"{CARDS}request/", body, token=token)
    assert refused(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]
    assert requests_of(customer) == []


def test_a_card_is_collected_from_a_shop_that_is_open(customer: Account, token: str) -> None:
    shop, closed = make_merchant(), make_merchant()
    close_account(closed.account_id)
    for wrong in (closed.account_id, "mer_nobody", customer.account_id):
        answer = call("POST", f"{CARDS}request/", {**PICKUP, "merchant_id": wrong}, token=token)
        assert refused(answer) == (404, "NOT_FOUND"), wrong
    assert requests_of(customer) == []
    assert call("POST", f"{CARDS}request/", {**PICKUP, "merchant_id": shop.account_id}, token=token).status == 201
    assert [request.merchant_id for request in requests_of(customer)] == [shop.account_id]


def test_a_customer_reads_why_their_request_was_rejected_until_they_ask_again(customer: Account, token: str) -> None:
    def answered(action: str, **more: str) -> list[Any]:
        (newest, *_) = reversed(requests_of(customer))
        answer = ask("PUT", f"card-requests/{newest.request_id}/", {"action": action, **more})
        assert answer.status == 200, answer.text
        return [(one["status"], one["reason"]) for one in call("GET", CARDS, token=token).json["requests"]]

    call("POST", f"{CARDS}request/", PICKUP, token=token)
    assert answered("approve") == [("approved", None)]
    assert answered("reject", reason="The address is missing") == [("rejected", "The address is missing")]
    with clock.set_to(clock.now() + timedelta(days=31)):
        assert call("GET", CARDS, token=customer_token(customer)).json["requests"] == []
    assert call("POST", f"{CARDS}request/", PICKUP, token=token).status == 201
    requests = call("GET", CARDS, token=token).json["requests"]
    assert [(one["status"], one["reason"]) for one in requests] == [("requested", None)]


def test_a_customer_has_one_request_open_at_a_time(customer: Account, token: str) -> None:
    headers = {"idempotency-key": "first"}
    first = call("POST", f"{CARDS}request/", PICKUP, token=token, headers=headers)
    assert refused(call("POST", f"{CARDS}request/", PICKUP, token=token)) == (409, "CONFLICT")
    again = call("POST", f"{CARDS}request/", PICKUP, token=token, headers=headers)
    assert (again.json, again.headers["idempotent-replayed"]) == (first.json, "true")
    with clock.set_to(clock.now() + timedelta(hours=73)):  # the answer is forgotten, the effect is not
        late = call("POST", f"{CARDS}request/", PICKUP, token=customer_token(customer), headers=headers)
    assert late.json == first.json
    assert len(requests_of(customer)) == 1


# The ledger's page.


def test_a_cards_lines_are_shown_newest_first_with_what_each_left(customer: Account, token: str) -> None:
    card = wallets.make_card(customer, holds=100_000)
    wallets.spend(card.uid, 40_050, journal_id="jrn_a")
    wallets.give_back(card.uid, 50)
    page = call("GET", f"{CARDS}{card.uid.lower()}/transactions/", token=token).json
    shown = [(line["type"], line["amount"], line["balance_after"]) for line in page["results"]]
    assert shown == [
        ("refund", pkr("0.50"), pkr("600.00")),
        ("purchase", pkr("-400.50"), pkr("599.50")),
        ("reload", pkr("1000.00"), pkr("1000.00")),
    ]
    assert (page["count"], page["next"]) == (3, None)
    assert page["results"][1]["reference"] == "pay_jrn_a"
    assert len({line["id"] for line in page["results"]}) == 3


@pytest.fixture
def busy(customer: Account) -> Card:
    """A card with a line a minute: a reload, then purchases, every third of them refunded."""
    card = wallets.make_card(customer)
    began = clock.now() - timedelta(days=2)
    with clock.set_to(began):
        wallets.credit(card.uid, 10_000)
    for number in range(1, 12):
        with clock.set_to(began + number * MINUTE):
            (wallets.give_back if number % 3 == 0 else wallets.spend)(card.uid, 10)
    return card


def pages(token: str, path: str, **query: Any) -> list[list[Any]]:
    """Follow the cursors to the end of a list."""
    found: list[list[Any]] = []
    given = "&".join(f"{name}={value}" for name, value in query.items())
    cursor = ""
    while len(found) < 50:
        page = call("GET", f"{path}?{given}{cursor}", token=token).json
        found.append([line["id"] for line in page["results"]])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"
    raise AssertionError("the list has no end")


def test_lines_are_paged_without_loss_or_repeat(busy: Card, token: str) -> None:
    path = f"{CARDS}{busy.card_id}/transactions/"
    (whole,) = pages(token, path)
    assert len(whole) == 12
    assert [len(page) for page in pages(token, path, page_size=5)] == [5, 5, 2]
    for size in (1, 5, 12):
        assert [line for page in pages(token, path, page_size=size) for line in page] == whole
    lines = call("GET", path, token=token).json["results"]
    gifts = [line["id"] for line in lines if line["type"] == "refund"]
    assert [line for page in pages(token, path, page_size=2, type="refund") for line in page] == gifts
    assert len(gifts) == 3


def test_lines_are_found_by_day_and_moment(busy: Card, token: str) -> None:
    path = f"{CARDS}{busy.card_id}/transactions/"
    lines = call("GET", path, token=token).json["results"]
    moments = [line["created_at"] for line in lines]
    within = call("GET", f"{path}?date_from={moments[7]}&date_to={moments[3]}", token=token).json
    assert [line["created_at"] for line in within["results"]] == moments[3:8]
    assert within["count"] is None
    assert call("GET", f"{path}?date_from={clock.now().date()}", token=token).json["results"] == []
    assert len(call("GET", f"{path}?date_to={clock.now().date()}", token=token).json["results"]) == 12
    assert refused(call("GET", f"{path}?type=gift", token=token)) == (400, "VALIDATION_ERROR")


def test_a_cursor_of_another_question_is_refused(busy: Card, token: str, customer: Account) -> None:
    path = f"{CARDS}{busy.card_id}/transactions/"
    cursor = call("GET", f"{path}?page_size=2", token=token).json["next"]
    other = wallets.make_card(customer)
    for wrong in (
        f"{path}?type=refund&cursor={cursor}",
        f"{CARDS}{other.card_id}/transactions/?cursor={cursor}",
        f"{path}?cursor={cursor[:-2]}xx",
    ):
        assert refused(call("GET", wrong, token=token)) == (400, "INVALID_CURSOR")


# Blocking.


def test_a_blocked_card_is_refused_at_every_gate_at_once(customer: Account, token: str) -> None:
    event = make_event()
    card = wallets.make_card(customer, holds=700)
    card_states.let_open(card.uid, event_id=event.event_id, ticket_ids=[make_ticket(event).ticket_id])
    answer = call("POST", f"{CARDS}{card.card_id}/block/", {"reason": "left in a taxi"}, token=token)
    assert answer.status == 200
    assert (answer.json["id"], answer.json["status"], answer.json["balance"]) == (card.card_id, "blocked", pkr("7.00"))
    scan = {"scan_id": scan_id(), "card_id": card.uid}
    verdict = call("POST", "/api/usher/scan/result/", scan, token=usher_token(event)).json
    assert (verdict["result"], verdict["reason"]) == ("invalid", "card_blocked")
    stored = operations.get(keys.cards.card(card.uid))
    assert stored is not None
    assert (stored.status, stored.block_reason, stored.blocked_at is not None) == ("blocked", "left in a taxi", True)
    wallets.assert_balanced(wallets.books(), drained=False)


def test_blocking_again_changes_nothing_and_is_no_error(customer: Account, token: str) -> None:
    card = wallets.make_card(customer)
    path = f"{CARDS}{card.card_id}/block/"
    first = call("POST", path, {"reason": "lost"}, token=token)
    with clock.set_to(clock.now() + MINUTE):
        again = call("POST", path, {"reason": "another reason"}, token=token)
    assert (again.status, again.json) == (200, first.json)
    stored = operations.get(keys.cards.card(card.uid))
    assert stored is not None
    assert stored.block_reason == "lost"


@pytest.mark.parametrize("status", [CardStatus.LOST, CardStatus.REPLACED])
def test_a_lost_or_replaced_card_stays_what_it_is(status: CardStatus, customer: Account, token: str) -> None:
    card = wallets.make_card(customer, status=status)
    answer = call("POST", f"{CARDS}{card.card_id}/block/", {"reason": "lost"}, token=token)
    assert (answer.status, answer.json["status"]) == (200, status.value)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 201}])
def test_a_block_gives_its_reason(body: dict[str, Any], customer: Account, token: str) -> None:
    card = wallets.make_card(customer)
    answer = call("POST", f"{CARDS}{card.card_id}/block/", body, token=token)
    assert refused(answer) == (400, "VALIDATION_ERROR")


# Automatic reload: its settings.


def test_the_settings_of_an_automatic_reload_are_shown_and_its_token_is_sealed(customer: Account, token: str) -> None:
    card = wallets.make_card(customer, holds=100)
    path = f"{CARDS}{card.card_id}/auto-reload-settings/"
    answer = call("POST", path, {**TOP_UP, "payment_token": "tok_secret"}, token=token)
    assert answer.status == 200
    assert answer.json["auto_reload"] == {"enabled": True, "threshold": pkr("500.00"), "amount": pkr("1000.00")}
    assert "tok_secret" not in answer.text
    stored = card_balances.of(card.uid)
    assert (stored.amount, stored.entries, stored.auto_customer_id) == (100, 1, customer.account_id)
    sealed = bytes(stored.auto_token)
    assert b"tok_secret" not in sealed
    assert encryption.open_sealed(customer.account_id, "auto_reload_token", sealed) == "tok_secret"
    changed = call("POST", path, {**TOP_UP, "threshold": "5"}, token=token).json
    assert changed["auto_reload"]["threshold"] == pkr("5.00")
    assert bytes(card_balances.of(card.uid).auto_token) == sealed


def test_turning_an_automatic_reload_off_forgets_its_token(customer: Account, token: str) -> None:
    card = wallets.make_card(customer)
    path = f"{CARDS}{card.card_id}/auto-reload-settings/"
    assert call("POST", path, {"enabled": False}, token=token).json["auto_reload"] is None
    call("POST", path, {**TOP_UP, "payment_token": "tok_ok"}, token=token)
    for _ in range(2):
        answer = call("POST", path, {"enabled": False}, token=token)
        assert answer.json["auto_reload"] == {"enabled": False, "threshold": pkr("500.00"), "amount": pkr("1000.00")}
    assert card_balances.of(card.uid).auto_token is None
    answer = call("POST", path, TOP_UP, token=token)
    assert refused(answer) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"threshold": "0"}, "threshold"),
        ({"threshold": None}, "threshold"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": {"amount": "1", "currency": "EUR"}}, "amount.currency"),
        ({"payment_token": None}, "payment_token"),
    ],
)
def test_an_automatic_reload_names_a_threshold_an_amount_and_a_means_of_payment(
    change: dict[str, Any], field: str, customer: Account, token: str
) -> None:
    card = wallets.make_card(customer)
    body = {**TOP_UP, "payment_token": "tok_ok", **change}
    answer = call("POST", f"{CARDS}{card.card_id}/auto-reload-settings/", body, token=token)
    assert refused(answer) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == [field]
    assert not card_balances.of(card.uid).auto_enabled


def test_only_an_active_card_is_topped_up_by_itself(customer: Account, token: str) -> None:
    card = wallets.make_card(customer, status=CardStatus.BLOCKED)
    body = {**TOP_UP, "payment_token": "tok_ok"}
    answer = call("POST", f"{CARDS}{card.card_id}/auto-reload-settings/", body, token=token)
    assert refused(answer) == (409, "INVALID_STATE")
    assert call("POST", f"{CARDS}{card.card_id}/auto-reload-settings/", {"enabled": False}, token=token).status == 200
