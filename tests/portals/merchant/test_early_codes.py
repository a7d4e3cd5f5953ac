"""Codes that a shop sends before it chooses a card: of this shop, this number, and its next assignment."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import accounts
from chalicelib.domain.personal_data import places
from chalicelib.table import keys
from chalicelib.table.items import Account, Challenge, NewestChallenge
from chalicelib.vocabulary.access import AdminRole
from tests.support.client import Answer, call
from tests.support.codes import code_for, code_in, has_code, texts
from tests.support.factories import admin_token, unused_number
from tests.support.meanwhile import before, changing
from tests.support.settings import configured
from tests.support.shops import (
    Shop,
    assert_handed_over_once,
    assignment,
    make_shop,
    new_customer,
    wrong,
)

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def shop() -> Shop:
    return make_shop()


@pytest.fixture
def ayesha() -> Account:
    return new_customer()


def send(shop: Shop, customer: Account) -> Answer:
    return shop.post("send-customer-otp", {"mobile_number": customer.mobile_number})


def early(shop: Shop, customer: Account) -> str:
    """Send an early code and return it."""
    answer = send(shop, customer)
    assert answer.status == 200, answer.text
    assert answer.json["assignment_id"] is None
    return code_for(customer.mobile_number)


def verify(shop: Shop, customer: Account, code: str, **more: Any) -> Answer:
    return shop.post("verify-customer-otp", {"mobile_number": customer.mobile_number, "otp": code}, **more)


def renumber(customer: Account, number: str) -> None:
    change = {"mobile_number": number, "version": accounts.get(customer.account_id).version}
    answer = call("PUT", f"/api/customers/{customer.account_id}/", change, token=admin_token(AdminRole.ADMIN))
    assert answer.status == 200, answer.text


def sent_to(customer: Account) -> list[str]:
    return [one["body"] for one in texts() if one["to"] == customer.mobile_number and has_code(one)]


def test_an_early_code_hands_over_the_card_that_is_assigned_after_it(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    answer = send(shop, ayesha)
    assert answer.json == {**answer.json, "otp_required": True, "assignment_id": None, "expires_in": 300}
    (text,) = [one for one in texts() if one["to"] == ayesha.mobile_number]
    assert all(part in text["body"] for part in ("gives a card to you at", shop.merchant.name, "fee PKR 500"))
    held = shop.assign(card, ayesha)
    assert (held.status, held.json["status"]) == (201, "awaiting_otp")
    assert sent_to(ayesha) == []
    done = verify(shop, ayesha, code_in(text), key="once")
    assert (done.status, done.json["status"], done.json["card"]["uid"][-4:]) == (200, "active", card.uid[-4:])
    assert verify(shop, ayesha, code_in(text), key="once").json == done.json
    assert done.json["fee"] == {"amount": "500.00", "currency": "PKR"}
    assert assert_handed_over_once([shop.id]) == {"active": 1}


def test_an_early_code_is_taken_by_one_assignment(shop: Shop, ayesha: Account) -> None:
    first, second = shop.stock(2)
    code = early(shop, ayesha)
    one = shop.assign(first, ayesha).json["assignment_id"]
    assert sent_to(ayesha) == []
    two = shop.assign(second, ayesha).json["assignment_id"]
    assert len(sent_to(ayesha)) == 1
    # The newer code voids the early one.
    assert shop.verify(one, code).code == "OTP_INVALID"
    assert assignment(two).challenge_id != assignment(one).challenge_id


def test_an_early_code_is_of_one_shop_and_one_number(shop: Shop, ayesha: Account) -> None:
    early(shop, ayesha)
    other, bilal = make_shop("Saddar Mobiles"), new_customer("Bilal")
    for seller, customer in ((other, ayesha), (shop, bilal)):
        assert seller.assign(seller.stock()[0], customer).status == 201
        assert len(sent_to(customer)) == 1


def test_a_neighbours_code_for_the_same_number_voids_none_of_this_shop(shop: Shop, ayesha: Account) -> None:
    code, other = early(shop, ayesha), make_shop("Saddar Mobiles")
    theirs, their_code = other.hold(other.stock()[0], ayesha)
    assert shop.assign(shop.stock()[0], ayesha).status == 201
    assert sent_to(ayesha) == []  # the early one is taken
    assert other.verify(theirs, their_code).status == 200
    if code != their_code:
        assert verify(shop, ayesha, their_code).code == "OTP_INVALID"
    assert verify(shop, ayesha, code).status == 200
    assert assert_handed_over_once([shop.id, other.id]) == {"active": 2}


@pytest.mark.parametrize("is_early", [True, False])
def test_a_code_that_was_sent_to_a_former_number_hands_over_nothing(
    is_early: bool, shop: Shop, ayesha: Account
) -> None:
    code = early(shop, ayesha) if is_early else None
    held = shop.assign(shop.stock()[0], ayesha).json["assignment_id"]
    code = code or code_for(ayesha.mobile_number)
    renumber(ayesha, unused_number())
    assert shop.verify(held, code).code == "OTP_INVALID"
    assert shop.post("send-customer-otp", {"assignment_id": held}).status == 200
    assert shop.verify(held, code_for(accounts.get(ayesha.account_id).mobile_number)).status == 200


def test_an_early_code_for_a_former_number_is_not_taken(shop: Shop, ayesha: Account) -> None:
    early(shop, ayesha)
    renumber(ayesha, unused_number())
    held = shop.assign(shop.stock()[0], ayesha).json["assignment_id"]
    assert shop.verify(held, code_for(accounts.get(ayesha.account_id).mobile_number)).status == 200


def test_a_number_that_changes_while_a_card_is_handed_over_is_handed_none(shop: Shop, ayesha: Account) -> None:
    held, code = shop.hold(shop.stock()[0], ayesha)
    handed_over = changing(keys.merchants.assignment(held))
    with before("TransactWriteItems", lambda: renumber(ayesha, unused_number()), matches=handed_over):
        answer = shop.verify(held, code)
    assert answer.code == "OTP_INVALID", answer.text
    assert assignment(held).status == "awaiting_otp"


def test_codes_of_shops_are_personal_data_of_their_customer(shop: Shop, ayesha: Account) -> None:
    sellers = [shop, make_shop("Saddar Mobiles")]
    held = [assignment(seller.hold(seller.stock()[0], ayesha)[0]).challenge_id for seller in sellers]
    (codes,) = [place for place in places.PLACES if place.name == "codes"]
    found = list(codes.read(places.Person(ayesha.account_id)))
    assert {item.challenge_id for item in found if isinstance(item, Challenge)} == set(held)
    assert {item.challenge_id for item in found if isinstance(item, NewestChallenge)} == set(held)


def test_an_early_code_is_taken_for_five_minutes(shop: Shop, ayesha: Account) -> None:
    now = clock.now()
    with clock.set_to(now):
        code = early(shop, ayesha)
    with clock.set_to(now + timedelta(minutes=5)):
        assert shop.assign(shop.stock()[0], ayesha).status == 201
        (text,) = sent_to(ayesha)
        assert verify(shop, ayesha, code).code == "OTP_INVALID" or code in text


@pytest.mark.parametrize("spoiled", ["voided", "exhausted", "another fee"])
def test_a_code_that_cannot_be_entered_any_more_is_not_taken(shop: Shop, ayesha: Account, spoiled: str) -> None:
    code = early(shop, ayesha)
    if spoiled == "voided":
        with configured(CARD_FEE=config().card_fee + 10_000):  # its text names another fee, so it is not taken
            assert shop.assign(shop.stock()[0], ayesha).status == 201
    if spoiled == "exhausted":
        (card,) = shop.stock()
        held = shop.assign(card, ayesha).json["assignment_id"]
        for _ in range(5):
            assert shop.verify(held, wrong(code)).code == "OTP_INVALID"
        assert shop.verify(held, code).code == "OTP_EXHAUSTED"
    texts()
    with configured(CARD_FEE=config().card_fee + (10_000 if spoiled == "another fee" else 0)):
        answer = shop.assign(shop.stock()[0], ayesha)
    assert answer.status == 201
    assert len(sent_to(ayesha)) == 1


def test_a_code_by_number_belongs_to_the_open_assignment_if_there_is_one(shop: Shop, ayesha: Account) -> None:
    (card,) = shop.stock()
    held, _ = shop.hold(card, ayesha)
    answer = send(shop, ayesha)
    assert answer.json["assignment_id"] == held
    assert verify(shop, ayesha, code_for(ayesha.mobile_number)).status == 200
    # It is handed over, so the next code is for the next card.
    assert send(shop, ayesha).json["assignment_id"] is None


@pytest.mark.usefixtures("one_window")
def test_early_codes_are_limited_like_others_and_tell_no_more(shop: Shop, ayesha: Account) -> None:
    assert [send(shop, ayesha).status for _ in range(4)] == [200, 200, 200, 429]
    # A refused code holds no card: the early one that was sent is taken instead.
    assert shop.assign(shop.stock()[0], ayesha).status == 201
    unknown = {"mobile_number": "+923450000000"}
    assert shop.post("send-customer-otp", unknown).code == "NOT_FOUND"
    assert shop.post("verify-customer-otp", {**unknown, "otp": "123456"}).code == "NOT_FOUND"
    curious = make_shop("Curious")
    statuses = {curious.post("send-customer-otp", {"mobile_number": f"+92345000{n:04}"}).status for n in range(31)}
    assert statuses == {404, 429}


def test_a_number_or_an_assignment_is_named_and_not_both(shop: Shop, ayesha: Account) -> None:
    both = {"assignment_id": "asg_1", "mobile_number": ayesha.mobile_number, "otp": "123456"}
    for body in (both, {"otp": "123456"}):
        assert shop.post("verify-customer-otp", body).status == 400
