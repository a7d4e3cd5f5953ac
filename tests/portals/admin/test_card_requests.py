"""Answers to customers' requests for a card: a state machine that shops and staff share."""

from typing import Any

import pytest

import app
from chalicelib.domain.background import changes
from chalicelib.domain.card_office import request_answers
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.table import keys
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from tests.portals.webapp.evening import make_evening
from tests.support import meanwhile, notices
from tests.support.client import Answer, call
from tests.support.desk import ask, new_uid
from tests.support.factories import customer_token
from tests.support.shops import make_shop, new_customer, stored
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("moto_cloud")
ADDRESS = "12 Main Boulevard\nLahore"


def request(customer: Account, **body: object) -> str:
    body = {"delivery": "post", "address": ADDRESS, **body}
    made = call("POST", "/api/v1/users/nfc-cards/request/", body, token=customer_token(customer))
    assert made.status == 201, made.text
    return str(made.json["id"])


def answer(request_id: str, action: str, **more: object) -> Answer:
    return ask("PUT", f"card-requests/{request_id}/", {"action": action, **more})


def stock() -> str:
    return cards.register(CardRegistration(new_uid(), status=CardStatus.STOCK)).uid


def listed(query: str) -> list[str]:
    return [one["id"] for one in ask("GET", f"card-requests/?{query}", role=AdminRole.SUPPORT).json["results"]]


def test_an_approved_request_is_sent_with_a_card_that_opens_the_customers_tickets() -> None:
    stream, customer, evening, uid = StreamReader(), new_customer(), make_evening(), stock()
    ticket = evening.sell(customer)
    request_id = request(customer)
    stream.drain()
    assert listed(f"status=requested&customer_id={customer.account_id}") == [request_id]

    approved, again = answer(request_id, "approve"), answer(request_id, "approve")
    sent, once_more = answer(request_id, "send", card_uid=uid), answer(request_id, "send", card_uid=uid.lower())
    another = answer(request_id, "send", card_uid=stock())
    stream.drain()

    assert (approved.status, approved.json["status"], approved.json["address"]) == (200, "approved", ADDRESS)
    assert again.json == approved.json
    assert (sent.json["status"], sent.json["card_uid"]) == ("sent", uid)
    assert once_more.json == sent.json
    assert (another.status, another.code) == (409, "INVALID_STATE")
    card = cards.find(uid)
    assert card is not None
    assert (card.status, card.customer_id) == ("active", customer.account_id)
    assert card.tickets == {evening.event.event_id: [ticket.ticket_id]}
    assert evening.scan(card_id=uid) == ("valid", None)
    assert listed(f"customer_id={customer.account_id}&status=sent") == [request_id]
    # Another request may follow.
    assert request(customer)


def test_a_rejection_names_its_reason_and_frees_the_customer_to_ask_again() -> None:
    customer = new_customer()
    request_id = request(customer)
    assert answer(request_id, "reject").status == 400
    rejected = answer(request_id, "reject", reason="No such street.")
    assert (rejected.json["status"], rejected.json["reason"], rejected.json["address"]) == (
        "rejected",
        "No such street.",
        None,
    )
    assert answer(request_id, "reject", reason="Another.").json == rejected.json
    for action in ("approve", "send"):
        refused = answer(request_id, action, card_uid=stock())
        assert (refused.status, refused.code) == (409, "INVALID_STATE")
        assert "rejected" in refused.json["error"]["message"]
    assert request(customer) != request_id


def test_only_stock_of_the_platform_is_sent_and_only_by_post() -> None:
    shop, customer, fetching = make_shop(), new_customer(), new_customer()
    request_id = request(customer)
    early = answer(request_id, "send", card_uid=stock())
    assert (early.status, "Approve it first" in early.json["error"]["message"]) == (409, True)
    answer(request_id, "approve")
    theirs, used = shop.stock()[0], cards.register(CardRegistration(new_uid(), customer_id=fetching.account_id))
    refused = [answer(request_id, "send", card_uid=uid).status for uid in (theirs.uid, used.uid, new_uid())]
    assert refused == [409, 409, 404]
    assert answer(request_id, "send").status == 400
    assert {stored(theirs).status, stored(used).customer_id} == {"stock", fetching.account_id}

    to_fetch = request(fetching, delivery="pickup", merchant_id=shop.id)
    assert answer(to_fetch, "approve").json["address"] is None
    assert answer(to_fetch, "send", card_uid=stock()).status == 409
    # The shop completes it.
    shop.hand_over(theirs, fetching)
    assert answer(to_fetch, "reject", reason="Late.").code == "INVALID_STATE"
    assert answer("crq_nobody", "approve").status == 404


def test_each_answer_is_sent_to_the_customer_once() -> None:
    stream, customer, uid = StreamReader(), new_customer(), stock()
    stream.drain()
    request_id = request(customer)
    answer(request_id, "approve")
    answer(request_id, "send", card_uid=uid)
    read = [changes.change_of(record) for record in stream.read()]
    for _ in range(2):
        assert app.alerts(notices.envelopes(request_answers.follow(read)), None) == {"batchItemFailures": []}
    notices.send_waiting(times=2)
    received = [sent.body for sent in notices.received(customer.mobile_number)]
    mine = [body for body in received if "was bound to your customer account" not in body]
    assert (len(received), len(mine)) == (3, 2)
    assert sum(uid[-4:] in body for body in mine) == 1


def test_a_card_that_others_change_all_the_time_still_opens_its_customers_tickets() -> None:
    stream, customer, evening, uid = StreamReader(), new_customer(), make_evening(), stock()
    ticket = evening.sell(customer)
    request_id = request(customer)
    answer(request_id, "approve")
    stream.drain()
    answer(request_id, "send", card_uid=uid)
    records = stream.read()

    def binds(sent: dict[str, Any]) -> bool:
        changed = [each.get("Update", {}) for each in sent["TransactItems"]]
        names = [each["ExpressionAttributeNames"] for each in changed if each.get("Key") == key]
        return any("tickets" in each.values() for each in names)

    key = {"pk": {"S": keys.cards.card(uid).pk}, "sk": {"S": keys.cards.card(uid).sk}}
    lost = meanwhile.refused("TransactionCanceledException", CancellationReasons=[{"Code": "ConditionalCheckFailed"}])
    with meanwhile.failing("TransactWriteItems", matches=binds, act=lost):
        assert project(records)["batchItemFailures"]
    assert project(records) == {"batchItemFailures": []}
    card = cards.find(uid)
    assert card is not None
    assert card.tickets == {evening.event.event_id: [ticket.ticket_id]}
