"""How events enter and leave the catalogue: after any change every list agrees with the table."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.events import catalogue, categories, events, listings, stock, venues
from chalicelib.domain.sale import orders, rules
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Event
from chalicelib.vocabulary.events import EventStatus
from chalicelib.workers import schedules
from tests.support import event_states, sweeps
from tests.support.catalogue import PATH, Show, assert_recount, counted, listed, set_price
from tests.support.client import call
from tests.support.factories import make_customer
from tests.support.streams import StreamReader, project

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHOW = Show("Jazz Night", organizer_id="org_1", featured=True)
# A query for each list that has the event.
EVERYWHERE: tuple[dict[str, str], ...] = (
    {},
    {"category": "music"},
    {"city": "lahore"},
    {"category": "music", "city": "lahore"},
    {"organizer_id": "org_1"},
    {"search": "jazz"},
    {"search": "night"},
)


@pytest.fixture
def stream(moto_cloud: None) -> Iterator[StreamReader]:  # noqa: ARG001  # the cloud comes first
    with clock.set_to(NOON):
        yield StreamReader()


@pytest.fixture
def event(stream: StreamReader) -> Event:
    event = SHOW.put()
    stream.drain()
    return event


def found_by() -> list[str]:
    """Return the lists that are not empty, by their queries."""
    periods: tuple[dict[str, str], ...] = ({}, {"include_past": "true"})
    orders: tuple[dict[str, str], ...] = ({}, {"ordering": "price"})
    queries = [{**query, **order, **past} for query in EVERYWHERE for order in orders for past in periods]
    return [str(query) for query in queries if listed(**query)] + featured()


def featured() -> list[str]:
    catalogue.forget()
    return [event["title"] for event in call("GET", f"{PATH}featured/").json["results"]]


def test_an_event_that_is_published_stands_in_every_list_and_leaves_all_when_it_is_not(
    event: Event, stream: StreamReader
) -> None:
    assert len(found_by()) == len(EVERYWHERE) * 4 + 1
    assert counted() == {"music": 1}
    for status in (EventStatus.CANCELLED, EventStatus.DRAFT, EventStatus.ARCHIVED):
        event_states.put_into(event.event_id, status)
        stream.drain()
        assert found_by() == []
        assert counted() == {}
        assert call("GET", f"{PATH}{event.event_id}/").status == 404
        assert_recount()
        event_states.put_into(event.event_id, EventStatus.LIVE)
        stream.drain()
        assert len(found_by()) == len(EVERYWHERE) * 4 + 1
        assert counted() == {"music": 1}
        assert call("GET", f"{PATH}{event.event_id}/").json["status"] == "live"
        assert_recount()


def test_a_renamed_event_is_found_by_its_new_name_only(event: Event, stream: StreamReader) -> None:
    event_states.change(event.event_id, title="Blues Evening")
    stream.drain()
    assert listed(search="jazz") == listed(search="night") == []
    assert listed(search="blues") == listed(search="eve") == ["Blues Evening"]
    assert_recount()


def test_an_event_that_moves_to_another_category_and_city_leaves_the_old_ones(
    event: Event, stream: StreamReader
) -> None:
    event_states.change(event.event_id, category="Theatre", venue_id=venues.add(name="Hall", city="Karachi").venue_id)
    stream.drain()
    assert listed(category="music") == listed(city="lahore") == []
    assert listed(category="theatre", city="karachi") == ["Jazz Night"]
    assert counted() == {"Theatre": 1}
    event_states.store(event.event_id, category=None, venue=None, organizer_id=None)
    stream.drain()
    assert listed(category="theatre") == listed(city="karachi") == listed(organizer_id="org_1") == []
    assert listed() == ["Jazz Night"]
    assert counted() == {}
    assert_recount()


def test_a_price_that_changes_moves_the_event_in_the_order_of_prices(event: Event, stream: StreamReader) -> None:
    Show("Blues", prices=(100_000,)).put()
    stream.drain()
    assert listed(ordering="price") == ["Blues", "Jazz Night"]
    (category,) = categories.of(event.event_id)
    set_price(category, 50_000)
    stream.drain()
    assert listed(ordering="price") == ["Jazz Night", "Blues"]
    assert listed(price_to="500") == ["Jazz Night"]
    assert call("GET", f"{PATH}{event.event_id}/").json["price_from"]["amount"] == "500.00"
    categories.add(event.event_id, categories.CategoryDraft(name="Child", price=100, capacity=10))
    stream.drain()
    assert call("GET", f"{PATH}{event.event_id}/").json["price_from"]["amount"] == "1.00"
    assert_recount()


def test_an_event_that_is_moved_in_time_is_listed_where_it_belongs(event: Event, stream: StreamReader) -> None:
    Show("Blues", in_days=8).put()
    event_states.change(event.event_id, starts_at=NOON + timedelta(days=9), ends_at=NOON + timedelta(days=10))
    stream.drain()
    assert listed() == ["Blues", "Jazz Night"]
    assert_recount()


def test_an_event_that_is_over_leaves_what_is_to_come_at_the_sweep(event: Event, stream: StreamReader) -> None:
    ends_at = event.ends_at
    with clock.set_to(ends_at - timedelta(seconds=1)):
        assert listed() == ["Jazz Night"]
    with clock.set_to(ends_at):
        sweeps.begin()
        # The sweep has not removed it yet.
        assert listed() == featured() == []
        assert listed(include_past="true") == ["Jazz Night"]
        assert counted() == {"music": 1}
    with clock.set_to(ends_at + timedelta(seconds=61)):
        assert schedules.sweep().handled == 1
        assert schedules.sweep().handled == 0
        assert counted() == {}
        assert_recount()
        assert listed(include_past="true", search="ni") == ["Jazz Night"]
        assert call("GET", f"{PATH}{event.event_id}/").status == 200
        later = clock.now() + timedelta(days=2)
        event_states.change(event.event_id, starts_at=later, ends_at=later + timedelta(hours=2))
        stream.drain()
        assert listed() == ["Jazz Night"]
        assert counted() == {"music": 1}
        assert_recount()


def test_what_is_left_and_sold_follows_the_sale(event: Event, stream: StreamReader) -> None:
    (category,) = categories.of(event.event_id)

    def left() -> int:
        stream.drain()
        (tier,) = call("GET", f"{PATH}{event.event_id}/").json["ticket_categories"]
        return int(tier["available"])

    want = rules.RequestedTickets(category.category_id, 3, [])
    order = orders.book(make_customer(), event_id=event.event_id, wants=[want], operation_id=new_id("op"))
    assert left() == 97
    assert events.status(event.event_id).tickets_sold == 0
    taken = {item["category_id"]: {int(n): k for n, k in item["shards"].items()} for item in order.items}
    operations.commit(*stock.sell(event.event_id, taken))
    assert left() == 97
    assert events.status(event.event_id).tickets_sold == 3
    operations.commit(*stock.reserve(event.event_id, {category.category_id: {0: 2, 1: 1}}))
    assert left() == 94
    operations.commit(*stock.give_back(event.event_id, {category.category_id: {0: 2, 1: 1}}))
    assert left() == 97
    assert listed(search="jazz") == ["Jazz Night"]
    assert_recount()


def test_an_event_without_a_listing_gets_one_from_its_stock(event: Event) -> None:
    listings.project(event.event_id)
    assert_recount()


def test_changes_that_come_twice_out_of_order_and_in_pieces_end_where_the_table_stands(stream: StreamReader) -> None:
    made = [Show(title, category=name).put() for title, name in (("One Two", "a"), ("Two Three", "b"), ("Three", "a"))]
    presented: list[dict[str, Any]] = [{"category": "b"}, {"title": "Four"}, {"featured": True}]
    for event, changes in zip(made, presented, strict=True):
        event_states.change(event.event_id, **changes)
    event_states.put_into(made[2].event_id, EventStatus.CANCELLED)
    set_price(categories.of(made[0].event_id)[0], 7)
    operations.commit(*stock.sell_free(made[0].event_id, {categories.of(made[0].event_id)[0].category_id: {1: 5}}))
    records = stream.read()
    half = len(records) // 2
    shuffled = random.Random(7).sample(records, len(records))  # noqa: S311  # the same shuffle every time
    for batch in (records, records, records[half:], records[:half], shuffled, list(reversed(records))):
        assert project(batch) == {"batchItemFailures": []}
        assert_recount()
    assert counted() == {"b": 2}
