"""A shop's inventory: its cards in stock, and the cards handed out with their times."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.identifiers import uid_of_card_id
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.workers import schedules
from tests.support import card_states
from tests.support.client import Answer
from tests.support.scanned_forms import SPELLED
from tests.support.shops import Shop, in_stock, make_shop, new_customer
from tests.support.streams import StreamReader
from tests.support.wire import wire

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def shop() -> Shop:
    return make_shop()


def listed(shop: Shop, query: str = "") -> list[dict[str, Any]]:
    """Follow the cursors to the end of the list."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = shop.get(f"cards/?{query}{cursor}").json
        found += page["results"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def uids(shop: Shop, query: str = "") -> list[str]:
    """Return the UIDs of the listed cards by their ids, since the UIDs of those handed out are masked."""
    return [str(uid_of_card_id(card["id"])) for card in listed(shop, query)]


@pytest.fixture
def full(shop: Shop) -> Shop:
    """A shop with cards in every status, 04A0… to 04A8…"""
    for number in range(9):
        in_stock(shop.id, uid=f"04A{number}00000000BB")
    in_stock(make_shop().id, uid="04A900000000BB")
    card_states.put_into("04A200000000BB", CardStatus.BLOCKED)
    card_states.put_into("04A300000000BB", CardStatus.LOST)
    shop.hold(stored("04A500000000BB"), new_customer())
    shop.hand_over(stored("04A700000000BB"), new_customer())
    shop.hand_over(stored("04A600000000BB"), new_customer())
    return shop


def stored(uid: str) -> Any:
    return cards.find(uid)


def test_a_shop_lists_its_own_cards_by_uid_and_every_page_size_says_the_same(full: Shop) -> None:
    whole = uids(full)
    assert whole == [f"04A{number}00000000BB" for number in range(9)]
    for size in (1, 2, 4, 9):
        assert uids(full, f"page_size={size}") == whole
    assert Counter(card["status"] for card in listed(full)) == {
        "stock": 4,
        "blocked": 1,
        "lost": 1,
        "held": 1,
        "active": 2,
    }


# The ends of the uids that a query finds in the full shop.
FOUND_BY = {
    "status=stock": "0148",
    "status=held": "5",
    "status=active": "67",
    "status=blocked": "2",
    "status=replaced": "",
    "search=04:a7": "7",
    "search=04a": "012345678",
    "search=04B": "",
    "status=active&search=04A6": "6",
    "status=stock&page_size=1": "0148",
    "assigned_from=2020-01-01": "67",
    "assigned_to=2020-01-01": "",
    "assigned_from=2020-01-01&assigned_to=2019-01-01": "",
    "assigned_from=2020-01-01&search=04A7": "7",
    "assigned_from=2020-01-01&status=blocked": "",
    "assigned_from=2020-01-01&page_size=1": "67",
}


def test_a_shop_narrows_its_list(full: Shop) -> None:
    found = {query: uids(full, query) for query in FOUND_BY}
    assert found == {query: [f"04A{number}00000000BB" for number in ends] for query, ends in FOUND_BY.items()}


def test_a_shop_finds_a_card_by_each_form_of_its_uid(full: Shop) -> None:
    forms = {name: form("04A100000000BB") for name, form in SPELLED.items()}
    found = {name: uids(full, f"search={quote(text, safe='')}") for name, text in forms.items()}
    assert found == {name: ["04A100000000BB"] for name in forms}


def test_cards_that_were_handed_out_are_found_by_day_and_moment_the_latest_first(shop: Shop) -> None:
    start = clock.now() - timedelta(days=3)
    made = shop.stock(3)
    for number, card in enumerate(made):
        with clock.set_to(start + timedelta(days=number)):
            Shop(shop.merchant).hand_over(card, new_customer())
    first, second, third = (card.uid for card in made)
    moments = [start + timedelta(days=number) for number in range(3)]
    days = [moment.date().isoformat() for moment in moments]
    assert uids(shop, f"assigned_from={days[0]}") == [third, second, first]
    assert uids(shop, f"assigned_from={days[1]}&assigned_to={days[1]}") == [second]
    assert uids(shop, f"assigned_to={clock.to_text(moments[1])}") == [second, first]
    assert uids(shop, f"assigned_from={clock.to_text(moments[1])}&page_size=1") == [third, second]


@pytest.mark.parametrize(
    "query", ["status=sold", "search=xyz", "assigned_from=yesterday", "page_size=0", "page_size=101", "cursor=x"]
)
def test_a_filter_that_means_nothing_is_refused(query: str, shop: Shop) -> None:
    assert shop.get(f"cards/?{query}").status == 400


def test_a_cursor_is_bound_to_its_filters(full: Shop) -> None:
    cursor = full.get("cards/?status=stock&page_size=1").json["next"]
    answer = full.get(f"cards/?status=active&page_size=1&cursor={cursor}")
    assert (answer.status, answer.code) == (400, "INVALID_CURSOR")


@pytest.mark.usefixtures("swept")
def test_a_hold_whose_time_is_over_is_shown_as_stock_swept_or_not(shop: Shop) -> None:
    (card,) = shop.stock()
    shop.hold(card, new_customer())
    assert (uids(shop, "status=held"), uids(shop, "status=stock")) == ([card.uid], [])
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        for _ in range(2):
            assert (uids(shop, "status=held"), uids(shop, "status=stock")) == ([], [card.uid])
            (shown,) = listed(shop)
            assert (shown["status"], shown["held_until"]) == ("stock", None)
            schedules.sweep()


def test_the_count_is_told_where_a_counter_knows_it(full: Shop) -> None:
    StreamReader().drain()
    for query, count in (
        ("", 9),
        ("status=stock", 4),
        ("status=lost", 1),
        ("search=04", None),
        ("assigned_to=2020-01-01", None),
    ):
        assert full.get(f"cards/?{query}").json["count"] == count, query


def test_a_page_asks_as_much_of_the_table_with_many_cards_as_with_few(shop: Shop) -> None:
    assert shop.token
    queries = ("", "status=stock", "search=04", "assigned_from=2020-01-01")
    shop.stock(3)
    asked_of_few = [requests_of(partial(shop.get, f"cards/?page_size=2&{query}")) for query in queries]
    shop.stock(60)
    asked_of_many = [requests_of(partial(shop.get, f"cards/?page_size=2&{query}")) for query in queries]
    assert asked_of_few == asked_of_many
    assert max(map(len, asked_of_few)) <= 9


def requests_of(act: Callable[[], Answer]) -> list[str]:
    with wire(retries=True) as wired:
        assert act().status == 200
    return wired.sent
