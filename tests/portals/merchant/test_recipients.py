"""What a shop may learn about the customer of a mobile number."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from chalicelib import clock
from chalicelib.domain.cards import own_cards
from tests.support.client import Answer
from tests.support.closing import close_account
from tests.support.shops import Shop, make_shop, new_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")

NOBODY = "+923450000000"


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def look_up(shop: Shop, number: object) -> Answer:
    return shop.get(f"verify-customer/{number}/")


def test_a_shop_sees_the_least_it_needs_of_a_customer(shop: Shop) -> None:
    customer = new_customer()
    assert look_up(shop, customer.mobile_number).json == {
        "registered": True,
        "fee_paid": False,
        "customer": {"id": customer.account_id, "name": "Ayesha Khan", "photo_url": None, "active_cards": 0},
    }
    first, second = shop.stock(2)
    shop.hand_over(first, customer)
    shop.hand_over(second, customer)
    own_cards.block(customer.account_id, second.card_id, reason="lost")
    seen = look_up(shop, customer.mobile_number).json
    assert (seen["fee_paid"], seen["customer"]["active_cards"]) == (True, 1)


def test_a_number_is_read_in_every_spelling(shop: Shop) -> None:
    customer = new_customer()
    number = customer.mobile_number
    for spelled in (number, quote(number, safe=""), f"0{number[3:]}", f"0092{number[3:]}"):
        assert look_up(shop, spelled).json["customer"]["id"] == customer.account_id, spelled
    answer = look_up(shop, "12")
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert [detail["field"] for detail in answer.json["error"]["details"]] == ["mobile"]


def test_a_number_of_nobody_or_of_somebody_who_is_locked_out_is_not_registered(shop: Shop) -> None:
    gone = new_customer()
    close_account(gone.account_id)
    for number in (NOBODY, gone.mobile_number, shop.merchant.mobile_number):
        assert look_up(shop, number).json == {"registered": False, "fee_paid": False, "customer": None}


def test_a_shop_looks_up_thirty_numbers_in_any_minute(shop: Shop) -> None:
    start = clock.now()
    with clock.set_to(start):
        for _ in range(30):
            assert look_up(shop, NOBODY).status == 200
        answer = look_up(shop, NOBODY)
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "RATE_LIMITED", "60")
        assert look_up(make_shop(), NOBODY).status == 200
    with clock.set_to(start + timedelta(minutes=1)):
        assert look_up(shop, NOBODY).status == 200


def test_numbers_that_come_to_nothing_are_look_ups_wherever_they_are_asked(shop: Shop) -> None:
    (card,) = shop.stock()
    with clock.set_to(clock.now()):
        for _ in range(30):
            answer = shop.post("assign-card", {"mobile_number": NOBODY, "card_uid": card.uid, "fee_collected": True})
            assert answer.status == 404
        assert look_up(shop, NOBODY).status == 429
    with clock.set_to(clock.now() + timedelta(minutes=2)):
        for number, one in enumerate(shop.stock(31)):
            body = {"mobile_number": new_customer().mobile_number, "card_uid": one.uid, "fee_collected": True}
            assert shop.post("assign-card", body).status == 201, number
