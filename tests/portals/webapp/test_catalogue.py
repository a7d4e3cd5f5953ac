"""What anyone may read of events: the lists, their filters and orders, and one event."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib import clock
from chalicelib.domain.events import catalogue, venues
from chalicelib.table import keys, operations
from chalicelib.table.items import CategoryCount, Event, Venue
from chalicelib.vocabulary.events import EventStatus
from tests.support import event_states
from tests.support.catalogue import PATH, Show, counted, listed, page, walked
from tests.support.client import call
from tests.support.settings import configured
from tests.support.streams import StreamReader

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHOWS = (
    Show("Jazz Night", in_days=3, category="Music", city="Lahore", organizer_id="org_1", prices=(90_000, 50_000)),
    Show("Café Jazz", in_days=1, category="music", city="Karachi", organizer_id="org_2", prices=(120_000,)),
    Show("Böse Nacht", in_days=2, category="theatre", city="lahore", organizer_id="org_1", prices=(30_000, 200_000)),
    Show("Garage Jam", in_days=2, category="music", city="LAHORE", prices=()),
    Show("The Nightingale", in_days=9, category="theatre", city="Karachi", prices=(75_000,), featured=True),
    Show("Night of Nights", in_days=4, category="comedy", city=None, prices=(0,)),
    Show("Running Exhibition", in_days=-20, category="art", city="Lahore", hours=24 * 60, prices=(10_000,)),
    Show("Yesterday's Jazz", in_days=-2, category="music", city="Lahore", organizer_id="org_1", prices=(60_000,)),
)


@pytest.fixture
def stream(moto_cloud: None) -> Iterator[StreamReader]:  # noqa: ARG001  # the cloud comes first
    with clock.set_to(NOON):
        yield StreamReader()


@pytest.fixture
def few_rows() -> Iterator[None]:
    """Limit a request to a few rows of the catalogue."""
    with configured(LIMIT_CATALOGUE_CHUNK=4, LIMIT_CATALOGUE_ROWS=10):
        yield


@pytest.fixture
def shows(stream: StreamReader) -> list[Event]:
    made = [show.put() for show in SHOWS]
    stream.drain()
    return made


def _fold(text: str) -> str:
    return text.casefold().replace("é", "e").replace("ö", "o").replace("'", " ")


def _expected(query: dict[str, Any]) -> list[str]:
    """Return what a naive reader finds: every show, looked at one by one."""

    def fits(show: Show) -> bool:
        starts_at = NOON + timedelta(days=show.in_days)
        day = starts_at.date().isoformat()
        last_day = (starts_at + timedelta(hours=show.hours)).date().isoformat()
        words = _fold(show.title).split()
        ends = [" ".join(words[place:]) for place in range(len(words))]
        cheapest = min(show.prices, default=None)
        bounds = [float(query[name]) * 100 for name in ("price_from", "price_to") if name in query]
        return all(
            (
                "include_past" in query or starts_at + timedelta(hours=show.hours) > NOON,
                "category" not in query or _fold(show.category or "") == _fold(query["category"]),
                "city" not in query or _fold(show.city or "") == _fold(query["city"]),
                query.get("organizer_id") in (None, show.organizer_id),
                day <= query.get("date_to", "9"),
                query.get("date_from", "") <= last_day,
                not bounds or cheapest is not None,
                cheapest is None or float(query.get("price_from", 0)) * 100 <= cheapest,
                cheapest is None or cheapest <= float(query.get("price_to", 1e9)) * 100,
                any(end.startswith(_fold(query.get("search", ""))) for end in ends),
            )
        )

    found = sorted(filter(fits, SHOWS), key=lambda show: show.in_days)
    if query.get("ordering") == "price":
        found.sort(key=lambda show: min(show.prices, default=10**12))
    return [show.title for show in found]


FILTERS: dict[str, tuple[str, ...]] = {
    "category": ("MUSIC", "theatre"),
    "city": ("lahore",),
    "organizer_id": ("org_1",),
    "date_from": ("2026-03-04",),
    "date_to": ("2026-03-06",),
    "price_from": ("500",),
    "price_to": ("900.00",),
    "search": ("jazz", "NACHT", "n"),
    "include_past": ("true",),
    "ordering": ("price", "-starts_at"),
}
_ONE_BY_ONE = [{name: value} for name, values in FILTERS.items() for value in values]
_IN_PAIRS = [{**one, **other} for one, other in itertools.combinations(_ONE_BY_ONE, 2) if one.keys() != other.keys()]
_IN_FOURS = [{**one, **other} for one, other in zip(_IN_PAIRS[::5], reversed(_IN_PAIRS[::5]), strict=True)]


def test_filters_alone_and_combined_find_what_a_look_at_every_event_finds(shows: list[Event]) -> None:  # noqa: ARG001
    for query in [{}, *_ONE_BY_ONE, *_IN_PAIRS[::2], *_IN_FOURS]:
        expected = _expected(query)
        found = walked(page_size=3, **query)
        assert sorted(found) == sorted(expected), query
        # Events with the same start, or the same price, may be in any order.
        key = {show.title: show.in_days for show in SHOWS}
        if query.get("ordering") == "price":
            key = {show.title: min(show.prices, default=10**12) for show in SHOWS}
        if "search" not in query or "ordering" in query:
            order = [key[title] for title in found]
            assert order == sorted(order, reverse=query.get("ordering") == "-starts_at"), query


def test_an_event_that_has_begun_is_still_to_come_until_it_ends(shows: list[Event]) -> None:  # noqa: ARG001
    assert listed(category="art") == ["Running Exhibition"]
    with clock.set_to(NOON + timedelta(days=40)):
        assert listed(category="art") == []
        assert listed(category="art", include_past="true") == ["Running Exhibition"]


def test_search_takes_no_notice_of_case_accents_and_punctuation(stream: StreamReader) -> None:
    Show("Ünïcödé: Rock'n'Roll (live)").put()
    Show("موسیقی کی رات").put()
    stream.drain()
    for text in ("unicode", "ÜNICODE rock", "rock n", "rock'n'r", "rocknroll", "LIVE", "u", "rock roll", "live rock"):
        assert listed(search=text) == ["Ünïcödé: Rock'n'Roll (live)"], text
    assert listed(search="کی") == ["موسیقی کی رات"]
    for text in ("nicode", "rock oll", "!!!", "ve"):
        assert listed(search=text) == [], text


def test_a_title_with_two_words_alike_is_found_once(stream: StreamReader) -> None:
    Show("Jazz jazz Jazzy").put()
    Show("Jazz").put()
    stream.drain()
    assert walked(search="ja", page_size=1) == ["Jazz", "Jazz jazz Jazzy"]
    assert sorted(walked(search="ja", page_size=1, ordering="price")) == ["Jazz", "Jazz jazz Jazzy"]


def test_a_date_is_the_events_own_day(stream: StreamReader) -> None:
    late = datetime(2026, 3, 10, 20, tzinfo=UTC)  # the 11th in Karachi
    Show("Late").put(starts_at=late, ends_at=late + timedelta(hours=2), timezone="Asia/Karachi")
    stream.drain()
    assert listed(date_from="2026-03-11", date_to="2026-03-11") == ["Late"]
    assert listed(date_to="2026-03-10") == []
    assert listed(date_from="2026-03-10T20:00:00Z", date_to="2026-03-10T20:00:00Z") == ["Late"]
    assert listed(date_from="2026-03-10T21:59:59Z") == ["Late"]
    assert listed(date_from="2026-03-10T22:00:00Z") == []


def test_a_price_in_another_currency_is_compared_with_none(stream: StreamReader) -> None:
    from chalicelib.domain.events import categories

    abroad, home = Show("Abroad", prices=()).put(), Show("Home").put()
    categories.add(abroad.event_id, categories.CategoryDraft(name="Standard", price=100, capacity=10, currency="USD"))
    categories.add(home.event_id, categories.CategoryDraft(name="Tourist", price=100, capacity=10, currency="USD"))
    stream.drain()
    assert listed(price_to="2000") == ["Home"]
    assert listed(ordering="price") == ["Home", "Abroad"]
    assert call("GET", f"{PATH}{abroad.event_id}/").json["price_from"] == {"amount": "1.00", "currency": "USD"}
    assert call("GET", f"{PATH}{home.event_id}/").json["price_from"] == {"amount": "1500.00", "currency": "PKR"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("ordering=title", "ordering"),
        ("include_past=perhaps", "include_past"),
        ("date_from=2026-03-05&date_to=2026-03-04", "date_to"),
        ("date_from=2026-03-05T00:00:00Z&date_to=2026-03-01", "date_to"),
        ("date_from=tomorrow", "date_from"),
        ("date_to=1969-12-31", "date_to"),
        ("date_to=2200-01-01T00:00:00Z", "date_to"),
        ("price_from=10&price_to=9.99", "price_to"),
        ("price_from=1.234", "price_from"),
        ("price_to=-1", "price_to"),
        ("price_to=free", "price_to"),
        ("organizer_id=%20%23", "organizer_id"),
        (f"search={'x' * 101}", "search"),
    ],
)
def test_a_filter_that_says_nothing_sensible_is_refused(stream: StreamReader, query: str, field: str) -> None:  # noqa: ARG001
    answer = call("GET", f"{PATH}?{query}")
    assert (answer.status, answer.code) == (400, "VALIDATION_ERROR")
    assert [problem["field"] for problem in answer.json["error"]["details"]] == [field]


def test_a_filter_that_nothing_fits_finds_nothing(shows: list[Event]) -> None:  # noqa: ARG001
    for query in ({"category": "x" * 100}, {"city": "﷽" * 100}, {"city": "#"}, {"organizer_id": "org_none"}):
        assert listed(**query) == []


def test_a_cursor_goes_on_where_its_page_ended_whatever_came_and_went(stream: StreamReader) -> None:
    queries: tuple[dict[str, str], ...] = (
        {},
        {"search": "show"},
        {"search": "show", "ordering": "price"},
        {"city": "lahore"},
    )
    made = [Show(f"Show {number:02}", in_days=number).put() for number in range(1, 9)]
    stream.drain()
    firsts = [page(page_size=3, **query).json for query in queries]
    for first in firsts:
        assert [event["title"] for event in first["results"]] == ["Show 01", "Show 02", "Show 03"]
    event_states.put_into(made[2].event_id, EventStatus.CANCELLED)
    event_states.put_into(made[4].event_id, EventStatus.CANCELLED)
    Show("Show 00", in_days=0.5).put()
    stream.drain()
    for query, first in zip(queries, firsts, strict=True):
        second = page(page_size=3, cursor=first["next"], **query).json
        assert [event["title"] for event in second["results"]] == ["Show 04", "Show 06", "Show 07"], query
        assert listed(page_size=3, cursor=second["next"], **query) == ["Show 08"], query


def test_a_cursor_is_bound_to_its_query_and_cannot_be_made(shows: list[Event]) -> None:  # noqa: ARG001
    cursor = page(page_size=2).json["next"]
    queries = ("city=lahore", "ordering=price", "search=jazz", "include_past=true", "search=jazz&ordering=price")
    for query in queries:
        answer = call("GET", f"{PATH}?{query}&cursor={quote(cursor)}")
        assert (answer.status, answer.code) == (400, "INVALID_CURSOR"), query
    for wrong in (cursor[:-4], cursor[4:], f"{cursor[:-8]}AAAA{cursor[-4:]}", "e30="):
        assert call("GET", f"{PATH}?cursor={quote(wrong)}").code == "INVALID_CURSOR"
        assert call("GET", f"{PATH}featured/?cursor={quote(wrong)}").code == "INVALID_CURSOR"
    assert call("GET", f"{PATH}featured/?cursor={quote(cursor)}").code == "INVALID_CURSOR"


@pytest.mark.usefixtures("few_rows")
def test_a_page_looks_at_a_bounded_part_of_a_list_and_then_goes_on(
    stream: StreamReader,
) -> None:
    for number in range(14):
        Show(f"Dear {number:02}", in_days=1 + number, prices=(900_000,)).put()
    Show("Cheap", in_days=20, prices=(100,)).put()
    stream.drain()
    first = page(price_to="10", page_size=3).json
    assert first["results"] == []
    assert first["next"]
    assert walked(price_to="10", page_size=3) == ["Cheap"]
    # Ten titles at a time are reordered.
    found = walked(search="dear", ordering="-starts_at", page_size=3)
    assert found == [f"Dear {number:02}" for number in (*range(9, -1, -1), 13, 12, 11, 10)]


def test_what_is_featured_and_to_come_is_listed(shows: list[Event], stream: StreamReader) -> None:
    def titles() -> list[str]:
        catalogue.forget()
        return [event["title"] for event in call("GET", f"{PATH}featured/").json["results"]]

    assert titles() == ["The Nightingale"]
    event_states.change(shows[0].event_id, featured=True)
    event_states.change(shows[7].event_id, featured=True)  # over
    stream.drain()
    assert titles() == ["Jazz Night", "The Nightingale"]
    event_states.change(shows[4].event_id, featured=False)
    stream.drain()
    assert titles() == ["Jazz Night"]


def test_categories_are_told_with_how_many_events_to_come_they_have(shows: list[Event]) -> None:  # noqa: ARG001
    assert {name.casefold(): events for name, events in counted().items()} == {
        "art": 1,
        "comedy": 1,
        "music": 3,
        "theatre": 2,
    }


def test_categories_whose_events_are_over_leave_the_others_in_the_list(shows: list[Event]) -> None:  # noqa: ARG001
    over = (CategoryCount(*keys.events.catalogue_category(f"a{n:03}"), category=f"A{n}") for n in range(500))
    operations.put_many(over)
    assert {name.casefold() for name in counted()} == {"art", "comedy", "music", "theatre"}


def test_an_event_is_told_as_the_contract_writes_it(stream: StreamReader) -> None:
    venues.add(name="Alhamra", city="Lahore", venue_id="ven_1")
    venue = Venue(id="ven_1", name="Alhamra", city="Lahore", address="68 Mall", latitude="31.5588", longitude="74.3292")
    event = Show("Evening", organizer_id="org_1", prices=(250_000, 150_000), featured=True).put(
        description="All night.", venue=venue, image_url="https://example.com/a.jpg", timezone="Asia/Karachi"
    )
    stream.drain()
    answer = call("GET", f"{PATH}{event.event_id}/")
    assert answer.status == 200
    tiers = answer.json.pop("ticket_categories")
    told = answer.json
    assert told.pop("ticket_categories") == tiers
    assert told == {
        "id": event.event_id,
        "title": "Evening",
        "description": "All night.",
        "category": "music",
        "status": "published",
        "starts_at": "2026-03-09T12:00:00.000Z",
        "ends_at": "2026-03-09T16:00:00.000Z",
        "timezone": "Asia/Karachi",
        "venue": {
            "id": "ven_1",
            "name": "Alhamra",
            "city": "Lahore",
            "address": "68 Mall",
            "latitude": "31.5588",
            "longitude": "74.3292",
        },
        "organizer": {"id": "org_1", "name": "Shows Ltd"},
        "image_url": "https://example.com/a.jpg",
        "featured": True,
        "price_from": {"amount": "1500.00", "currency": "PKR"},
        "children_enabled": False,
        "re_entry_allowed": False,
    }
    assert [(tier["name"], tier["price"]["amount"], tier["capacity"], tier["available"]) for tier in tiers] == [
        ("Tier 0", "2500.00", 100, 100),
        ("Tier 1", "1500.00", 100, 100),
    ]
    assert set(tiers[0]) >= {"id", "tier", "per_order_limit", "sales_start", "sales_end"}


def test_public_answers_may_be_kept_and_are_not_sent_twice(shows: list[Event], stream: StreamReader) -> None:
    for path in (PATH, f"{PATH}featured/", f"{PATH}categories/", f"{PATH}{shows[0].event_id}/"):
        answer = call("GET", path)
        assert answer.headers["cache-control"] == "public, max-age=30"
        etag = answer.headers["etag"]
        again = call("GET", path, headers={"if-none-match": etag})
        assert (again.status, again.text, again.headers["etag"]) == (304, "", etag)
    event_states.change(shows[0].event_id, title="Jazz Morning")
    stream.drain()
    path = f"{PATH}{shows[0].event_id}/"
    before = etag
    changed = call("GET", path, headers={"if-none-match": before})
    assert changed.status == 200
    assert changed.headers["etag"] != before
    assert changed.json["title"] == "Jazz Morning"


@pytest.mark.parametrize("status", sorted(set(EventStatus) - {EventStatus.PUBLISHED, EventStatus.LIVE}))
def test_what_is_not_public_is_not_found(stream: StreamReader, status: EventStatus) -> None:
    event = Show("Hidden").put(status=status)
    stream.drain()
    answer = call("GET", f"{PATH}{event.event_id}/")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert answer.headers["cache-control"] == "no-store"
    assert listed() == listed(include_past="true") == []
    assert catalogue.summaries([event.event_id])[event.event_id].body["title"] == "Hidden"


def test_an_event_that_nobody_knows_is_not_found(stream: StreamReader) -> None:  # noqa: ARG001
    assert call("GET", f"{PATH}evt_nobody/").code == "NOT_FOUND"
    assert catalogue.summaries(["evt_nobody"]) == {}
    assert catalogue.summaries([]) == {}
