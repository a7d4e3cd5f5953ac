"""The notices that a shop receives when its stock of cards runs low."""

from typing import Any

import pytest

import app
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import change_of
from chalicelib.domain.merchants import stock_notices
from tests.support.client import call
from tests.support.codes import texts
from tests.support.shops import Shop, make_shop, new_customer
from tests.support.streams import StreamReader, project
from tests.workers.test_alert_mail import put

pytestmark = pytest.mark.usefixtures("moto_cloud")


def settings(shop: Shop, **changes: Any) -> None:
    body = {"name": "Liberty Books", "address": "1 Mall Road", "city": "Lahore", **changes}
    assert call("PUT", "/api/merchant/settings/", body, token=shop.token).status == 200


def told(stream: StreamReader) -> list[Published]:
    """Process all new records of the stream, and return the shops for which it publishes low stock."""
    facts: list[Published] = []
    while records := stream.read():
        project(records)
        facts += stock_notices.follow([change_of(record) for record in records])
    return facts


def sent(*facts: Published) -> list[dict[str, Any]]:
    """Return the messages of the queue after the alerts' handler received these facts."""
    texts()
    batch = put(*({"detail-type": one.fact, "detail": {"fact_id": one.fact_id, **one.ids}} for one in facts))
    assert app.alerts(batch, None) == {"batchItemFailures": []}
    return texts()


def test_a_shop_is_told_once_that_its_cards_went_under_the_number_it_set() -> None:
    shop, other, stream = make_shop(), make_shop("Saddar Mobiles"), StreamReader()
    settings(shop, low_stock_threshold=3, notifications={"sms": True, "email": True}, email="shop@example.com")
    cards, theirs = shop.stock(4), other.stock(2)
    assert told(stream) == []
    # A held card may return to the stock; four and three are not under three; no other shop set a threshold.
    shop.hold(cards[0], new_customer())
    shop.hand_over(cards[1], new_customer())
    other.hand_over(theirs[0], new_customer())
    assert told(stream) == []
    shop.hand_over(cards[2], new_customer())
    (fact,) = told(stream)
    assert (fact.fact, fact.ids) == ("shop.stock_low", {"merchant_id": shop.id, "left": 2})
    shop.hand_over(cards[3], new_customer())
    assert told(stream) == []
    messages = sent(fact)
    assert {(one["channel"], one["to"]) for one in messages} == {
        ("sms", shop.merchant.mobile_number),
        ("email", "shop@example.com"),
    }
    assert {one["body"] for one in messages} == {
        'Gatehouse: 2 cards are left at "Liberty Books": fewer than the 3 you set.'
    }
    # A second delivery of the fact makes the same message, by its id.
    assert {one["message_id"] for one in sent(fact)} == {one["message_id"] for one in messages}
    settings(shop, low_stock_threshold=3, notifications={"sms": False, "email": False})
    assert sent(fact) == []
