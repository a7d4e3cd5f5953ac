"""The automatic reload: from a purchase over the stream and the payments queue to the card's ledger, once."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import get_session

import app
from chalicelib.config import config
from chalicelib.domain.cards import cards
from chalicelib.domain.crypto import encryption
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import AmountInput
from chalicelib.domain.payments import payments, reloads, sandbox
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, CardBalance, Item, Payment, SandboxCharge
from chalicelib.vocabulary.cards import CardStatus
from tests.support import card_states, stripe_double, wallets
from tests.support.client import call
from tests.support.factories import customer_token, make_customer
from tests.support.meanwhile import asked, before
from tests.support.streams import StreamReader
from tests.support.stripe_double import API_KEY, GOOD, WEBHOOK_SECRET, StripeDouble
from tests.support.stripe_ground import leave, point_at

pytestmark = pytest.mark.usefixtures("moto_cloud")

Rows = list[dict[str, Any]]
DONE: dict[str, Any] = {"batchItemFailures": []}
# In minor units: under 500.00 a card is topped up by 1,000.00.
THRESHOLD, AMOUNT = 50_000, 100_000
SETTINGS = {"enabled": True, "threshold": "500.00", "amount": "1000.00"}


@pytest.fixture
def customer() -> Account:
    return make_customer()


@pytest.fixture
def stream() -> StreamReader:
    return StreamReader()


def settings(customer: Account, card: Card, body: dict[str, Any]) -> None:
    path = f"/api/v1/users/nfc-cards/{card.card_id}/auto-reload-settings/"
    assert call("POST", path, body, token=customer_token(customer)).status == 200


@pytest.fixture
def card(customer: Account) -> Card:
    """A card that is at its threshold, with an automatic reload."""
    made = wallets.make_card(customer, holds=THRESHOLD)
    settings(customer, made, {**SETTINGS, "payment_token": sandbox.OK})
    return made


@pytest.fixture
def low(stream: StreamReader) -> Iterator[Callable[[], Rows]]:
    """Reads the new records of the stream, and returns the messages of low balances that the bus' rule would send."""
    with asked("PutEvents", service="events") as published:

        def drained() -> Rows:
            stream.drain()
            entries = [entry for request in published for entry in request["Entries"]]
            published.clear()
            return [
                {"detail-type": entry["DetailType"], "detail": json.loads(entry["Detail"])}
                for entry in entries
                if entry["DetailType"] == "card.balance_low"
            ]

        yield drained


def deliver(*messages: dict[str, Any]) -> Any:
    """Hand messages to the payments worker as SQS does."""
    bodies = [json.dumps(message) for message in messages]
    return app.payments({"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}, None)


def texts() -> list[dict[str, Any]]:
    """Take the SMS that wait to be sent."""
    sqs: Any = get_session().create_client("sqs")
    url = sqs.get_queue_url(QueueName=config().messages_queue_name)["QueueUrl"]
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def stored() -> list[Item]:
    pages = operations.client().get_paginator("scan").paginate(TableName=config().table_name)
    return [Item.from_raw_data(raw) for page in pages for raw in page["Items"]]


def charges() -> list[SandboxCharge]:
    return [item for item in stored() if isinstance(item, SandboxCharge)]


def lines(card: Card) -> list[tuple[str, int]]:
    return [(line.type, line.amount) for line in wallets.books().lines[card.uid]]


def test_a_purchase_below_the_threshold_tops_the_card_up_once_however_often_it_is_told(
    customer: Account, card: Card, low: Callable[[], Rows]
) -> None:
    wallets.spend(card.uid, 10_000)
    (message,) = low()
    assert message["detail"]["fact_id"] == f"{card.uid}/2"
    for _ in range(2):
        assert deliver(message, message) == DONE
    assert lines(card) == [("reload", THRESHOLD), ("purchase", -10_000), ("auto_reload", AMOUNT)]
    (payment,) = [item for item in stored() if isinstance(item, Payment)]
    assert (payment.purpose, payment.status, payment.customer_id) == ("auto_reload", "succeeded", customer.account_id)
    assert (payment.card_id, payment.amount) == (card.card_id, AMOUNT)
    assert len(charges()) == 1
    assert low() == []
    assert texts() == []
    wallets.assert_balanced(wallets.books())


def test_each_crossing_tops_up_anew_and_a_purchase_further_below_does_not(card: Card, low: Callable[[], Rows]) -> None:
    for _ in range(2):
        wallets.spend(card.uid, 20_000)
        wallets.spend(card.uid, 10_000)
        messages = low()
        assert len(messages) == 1
        assert deliver(*messages) == DONE
        wallets.spend(card.uid, card_balances.of(card.uid).amount - THRESHOLD)
        assert low() == []
    assert lines(card).count(("auto_reload", AMOUNT)) == 2


def test_a_charge_whose_answer_was_lost_is_made_once(customer: Account, card: Card, low: Callable[[], Rows]) -> None:
    settings(customer, card, {**SETTINGS, "payment_token": sandbox.TIMEOUT})
    wallets.spend(card.uid, 1)
    (message,) = low()
    assert deliver(message) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert lines(card)[-1] == ("purchase", -1)
    for _ in range(2):
        assert deliver(message) == DONE
    assert lines(card)[-2:] == [("purchase", -1), ("auto_reload", AMOUNT)]
    assert [charge.status for charge in charges()] == ["succeeded"]
    assert texts() == []


def decline(card: Card, low: Callable[[], Rows]) -> dict[str, Any]:
    """Cross the threshold, and decline the reload, each message twice; return the message."""
    wallets.credit(card.uid, AMOUNT)
    wallets.spend(card.uid, card_balances.of(card.uid).amount - THRESHOLD + 1)
    (message,) = low()
    for _ in range(2):
        assert deliver(message) == DONE
    return message


def test_declines_are_told_once_each_and_the_third_in_a_row_turns_the_reload_off(
    customer: Account, card: Card, low: Callable[[], Rows]
) -> None:
    settings(customer, card, {**SETTINGS, "payment_token": sandbox.DECLINED})
    for number in (1, 2, 3):
        decline(card, low)
        after = card_balances.of(card.uid)
        assert (after.auto_declines, after.auto_enabled) == (number, number < 3)
        (text,) = texts()
        assert (text["channel"], text["to"]) == ("sms", customer.mobile_number)
        assert ("turned off" in text["body"]) == (number == 3)
        assert card.uid[-4:] in text["body"]
        assert card.uid not in text["body"]
    assert card_balances.of(card.uid).auto_token is None
    assert [charge.status for charge in charges()] == ["failed"] * 3
    wallets.credit(card.uid, AMOUNT)
    wallets.spend(card.uid, AMOUNT)
    assert low() == []
    assert ("auto_reload", AMOUNT) not in lines(card)
    # Its customer may turn it on again with another means of payment, and the count of declines restarts.
    settings(customer, card, {**SETTINGS, "payment_token": sandbox.OK})
    assert card_balances.of(card.uid).auto_declines == 0


def test_a_reload_that_goes_through_ends_the_row_of_declines_and_an_old_one_told_again_does_not(
    customer: Account, card: Card, low: Callable[[], Rows]
) -> None:
    wallets.spend(card.uid, 1)
    (old,) = low()
    deliver(old)
    settings(customer, card, {**SETTINGS, "payment_token": sandbox.DECLINED})
    for _ in range(2):
        decline(card, low)
    deliver(old)
    assert card_balances.of(card.uid).auto_declines == 2
    # The means of payment works again.
    sealed = encryption.seal(customer.account_id, "auto_reload_token", sandbox.OK)
    place, works = keys.money.card_balance(card.uid), [CardBalance.auto_token.set(sealed)]
    operations.record(operations.change(place, works))
    wallets.credit(card.uid, AMOUNT)
    wallets.spend(card.uid, card_balances.of(card.uid).amount - 1)
    assert deliver(*low()) == DONE
    assert card_balances.of(card.uid).auto_declines == 0


@pytest.mark.parametrize("what", ["turned off", "blocked", "lost", "given away"])
def test_nothing_is_charged_where_it_was_turned_off_or_the_card_taken_out_of_use_meanwhile(
    what: str, customer: Account, card: Card, low: Callable[[], Rows]
) -> None:
    wallets.spend(card.uid, 10_000)
    messages = low()
    if what == "turned off":
        settings(customer, card, {"enabled": False})
    elif what == "blocked":
        cards.block(card.uid, customer_id=customer.account_id, reason="stolen")
    elif what == "lost":
        card_states.put_into(card.uid, CardStatus.LOST)
    else:
        given = [Card.customer_id.set(make_customer().account_id)]
        operations.record(operations.change(keys.cards.card(card.uid), given))
    assert len(messages) == 1
    assert deliver(*messages) == DONE
    assert charges() == []
    assert [item for item in stored() if isinstance(item, Payment)] == []
    assert texts() == []
    assert card_balances.of(card.uid).amount == THRESHOLD - 10_000


def test_a_card_blocked_between_the_look_and_the_charge_is_not_charged(
    customer: Account, card: Card, low: Callable[[], Rows]
) -> None:
    wallets.spend(card.uid, 10_000)
    messages = low()

    def block() -> None:
        cards.block(card.uid, customer_id=customer.account_id, reason="stolen")

    # The charge first checks whether it was made before.
    with before("GetItem", block, matches=lambda request: "op_auto_reload" in request["Key"]["pk"]["S"]):
        assert deliver(*messages) == DONE
    assert charges() == []


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:
    """Stripe is the provider; its SDK retries without a pause."""
    with stripe_double.running() as double:
        point_at(double.url, monkeypatch, stripe_api_key=API_KEY, stripe_webhook_secret=WEBHOOK_SECRET)
        monkeypatch.setattr("stripe._http_client.HTTPClient._sleep_time_seconds", lambda *_, **__: 0.0)
        yield double
        leave()


def test_the_saved_token_is_nowhere_in_the_clear(
    customer: Account, low: Callable[[], Rows], capsys: pytest.CaptureFixture[str], stripe: StripeDouble
) -> None:
    logger.setLevel("DEBUG")
    try:
        card = wallets.make_card(customer, holds=THRESHOLD)
        settings(customer, card, {**SETTINGS, "payment_token": GOOD})
        wallets.spend(card.uid, 1)
        messages = low()
        stripe.broken_answers = 10
        assert deliver(*messages) != DONE
        stripe.broken_answers = 0
        assert deliver(*messages) == DONE
    finally:
        logger.setLevel(config().log_level)
    assert [intent["payment_method"] for intent in stripe.intents.values()] == [GOOD]
    pages = operations.client().get_paginator("scan").paginate(TableName=config().table_name)
    raws = [raw for page in pages for raw in page["Items"]]
    assert GOOD not in str(raws)
    captured = capsys.readouterr()
    assert GOOD not in captured.out + captured.err


def test_a_reload_of_the_customers_own_operation_never_answers_for_an_automatic_one(
    customer: Account, card: Card, low: Callable[[], Rows]
) -> None:
    mine = reloads.reload(customer.account_id, card.card_id, AmountInput("5.00"), operation_id="op_mine")
    payments.confirm(customer.account_id, mine.payment_id)
    wallets.spend(card.uid, 501)
    assert deliver(*low()) == DONE
    assert [kind for kind, _ in lines(card)] == ["reload", "reload", "purchase", "auto_reload"]
