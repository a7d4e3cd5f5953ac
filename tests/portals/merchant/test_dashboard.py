"""A shop's dashboard: running totals, correct however often the stream delivers a change."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.cards import own_cards
from chalicelib.table import keys, operations
from chalicelib.table.items import Card
from chalicelib.vocabulary.cards import CardStatus
from tests.support import card_states
from tests.support.shops import Shop, assert_handed_over_once, make_shop, new_customer, stored
from tests.support.streams import StreamReader, project

pytestmark = pytest.mark.usefixtures("one_day", "moto_cloud")


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def dashboard(shop: Shop) -> Any:
    answer = Shop(shop.merchant).get("dashboard-stats/")
    assert answer.status == 200, answer.text
    return answer.json


def pkr(minor: int) -> dict[str, str]:
    return {"amount": f"{minor / 100:.2f}", "currency": "PKR"}


def test_a_shop_without_cards_sees_thirty_days_of_nothing(shop: Shop) -> None:
    seen = dashboard(shop)
    today = clock.now().date()
    assert seen["cards"] == {"stock": 0, "held": 0, "active": 0, "blocked": 0}
    assert [day["date"] for day in seen["by_day"]] == [
        (today - timedelta(days=number)).isoformat() for number in range(29, -1, -1)
    ]
    assert {(day["assigned"], day["fees"]["amount"]) for day in seen["by_day"]} == {(0, "0.00")}
    assert (seen["assigned_today"], seen["assigned_total"]) == (0, 0)
    assert (seen["fees_today"], seen["fees_total"]) == (pkr(0), pkr(0))


def test_cards_are_counted_by_status_as_they_move(shop: Shop) -> None:
    stream, customer = StreamReader(), new_customer()
    made = shop.stock(5)
    stream.drain()
    assert dashboard(shop)["cards"] == {"stock": 5, "held": 0, "active": 0, "blocked": 0}
    shop.hold(made[0], new_customer())
    shop.hand_over(made[1], customer)
    shop.hand_over(made[2], new_customer())
    card_states.put_into(made[3].uid, CardStatus.LOST)
    stream.drain()
    assert dashboard(shop)["cards"] == {"stock": 1, "held": 1, "active": 2, "blocked": 0}
    own_cards.block(customer.account_id, made[1].card_id, reason="stolen")
    stream.drain()
    assert dashboard(shop)["cards"] == {"stock": 1, "held": 1, "active": 1, "blocked": 1}


def test_what_the_stream_tells_twice_in_parts_or_out_of_order_counts_once(shop: Shop) -> None:
    made = shop.stock(4)
    shop.hand_over(made[0], new_customer())
    card_states.put_into(made[1].uid, CardStatus.BLOCKED)
    records = StreamReader().read()
    project(records[len(records) // 2 :])
    project(records)
    for record in reversed(records):
        project([record])
    assert assert_totals(shop) == {"stock": 2, "held": 0, "active": 1, "blocked": 1}


def assert_totals(shop: Shop) -> Any:
    return dashboard(shop)["cards"]


def test_a_card_that_goes_to_another_shop_is_counted_there(shop: Shop) -> None:
    stream, other = StreamReader(), make_shop()
    first, second = shop.stock(2)
    stream.drain()
    for uid, merchant in ((first.uid, Card.merchant_id.set(other.id)), (second.uid, Card.merchant_id.remove())):
        operations.record(operations.change(keys.cards.card(uid), [merchant]))
    stream.drain()
    assert (dashboard(shop)["cards"]["stock"], dashboard(other)["cards"]["stock"]) == (0, 1)
    assert (stored(second).counted_for, stored(second).counted_as) == (None, None)


def test_what_was_handed_out_and_collected_is_told_by_day(shop: Shop) -> None:
    now, fee = clock.now(), config().card_fee
    for days_ago, count in ((40, 1), (29, 2), (1, 1), (0, 2)):
        with clock.set_to(now - timedelta(days=days_ago)):
            for card in shop.stock(count):
                Shop(shop.merchant).hand_over(card, new_customer())
    regular = new_customer()
    for card in shop.stock(2):  # who pays for the first only
        shop.hand_over(card, regular)
    seen = dashboard(shop)
    assert (seen["assigned_today"], seen["assigned_total"]) == (4, 8)
    assert (seen["fees_today"], seen["fees_total"]) == (pkr(3 * fee), pkr(7 * fee))
    told = {day["date"]: (day["assigned"], day["fees"]) for day in seen["by_day"] if day["assigned"]}
    dates = {days_ago: (now - timedelta(days=days_ago)).date().isoformat() for days_ago in (29, 1, 0)}
    assert told == {dates[29]: (2, pkr(2 * fee)), dates[1]: (1, pkr(fee)), dates[0]: (4, pkr(3 * fee))}
    StreamReader().drain()
    assert assert_handed_over_once([shop.id], drained=True) == {"active": 8}


def test_one_shop_sees_nothing_of_another(shop: Shop) -> None:
    shop.hand_over(shop.stock()[0], new_customer())
    StreamReader().drain()
    other = dashboard(make_shop())
    assert (other["cards"]["active"], other["assigned_total"], other["fees_total"]) == (0, 0, pkr(0))
