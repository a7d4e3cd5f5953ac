"""A declared list: filters, orderings, ranges, search and pages, at a cost that does not grow with the list."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.background.changes import Change
from chalicelib.domain.lists import entries, follower, pages
from chalicelib.domain.lists.declaration import ListOf
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.lists.venues import VENUES
from chalicelib.errors import InvalidCursor, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import KnownVenue, ListEntry, ListWord
from tests.support.asked import requests

pytestmark = pytest.mark.usefixtures("moto_cloud")
START = datetime(2026, 11, 1, tzinfo=UTC)


def venue(number: int, **changes: Any) -> KnownVenue:
    """Store a venue, without its entries."""
    venue_id = f"ven_{number:026d}"
    settings = {"name": f"Hall {number}", "city": "Lahore", "country": "Pakistan"}
    made = KnownVenue(
        *keys.events.venue(venue_id),
        venue_id=venue_id,
        created_at=START + timedelta(minutes=number),
        **{**settings, **changes},
    )
    operations.record(operations.put(made))
    return made


def listed(*venues: KnownVenue) -> None:
    """Write the entries of venues, as the stream does."""
    follower.follow([Change(position=str(n), before=None, after=each) for n, each in enumerate(venues)])


def ids(of: ListOf[KnownVenue] = VENUES, **asked: Any) -> list[int]:
    """Return the numbers of all venues of a list, page by page."""
    found: list[int] = []
    cursor = None
    for _ in range(200):
        page = pages.page(of, Asked(caller_id="adm_1", cursor=cursor, **asked))
        found += [int(each.venue_id[4:]) for each in page.results]
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("the list does not end")


def stored(kind: type[ListEntry | ListWord]) -> int:
    """Return how many rows of a kind the table holds."""
    client: Any = operations.client()
    rows = client.scan(TableName="gatehouse")["Items"]
    return sum(row["kind"]["S"] == kind.kind.get_discriminator(kind) for row in rows)


def test_pages_follow_one_another_in_each_ordering_without_loss_or_repetition() -> None:
    listed(*(venue(n, name=f"Hall {chr(97 + n % 5)}") for n in range(23)))
    for wish in VENUES.orderings_allowed:
        expected = sorted(range(23), key=lambda n: (n % 5 if "name" in wish else 0, n), reverse=wish[0] == "-")
        assert ids(ordering=wish, page_size=5) == expected, wish


def test_a_filter_shows_the_things_that_have_its_value_and_no_others() -> None:
    listed(venue(1), venue(2, city="Karachi"), venue(3, city="lahore", country="India"), venue(4, city=None))
    assert ids(filters={"city": "Láhore"}) == [1, 3]
    assert ids(filters={"country": "Pakistan"}) == [1, 2, 4]
    assert ids(filters={"city": "Lahore", "country": "India"}) == [3]


def test_a_range_includes_both_ends_in_its_own_and_in_another_ordering() -> None:
    listed(*(venue(n) for n in range(9)))
    between = {"created_at": (START + timedelta(minutes=2), START + timedelta(minutes=5))}
    assert ids(ordering="-created_at", ranges=between, page_size=2) == [5, 4, 3, 2]
    assert ids(ordering="name", ranges=between, page_size=3) == [2, 3, 4, 5]
    assert ids(ranges={"created_at": (None, START)}) == [0]


def test_a_search_finds_the_beginning_of_any_word_and_each_of_several() -> None:
    listed(venue(1, name="Alhamra Arts Centre"), venue(2, name="Arts Council"), venue(3, name="AC/DC Hall"))
    assert ids(search="arts") == [1, 2]
    assert ids(search="CENT") == [1]
    assert ids(search="centre alh") == [1]
    assert ids(search="arts lah") == [1, 2]
    assert ids(search="acdc") == ids(search="ac dc") == [3]
    assert ids(search="entre") == []


def test_many_matches_are_listed_by_word_or_need_more_letters_in_an_ordering() -> None:
    # Of a hundred shards each is read up to ten words.
    crowded = replace(VENUES, name="crowded", shards=100)
    for number in range(3, 303, 10):
        made = venue(number, name="Ha Hb Hc")
        operations.put_many(entries.of(crowded, made).values())
    assert sorted(ids(crowded, search="h", page_size=7)) == list(range(3, 303, 10))
    with pytest.raises(ValidationFailed) as refused:
        ids(crowded, search="h", ordering="-created_at")
    assert "more letters" in str(refused.value.details)


@pytest.mark.parametrize("order", [None, "-created_at"])
def test_of_many_matches_the_first_page_has_those_that_continue_as_typed(order: str | None) -> None:
    # Of a hundred shards each is read up to ten words, and these are all in one.
    crowded = replace(VENUES, name="crowded", shards=100)
    for number in range(3, 203, 10):
        operations.put_many(entries.of(crowded, venue(number, name=f"0300 1{number:06}")).values())
    asked = Asked(caller_id="adm_1", search="0300-1000193", ordering=order, page_size=5)
    page = pages.page(crowded, asked)
    assert [each.venue_id[-3:] for each in page.results] == ["193"]
    assert page.next is None
    # Words in another order are still found, page by page.
    assert ids(crowded, search="1000193 0300", page_size=5) == [193]


def test_a_page_shows_no_thing_that_is_gone_or_no_longer_fits_and_follows_its_change() -> None:
    moved, gone, kept = venue(1), venue(2), venue(3)
    listed(moved, gone, kept)
    operations.record(operations.remove(gone.place))
    changed = venue(1, city="Karachi", name="Zoo")
    assert ids() == ids(filters={"city": "Lahore"}) == [3]
    follower.follow([Change("2", moved, changed)])
    assert ids() == [3, 1]
    assert ids(filters={"city": "Karachi"}) == ids(search="zoo") == [1]
    assert ids(search="hall") == [3]


def test_a_replayed_or_overtaken_record_leaves_the_entries_of_the_present_state() -> None:
    first = venue(1, name="Anna")
    second = venue(1, name="Berta")
    third = venue(1, name="Anna")
    changes = [Change("1", None, first), Change("2", first, second), Change("3", second, third)]
    follower.follow(changes)
    before = stored(ListEntry), stored(ListWord)
    for replayed in (changes[1:2], changes[:2], changes):
        follower.follow(replayed)
        assert ids(search="anna") == [1]
        assert (stored(ListEntry), stored(ListWord)) == before


def test_a_change_of_what_no_list_declares_writes_nothing() -> None:
    made = venue(1)
    listed(made)
    changed = venue(1, address="Mall Road", version=2)
    with requests() as asked:
        follower.follow([Change("2", made, changed)])
    assert asked == []


def test_an_erased_name_leaves_no_word_behind() -> None:
    made = venue(1, name="Ayesha Khan")
    listed(made)
    follower.follow([Change("2", made, venue(1, name="Erased"))])
    client: Any = operations.client()
    assert "ayesha" not in str(client.scan(TableName="gatehouse")["Items"]).lower()


def test_a_page_costs_the_same_few_requests_at_any_length() -> None:
    questions: tuple[dict[str, Any], ...] = (
        {},
        {"filters": {"city": "Lahore"}},
        {"filters": {"city": "Lahore", "country": "Pakistan"}},
        {"search": "h"},
        {"ranges": {"created_at": (START, START + timedelta(days=9))}},
    )
    costs: list[list[int]] = []
    for numbers in (range(25), range(25, 90)):
        listed(*(venue(n) for n in numbers))
        ids(page_size=5)  # reads the key of cursors
        costs.append([])
        for asked in questions:
            with requests() as sent:
                assert len(pages.page(VENUES, Asked(caller_id="adm_1", **asked)).results) == 20
            costs[-1].append(len(sent))
    assert costs[0] == costs[1] == [2] * len(questions)


def test_a_cursor_or_an_ordering_of_another_list_is_refused() -> None:
    listed(*(venue(n) for n in range(3)))
    cursor = pages.page(VENUES, Asked(caller_id="adm_1", page_size=1)).next
    others: tuple[dict[str, Any], ...] = (
        {"caller_id": "adm_2"},
        {"ordering": "-name"},
        {"search": "hall"},
        {"filters": {"city": "Lahore"}},
    )
    for other in others:
        with pytest.raises(InvalidCursor):
            pages.page(VENUES, replace(Asked(caller_id="adm_1", page_size=1, cursor=cursor), **other))
    with pytest.raises(ValidationFailed) as refused:
        ids(ordering="price")
    assert "-created_at" in str(refused.value.details)
