"""The public catalogue of events. A page costs a query of one partition and one batch read of listings.

Filters that no sort key covers are applied while reading, within a read budget. Such a page may hold fewer events than
requested; `next` continues. Each container caches the first pages of lists for `KEPT_SECONDS`.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock, folding
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain import money, paging
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.events import events, listing_places, listings
from chalicelib.domain.events.listing_places import ALL, BY_PRICE, BY_START, UPCOMING
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import InvalidCursor, NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import Category, CategoryCount, Event, Listing, ListingEntry, Stock
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.events import CatalogueOrder

KEPT_SECONDS = 2.0
_LISTS_KEPT = 200
_CATEGORIES_SHOWN = 500
_ANYONE = "public"
# Sorts after every text with the same prefix.
_LAST = "\U0010ffff"
# A day in any time zone begins at most this long before and after the day in UTC.
_DAY_BEGINS_BEFORE, _DAY_BEGINS_AFTER = timedelta(hours=14), timedelta(hours=12)

When = date | datetime
# An event in an answer.
EventShown = dict[str, Any]


class CatalogueFilters(Struct, frozen=True):
    """Filters: an event that takes place within a range is found; a date is a day in the event's time zone.

    Ranges include both ends; prices are text as in the API.
    """

    category: str | None = None
    city: str | None = None
    date_from: When | None = None
    date_to: When | None = None
    price_from: str | None = None
    price_to: str | None = None
    organizer_id: str | None = None
    search: str | None = None
    ordering: CatalogueOrder | None = None
    include_past: bool = False


class CategoryShown(Struct, frozen=True):
    """A catalogue category and its number of upcoming events."""

    category: str
    events: int


class _ComparedFilters(Struct, frozen=True):
    """Normalized filters; prices in minor units, times as text."""

    category: str | None
    city: str | None
    organizer_id: str | None
    search: str | None
    # Words in any order, each of which begins a word of the title; empty if the title continues as it was typed.
    words: tuple[str, ...]
    first_day: str
    last_day: str
    ends_after: str
    starts_to: str
    price_from: int | None
    price_to: int | None
    include_past: bool

    def takes(self, entry: ListingEntry) -> bool:
        """Whether an entry of a list matches the filters."""
        return (
            (self.include_past or entry.ends_at > clock.now())
            and self.category in (None, entry.category)
            and self.city in (None, entry.city)
            and self.organizer_id in (None, entry.organizer_id)
            and entry.day <= self.last_day
            and self.first_day <= (entry.last_day or entry.day)
            and clock.to_text(entry.starts_at) <= self.starts_to
            and self.ends_after < clock.to_text(entry.ends_at)
            and self._takes_price(entry)
            and (self.search is None or _is_first_match(entry, self.search))
            and all(folding.begins_one(listing_places.endings(entry.title or ""), word) for word in self.words)
        )

    def _takes_price(self, entry: ListingEntry) -> bool:
        if self.price_from is None and self.price_to is None:
            return True
        if entry.price is None:
            return False
        return (self.price_from or 0) <= entry.price and (self.price_to is None or entry.price <= self.price_to)


class _ListRange(Struct, frozen=True):
    """A range of one list."""

    partition: str
    low: str = ""
    high: str = _LAST
    newest_first: bool = False


_lock = threading.Lock()
_kept: dict[tuple[_ListRange, int], tuple[float, list[ListingEntry]]] = {}


def forget() -> None:
    """Clear the cache of lists."""
    with _lock:
        _kept.clear()


@follows(*every(Event, Category, Stock))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Update the catalogue from these changes; idempotent, in whole or in part."""
    if listings.follow(changes):
        forget()
    return []


def event(event_id: str) -> EventShown:
    """Return a public event, with one read. Raises NotFound."""
    listing = operations.get(keys.events.listing(event_id), consistent=False)
    if listing is None or not listing.public:
        raise NotFound("There is no such event.")
    return _shown(listing)


def summaries(event_ids: Iterable[str]) -> dict[str, Listing]:
    """Return the listings of events by id, including ones no longer public; one batch read."""
    wanted = [keys.events.listing(event_id) for event_id in event_ids]
    found = operations.get_many(wanted, consistent=False) if wanted else {}
    return {listing.event_id: listing for listing in found.values()}


def categories() -> list[CategoryShown]:
    """Return the categories with upcoming events, by name."""
    # One that has no event any more keeps its item.
    counts = map(CategoryCount.from_raw_data, operations.query(keys.events.catalogue_category().pk))
    shown = (CategoryShown(category=count.category, events=count.events) for count in counts if count.events > 0)
    return list(islice(shown, _CATEGORIES_SHOWN))


def featured(*, page_size: int, cursor: str | None) -> Page[EventShown]:
    """Return a page of the upcoming featured events, the earliest first. Raises InvalidCursor."""
    wanted = _wanted(CatalogueFilters())
    of_list = _ListRange(listing_places.featured_partition())
    return _page(of_list, wanted.takes, PageRequest(f"{_ANYONE}/featured", page_size, cursor))


def browse(filters: CatalogueFilters, *, page_size: int, cursor: str | None) -> Page[EventShown]:
    """Return a page of the matching public events; a search without an ordering sorts by title.

    Raises ValidationFailed (prices, ranges that end before they begin), InvalidCursor.
    """
    wanted = _wanted(filters)
    asked = PageRequest(f"{_ANYONE}/events/{filters}", page_size, cursor)
    if filters.search is None:
        return _page(_range(wanted, filters.ordering), wanted.takes, asked)
    if not wanted.search:
        return paging.nothing(cursor)
    return _found(wanted, filters, asked)


def _found(wanted: _ComparedFilters, filters: CatalogueFilters, asked: PageRequest) -> Page[EventShown]:
    """Return a page of a search: titles that continue as typed from a word on, else ones with these words anywhere."""
    words = [folding.typed(word) for word in folding.words(filters.search or "")]
    try:
        page = _searched(wanted, filters.ordering, asked)
    except InvalidCursor:
        if len(words) == 1:
            raise
    else:
        if len(words) == 1 or asked.cursor is not None or page.results or page.next is not None:
            return page
    # The longest word selects the fewest titles.
    in_any_order = replace(wanted, search=max(words, key=len), words=tuple(words))
    return _searched(in_any_order, filters.ordering, replace(asked, bound_to=f"{asked.bound_to}/in any order"))


def _searched(wanted: _ComparedFilters, ordering: CatalogueOrder | None, asked: PageRequest) -> Page[EventShown]:
    if ordering is not None:
        return _search_ordered(wanted, ordering, asked)
    return _page(_range(wanted, None), wanted.takes, asked)


def _wanted(filters: CatalogueFilters) -> _ComparedFilters:
    ends_after, first_day = _bound(filters.date_from, is_first=True)
    starts_to, last_day = _bound(filters.date_to, is_first=False)
    if ends_after > starts_to or first_day > last_day:
        raise ValidationFailed(details=[{"field": "date_to", "message": "must not be before date_from"}])
    price_from, price_to = _minor("price_from", filters.price_from), _minor("price_to", filters.price_to)
    if price_from is not None and price_to is not None and price_from > price_to:
        raise ValidationFailed(details=[{"field": "price_to", "message": "must not be less than price_from"}])
    return _ComparedFilters(
        category=None if filters.category is None else listing_places.folded(filters.category),
        city=None if filters.city is None else listing_places.folded(filters.city),
        organizer_id=filters.organizer_id,
        search=None if filters.search is None else folding.typed(filters.search),
        words=(),
        first_day=first_day,
        last_day=last_day,
        ends_after=ends_after,
        starts_to=starts_to,
        price_from=price_from,
        price_to=price_to,
        include_past=filters.include_past,
    )


def _bound(when: When | None, *, is_first: bool) -> tuple[str, str]:
    """Return a date bound as a time and a day; the time bound includes that day in every time zone."""
    if when is None:
        return ("", "") if is_first else (_LAST, _LAST)
    if isinstance(when, datetime):
        return clock.to_text(when), "" if is_first else _LAST
    if is_first:
        begins = datetime.combine(when, time_of_day.min, UTC)
        # The earliest possible day begins before the earliest datetime.
        return clock.to_text(begins - _DAY_BEGINS_BEFORE), when.isoformat()
    return clock.to_text(datetime.combine(when, time_of_day.max, UTC) + _DAY_BEGINS_AFTER), when.isoformat()


def _minor(field: str, text: str | None) -> int | None:
    if text is None:
        return None
    parsed = money.parse(text, config().currency)
    if parsed is None:
        raise ValidationFailed(details=[{"field": field, "message": f"must be an amount of {config().currency}"}])
    return parsed.minor


def _range(wanted: _ComparedFilters, ordering: CatalogueOrder | None) -> _ListRange:
    """Return the narrowest list range that covers the filters, in the requested order."""
    period = ALL if wanted.include_past else UPCOMING
    if wanted.search is not None:
        partition = listing_places.titles_partition(period, wanted.search)
        return _ListRange(partition, low=wanted.search, high=wanted.search + _LAST)
    order = BY_PRICE if ordering is CatalogueOrder.PRICE else BY_START
    if wanted.organizer_id is not None:
        partition = listing_places.organizers_partition(period, order, wanted.organizer_id)
    else:
        partition = listing_places.partition(period, order, category=wanted.category, city=wanted.city)
    if order == BY_PRICE:
        low = "" if wanted.price_from is None else listing_places.price_text(wanted.price_from)
        high = "" if wanted.price_to is None else listing_places.price_text(wanted.price_to)
        return _ListRange(partition, low=low, high=high + _LAST)
    newest_first = ordering is CatalogueOrder.LATEST
    low = _starts_from(wanted.ends_after)
    return _ListRange(partition, low=low, high=wanted.starts_to + _LAST, newest_first=newest_first)


def _starts_from(ends_after: str) -> str:
    """Return the earliest start of an event that ends after a moment."""
    return ends_after and clock.to_text(datetime.fromisoformat(ends_after) - events.LONGEST)


def _page(of_list: _ListRange, takes: Callable[[ListingEntry], bool], asked: PageRequest) -> Page[EventShown]:
    """Return a page of the entries of a list that `takes` accepts."""

    def read(after: str | None, limit: int) -> list[tuple[str, ListingEntry]]:
        return [(entry.sk, entry) for entry in _read(of_list, after=after, limit=limit)]

    def load(entries: Sequence[ListingEntry]) -> list[ListingEntry | None]:
        return [entry if takes(entry) else None for entry in entries]

    page = paging.walk(asked, read, load, budget=_budget())
    return page.showing(_listed(page.results))


def _budget() -> ReadBudget:
    limits = config().limits
    return ReadBudget(chunk=limits.catalogue_chunk, total=limits.catalogue_rows)


def _search_ordered(wanted: _ComparedFilters, ordering: CatalogueOrder, asked: PageRequest) -> Page[EventShown]:
    """Return a page of a search in another order than by title.

    The matches within one read budget are sorted. Further matches follow in later parts, each sorted separately.
    """
    started_after, shown_last = _position(asked)
    entries = _read(_range(wanted, None), after=started_after, limit=_budget().total)
    is_latest = ordering is CatalogueOrder.LATEST

    def place(entry: ListingEntry) -> str:
        sort = clock.to_text(entry.starts_at)
        if ordering is CatalogueOrder.PRICE:
            sort = f"{listing_places.price_text(entry.price)}|{sort}"
        return keys.events.catalogue(sort=sort, event_id=entry.event_id).sk

    fitting = sorted(filter(wanted.takes, entries), key=place, reverse=is_latest)
    if shown_last is not None:
        fitting = [each for each in fitting if (place(each) < shown_last if is_latest else place(each) > shown_last)]
    shown = fitting[: asked.size]
    following: list[str | None] | None = None
    if len(fitting) > asked.size:
        following = [started_after, place(shown[-1])]
    elif len(entries) == _budget().total:
        following = [entries[-1].sk, None]
    return Page(
        results=_listed(shown),
        next=paging.seal(json.dumps(following), bound_to=asked.bound_to) if following else None,
    )


def _position(asked: PageRequest) -> tuple[str | None, str | None]:
    """Return the cursor's position: the title after which its part begins, and the last entry shown of it."""
    position = asked.after()
    if position is None:
        return None, None
    started_after, shown_last = json.loads(position)
    return started_after, shown_last


def _is_first_match(entry: ListingEntry, text: str) -> bool:
    """Whether an entry is the first match of its event, since a title may match with several words."""
    found = [ending for ending in listing_places.endings(entry.title or "") if ending.startswith(text)]
    return bool(found) and entry.sk == keys.events.catalogue(sort=min(found), event_id=entry.event_id).sk


def _read(of_list: _ListRange, *, after: str | None, limit: int) -> list[ListingEntry]:
    """Return entries of a list in its order. The first page is cached for `KEPT_SECONDS`."""
    place = (of_list, limit)
    if after is None:
        with _lock:
            read_at, known = _kept.get(place, (float("-inf"), []))
        if time.monotonic() - read_at <= KEPT_SECONDS:
            return known
    low, high = of_list.low or " ", of_list.high
    if after is not None:
        low, high = (low, after) if of_list.newest_first else (after, high)
    # BETWEEN is inclusive, and `after` was on the page before; so read one more and drop it.
    raws = operations.query(
        of_list.partition,
        Between(low, high),
        newest_first=of_list.newest_first,
        limit=limit + (after is not None),
    )
    entries = [entry for entry in map(ListingEntry.from_raw_data, raws) if entry.sk != after][:limit]
    if after is None:
        with _lock:
            _kept.pop(place, None)
            _kept[place] = (time.monotonic(), entries)
            if len(_kept) > _LISTS_KEPT:
                del _kept[next(iter(_kept))]
    return entries


def _listed(entries: Sequence[ListingEntry]) -> list[EventShown]:
    """Return the events of these entries, in order, without events that are no longer public."""
    found = summaries(entry.event_id for entry in entries)
    ordered = [found[entry.event_id] for entry in entries if entry.event_id in found]
    return [_shown(listing) for listing in ordered if listing.public]


def _shown(listing: Listing) -> EventShown:
    offered = [
        {**category, "available": int(listing.available.get(category["id"], 0))}
        for category in listing.body["ticket_categories"]
    ]
    return {**listing.body, "ticket_categories": offered}
