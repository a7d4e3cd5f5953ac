"""Leftover money: listed by age, paid back the way it came, or claimed by a link that works once."""

import hashlib
import json
import re
from datetime import timedelta
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.clients.providers import Move, MoveKind, MoveWord
from chalicelib.domain.background import changes
from chalicelib.domain.card_office import pay_backs
from chalicelib.domain.ledger.account_names import clearing
from chalicelib.domain.payments import repayments, sandbox_callbacks
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, SandboxCharge
from chalicelib.vocabulary.cards import CardStatus
from tests.support import card_states, meanwhile, notices, payers, settled, taken_back, wallets
from tests.support.client import Answer, call
from tests.support.desk import ask
from tests.support.factories import admin_token, customer_token
from tests.support.purchases import make_show
from tests.support.settings import configured
from tests.support.shops import everything, new_customer
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")


def loaded(customer: Account, amount: str = "1000.00") -> tuple[Card, str]:
    """Give a customer a card that a payment loaded; return the payment's id."""
    card = wallets.make_card(customer)
    opened = payers.ask(customer, "process", {"card_id": card.card_id, "amount": amount, "method": "card"})
    assert payers.confirm(customer, opened.json["id"]).json["status"] == "succeeded"
    return card, str(opened.json["id"])


def drain(stream: StreamReader) -> None:
    """Read the stream to its end: what it writes comes through it again."""
    while stream.drain():
        pass


def act(action: str, *ids: str, token: str | None = None) -> Answer:
    return ask("POST", "finances/unclaimed/", {"ids": list(ids), "action": action}, token=token)


def listed(query: str = "age=30") -> dict[str, tuple[str, str]]:
    rows = ask("GET", f"finances/unclaimed/?{query}").json["results"]
    return {row["id"]: (row["kind"], row["amount"]["amount"]) for row in rows}


def make_refunds(stream: StreamReader, *, times: int = 2) -> None:
    """Pass what is owed through the payments queue, each so many times."""
    read = [changes.change_of(record) for record in stream.fork().read()]
    for _ in range(times):
        assert app.payments(notices.envelopes(pay_backs.follow(read)), None) == {"batchItemFailures": []}


def charge(payment_id: str) -> SandboxCharge:
    payment = payers.stored(payment_id)
    found = operations.get(keys.money.sandbox_charge(payment.provider_reference or ""))
    assert found is not None
    return found


def token_sent_to(customer: Account) -> list[str]:
    notices.send_waiting(times=2)
    bodies = [sent.body for sent in notices.received(customer.mobile_number)]
    return [found[1] for body in bodies if (found := re.search(r"#([\w-]{20,})", body))]


def claim(customer: Account, token: str, card: Card) -> Answer:
    body = {"token": token, "card_id": card.card_id}
    return call("POST", "/api/v1/claims/", body, token=customer_token(customer))


def is_newest(card: Card, token: str) -> bool:
    """Whether a link is the newest one of a card, by what is stored under its digest."""
    stored = operations.get(keys.money.card_claim(hashlib.sha256(token.encode()).hexdigest()))
    newest = operations.get(keys.money.newest_claim(card.uid))
    assert stored is not None
    assert newest is not None
    return stored.claim_id == newest.claim_id


def test_balances_that_nobody_uses_are_listed_by_age_and_leave_when_they_are_spent() -> None:
    stream, customer = StreamReader(), new_customer()
    used, dead = wallets.make_card(customer, holds=30_000), wallets.make_card(customer, holds=20_000)
    card_states.put_into(dead.uid, CardStatus.BLOCKED)
    empty = wallets.make_card(customer)
    drain(stream)
    assert not {used.card_id, dead.card_id, empty.card_id} & listed().keys()

    with clock.set_to(clock.now() + timedelta(days=31)):
        assert {name: row for name, row in listed().items() if name in (used.card_id, dead.card_id)} == {
            used.card_id: ("unused_card", "300.00"),
            dead.card_id: ("dead_card", "200.00"),
        }
        assert used.card_id not in listed("age=30&kind=dead_card")
        assert used.card_id not in listed("age=90")
        wallets.spend(used.uid, 30_000)
        drain(stream)
        assert used.card_id not in listed()
    with clock.set_to(clock.now() + timedelta(days=400)):
        assert listed(f"age=365&customer_id={customer.account_id}") == {dead.card_id: ("dead_card", "200.00")}
    assert ask("GET", "finances/unclaimed/?age=31").status == 400


def test_a_balance_returns_once_to_the_payments_that_loaded_it_and_the_books_sum_to_zero() -> None:
    stream, customer = StreamReader(), new_customer()
    card, first = loaded(customer)
    again = payers.ask(customer, "process", {"card_id": card.card_id, "amount": "500.00", "method": "card"})
    payers.confirm(customer, again.json["id"])
    wallets.spend(card.uid, 40_000)
    card_states.put_into(card.uid, CardStatus.BLOCKED)
    drain(stream)

    paid = act("pay_back", card.card_id)
    once_more = act("pay_back", card.card_id)
    make_refunds(stream)
    drain(stream)

    assert (paid.status, paid.json["results"][0]["state"]) == (200, "refunding"), paid.text
    assert paid.json["results"][0]["amount"]["amount"] == "1100.00"
    assert (once_more.status, once_more.code) == (409, "INVALID_STATE")
    # The newest payment first, each no more than it was.
    assert (charge(again.json["id"]).refunded, charge(first).refunded) == (50_000, 60_000)
    assert payers.stored(again.json["id"]).status == "refunded"
    books = wallets.books()
    wallets.assert_balanced(books)
    assert books.balances[card.uid].amount == 0
    assert books.totals["refunds_due", "PKR"] == 0
    assert books.totals[clearing("sandbox"), "PKR"] == -40_000


def test_money_of_a_replaced_card_returns_to_the_payment_that_loaded_the_lost_one() -> None:
    stream, customer = StreamReader(), new_customer()
    card, payment_id = loaded(customer)
    spare = wallets.make_card(None, status=CardStatus.STOCK)
    moved = ask("POST", f"nfc-cards/{card.card_id}/transfer/", {"to_uid": spare.uid, "reason": "Lost."})
    assert moved.status == 200, moved.text
    assert act("pay_back", spare.uid).json["results"][0]["amount"]["amount"] == "1000.00"
    make_refunds(stream)
    assert charge(payment_id).refunded == 100_000


def test_an_amount_above_the_threshold_waits_for_another_member_of_staff() -> None:
    stream, customer = StreamReader(), new_customer()
    card = wallets.make_card(customer, holds=20_000_000)
    one, other = admin_token(), admin_token()
    drain(stream)

    asked, own = act("claim_link", card.card_id, token=one), act("claim_link", card.card_id, token=one)
    assert asked.json["results"][0]["state"] == "awaiting_second"
    assert (own.status, own.code) == (403, "SECOND_PERSON_NEEDED")
    assert token_sent_to(customer) == []
    assert act("claim_link", card.card_id, token=other).json["results"][0]["state"] == "link_sent"
    assert len(token_sent_to(customer)) == 1


def test_a_link_moves_what_no_payment_takes_back_to_another_card_and_works_once() -> None:
    stream, customer, heir, thief = StreamReader(), new_customer(), new_customer(), new_customer()
    dead, alive, theirs = wallets.make_card(customer, holds=12_300), wallets.make_card(heir), wallets.make_card(thief)
    card_states.put_into(dead.uid, CardStatus.BLOCKED)
    drain(stream)
    refused = act("pay_back", dead.card_id)
    assert (refused.status, "claim link" in refused.json["error"]["message"]) == (409, True)

    assert act("claim_link", dead.card_id).status == act("claim_link", dead.card_id).status == 200
    (new,) = (token for token in token_sent_to(customer) if is_newest(dead, token))
    (old,) = (token for token in token_sent_to(customer) if token != new)

    assert claim(heir, new, alive).json["amount"]["amount"] == "123.00"
    assert claim(heir, new, alive).json["amount"]["amount"] == "123.00"
    assert claim(thief, new, theirs).status == 404
    assert claim(heir, old, alive).status == claim(heir, "x" * 43, alive).status == 404
    drain(stream)
    books = wallets.books()
    wallets.assert_balanced(books)
    assert [books.balances[card.uid].amount for card in (dead, alive)] == [0, 12_300]
    # Nothing that is stored shows the token.
    assert not [item for item in everything() if new in str(item.serialize())]


def test_money_that_another_customer_paid_and_gave_by_a_link_is_not_paid_back_to_them() -> None:
    stream, giver, heir = StreamReader(), new_customer(), new_customer()
    (given, of_giver), (card, of_heir) = loaded(giver), loaded(heir, "200.00")
    drain(stream)
    assert act("claim_link", given.card_id).status == 200
    (token,) = token_sent_to(giver)
    assert claim(heir, token, card).json["amount"]["amount"] == "1000.00"
    drain(stream)

    (paid,) = act("pay_back", card.card_id).json["results"]
    assert (paid["state"], paid["amount"]["amount"], paid["rest"]["amount"]) == ("refunding", "200.00", "1000.00")
    refused = act("pay_back", card.card_id)
    assert (refused.status, "claim link" in refused.json["error"]["message"]) == (409, True)
    make_refunds(stream)
    assert (charge(of_giver).refunded, charge(of_heir).refunded) == (0, 20_000)
    # The giver may still claim back by a link that the heir hands on, and have it paid back then.
    drain(stream)
    assert act("claim_link", card.card_id).status == 200
    assert claim(giver, token_sent_to(heir)[-1], given).status == 200
    drain(stream)
    assert act("pay_back", given.card_id).json["results"][0]["amount"]["amount"] == "1000.00"
    make_refunds(stream)
    assert charge(of_giver).refunded == 100_000
    drain(stream)
    wallets.assert_balanced(wallets.books())


def test_a_card_that_staff_block_after_its_link_keeps_its_balance_until_they_send_another() -> None:
    stream, customer = StreamReader(), new_customer()
    (unused, _), other = loaded(customer), wallets.make_card(customer)
    drain(stream)
    assert act("claim_link", unused.card_id).status == 200
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        blocked = ask("PUT", f"nfc-cards/{unused.card_id}/", {"status": "blocked", "reason": "A dispute."})
        assert blocked.status == 200
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        (token,) = token_sent_to(customer)
        refused = claim(customer, token, other)
        assert (refused.status, "blocked the card" in refused.json["error"]["message"]) == (404, True)
        drain(stream)
        assert wallets.books().balances[unused.uid].amount == 100_000
        assert act("claim_link", unused.card_id).status == 200
        (new,) = (one for one in token_sent_to(customer) if is_newest(unused, one))
        assert claim(customer, new, other).json["amount"]["amount"] == "1000.00"


def test_a_newer_link_voids_the_one_before() -> None:
    stream, customer = StreamReader(), new_customer()
    dead, alive = wallets.make_card(customer, holds=700), wallets.make_card(customer)
    drain(stream)
    assert act("claim_link", dead.card_id).status == act("claim_link", dead.card_id).status == 200
    tokens = token_sent_to(customer)
    (old,) = (token for token in tokens if not is_newest(dead, token))
    (new,) = (token for token in tokens if token != old)
    assert claim(customer, old, alive).status == 404
    assert claim(customer, new, alive).status == 200


def test_a_link_ends_after_its_time() -> None:
    stream, customer = StreamReader(), new_customer()
    dead, alive = wallets.make_card(customer, holds=500), wallets.make_card(customer)
    drain(stream)
    act("claim_link", dead.card_id)
    (token,) = token_sent_to(customer)
    with clock.set_to(clock.now() + timedelta(days=31)):
        assert claim(customer, token, alive).status == 404
    assert claim(customer, token, alive).status == 200


def undelivered(payment_id: str, key: str, *, amount: int = 150_000) -> None:
    """Report that a refund did not reach its customer, as the provider does some days later."""
    payment = payers.stored(payment_id)
    reference = payment.provider_reference or ""
    move = Move(f"{reference}/{key}", MoveKind.REFUND, amount, "PKR", (MoveWord.FAILED,), key)
    callback = sandbox_callbacks.moved(payment_id, reference, move, event_id=f"sbe_{key}")
    assert payers.post_webhook(callback).status == 200


def test_a_refund_that_was_not_delivered_is_made_again_once_for_each_time_that_it_fails() -> None:
    stream = StreamReader()
    order = settled.buy(make_show()[1])
    refund = settled.give_back(order)
    repayments.pay_back(refund.ticket_id, refund.refund_id)
    undelivered(order.payment_id, refund.refund_id)
    drain(stream)
    # It is owed from today on: a list of its kind has it, that of the usual age and one that names an age do not.
    assert order.payment_id in listed("kind=undelivered_refund")
    assert [*listed(""), *listed("kind=undelivered_refund&age=30")] == []
    with clock.set_to(clock.now() + timedelta(days=31)):
        assert listed()[order.payment_id] == ("undelivered_refund", "1500.00")
        assert act("claim_link", order.payment_id).code == "INVALID_STATE"
    with configured(SECOND_PERSON_OVER="PKR:1000"):
        first, second = admin_token(), admin_token()
        assert act("pay_back", order.payment_id, token=first).json["results"][0]["state"] == "awaiting_second"
        drain(stream)
        assert act("pay_back", order.payment_id, token=first).code == "SECOND_PERSON_NEEDED"
        paid = act("pay_back", order.payment_id, token=second)
    assert (paid.status, paid.json["results"][0]["state"]) == (200, "refunding"), paid.text
    assert charge(order.payment_id).refunded == 150_000
    # It fails again, so it is made again.
    undelivered(order.payment_id, f"{order.payment_id}/again/1")
    assert charge(order.payment_id).refunded == 0
    for _ in range(2):
        act("pay_back", order.payment_id)
    assert charge(order.payment_id).refunded == 150_000
    drain(stream)
    with clock.set_to(clock.now() + timedelta(days=62)):
        assert order.payment_id not in listed()
    assert payers.balances()["refunds_due"] == 0


def test_a_payment_whose_pay_back_failed_and_was_made_again_takes_the_next_one() -> None:
    stream, customer = StreamReader(), new_customer()
    card, payment_id = loaded(customer)
    wallets.spend(card.uid, 40_000)
    drain(stream)
    assert act("pay_back", card.card_id).json["results"][0]["amount"]["amount"] == "600.00"
    make_refunds(stream)
    (key,) = payers.stored(payment_id).granted
    undelivered(payment_id, key, amount=60_000)
    # While it is owed again, nothing else goes to that payment.
    wallets.give_back(card.uid, 30_000)
    drain(stream)
    assert act("pay_back", card.card_id).code == "INVALID_STATE"
    assert act("pay_back", payment_id).json["results"][0]["state"] == "refunding"
    drain(stream)
    paid = act("pay_back", card.card_id)
    assert (paid.status, paid.json["results"][0]["amount"]["amount"]) == (200, "300.00"), paid.text
    make_refunds(stream)
    assert (charge(payment_id).refunded, payers.balances()["refunds_due"]) == (90_000, 0)


@pytest.mark.parametrize("where", ["by staff here", "on the provider's pages"])
def test_a_refund_that_is_made_again_leaves_the_other_ticket_of_its_payment_valid(where: str) -> None:
    stream = StreamReader()
    order = settled.buy(make_show()[1], 2)
    refund = settled.give_back(order)
    repayments.pay_back(refund.ticket_id, refund.refund_id)
    undelivered(order.payment_id, refund.refund_id)
    drain(stream)
    if where == "by staff here":
        assert act("pay_back", order.payment_id).json["results"][0]["state"] == "refunding"
    else:
        move = Move("re_by_hand", MoveKind.REFUND, 150_000, "PKR", (MoveWord.SUCCEEDED,))
        charge_id = payers.stored(order.payment_id).provider_reference or ""
        assert (
            payers.post_webhook(sandbox_callbacks.moved(order.payment_id, charge_id, move, event_id="e")).status == 200
        )
    returned = {"detail-type": "payment.returned", "detail": {"payment_id": order.payment_id}}
    batch = {"Records": [{"messageId": "m1", "body": json.dumps(returned)}]}
    assert app.payments(batch, None) == {"batchItemFailures": []}
    assert payers.tickets_of(order) == ["refunded", "valid"]
    assert (payers.stored(order.payment_id).status, payers.balances()["refunds_due"]) == ("succeeded", 0)


def test_a_link_that_could_not_be_queued_is_sent_by_the_next_try_of_the_same_request() -> None:
    stream, customer = StreamReader(), new_customer()
    card, _ = loaded(customer)
    drain(stream)
    token, headers = admin_token(), {"idempotency-key": f"link-of-{card.uid}"}
    body = {"ids": [card.card_id], "action": "claim_link"}

    def ask_for_link() -> Answer:
        return call("POST", "/api/finances/unclaimed/", body, token=token, headers=headers)

    with meanwhile.failing("SendMessage", service="sqs"):
        assert ask_for_link().status == 503
    # The answer of the next one is lost: it is the same link that the third one would send.
    with meanwhile.after("SendMessage", meanwhile.lost, service="sqs"):
        assert ask_for_link().status == 503
    assert ask_for_link().json["results"][0]["state"] == "link_sent"
    links = set(token_sent_to(customer))
    assert len(links) == 1
    assert is_newest(card, links.pop())


def test_a_leftover_that_others_write_all_the_time_is_not_forgotten() -> None:
    stream, customer = StreamReader(), new_customer()
    drain(stream)
    card = wallets.make_card(customer, holds=30_000)
    records = stream.read()

    def is_leftover(sent: dict[str, Any]) -> bool:
        return bool(sent["Item"]["kind"] == {"S": "leftover"})

    lost = meanwhile.refused("ConditionalCheckFailedException")
    with meanwhile.failing("PutItem", matches=is_leftover, act=lost):
        assert project(records)["batchItemFailures"]
    assert project(records) == {"batchItemFailures": []}
    drain(stream)
    with clock.set_to(clock.now() + timedelta(days=31)):
        assert listed()[card.card_id] == ("unused_card", "300.00")


@pytest.mark.parametrize(("words", "said"), [(taken_back.LOST[:1], "disputes"), (taken_back.LOST, "took back")])
def test_staff_hear_of_a_bank_that_takes_back_what_loaded_a_card_before_they_give_it_away(
    words: tuple[MoveWord, ...], said: str
) -> None:
    customer = new_customer()
    card, payment_id = loaded(customer)
    taken_back.tell_of(payment_id, 100_000, *words)
    refused = act("pay_back", card.card_id)
    assert (refused.status, refused.code) == (409, "INVALID_STATE")
    assert f"A bank {said} payment {payment_id}" in refused.json["error"]["message"]
