"""The assignment of a card to a customer: the hold of the shop, the customer's code, and all effects."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.cards import card_requests, cards, own_cards
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import (
    Account,
    Event,
    IdempotencyRecord,
    Journal,
    Ticket,
)
from chalicelib.vocabulary.cards import CardDelivery, CardStatus
from chalicelib.vocabulary.tickets import TicketStatus
from chalicelib.workers import schedules
from tests.portals.webapp.evening import make_evening
from tests.support import card_states, purchases, sweeps
from tests.support.client import Answer, call
from tests.support.closing import close_account
from tests.support.codes import code_for, code_in, has_code, texts
from tests.support.factories import customer_token, make_event
from tests.support.meanwhile import WRITES, before, changing
from tests.support.settings import configured
from tests.support.shops import (
    Shop,
    assert_handed_over_once,
    assignment,
    everything,
    make_shop,
    new_customer,
    stored,
    wrong,
)
from tests.support.wire import wire

pytestmark = pytest.mark.usefixtures("moto_cloud")

FEE = {"amount": "500.00", "currency": "PKR"}
NOTHING = {"amount": "0.00", "currency": "PKR"}
HOLD = timedelta(minutes=10)


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def ayesha() -> Account:
    return new_customer()


def refused(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.code


def ticket_for(event: Event, customer: Account, **changes: Any) -> Ticket:
    """Give a customer a valid ticket that no card opens."""
    dependent = changes.pop("dependent_id", None)
    holder = Holder(name="Holder", customer_id=customer.account_id)
    made = tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number=new_id("n")[-8:], **changes))
    if dependent:
        operations.record(operations.change(keys.tickets.ticket(made.ticket_id), [Ticket.dependent_id.set(dependent)]))
    return made


def fee_journal(assignment_id: str) -> Journal | None:
    return operations.get(keys.money.journal(f"jrn_fee_{assignment_id}"))


# Holding a card.


def test_a_card_is_held_for_ten_minutes_and_its_customer_is_sent_a_code(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    answer = shop.assign(card, ayesha)
    assert answer.status == 201
    assert answer.json["status"] == "awaiting_otp"
    assert answer.json["fee"] == FEE
    held = assignment(answer.json["assignment_id"])
    assert answer.json["card"] == {
        "id": card.card_id,
        "uid": card.uid,
        "type": "uid",
        "status": "held",
        "held_until": clock.to_text(held.expires_at),
        "assigned_at": None,
    }
    assert answer.json["expires_at"] == clock.to_text(held.expires_at)
    assert held.expires_at - held.created_at == HOLD
    now = stored(card)
    assert (now.status, now.held_by, now.customer_id) == ("held", held.assignment_id, None)
    (text,) = texts()
    assert text["to"] == ayesha.mobile_number


def test_the_customer_may_be_named_by_number_and_the_card_by_its_id(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    national = f"0{ayesha.mobile_number.removeprefix('+92')}"
    body = {"mobile_number": national, "card_id": card.card_id, "fee_collected": True}
    answer = shop.post("assign-card", body)
    assert answer.status == 201, answer.text
    assert assignment(answer.json["assignment_id"]).customer_id == ayesha.account_id


@pytest.mark.parametrize("which", ["another's", "unknown", "another's held", "active", "blocked", "nobody's"])
def test_a_card_that_is_not_in_ones_own_stock_is_refused_in_the_same_words(
    which: str, shop: Shop, ayesha: Account
) -> None:
    owner = make_shop() if which.startswith("another's") else shop
    (card,) = owner.stock()
    if which == "another's held":
        assert owner.assign(card, new_customer()).status == 201
    elif which in ("active", "blocked"):
        card_states.put_into(card.uid, CardStatus(which))
    elif which == "unknown":
        card.uid = "04FFFFFFFFFFFF"
    elif which == "nobody's":
        card = cards.register(cards.CardRegistration(uid="04FEFEFEFEFEFE", status=CardStatus.STOCK))
    texts()
    answer = shop.assign(card, ayesha)
    assert refused(answer) == (409, "CONFLICT")
    assert answer.json["error"]["message"] == "This card is not in your stock. Take another one."
    assert texts() == []


@pytest.mark.parametrize("same_customer", [True, False])
def test_a_card_that_is_held_is_held_once_until_its_time_is_over(
    same_customer: bool, shop: Shop, ayesha: Account
) -> None:
    (card,) = shop.stock()
    shop.hold(card, ayesha)
    other = ayesha if same_customer else new_customer()
    again = shop.assign(card, other)
    assert refused(again) == (409, "CONFLICT")
    # It says why, and how long: the shop's own first request may have held it.
    assert "held for a customer for 10 more minutes." in again.json["error"]["message"]
    with clock.set_to(clock.now() + HOLD - timedelta(seconds=30)):
        assert "for 1 more minute." in shop.assign(card, other).json["error"]["message"]
    with clock.set_to(clock.now() + HOLD):
        answer = shop.assign(card, other)
        assert answer.status == 201, answer.text
        assert stored(card).held_by == answer.json["assignment_id"]


def test_the_same_key_holds_a_card_once_and_sends_one_code(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    first, again = (shop.assign(card, ayesha, key="one") for _ in range(2))
    assert again.json == first.json
    assert again.headers["idempotent-replayed"] == "true"
    assert len(texts()) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"customer_id": "cus_01K9ZC3V8G0000400TC7B6KYQ6"}, 404, "NOT_FOUND"),
        ({"customer_id": None, "mobile_number": "+923450000000"}, 404, "NOT_FOUND"),
        ({"customer_id": None}, 400, "VALIDATION_ERROR"),
        ({"mobile_number": "+923450000000"}, 400, "VALIDATION_ERROR"),
        ({"card_uid": None}, 400, "VALIDATION_ERROR"),
        ({"card_uid": "nonsense"}, 400, "VALIDATION_ERROR"),
        ({"fee_collected": False}, 400, "VALIDATION_ERROR"),
        ({"fee_collected": None}, 400, "VALIDATION_ERROR"),
    ],
)
def test_what_does_not_name_a_customer_a_card_and_the_fee_holds_nothing(
    change: dict[str, Any], status: int, code: str, shop: Shop, ayesha: Account
) -> None:
    (card,) = shop.stock()
    assert refused(shop.assign(card, ayesha, **change)) == (status, code)
    assert stored(card).status == "stock"
    assert texts() == []


@pytest.mark.parametrize("field", ["card_uid", "card_id"])
def test_a_card_that_cannot_be_one_is_refused_by_the_field_that_named_it(
    field: str, shop: Shop, ayesha: Account
) -> None:
    answer = shop.post("assign-card", {"customer_id": ayesha.account_id, field: "12"})
    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (400, field)


def test_nobody_but_a_customer_is_handed_a_card(shop: Shop) -> None:
    (card,) = shop.stock()
    assert refused(shop.assign(card, shop.merchant)) == (404, "NOT_FOUND")


def test_a_fee_that_is_due_must_be_collected_and_is_named(shop: Shop, ayesha: Account) -> None:
    answer = shop.assign(shop.stock()[0], ayesha, fee_collected=False)
    (detail,) = answer.json["error"]["details"]
    assert detail["field"] == "fee_collected"
    assert "500.00 PKR" in detail["message"]


def test_a_hold_that_comes_too_late_counts_no_code(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    firsts: list[Answer] = []

    def is_hold(sent: dict[str, Any]) -> bool:
        return any(
            each.get("Put", {}).get("Item", {}).get("kind") == {"S": "assignment"} for each in sent["TransactItems"]
        )

    with before("TransactWriteItems", lambda: firsts.append(shop.assign(card, ayesha)), matches=is_hold):
        second = shop.assign(card, ayesha)
    assert ([answer.status for answer in firsts], refused(second)) == ([201], (409, "CONFLICT"))
    name = {"assignment_id": firsts[0].json["assignment_id"]}
    sent = [shop.post("send-customer-otp/", name).status for _ in range(3)]
    assert sent == [200, 200, 429]  # three with that of the hold


def test_a_hold_that_comes_too_late_counts_no_sms_and_no_look_up(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    body = {"mobile_number": ayesha.mobile_number, "card_uid": card.uid, "fee_collected": True}
    nobody = "verify-customer/+923450000000/"
    firsts: list[Answer] = []
    # Two of five SMS are for codes of owners.
    with clock.set_to(clock.now().replace(minute=10)), configured(SMS_PER_COUNTRY=5):
        assert {shop.get(nobody).status for _ in range(29)} == {200}
        holding = changing(keys.cards.card(card.uid))
        with before("TransactWriteItems", lambda: firsts.append(shop.assign(card, ayesha)), matches=holding):
            assert refused(shop.post("assign-card", body)) == (409, "CONFLICT")
        assert [answer.status for answer in firsts] == [201]
        again = {"assignment_id": firsts[0].json["assignment_id"]}
        assert [shop.post("send-customer-otp", again).status for _ in range(2)] == [200, 429]
        assert [shop.get(nobody).status for _ in range(2)] == [200, 429]


def test_a_repeat_whose_first_answer_was_lost_counts_no_look_up(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    body = {"mobile_number": ayesha.mobile_number, "card_uid": card.uid, "fee_collected": True}
    nobody = "verify-customer/+923450000000/"
    with clock.set_to(clock.now().replace(minute=10)):
        held = shop.post("assign-card", body, key="one")
        assert held.status == 201, held.text
        for _ in range(3):
            for kept in (each for each in everything() if isinstance(each, IdempotencyRecord)):
                operations.record(operations.remove(kept.place))
            again = shop.post("assign-card", body, key="one")
            assert (again.status, again.json["assignment_id"]) == (201, held.json["assignment_id"])
        # Another request for a card that is held counts: its answer says that the number is a customer's.
        assert shop.post("assign-card", body, key="two").status == 409
        assert [shop.get(nobody).status for _ in range(30)] == [200] * 29 + [429]


def test_a_code_that_comes_after_the_hand_over_is_not_counted(shop: Shop, ayesha: Account) -> None:
    assignment_id, code = shop.hold(shop.stock()[0], ayesha)
    name = {"assignment_id": assignment_id}
    done: list[Answer] = []
    sending = changing(keys.merchants.assignment(assignment_id))
    with before("TransactWriteItems", lambda: done.append(shop.verify(assignment_id, code)), matches=sending):
        assert refused(shop.post("send-customer-otp", name)) == (409, "INVALID_STATE")
    assert [answer.status for answer in done] == [200]
    by_number = {"mobile_number": ayesha.mobile_number}
    assert [shop.post("send-customer-otp", by_number).status for _ in range(3)] == [200, 200, 429]


def test_a_number_that_is_sent_no_more_codes_leaves_the_card_in_stock(shop: Shop, ayesha: Account) -> None:
    first, second, third, fourth = shop.stock(4)
    for card in (first, second, third):
        assert shop.assign(card, ayesha).status == 201
    answer = shop.assign(fourth, ayesha)
    assert refused(answer) == (429, "RATE_LIMITED")
    assert int(answer.headers["retry-after"]) > 0
    assert stored(fourth).status == "stock"


# Making it the customer's.


def test_the_code_makes_the_card_the_customers_and_all_changes_together(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    answer = shop.verify(assignment_id, code)
    assert answer.status == 200, answer.text
    now = stored(card)
    assert answer.json["status"] == "active"
    assert answer.json["fee"] == FEE
    assert answer.json["card"]["status"] == "active"
    assert answer.json["card"]["assigned_at"] == clock.to_text(now.assigned_at)
    assert (now.status, now.customer_id, now.merchant_id) == ("active", ayesha.account_id, shop.id)
    (seen,) = own_cards.of(ayesha.account_id, page_size=10, cursor=None).results
    assert (seen.card.uid, seen.merchant_name) == (card.uid, "Liberty Books")
    assert seen.balance.frozen is None
    journal = fee_journal(assignment_id)
    assert journal is not None
    assert journal.entries == [
        {"account": f"merchant:{shop.id}", "amount": -config().card_fee},
        {"account": "card_fees", "amount": config().card_fee},
    ]
    profile = operations.get(keys.customers.profile(ayesha.account_id))
    assert profile is not None
    assert profile.fee_paid
    assert assert_handed_over_once([shop.id]) == {"active": 1}


def test_a_customer_pays_for_their_first_card_only(shop: Shop, ayesha: Account) -> None:
    first, second = shop.stock(2)
    shop.hand_over(first, ayesha)
    answer = shop.assign(second, ayesha, fee_collected=False)
    assert (answer.status, answer.json["fee"]) == (201, NOTHING)
    done = shop.verify(answer.json["assignment_id"], code_for(ayesha.mobile_number))
    assert (done.status, done.json["fee"]) == (200, NOTHING)
    assert fee_journal(answer.json["assignment_id"]) is None
    assert assert_handed_over_once([shop.id]) == {"active": 2}


def test_of_two_shops_that_collected_the_fee_the_second_is_told_that_none_was_due(ayesha: Account) -> None:
    shops = make_shop(), make_shop("Saddar Mobiles")
    one, other = (shop.stock()[0] for shop in shops)
    second, _ = shops[1].hold(other, ayesha)
    first, code = shops[0].hold(one, ayesha)
    assert (assignment(first).fee, assignment(second).fee) == (config().card_fee, config().card_fee)

    paid = shops[0].verify(first, code)
    assert (paid.json["fee"], paid.json["fee_to_return"], paid.json["note"]) == (FEE, NOTHING, None)
    again = shops[1].post("send-customer-otp", {"assignment_id": second})
    assert again.status == 200, again.text
    (text,) = [one for one in texts() if one["to"] == ayesha.mobile_number and has_code(one)]
    assert "no fee" in text["body"]
    key = new_id("key")
    done = shops[1].verify(second, code_in(text), key=key)

    assert (done.status, done.json["fee"], done.json["fee_to_return"]) == (200, NOTHING, FEE)
    assert done.json["note"] == "This customer has paid the card fee with another card meanwhile. Return PKR 500.00."
    assert shops[1].verify(second, code_in(text), key=key).json == done.json
    assert fee_journal(second) is None
    assert assert_handed_over_once([shop.id for shop in shops]) == {"active": 2}


def test_a_requested_card_costs_what_its_request_said_and_nothing_after_the_first(shop: Shop, ayesha: Account) -> None:
    def request() -> Answer:
        return call("POST", "/api/v1/users/nfc-cards/request/", body, token=customer_token(ayesha))

    body = {"delivery": "pickup", "merchant_id": shop.id}
    assert request().json["fee"] == FEE
    with configured(CARD_FEE=90_000):
        first = shop.hand_over(shop.stock()[0], ayesha)
        assert request().json["fee"] == NOTHING
    assert (first.json["fee"], first.json["fee_to_return"]) == (FEE, NOTHING)
    assert fee_journal(first.json["assignment_id"]) is not None


def test_a_wrong_code_leaves_everything_as_it_is_and_the_sixth_try_is_not_looked_at(
    shop: Shop, ayesha: Account
) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    for _ in range(5):
        assert refused(shop.verify(assignment_id, wrong(code))) == (400, "OTP_INVALID")
    assert refused(shop.verify(assignment_id, code)) == (400, "OTP_EXHAUSTED")
    assert (stored(card).status, fee_journal(assignment_id)) == ("held", None)
    shop.post("send-customer-otp", {"assignment_id": assignment_id})
    assert shop.verify(assignment_id, code_for(ayesha.mobile_number)).status == 200


def test_a_code_lives_five_minutes_and_a_hold_ten(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    start = clock.now()
    with clock.set_to(start + timedelta(minutes=5)):
        assert refused(shop.verify(assignment_id, code)) == (400, "OTP_EXPIRED")
        shop.post("send-customer-otp", {"assignment_id": assignment_id})
        code = code_for(ayesha.mobile_number)
    with clock.set_to(start + HOLD):
        assert refused(shop.verify(assignment_id, code)) == (409, "INVALID_STATE")
        assert refused(shop.post("send-customer-otp", {"assignment_id": assignment_id})) == (409, "INVALID_STATE")
    assert stored(card).customer_id is None


def test_a_code_of_one_assignment_opens_no_other(shop: Shop, ayesha: Account) -> None:
    first, second = shop.stock(2)
    older, _ = shop.hold(first, ayesha)
    _, newer_code = shop.hold(second, ayesha)
    assert refused(shop.verify(older, newer_code)) == (400, "OTP_INVALID")
    assert (stored(first).status, stored(second).status) == ("held", "held")


def test_only_the_newest_code_counts(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, first = shop.hold(card, ayesha)
    answer = shop.post("send-customer-otp", {"mobile_number": ayesha.mobile_number})
    assert answer.status == 200, answer.text
    assert answer.json == {
        "otp_required": True,
        "assignment_id": assignment_id,
        "expires_in": 300,
        "expires_at": clock.to_text(assignment(assignment_id).expires_at),
    }
    newest = code_for(ayesha.mobile_number)
    if first != newest:
        assert refused(shop.verify(assignment_id, first)) == (400, "OTP_INVALID")
    assert shop.verify(assignment_id, newest).status == 200


@pytest.mark.parametrize("place", range(3))
def test_a_code_that_two_requests_bring_at_once_hands_over_once_and_the_other_hears_so(
    place: int, shop: Shop, ayesha: Account
) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    firsts: list[Answer] = []
    skipped = [None] * place
    with before(WRITES, *skipped, lambda: firsts.append(shop.verify(assignment_id, code))):
        second = shop.verify(assignment_id, code)
    assert [answer.status for answer in firsts] == [200]
    assert refused(second) == (409, "INVALID_STATE")
    assert second.json["error"]["message"] == "This card was handed over already."
    assert stored(card).status == "active"


def test_a_card_is_handed_over_once_and_the_same_key_is_told_so_again(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    first, again = (shop.verify(assignment_id, code, key="one") for _ in range(2))
    assert (first.status, again.json) == (200, first.json)
    assert again.headers["idempotent-replayed"] == "true"
    assert refused(shop.verify(assignment_id, code)) == (409, "INVALID_STATE")
    assert refused(shop.post("send-customer-otp", {"assignment_id": assignment_id})) == (409, "INVALID_STATE")
    with clock.set_to(clock.now() + timedelta(hours=73)):  # the answer is forgotten, the effect is not
        late = Shop(shop.merchant).verify(assignment_id, code, key="one")
    assert late.json == first.json
    assert assert_handed_over_once([shop.id]) == {"active": 1}


def test_an_assignment_of_another_shop_is_not_found(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    stranger = make_shop()
    assert refused(stranger.verify(assignment_id, code)) == (404, "NOT_FOUND")
    assert refused(stranger.post("send-customer-otp", {"assignment_id": assignment_id})) == (404, "NOT_FOUND")
    by_number = {"mobile_number": ayesha.mobile_number, "otp": code}
    assert refused(stranger.post("verify-customer-otp", by_number)) == (404, "NOT_FOUND")
    assert refused(stranger.post("send-customer-otp", {"mobile_number": "+923450000000"})) == (404, "NOT_FOUND")
    assert shop.verify(assignment_id, code).status == 200


@pytest.mark.usefixtures("swept")
def test_a_card_that_staff_block_while_it_is_held_is_nobodys(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    card_states.put_into(card.uid, CardStatus.BLOCKED)
    assert refused(shop.verify(assignment_id, code)) == (409, "INVALID_STATE")
    with clock.set_to(clock.now() + HOLD + timedelta(minutes=1)):
        schedules.sweep()
    now = stored(card)
    assert (now.status, now.customer_id, assignment(assignment_id).status) == ("blocked", None, "expired")


def test_a_customer_who_is_locked_out_meanwhile_is_handed_no_card(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, code = shop.hold(card, ayesha)
    close_account(ayesha.account_id)
    assert refused(shop.verify(assignment_id, code)) == (409, "INVALID_STATE")
    assert stored(card).status == "held"
    assert refused(shop.assign(shop.stock()[0], ayesha)) == (404, "NOT_FOUND")


# The further effects.


def test_the_customers_tickets_without_a_card_are_bound_to_it_their_own_first(ayesha: Account, shop: Shop) -> None:
    now = clock.now()
    evening = make_evening()
    childs = ticket_for(evening.event, ayesha, dependent_id="dpd_1")
    own = evening.sell(ayesha)
    soon = make_event(starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2))
    other = ticket_for(soon, ayesha)
    past = make_event(starts_at=now - timedelta(days=2), ends_at=now - timedelta(days=1))
    left_out = [
        ticket_for(past, ayesha),
        ticket_for(soon, ayesha, status=TicketStatus.CANCELLED),
        ticket_for(soon, new_customer()),
    ]
    (card,) = shop.stock()
    shop.hand_over(card, ayesha)
    expected = {evening.event.event_id: [own.ticket_id, childs.ticket_id], soon.event_id: [other.ticket_id]}
    assert stored(card).tickets == expected
    assert {tickets.get(t.ticket_id).card_uid for t in (own, childs, other)} == {card.uid}
    assert {tickets.get(t.ticket_id).card_uid for t in left_out} == {None}
    scanned = evening.scan(card_id=card.uid)
    assert scanned == ("valid", None)


def test_a_ticket_that_another_card_opens_stays_there(shop: Shop, ayesha: Account) -> None:
    event = make_event()
    first, second = shop.stock(2)
    ticket = ticket_for(event, ayesha)
    shop.hand_over(first, ayesha)
    later = ticket_for(event, ayesha)
    shop.hand_over(second, ayesha)
    assert stored(first).tickets == {event.event_id: [ticket.ticket_id]}
    assert stored(second).tickets == {event.event_id: [later.ticket_id]}


def test_a_card_opens_eleven_tickets_of_one_event(shop: Shop, ayesha: Account) -> None:
    event = make_event()
    made = [ticket_for(event, ayesha).ticket_id for _ in range(13)]
    (card,) = shop.stock()
    shop.hand_over(card, ayesha)
    assert stored(card).tickets == {event.event_id: sorted(made)[:11]}


@pytest.mark.usefixtures("swept")
def test_more_tickets_than_one_transaction_takes_are_bound_by_the_next_sweep(shop: Shop, ayesha: Account) -> None:
    made = [ticket_for(event, ayesha) for event in [make_event() for _ in range(9)] for _ in range(10)]
    (card,) = shop.stock()
    shop.hand_over(card, ayesha)
    assert sum(map(len, stored(card).tickets.values())) == 80
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        assert sweeps.until_done() == 1
    assert sum(map(len, stored(card).tickets.values())) == 90
    assert {tickets.get(ticket.ticket_id).card_uid for ticket in made} == {card.uid}
    assert assert_handed_over_once([shop.id]) == {"active": 1}


def test_an_open_wish_for_a_card_is_fulfilled(shop: Shop, ayesha: Account) -> None:
    wish = card_requests.make(
        ayesha.account_id, delivery=CardDelivery.PICKUP, merchant_id=shop.id, address=None, operation_id=new_id("op")
    )
    shop.hand_over(shop.stock()[0], ayesha)
    request = operations.get(keys.cards.card_request(ayesha.account_id, wish.request_id))
    assert request is not None
    assert request.status == "fulfilled"
    assert operations.get(keys.cards.open_card_request(ayesha.account_id)) is None


def test_the_card_has_a_balance_that_pays_from_then_on(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assert operations.get(keys.money.card_balance(card.uid)) is None
    shop.hand_over(card, ayesha)
    balance: Any = operations.get(keys.money.card_balance(card.uid))
    assert (balance.frozen, balance.amount, balance.currency) == (None, 0, "PKR")


def test_a_hand_over_asks_as_much_of_the_table_however_many_tickets_and_cards_there_are(shop: Shop) -> None:
    asked = []
    past = make_event(starts_at=clock.now() - timedelta(days=2), ends_at=clock.now() - timedelta(days=1))
    for count in (1, 60):
        customer = new_customer()
        event = make_event()
        for _ in range(count):
            ticket_for(past, customer)
            ticket_for(event, customer)
        shop.stock(count)
        assignment_id, code = shop.hold(shop.stock()[0], customer)
        with wire(retries=True) as wired:
            assert shop.verify(assignment_id, code).status == 200
        asked.append(wired.sent)
    assert asked[0] == asked[1]
    assert len(asked[0]) <= 10


# The end of a hold.


@pytest.mark.usefixtures("swept")
def test_a_hold_that_is_over_is_taken_back_by_the_sweep_once(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    assignment_id, _ = shop.hold(card, ayesha)
    start = clock.now()
    with clock.set_to(start + timedelta(minutes=9)):
        assert schedules.sweep().handled == 0
    with clock.set_to(start + timedelta(minutes=12)):
        assert schedules.sweep().handled == 1
        assert schedules.sweep().handled == 0
    assert (stored(card).status, assignment(assignment_id).status) == ("stock", "expired")
    assert assert_handed_over_once([shop.id]) == {"stock": 1}


@pytest.mark.usefixtures("swept")
def test_the_sweep_leaves_a_card_to_whom_it_is_held_for_next(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    first, _ = shop.hold(card, ayesha)
    start, bilal = clock.now(), new_customer()
    with clock.set_to(start + HOLD):
        second, code = shop.hold(card, bilal)
    with clock.set_to(start + timedelta(minutes=12)):
        assert schedules.sweep().handled == 1
        assert (assignment(first).status, stored(card).held_by) == ("expired", second)
        assert shop.verify(second, code).status == 200
    assert stored(card).customer_id == bilal.account_id


def test_a_ticket_that_is_bought_after_the_hand_over_is_bound_by_its_order() -> None:
    shop, customer = make_shop(), new_customer()
    (card,) = shop.stock()
    shop.hand_over(card, customer)
    _, category = purchases.make_show()
    order = purchases.book(customer, category)
    purchases.pay(order)
    assert stored(card).tickets == {category.event_id: [order.tickets[0]["ticket_id"]]}
