"""Stream follower that keeps the entries of every declared list.

Entries follow the declared values alone, so most changes of an item cost nothing. After writing, the items are read
once more: a record that is replayed, or overtaken by a later one, then writes the entries of the present item. A change
after that read has a record of its own (D-LIST-02). Deletions have no record; a page skips entries without an item.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, Wanted, follows
from chalicelib.domain.lists import entries
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.declared import LISTS
from chalicelib.domain.lists.entries import Rows
from chalicelib.errors import Unavailable
from chalicelib.table import operations
from chalicelib.table.items import Item, ListEntry, ListWord
from chalicelib.table.places import Key, Place

# Rounds of writing and reading until an item that changes all the time is left to the next record.
_MOST_ROUNDS = 10
_WANTED: tuple[Wanted, ...] = tuple(wanted for each in LISTS for wanted in each.follows)


class _Pending(Struct):
    """The entries of one item in one list: those to write, and the keys of former ones."""

    listed: AnyList
    place: Place[Item]
    rows: Rows
    former: set[Key] = field(default_factory=set)


@follows(*_WANTED)
def follow(changes: Sequence[Change]) -> list[Published]:
    """Write the entries of changed items and remove their former ones; idempotent, and safe against replays."""
    pending: dict[tuple[str, Key], _Pending] = {}
    for change in changes:
        for listed in LISTS:
            if change.after is not None and any(wanted.takes(change) for wanted in listed.follows):
                _note(pending, listed, change.before, change.after)
    refresh(list(pending.values()))
    return []


def write(items: Iterable[Item]) -> int:
    """Write the entries of stored items that may have none yet; return how many list rows these items are."""
    pending = [
        _Pending(listed, item.place, entries.of(listed, item))
        for item in items
        for listed in LISTS
        if listed.lists(item)
    ]
    refresh(pending)
    return len(pending)


def tidy(rows: Iterable[ListEntry | ListWord]) -> int:
    """Remove stored entries that their items no longer have; return how many.

    For a command after a time whose changes were never read: a follower knows former entries from a record alone.
    """
    by_item: dict[Key, set[Key]] = defaultdict(set)
    for row in rows:
        by_item[Key(row.item_pk, row.item_sk)].add(Key(row.pk, row.sk))
    stored = operations.get_many(Place(Item, *key) for key in by_item)
    pending: list[_Pending] = []
    count = 0
    for key, item in stored.items():
        now = {listed.name: (listed, entries.of(listed, item)) for listed in LISTS if listed.lists(item)}
        outdated = by_item[key].difference(*(mine for _, mine in now.values()))
        count += len(outdated)
        # Each list writes its entries again, so that an item that changed back meanwhile keeps them.
        pending += [_Pending(listed, item.place, mine, former=outdated) for listed, mine in now.values() if outdated]
        if outdated and not now:
            operations.remove_many(outdated)
    refresh(pending)
    return count


def _note(pending: dict[tuple[str, Key], _Pending], listed: AnyList, before: Item | None, after: Item) -> None:
    former, rows = entries.of(listed, before), entries.of(listed, after)
    known = pending.get((listed.name, after.place))
    if known is None and entries.same(former, rows):
        return
    if known is None:
        known = pending[(listed.name, after.place)] = _Pending(listed, after.place, rows)
    known.rows = rows
    known.former |= set(former)


def refresh(pending: Sequence[_Pending]) -> None:
    """Write and read until each item's entries are those of the item as it is stored. Raises Unavailable."""
    for _ in range(_MOST_ROUNDS):
        if not pending:
            return
        operations.remove_many(key for each in pending for key in each.former - set(each.rows))
        operations.put_many(row for each in pending for row in each.rows.values())
        stored = operations.get_many({each.place for each in pending})
        pending = [again for each in pending if (again := _outdated(each, stored.get(each.place)))]
    raise Unavailable(retry_after=1)


def _outdated(written: _Pending, item: Item | None) -> _Pending | None:
    """Return what to write instead, if the item has changed since."""
    rows = entries.of(written.listed, item)
    if entries.same(rows, written.rows):
        return None
    return _Pending(written.listed, written.place, rows, former=set(written.rows) | written.former)
