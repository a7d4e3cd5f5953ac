"""A lost card in one call: balance, tickets, customer and family move to another card, once."""

import pytest

import app
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.customers import dependents
from chalicelib.domain.customers.dependents import DependentDetails
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from tests.portals.webapp.evening import ask as ask_tickets
from tests.portals.webapp.evening import make_evening
from tests.support import payers, purchases, wallets
from tests.support.client import Answer, call
from tests.support.desk import ask, new_uid
from tests.support.factories import customer_token
from tests.support.shops import in_stock, make_shop, new_customer, stored
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def replace(card_id: str, to_uid: str, **more: object) -> Answer:
    return ask("POST", f"nfc-cards/{card_id}/transfer/", {"to_uid": to_uid, "reason": "Lost it."}, **more)  # type: ignore[arg-type]


def stock() -> str:
    return cards.register(CardRegistration(uid=new_uid(), status=CardStatus.STOCK)).uid


def test_a_lost_card_gives_all_it_has_to_its_replacement_in_one_call() -> None:
    stream, customer, evening = StreamReader(), new_customer(), make_evening()
    card = wallets.make_card(customer, holds=500_000)
    order = purchases.book(customer, evening.category, 2)
    opened = payers.process(customer, order, method="wallet", card_id=card.card_id)
    assert payers.confirm(customer, opened.json["id"]).json["status"] == "succeeded"
    ticket_ids = [line["ticket_id"] for line in payers.order_of(order).tickets]
    child = dependents.add(
        customer.account_id,
        DependentDetails(name="Sara", relation="daughter", card_id=card.card_id),
        operation_id="op_child",
    )
    auto = {"enabled": True, "threshold": "100.00", "amount": "500.00", "payment_token": "tok_ok"}
    own = f"/api/v1/users/nfc-cards/{card.card_id}/auto-reload-settings/"
    assert call("POST", own, auto, token=customer_token(customer)).status == 200
    held = cards.find(card.uid)
    assert held is not None
    spare = stock()

    moved = replace(card.card_id, spare)
    again = replace(card.uid, spare.lower())
    elsewhere = replace(card.card_id, stock())

    assert moved.status == 200, moved.text
    assert moved.json["balance"]["amount"] == "2000.00"
    assert (moved.json["tickets"], moved.json["dependents"]) == (2, 1)
    assert again.json == moved.json
    assert (elsewhere.status, elsewhere.code) == (409, "INVALID_STATE")
    # At once: at the gate, for payments, and in the customer's own list.
    assert evening.scan(card_id=card.uid) == ("invalid", "card_not_active")
    assert evening.scan(card_id=spare) == ("valid", None)
    new = stored(cards.find(spare))  # type: ignore[arg-type]
    assert (new.status, new.customer_id) == ("active", customer.account_id)
    family = operations.get(keys.customers.dependent(customer.account_id, child.id))
    assert family is not None
    assert (family.card_uid, family.card_id) == (spare, new.card_id)
    shown = {
        one["id"]: one
        for one in call("GET", "/api/v1/users/nfc-cards/", token=customer_token(customer)).json["results"]
    }
    assert shown[card.card_id]["balance"]["amount"] == "0.00"
    assert shown[new.card_id]["balance"]["amount"] == "2000.00"
    assert shown[new.card_id]["auto_reload"]["enabled"]
    assert not shown[card.card_id]["auto_reload"]["enabled"]
    stream.drain()
    assert {tickets.get(ticket_id).card_uid for ticket_id in ticket_ids} == {spare}
    wallets.assert_balanced(wallets.books())


def test_the_reload_of_a_purchase_goes_to_the_card_that_took_the_place_of_a_lost_one() -> None:
    customer, evening = new_customer(), make_evening()
    card = wallets.make_card(customer, holds=200_000)
    auto = {"enabled": True, "threshold": "1000.00", "amount": "700.00", "payment_token": "tok_ok"}
    own = f"/api/v1/users/nfc-cards/{card.card_id}/auto-reload-settings/"
    assert call("POST", own, auto, token=customer_token(customer)).status == 200
    order = purchases.book(customer, evening.category)
    opened = payers.process(customer, order, method="wallet", card_id=card.card_id)
    assert payers.confirm(customer, opened.json["id"]).json["status"] == "succeeded"
    balance = operations.get(keys.money.card_balance(card.uid))
    assert balance is not None
    spare = stock()
    assert replace(card.card_id, spare).status == 200
    # The queue delivers the low balance only now, and twice.
    detail = {"card_uid": card.uid, "entry": balance.crossed_at_entry}
    for _ in range(2):
        low = payers.batch_of({"detail-type": "card.balance_low", "detail": detail})
        assert app.payments(low, None) == {"batchItemFailures": []}
    books = wallets.books()
    assert books.balances[spare].amount == 50_000 + 70_000
    wallets.assert_balanced(books, drained=False)


def test_money_and_tickets_that_arrive_late_follow_to_the_replacement() -> None:
    stream, customer, evening = StreamReader(), new_customer(), make_evening()
    card, spare = wallets.make_card(customer, holds=100), stock()
    order = purchases.book(customer, evening.category, card_uid=card.uid)
    assert replace(card.card_id, spare).status == 200
    newer = wallets.make_card(customer)

    purchases.pay(order)
    wallets.credit(card.uid, 700)
    stream.drain()

    # To the card that replaced it, not to the customer's newest.
    assert [wallets.books().balances[uid].amount for uid in (card.uid, spare)] == [0, 800]
    assert newer.uid not in {uid for uid, one in wallets.books().balances.items() if one.amount}
    assert evening.scan(card_id=spare) == ("valid", None)
    assert tickets.get(order.tickets[0]["ticket_id"]).card_uid == spare
    stream.drain()
    wallets.assert_balanced(wallets.books())


def test_a_ticket_given_away_leaves_the_replacement_before_the_stream_is_read() -> None:
    customer, friend, evening = new_customer(), new_customer(), make_evening()
    card = wallets.make_card(customer)
    order = purchases.book(customer, evening.category, card_uid=card.uid)
    purchases.pay(order)
    ticket_id, spare = order.tickets[0]["ticket_id"], stock()
    assert replace(card.card_id, spare).status == 200

    given = ask_tickets(customer, "POST", f"{ticket_id}/transfer/", {"mobile_number": friend.mobile_number})

    assert given.status in (200, 201), given.text
    assert evening.scan(card_id=spare)[0] == "not_found"


def test_a_booking_for_a_card_that_was_replaced_is_paid_from_its_replacement() -> None:
    customer, evening = new_customer(), make_evening()
    card = wallets.make_card(customer, holds=200_000)
    order = purchases.book(customer, evening.category, card_uid=card.uid)
    spare = stock()
    assert replace(card.card_id, spare).status == 200
    opened = payers.process(customer, order, method="wallet")
    assert opened.status == 201, opened.text
    assert payers.confirm(customer, opened.json["id"]).json["status"] == "succeeded"
    assert payers.balances()[f"card:{spare}"] == 50_000


def test_only_a_card_in_use_is_replaced_and_only_by_one_that_is_free() -> None:
    shop, customer, other = make_shop(), new_customer(), new_customer()
    card, taken = wallets.make_card(customer, holds=50), wallets.make_card(other)
    unused, held = in_stock(shop.id), in_stock(shop.id)
    shop.hold(held, other)
    answers = {
        "another customer's": replace(card.card_id, taken.uid),
        "a held one": replace(card.card_id, held.uid),
        "itself": replace(card.card_id, card.uid),
        "an unknown one": replace(card.card_id, new_uid()),
        "one of no use": replace(unused.card_id, stock()),
        "no UID": replace(card.card_id, "nonsense"),
    }
    assert {name: (answer.status, answer.code) for name, answer in answers.items()} == {
        "another customer's": (409, "INVALID_STATE"),
        "a held one": (409, "INVALID_STATE"),
        "itself": (400, "VALIDATION_ERROR"),
        "an unknown one": (404, "NOT_FOUND"),
        "one of no use": (409, "INVALID_STATE"),
        "no UID": (400, "VALIDATION_ERROR"),
    }
    assert stored(card).status == "active"
    assert wallets.books().balances[card.uid].amount == 50
    # A shop's stock may be taken at the desk.
    assert replace(card.card_id, unused.uid).status == 200
    assert {one["uid"][-4:] for one in shop.get("cards/?status=active").json["results"]} == {unused.uid[-4:]}


def test_support_does_not_move_money() -> None:
    card = wallets.make_card(new_customer(), holds=50)
    assert replace(card.card_id, stock(), role=AdminRole.SUPPORT).status == 403
    assert stored(card).status == "active"
