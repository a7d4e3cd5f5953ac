"""One page of a declared list: entries of an index or of a word, then the items, which are checked once more.

A page costs at most one query per shard and one batch read, at any length of the list (D-LIST-01). It may be short
where few entries fit its filters; `next` then continues. An entry that no longer is its item's own is skipped.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from heapq import merge
from typing import Any, Generic

from msgspec import Struct, field
from msgspec.structs import replace

from chalicelib import folding
from chalicelib.domain import paging
from chalicelib.domain.lists import entries
from chalicelib.domain.lists.declaration import ItemT, ListOf
from chalicelib.domain.paging import Page
from chalicelib.errors import InvalidCursor, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.operations import RawItem
from chalicelib.table.places import Place
from chalicelib.table.ranges import Between

Bound = datetime | date | int | Decimal

# Entries that one request reads where an index covers the filters, beyond the page; and where it does not, in all.
_SLACK = 5
_MOST_READ = 1000
# Words with one beginning that one request reads. More are listed by word, or need more letters.
_MOST_MATCHES = 1000
# AWS: "BatchGetItem" takes 100 keys.
_MOST_LOADED = operations.BATCH_READ_LIMIT
_LOWEST, _HIGHEST = "!", "\U0010ffff"
# Sorts after the separator and before each letter, so after everything of one value.
_AFTER_VALUE = "$"
# Of a cursor: the page before was sorted by word.
_BY_WORD = "w"
_BY_ORDER = "o"
# Read from the cursor on.
_CURSOR = object()


class Asked(Struct, frozen=True):
    """A requested page. `filters` are by name, without those left out; so are `ranges`, each end included."""

    caller_id: str
    page_size: int = paging.DEFAULT_SIZE
    cursor: str | None = None
    search: str | None = None
    ordering: str | None = None
    filters: Mapping[str, str | bool] = field(default_factory=dict)
    ranges: Mapping[str, tuple[Bound | None, Bound | None]] = field(default_factory=dict)


class _Row(Struct, frozen=True):
    """An entry or a word: its place in the order of this page, and what it says of its item."""

    position: str
    raw: RawItem
    facts: Mapping[str, Any]


class _Read(Struct, frozen=True):
    """Rows in order, read up to `end`, a position; None at the end of the list. `mode` goes into the cursor."""

    rows: Sequence[_Row]
    end: str | None = None
    mode: str = _BY_ORDER


class _Question(Generic[ItemT]):
    """A page of a list, parsed."""

    def __init__(self, listed: ListOf[ItemT], asked: Asked) -> None:
        wish = asked.ordering or listed.usual_ordering
        if wish not in listed.orderings_allowed:
            allowed = ", ".join(listed.orderings_allowed)
            raise ValidationFailed(details=[{"field": "ordering", "message": f"this list takes {allowed}"}])
        if asked.search:
            asked = replace(asked, search=listed.reads_search(asked.search))
        self.listed, self.asked = listed, asked
        self.ordering, self.descending = wish.lstrip("-"), wish.startswith("-")
        self.filters = {name: listed.filters[name].text(value) for name, value in asked.filters.items()}
        self.ranges = {name: self._bounds(name, *ends) for name, ends in asked.ranges.items()}
        self.typed = [folding.typed(word) for word in folding.words(asked.search or "")]
        if asked.search and not self.typed:
            raise ValidationFailed(details=[{"field": "search", "message": "needs a letter or a digit"}])
        self.bound_to = json.dumps(
            ["list", listed.name, asked.caller_id, wish, self.typed, sorted(self.filters.items()), self.ranges]
        )
        self.mode, self.after = self._position(asked.cursor)

    def _bounds(self, name: str, low: Bound | None, high: Bound | None) -> tuple[str, str]:
        order = self.listed.orderings[name]
        # Things without a value are in no range; each value has a text that is not empty.
        return order.text(low) if low is not None else _LOWEST, order.text(high) if high is not None else _HIGHEST

    def _position(self, cursor: str | None) -> tuple[str, str | None]:
        if cursor is None:
            return _BY_ORDER, None
        position = paging.unseal(cursor, bound_to=self.bound_to)
        return position[:1], position[1:]

    def sealed(self, position: str, mode: str) -> str:
        """Return the cursor of what follows a position."""
        return paging.seal(mode + position, bound_to=self.bound_to)

    def fits(self, facts: Mapping[str, Any]) -> bool:
        """Whether an entry's item has the values that are asked for, so far as entries know them."""
        known = facts["filters"]
        if self.looks_through and not entries.is_found(self._texts(facts), self.asked.search or ""):
            return False
        return all(value in known[name] for name, value in self.filters.items() if name in known) and all(
            low <= facts["orderings"][name] <= high for name, (low, high) in self.ranges.items()
        )

    def fits_item(self, item: ItemT, row: _Row) -> bool:
        """Whether an item still is what its entry says, and has all that is asked for."""
        rows = entries.of(self.listed, item)
        if operations.key_of(row.raw) not in rows or not self.fits(self.listed.facts_of(item)):
            return False
        live = [name for name in self.filters if self.listed.filters[name].live]
        if any(self.filters[name] not in self.listed.filters[name].values(item) for name in live):
            return False
        return not self.asked.search or entries.is_found(self.listed.texts_of(item), self.asked.search)

    def _texts(self, facts: Mapping[str, Any]) -> list[str]:
        return [" ".join(folding.words(value)) for value in self.listed.values_of(facts)]

    @property
    def looks_through(self) -> bool:
        """Whether a search looks through entries, since the list has none of words."""
        return bool(self.asked.search) and self.listed.searches_filters

    @property
    def has_live_filter(self) -> bool:
        """Whether only items answer one of its filters."""
        return any(self.listed.filters[name].live for name in self.filters)


def page(listed: ListOf[ItemT], asked: Asked) -> Page[ItemT]:
    """Return a page of a list. Raises InvalidCursor, and ValidationFailed for an ordering or search of another kind."""
    question = _Question(listed, asked)
    read = _by_word(question) if asked.search and not question.looks_through else _by_index(question)
    fitting = [row for row in read.rows if question.fits(row.facts)]
    most = _MOST_LOADED if question.has_live_filter else min(asked.page_size + _SLACK, _MOST_LOADED)
    loaded = fitting[:most]
    items = operations.get_many([_place(listed, row) for row in loaded])
    found: list[ItemT] = []
    last: str | None = None
    for row in loaded:
        item = items.get(_place(listed, row))
        if item is not None and question.fits_item(item, row):
            if len(found) == asked.page_size:
                return Page(results=found, next=question.sealed(last or "", read.mode))
            found.append(item)
        last = row.position
    if len(loaded) < len(fitting):
        return Page(results=found, next=question.sealed(loaded[-1].position, read.mode))
    return Page(results=found, next=None if read.end is None else question.sealed(read.end, read.mode))


def fits(listed: ListOf[ItemT], asked: Asked, item: ItemT) -> bool:
    """Whether a list would show an item to a request. Raises ValidationFailed as `page` does."""
    question = _Question(listed, asked)
    is_found = not asked.search or entries.is_found(listed.texts_of(item), question.asked.search or "")
    return listed.lists(item) and is_found and question.fits(listed.facts_of(item))


def _place(listed: ListOf[ItemT], row: _Row) -> Place[ItemT]:
    return Place(listed.item, row.raw["item_pk"]["S"], row.raw["item_sk"]["S"])


def _by_index(question: _Question[ItemT]) -> _Read:
    """Read the index that covers most of the filters, in the ordering."""
    listed, asked = question.listed, question.asked
    covered = [index for index in ((), *listed.indexes) if set(index) <= set(question.filters)]
    index = max(covered, key=len)
    text = entries.index_text(index, question.filters)
    low, high = question.ranges.get(question.ordering, (_LOWEST, _HIGHEST))
    high += "" if high == _HIGHEST else _AFTER_VALUE
    is_covered = set(index) == set(question.filters) and set(question.ranges) <= {question.ordering}
    is_covered = is_covered and not question.looks_through
    shards = listed.shards_of(tuple(index))
    limit = asked.page_size + _SLACK if is_covered else _MOST_READ // shards
    partitions = [keys.lists.entries(listed.name, question.ordering, text, shard=shard) for shard in range(shards)]
    return _merged(partitions, (low, high), question, limit=limit)


def _by_word(question: _Question[ItemT]) -> _Read:
    """Read the words that begin as the first one typed, and sort their items; many matches stay in order of words.

    Of many, those that continue as typed are found by all of it: `0300 1234567` is one number of thousands with 0300.
    """
    first = question.typed[0]
    if question.mode == _BY_WORD:
        limit = _MOST_READ // question.listed.shards
        read = _of_words(question, first, limit=limit)
        return _Read(_once(question, read.rows, first), read.end, _BY_WORD)
    found = _matches(question, first)
    if found.end is not None and len(question.typed) > 1:
        in_full = folding.typed(question.asked.search or "")
        narrower = _matches(question, in_full)
        if narrower.rows and narrower.end is None:
            first, found = in_full, narrower
    if found.end is not None:
        if question.asked.ordering:
            message = f"matches more than {_MOST_MATCHES}; type more letters, or leave the ordering out"
            raise ValidationFailed(details=[{"field": "search", "message": message}])
        if question.after is not None:
            raise InvalidCursor  # there were fewer matches at the page before
        return _Read(_once(question, found.rows, first), found.end, _BY_WORD)
    # One item may have several words that begin as typed.
    matches = {(row.raw["item_pk"]["S"], row.raw["item_sk"]["S"]): row for row in _once(question, found.rows, first)}
    rows = [_Row(_in_order(question, row), row.raw, row.facts) for row in matches.values()]
    rows.sort(key=lambda row: row.position, reverse=question.descending)
    if question.after is not None:
        rows = [
            r for r in rows if (r.position < question.after) == question.descending and r.position != question.after
        ]
    return _Read(rows)


def _matches(question: _Question[ItemT], beginning: str) -> _Read:
    """Read the words with this beginning, from the first on, as many as one request reads."""
    return _of_words(question, beginning, limit=_MOST_MATCHES // question.listed.shards, after=None)


def _of_words(question: _Question[ItemT], beginning: str, *, limit: int, after: object = _CURSOR) -> _Read:
    listed = question.listed
    partitions = [keys.lists.words(listed.name, beginning, shard=shard) for shard in range(listed.shards)]
    return _merged(partitions, (beginning, beginning + _HIGHEST), question, limit=limit, by_word=True, after=after)


def _in_order(question: _Question[ItemT], row: _Row) -> str:
    thing_id = row.raw["sk"]["S"].rpartition(keys.lists.SEPARATOR)[2]
    return keys.lists.position(row.facts["orderings"][question.ordering], thing_id)


def _once(question: _Question[ItemT], rows: Sequence[_Row], first: str) -> list[_Row]:
    """Return the rows whose texts are found, each item under the earliest of its words that begins as `first`."""
    search = question.asked.search or ""
    kept = []
    for row in rows:
        texts = [each["S"] for each in row.raw["texts"]["L"]]
        if entries.is_found(texts, search):
            mine = min(begun for begun in entries.beginnings(texts) if begun.startswith(first))
            if row.raw["sk"]["S"].rpartition(keys.lists.SEPARATOR)[0] == mine:
                kept.append(row)
    return kept


def _merged(
    partitions: Sequence[str],
    between: tuple[str, str],
    question: _Question[ItemT],
    *,
    limit: int,
    by_word: bool = False,
    after: object = _CURSOR,
) -> _Read:
    """Merge the rows of several partitions after the cursor, up to where each of them was read."""
    follows = question.after if after is _CURSOR else None
    backwards = question.descending and not by_word
    low, high = between
    if follows is not None:
        low, high = (low, min(high, follows)) if backwards else (max(low, follows), high)
    if low > high:
        return _Read(())  # DynamoDB rejects an empty range
    streams: list[list[_Row]] = []
    frontier: str | None = None
    for partition in partitions:
        # The range includes both ends, and the cursor's own row is on the page before.
        raws = operations.query(partition, Between(low, high), newest_first=backwards, limit=limit + 1)
        if len(raws) > limit:
            end = raws[-1]["sk"]["S"]
            frontier = end if frontier is None else (max if backwards else min)(frontier, end)
        rows = [_Row(raw["sk"]["S"], raw, json.loads(raw["facts"]["S"])) for raw in raws]
        streams.append([row for row in rows if row.position != follows])
    rows = list(merge(*streams, key=lambda row: row.position, reverse=backwards))
    if frontier is None:
        return _Read(rows)
    reached = [row for row in rows if (row.position >= frontier if backwards else row.position <= frontier)]
    return _Read(reached, frontier)
