"""Payouts that wait for money at the payment provider: held, freed, released, and settled without what was lost."""

import json
from typing import Any

import pytest
from botocore.session import get_session

import app
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.config import config
from chalicelib.domain.background.changes import Change
from chalicelib.domain.ledger.account_names import payable
from chalicelib.domain.live import news
from chalicelib.domain.payments import reconciliation, sandbox_callbacks
from chalicelib.domain.payouts import payouts, sandbox_bank, settlements
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Event, Order, Payout
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payouts import PayoutStatus
from tests.support import paid_out, payers, settled
from tests.support.client import call
from tests.support.factories import make_organizer, token_of
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
LOST = 30_000


@pytest.fixture
def organizer() -> Account:
    return make_organizer()


def tell(order: Order, word: MoveWord, *, amount: int = LOST, kind: MoveKind = MoveKind.DISPUTE) -> None:
    """Send a provider's callback about the payment of an order."""
    payment = payers.stored(order.payment_id)
    move = Move("mv_1", kind, amount, "PKR", (word,))
    raw = sandbox_callbacks.moved(payment.payment_id, payment.provider_reference or "", move, event_id=f"sbe_{word}")
    assert payers.post_webhook(raw).status == 200


def payout_of(event: Event) -> Payout:
    settlement = operations.get(keys.money.settlement(event.event_id))
    assert settlement is not None
    found = operations.get(keys.money.payout(settlement.payout_id))
    assert found is not None
    return found


def close(event: Event, stream: StreamReader) -> Payout:
    stream.drain()
    with settled.after(event):
        settlements.close(event.event_id, by="adm_1")
    return payout_of(event)


def test_an_event_with_a_dispute_is_paid_out_without_that_money_and_only_once_it_is_over(organizer: Account) -> None:
    stream = StreamReader()
    event, standard, _ = settled.make_evening(organizer)
    order = settled.buy(standard)
    for word in (MoveWord.OPENED, MoveWord.WITHDRAWN):
        tell(order, word)
    payout = close(event, stream)
    assert (payout.status, payout.refunds, payout.net) == (PayoutStatus.ON_HOLD, LOST, 142_500 - LOST)
    shown = call("GET", f"/api/organizer/payouts/{payout.payout_id}/", token=token_of(organizer)).json
    assert [(line["category_id"], line["refunds"]["amount"]) for line in shown["lines"]][1] == ("provider", "300.00")
    assert (shown["status"], shown["adjustments"]) == ("on_hold", None)
    assert payers.balances()[payable(organizer.account_id)] == 142_500 - LOST
    for word in (MoveWord.WON, MoveWord.REINSTATED):
        tell(order, word)
    stream.drain()
    assert payout_of(event).status == PayoutStatus.SCHEDULED
    later = payouts.detail(organizer.account_id, payout.payout_id).adjustments
    assert later is not None
    assert (later.refunds.minor, later.net.minor) == (-LOST, LOST)
    assert payouts.document(organizer.account_id, payout.payout_id).content.startswith(b"%PDF")


def test_a_payout_that_is_scheduled_is_held_by_a_later_dispute_until_staff_release_it(organizer: Account) -> None:
    stream = StreamReader()
    event, standard, _ = settled.make_evening(organizer)
    order, others = settled.buy(standard), settled.buy(standard)
    assert close(event, stream).status == PayoutStatus.SCHEDULED
    tell(order, MoveWord.OPENED)
    tell(others, MoveWord.SUCCEEDED, kind=MoveKind.REFUND)
    stream.drain()
    assert payout_of(event).status == PayoutStatus.ON_HOLD
    tell(order, MoveWord.WON)
    stream.drain()
    assert payout_of(event).status == PayoutStatus.ON_HOLD  # the other question is open
    for _ in range(2):
        assert paid_out.act(payout_of(event).payout_id, "release", paid_out.staff()).status == 200
        stream.drain()
        assert payout_of(event).status == PayoutStatus.SCHEDULED
    tell(others, MoveWord.FAILED, kind=MoveKind.REFUND)
    tell(order, MoveWord.LOST)
    stream.drain()
    assert payout_of(event).status == PayoutStatus.ON_HOLD


@pytest.mark.parametrize("status", [PayoutStatus.PROCESSING, PayoutStatus.PAID, PayoutStatus.FAILED])
@pytest.mark.by_day
def test_a_payout_that_is_on_its_way_is_not_held(organizer: Account, status: PayoutStatus) -> None:
    stream = StreamReader()
    event, standard, _ = settled.make_evening(organizer)
    order = settled.buy(standard)
    payout = close(event, stream)
    operations.record(operations.change(payout.place, [Payout.status.set(status)], Payout.pk.exists()))
    tell(order, MoveWord.OPENED)
    stream.drain()
    assert payout_of(event).status == status


@pytest.mark.parametrize("why", ["it failed", "the balance was too low"])
@pytest.mark.usefixtures("swept")
def test_a_payout_that_comes_back_from_its_provider_is_held_by_a_dispute_that_was_opened_meanwhile(why: str) -> None:
    has_failed = why == "it failed"
    organizer, stream = paid_out.make_payee(ending=sandbox_bank.FAILS if has_failed else "02"), StreamReader()
    event, standard, _ = settled.make_evening(organizer)
    order = settled.buy(standard)
    payout_id = close(event, stream).payout_id
    paid_out.claim(payout_id)
    tell(order, MoveWord.OPENED)
    stream.drain()
    sandbox_bank.set_available(0, "PKR")
    assert paid_out.deliver(paid_out.due(payout_id)) == paid_out.DONE
    sandbox_bank.set_available(10**9, "PKR")
    if has_failed:
        paid_out.give_account(organizer, ending="02")
        assert paid_out.act(payout_id, "retry", paid_out.staff()).status == 200
    paid_out.sweep(payout_id)
    assert paid_out.deliver(paid_out.due(payout_id)) == paid_out.DONE
    assert payout_of(event).status == PayoutStatus.ON_HOLD
    tell(order, MoveWord.WON)
    stream.drain()
    paid_out.claim(payout_id)
    assert paid_out.deliver(paid_out.due(payout_id)) == paid_out.DONE
    assert payout_of(event).status == PayoutStatus.PAID


def test_staff_are_told_of_each_word_once_by_mail_and_on_their_channel(organizer: Account) -> None:
    event, standard, _ = settled.make_evening(organizer)
    order = settled.buy(standard)
    before = payers.stored(order.payment_id)
    tell(order, MoveWord.OPENED)
    after = payers.stored(order.payment_id)
    (fact,) = reconciliation.moved(before, after)
    assert (fact.fact, fact.ids["event_id"], fact.ids["word"]) == (Fact.PAYMENT_DISPUTED, event.event_id, "opened")
    assert reconciliation.moved(after, after) == []
    (activity,) = [found.subject for found in news.found_in([Change("1", before, after)]) if found.channel == "admin"]
    assert (activity.action, activity.entity_id) == ("payment.disputed", order.payment_id)
    for told in (Fact.PAYMENT_DISPUTED, Fact.PAYMENT_REFUND_FAILED, Fact.PAYMENT_REFUNDED_OUTSIDE):
        body = {"detail-type": told, "detail": {"fact_id": f"{told}/1", **fact.ids}}
        assert app.alerts({"Records": [{"messageId": "m1", "body": json.dumps(body)}]}, None) == {
            "batchItemFailures": []
        }
    sqs: Any = get_session().create_client("sqs")
    url = sqs.get_queue_url(QueueName=config().messages_queue_name)["QueueUrl"]
    sent = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    texts = [json.loads(one["Body"])["body"] for one in sent]
    assert len([text for text in texts if order.payment_id in text and "mv_1" in text]) == 3


@pytest.mark.parametrize("word", [MoveWord.WON, MoveWord.REINSTATED, MoveWord.LOST])
@pytest.mark.parametrize("event_id", [None, "evt_1"])
def test_the_mail_about_a_dispute_that_is_over_asks_for_no_answer(word: MoveWord, event_id: str | None) -> None:
    ids = {"payment_id": "pay_1", "reference": "dp_1", "word": word, **({"event_id": event_id} if event_id else {})}
    (opened, over) = (_mail_about(Fact.PAYMENT_DISPUTED, {**ids, "word": said}) for said in (MoveWord.OPENED, word))
    assert (opened["subject"], "Answer it" in opened["body"]) == ("[Gatehouse] A payment is disputed", True)
    assert (over["subject"], "Answer it" in over["body"]) == ("[Gatehouse] A dispute is over", False)
    whose = f"event {event_id}" if event_id else "a card's reload"
    assert all(mail["body"].startswith(f"Payment pay_1 of {whose}: ") for mail in (opened, over))


def _mail_about(fact: Fact, ids: dict[str, Any]) -> Any:
    body = {"detail-type": fact, "detail": {"fact_id": f"{fact}/{ids}", **ids}}
    assert app.alerts({"Records": [{"messageId": "m1", "body": json.dumps(body)}]}, None) == {"batchItemFailures": []}
    sqs: Any = get_session().create_client("sqs")
    url = sqs.get_queue_url(QueueName=config().messages_queue_name)["QueueUrl"]
    (sent,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=sent["ReceiptHandle"])
    return json.loads(sent["Body"])
