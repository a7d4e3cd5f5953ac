"""Lost cards that are replaced while they are scanned, paid with and topped up: nothing is lost or counted twice."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.card_office import request_answers
from chalicelib.domain.card_office.request_answers import RequestAnswer
from chalicelib.domain.cards import card_requests, cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.tickets import tickets
from chalicelib.errors import InvalidState, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Card, Order
from chalicelib.vocabulary.cards import CardDelivery, CardRequestAction, CardStatus
from tests.portals.webapp.evening import Evening, make_evening
from tests.support import engines, payers, purchases, wallets
from tests.support.caches import forget_caches
from tests.support.client import Answer, call
from tests.support.desk import ask, new_uid
from tests.support.factories import admin_token, make_reader, scan_id
from tests.support.shops import new_customer
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("lost_cards"), pytest.mark.timeout(900)]
LOST = size_of("LOST_CARDS", small=4, full=50)
HELD, PRICE, RELOADED = 500_000, 150_000, 70_000


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@dataclass(frozen=True)
class Loss:
    """A customer who lost a card that opens a ticket, another order that is open, and the card from the drawer."""

    customer: Account
    card: Card
    ticket_id: str
    open_order: Order
    spare: str


def lose(evening: Evening) -> Loss:
    customer = new_customer()
    card = wallets.make_card(customer, holds=HELD)
    order = purchases.book(customer, evening.category, card_uid=card.uid)
    purchases.pay(order)
    waiting = purchases.book(customer, evening.category, card_uid=card.uid)
    return Loss(customer, card, order.tickets[0]["ticket_id"], waiting, stock())


def stock() -> str:
    return cards.register(CardRegistration(new_uid(), status=CardStatus.STOCK)).uid


def replace(loss: Loss, token: str) -> Answer:
    path = f"nfc-cards/{loss.card.card_id}/transfer/"
    while (answer := ask("POST", path, {"to_uid": loss.spare, "reason": "Lost it."}, token=token)).status == 503:
        pass
    return answer


def pay(loss: Loss) -> str:
    """Pay for the open order with the lost card; return what became of it."""
    opened = payers.process(loss.customer, loss.open_order, method="wallet", card_id=loss.card.card_id)
    if opened.status != 201:
        return "refused"
    while (answer := payers.confirm(loss.customer, opened.json["id"])).status == 503:
        pass
    return "paid" if answer.status == 200 and answer.json["status"] == "succeeded" else "refused"


def drain(stream: StreamReader) -> None:
    while stream.drain():
        pass


def test_what_lost_cards_held_is_on_their_replacements_whatever_happened_meanwhile() -> None:
    stream, evening, token = StreamReader(), make_evening(), admin_token()
    losses = [lose(evening) for _ in range(LOST)]
    results: dict[tuple[str, str], Any] = {}
    lock = threading.Lock()

    def act(what: str, loss: Loss, do: Callable[[], Any]) -> None:
        found = do()
        with lock:
            results[what, loss.spare] = found

    def acts_on(loss: Loss) -> list[tuple[str, Loss, Callable[[], Any]]]:
        return [
            ("replace", loss, lambda: replace(loss, token)),
            ("again", loss, lambda: replace(loss, token)),
            ("pay", loss, lambda: pay(loss)),
            ("reload", loss, lambda: wallets.credit(loss.card.uid, RELOADED)),
            ("scan old", loss, lambda: evening.scan(card_id=loss.card.uid)),
            ("scan new", loss, lambda: evening.scan(card_id=loss.spare)),
        ]

    acts = [one for loss in losses for one in acts_on(loss)]
    random.shuffle(acts)
    with ThreadPoolExecutor(12) as hands:
        list(hands.map(lambda one: act(*one), acts))
    drain(stream)

    books = wallets.books()
    wallets.assert_balanced(books)
    for loss in losses:
        first, again = results["replace", loss.spare], results["again", loss.spare]
        assert first.status == 200, first.text
        assert first.json == again.json
        paid = PRICE if results["pay", loss.spare] == "paid" else 0
        assert books.balances[loss.card.uid].amount == 0
        assert books.balances[loss.spare].amount == HELD + RELOADED - paid
        assert sum(line.amount for line in books.lines[loss.spare]) == HELD + RELOADED - paid
        opened = cards.find(loss.spare)
        assert opened is not None
        owned = [loss.ticket_id, *([line["ticket_id"] for line in loss.open_order.tickets] if paid else [])]
        assert sorted(opened.tickets[evening.event.event_id]) == sorted(owned)
        assert {tickets.get(ticket_id).card_uid for ticket_id in owned} == {loss.spare}
        # From the answer on, the lost card opens nothing.
        assert evening.scan(card_id=loss.card.uid) == ("invalid", "card_not_active")
        # One tap in advance at most: two tickets admit two.
        admitted = [results[what, loss.spare][0] for what in ("scan old", "scan new")].count("valid")
        assert admitted <= len(owned)


def test_a_tap_of_the_lost_card_that_a_reader_kept_is_reported_with_its_reason() -> None:
    evening, token = make_evening(), admin_token()
    loss, reader = lose(evening), make_reader(evening.event)
    tapped_at, later = clock.to_text(clock.now()), clock.now() + timedelta(minutes=10)
    tap = {"scan_id": scan_id(), "uid": loss.card.uid, "scanned_at": tapped_at}
    body = {"taps": [tap], "device_time": clock.to_text(later)}
    with clock.set_to(later):
        assert replace(loss, token).status == 200
        verdict = call("POST", "/api/device/taps/", body, token=reader.token()).json
    stream = StreamReader()
    drain(stream)
    assert "card_not_active" in str(verdict)
    assert "valid'" not in str(verdict).replace("invalid'", "")


def test_of_many_replacements_of_one_card_by_different_cards_one_happens() -> None:
    evening, token = make_evening(), admin_token()
    loss = lose(evening)
    spares = [stock() for _ in range(32)]

    def take(uid: str) -> Answer:
        return replace(Loss(loss.customer, loss.card, loss.ticket_id, loss.open_order, uid), token)

    with ThreadPoolExecutor(32) as hands:
        answers = list(hands.map(take, spares))
    assert sorted({answer.status for answer in answers}) == [200, 409]
    (taken,) = [uid for uid, answer in zip(spares, answers, strict=True) if answer.status == 200]
    held = wallets.books().balances
    assert {uid: held[uid].amount for uid in spares if uid in held and held[uid].amount} == {taken: HELD}
    assert [card.customer_id for uid in spares if (card := cards.find(uid)) and card.customer_id] == [
        loss.customer.account_id
    ]


def test_of_many_answers_to_one_card_request_one_is_given() -> None:
    customer = new_customer()
    request_id = card_requests.make(
        customer.account_id,
        delivery=CardDelivery.POST,
        merchant_id=None,
        address="12 Main Boulevard",
        operation_id=new_id("op"),
    ).request_id
    request_answers.answer(request_id, RequestAnswer(CardRequestAction.APPROVE), by="adm_1")
    uids = [stock() for _ in range(16)]
    tried = [RequestAnswer(CardRequestAction.SEND, card_uid=uid) for uid in uids]
    tried += [RequestAnswer(CardRequestAction.REJECT, reason="No.")] * 16

    def give(wanted: RequestAnswer) -> str:
        while True:
            try:
                return str(request_answers.answer(request_id, wanted, by="adm_1").request.status)
            except InvalidState:
                return "refused"
            except Unavailable:
                continue

    with ThreadPoolExecutor(32) as hands:
        answers = list(hands.map(give, tried))
    given = [uid for uid in uids if (card := cards.find(uid)) and card.customer_id]
    assert (answers.count("sent"), answers.count("rejected")) in ((1, 0), (0, 16))
    assert len(given) == answers.count("sent")
