"""Payouts under faults: each is paid once, if answers are lost, repeated or raced. The books agree with the bank."""

import json

import pytest

from chalicelib import clock
from chalicelib.clients.aws import client
from chalicelib.domain.ledger.account_names import clearing, in_transit, payable
from chalicelib.domain.organizers import organizers
from chalicelib.domain.payouts import paying, sandbox_bank
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Item, OrganizerTotals, Payout, SandboxPayout
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payouts import PayoutStatus, PayoutWait
from infra.redrive import queue_letters
from infra.redrive.queue_letters import DeadLetterQueue
from tests.support import books, paid_out, payers
from tests.support.client import Answer, call
from tests.support.factories import make_organizer
from tests.support.log_lines import collected
from tests.support.meanwhile import changing, failing
from tests.support.paid_out import DONE, due

pytestmark = pytest.mark.usefixtures("moto_cloud", "swept")
NET = 95


def scheduled(organizer: Account, **changes: object) -> Payout:
    """Store a payout that is due now, and what is owed by it."""
    payout = paid_out.put_settled(organizer.account_id, asked_by="platform", **changes)
    owed = [OrganizerTotals.pending_payouts.add(NET), OrganizerTotals.kind.set(OrganizerTotals)]
    writes: list[Write] = [operations.change(keys.organizers.totals(organizer.account_id), owed)]
    if payout.status == PayoutStatus.SCHEDULED:
        in_sweep = Payout.due_at(keys.jobs.due(clock.now(), payout.payout_id))
        writes.append(operations.change(payout.place, in_sweep))
    operations.commit(*writes)
    return payout


def claimed(ending: str = "02") -> tuple[Account, Payout]:
    """Store a payout that the sweep has claimed."""
    organizer = paid_out.make_payee(ending=ending)
    payout = scheduled(organizer)
    paid_out.claim(payout.payout_id)
    return organizer, payout


def transfers() -> list[SandboxPayout]:
    found = [Item.from_raw_data(raw) for raw in payers.all_raws("sandbox_payout")]
    return [item for item in found if isinstance(item, SandboxPayout)]


def bank_says(key: str) -> Answer:
    """Deliver a callback about a payout to the webhook, as the sandbox would."""
    return payers.post_webhook(payers.told_of_payout(key))


def sweep_if_due(payout_id: str) -> None:
    if paid_out.stored(payout_id).is_due:
        paid_out.sweep(payout_id)


def assert_paid_once(organizer: Account, payout: Payout) -> None:
    paid = [each for each in transfers() if each.status == "paid"]
    assert [each.amount for each in paid] == [NET]
    assert paid_out.stored(payout.payout_id).status == PayoutStatus.PAID
    assert payers.balances() == {payable(organizer.account_id): -NET, clearing("sandbox"): NET}


def test_a_message_delivered_three_times_pays_once() -> None:
    organizer, payout = claimed()
    assert [paid_out.deliver(due(payout.payout_id)) for _ in range(3)] == [DONE] * 3
    assert_paid_once(organizer, payout)


def test_an_answer_lost_after_acceptance_pays_once() -> None:
    organizer, payout = claimed(sandbox_bank.TIMES_OUT)
    assert paid_out.deliver(due(payout.payout_id)) != DONE
    assert paid_out.stored(payout.payout_id).status == PayoutStatus.PROCESSING
    assert paid_out.deliver(due(payout.payout_id)) == DONE
    assert_paid_once(organizer, payout)


@pytest.mark.parametrize("ending", ["02", sandbox_bank.TIMES_OUT])
def test_a_payout_whose_account_was_taken_away_waits_for_another_unless_it_was_sent(ending: str) -> None:
    organizer, payout = claimed(ending)
    was_sent = ending == sandbox_bank.TIMES_OUT
    if was_sent:
        assert paid_out.deliver(due(payout.payout_id)) != DONE
    organizers.change(organizer.account_id, {"bank_account": None})
    assert paid_out.deliver(due(payout.payout_id)) == DONE
    if not was_sent:
        shown = call("GET", f"/api/payouts/{payout.payout_id}/", token=paid_out.staff()).json
        assert (shown["status"], shown["waits_for"]) == ("scheduled", "bank_account")
        paid_out.give_account(organizer, ending="03")
        paid_out.claim(payout.payout_id)
        assert paid_out.deliver(due(payout.payout_id)) == DONE
    assert_paid_once(organizer, payout)


def test_a_crash_between_the_bank_and_the_record_pays_once_and_the_sweep_ends_it() -> None:
    organizer, payout = claimed()
    with failing("TransactWriteItems", matches=changing(payout.place)), pytest.raises(Unavailable):
        paying.pay(payout.payout_id)
    assert (len(transfers()), payers.balances()) == (1, {})
    paid_out.sweep(payout.payout_id)
    assert_paid_once(organizer, payout)


def test_a_pending_transfer_moves_the_money_at_acceptance_and_clears_it_at_payment() -> None:
    organizer, payout = claimed(sandbox_bank.PENDS)
    paid_out.deliver(due(payout.payout_id))
    assert payers.balances() == {payable(organizer.account_id): -NET, in_transit("sandbox"): NET}
    paid_out.sweep(payout.payout_id)
    assert_paid_once(organizer, payout)


def test_a_failed_payout_is_paid_by_a_retry_to_another_account_and_never_twice() -> None:
    organizer, payout = claimed(sandbox_bank.FAILS)
    paid_out.deliver(due(payout.payout_id))
    failed = paid_out.stored(payout.payout_id)
    assert (failed.status, failed.failure_reason, payers.balances()) == (PayoutStatus.FAILED, "account_closed", {})
    paid_out.give_account(organizer, ending="02")
    again = paid_out.act(payout.payout_id, "retry", paid_out.staff())
    assert (again.json["status"], again.json["attempt"]) == ("scheduled", 2)
    assert paid_out.act(payout.payout_id, "retry", paid_out.staff()).code == "INVALID_STATE"
    paid_out.claim(payout.payout_id)
    paid_out.deliver(due(payout.payout_id), due(payout.payout_id))
    assert_paid_once(organizer, payout)


def test_a_payout_that_bounces_after_it_was_paid_is_owed_again_and_paid_by_a_retry() -> None:
    organizer, payout = claimed()
    paid_out.deliver(due(payout.payout_id))
    sandbox_bank.bounce(payout.payout_id)
    with collected() as logged:
        for _ in range(2):
            assert bank_says(payout.payout_id).status == 200
            sweep_if_due(payout.payout_id)
    assert [line["message"] for line in logged.all()].count("payout bounced") == 1
    bounced = paid_out.stored(payout.payout_id)
    assert (bounced.status, bounced.failure_reason, bounced.paid_at) == ("failed", "account_closed", None)
    # The books know that the organizer was not paid; the tests' organizer had sold nothing, so all accounts are empty.
    assert set(payers.balances().values()) <= {0}
    totals = operations.get(keys.organizers.totals(organizer.account_id))
    assert totals is not None
    assert totals.pending_payouts == NET
    assert books.figures()["payouts"] == 0
    paid_out.give_account(organizer, ending="03")
    assert paid_out.act(payout.payout_id, "retry", paid_out.staff()).status == 200
    paid_out.claim(payout.payout_id)
    paid_out.deliver(due(payout.payout_id))
    assert_paid_once(organizer, payout)


def test_a_callback_about_an_earlier_attempt_or_a_payout_that_is_fine_changes_nothing() -> None:
    organizer, payout = claimed()
    paid_out.deliver(due(payout.payout_id))
    for key in (f"{payout.payout_id}.2", "pto_unknown", "tr_1"):
        assert bank_says(key).status == 200
        assert not paid_out.stored(payout.payout_id).is_due
    assert bank_says(payout.payout_id).status == 200
    assert paid_out.stored(payout.payout_id).is_due
    paid_out.sweep(payout.payout_id)
    assert not paid_out.stored(payout.payout_id).is_due
    assert_paid_once(organizer, payout)


@pytest.mark.parametrize("action", ["cancel", "hold"])
def test_what_is_claimed_is_not_stopped_and_what_was_stopped_is_not_paid(action: str) -> None:
    _, payout = claimed()
    assert paid_out.act(payout.payout_id, action, paid_out.staff()).code == "INVALID_STATE"
    stopped = scheduled(paid_out.make_payee())
    assert paid_out.act(stopped.payout_id, action, paid_out.staff()).status == 200
    assert paying.take_due(stopped.payout_id) is False
    paid_out.deliver(due(stopped.payout_id))
    assert transfers() == []


def test_a_payout_waits_for_verification_a_bank_account_and_the_banks_balance() -> None:
    poor = make_organizer()
    without = scheduled(poor)
    paid_out.sweep(without.payout_id)
    assert paid_out.stored(without.payout_id).waits_for == PayoutWait.BANK_ACCOUNT
    account = keys.access.account(poor.account_id)
    operations.record(operations.change(account, [Account.verified_at.remove()]))
    assert paid_out.act(without.payout_id, "retry", paid_out.staff()).status == 200
    paid_out.sweep(without.payout_id)
    assert paid_out.stored(without.payout_id).waits_for == PayoutWait.VERIFICATION
    organizer, payout = claimed()
    sandbox_bank.set_available(NET - 1, "PKR")
    assert paid_out.deliver(due(payout.payout_id)) == DONE
    waiting = paid_out.stored(payout.payout_id)
    assert (waiting.status, waiting.waits_for) == (PayoutStatus.SCHEDULED, PayoutWait.PROVIDER_BALANCE)
    assert payers.balances() == {}
    sandbox_bank.set_available(NET, "PKR")
    paid_out.claim(payout.payout_id)
    paid_out.deliver(due(payout.payout_id))
    assert_paid_once(organizer, payout)


def test_a_payout_among_the_dead_letters_is_paid_once_after_a_redrive_also_where_the_sweep_was_first() -> None:
    organizer, payout = claimed()
    sqs = client("sqs")
    names = ("payments", "payments-letters")
    queue = DeadLetterQueue("PaymentsQueue", *(sqs.create_queue(QueueName=name)["QueueUrl"] for name in names))
    with failing("TransactWriteItems"):
        assert paid_out.deliver(due(payout.payout_id)) != DONE
    # A run that was killed between its two steps has moved one letter twice.
    for _ in range(2):
        sqs.send_message(QueueUrl=queue.dead_letters_url, MessageBody=json.dumps(due(payout.payout_id)))
    paid_out.sweep(payout.payout_id)
    assert queue_letters.move(sqs, queue, limit=10) == 2
    assert queue_letters.count(sqs, queue) == 0
    messages = sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)["Messages"]
    assert [paid_out.deliver(json.loads(message["Body"])) for message in messages] == [DONE, DONE]
    assert_paid_once(organizer, payout)


def test_a_poison_message_is_reported_and_the_others_of_its_batch_are_paid() -> None:
    organizer, payout = claimed()
    poison = {"detail-type": "payout.due", "detail": {}}
    assert paid_out.deliver(poison, due(payout.payout_id)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert_paid_once(organizer, payout)


def test_nobody_approves_what_they_asked_for_and_a_cancelled_payout_has_one_successor() -> None:
    organizer = paid_out.make_payee()
    payout = scheduled(organizer, status=PayoutStatus.AWAITING_SECOND, needs_second=True)
    token = paid_out.staff()
    assert paid_out.act(payout.payout_id, "cancel", token).json["status"] == "cancelled"
    assert paid_out.act(payout.payout_id, "approve", token).code == "INVALID_STATE"
    settlement_id = f"stl_{payout.event_id.removeprefix('evt_')}"
    made = paid_out.create(settlement_id, token)
    assert (made.status, made.json["net"]["amount"]) == (201, "0.95")
    second = paid_out.create(settlement_id, token)
    assert (second.status, second.code) == (409, "ALREADY_EXISTS")
    waiting = keys.money.payout(made.json["id"])
    asked = [Payout.status.set(PayoutStatus.AWAITING_SECOND), Payout.needs_second.set(True)]
    operations.record(operations.change(waiting, asked))
    own = paid_out.act(made.json["id"], "approve", token)
    assert (own.status, own.code) == (403, "SECOND_PERSON_NEEDED")
    assert paid_out.act(made.json["id"], "approve", paid_out.staff()).json["status"] == "scheduled"
