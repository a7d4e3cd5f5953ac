"""Stream follower of the platform's counts: each item carries what it is counted as.

One transaction moves the counts and the marks of some items, so repeated, partial or reordered batches count once.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.platform_totals import periods, sums
from chalicelib.domain.platform_totals.standings import TALLIED, CountedAs, counted_as
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Item
from chalicelib.table.operations import Write
from chalicelib.table.places import Place

# A transaction takes 100 writes (AWS): each item may change counts of its own period and category.
_PER_TRANSACTION = 20


@follows(*every(*TALLIED))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Count these items as what they are now; idempotent, in whole or in part."""
    places: dict[Place[Item], None] = {}
    for change in changes:
        after = change.after
        if after is not None and type(after) in TALLIED and _mark_of(after) != _wanted(after):
            places[after.place] = None
    pending = list(places)
    for start in range(0, len(pending), _PER_TRANSACTION):
        _count(pending[start : start + _PER_TRANSACTION])
    return []


def _count(places: Sequence[Place[Item]]) -> None:
    """Count items of which some are not counted as what they are. Raises Unavailable."""
    for _ in retries.attempts():
        found = operations.get_many(places).values()
        pending = [item for item in found if _mark_of(item) != _wanted(item)]
        if not pending:
            return
        try:
            operations.commit(*map(_marking, pending), *_moves(pending))
        except operations.ConditionFailed:
            continue  # an item was counted between the read and the write
        return
    raise Unavailable(retry_after=1)


def adding(marks: Mapping[str, int]) -> list[Write]:
    """Return the writes that count as many items under each mark, as they are now. Not idempotent: for a rebuild."""
    moved: Counter[tuple[str, str, CountedAs]] = Counter()
    for mark, count in marks.items():
        standing = CountedAs.of_text(mark)
        if standing is not None:
            moved[keys.platform.NOW, "", standing] += count
    return _writes(moved, 0)


def _mark_of(item: Item) -> str | None:
    mark: str | None = item.attribute_values.get("tallied")
    return mark


def _wanted(item: Item) -> str | None:
    standing = counted_as(item)
    return None if standing is None else standing.text


def _marking(item: Item) -> Write:
    mark: Any = type(item).tallied  # type: ignore[attr-defined]  # each class of TALLIED has it
    wanted, seen = _wanted(item), _mark_of(item)
    as_read: Condition = mark.does_not_exist() if seen is None else mark == seen
    action = mark.remove() if wanted is None else mark.set(wanted)
    return operations.change(item.place, [action], type(item).pk.exists() & as_read)


def _moves(items: Sequence[Item]) -> list[Write]:
    """Return the writes that move the counts of items from their marks to what they are."""
    moved: Counter[tuple[str, str, CountedAs]] = Counter()
    for item in items:
        row, standing = TALLIED[type(item)], counted_as(item)
        former = CountedAs.of_text(_mark_of(item))
        for each, by in ((former, -1), (standing, +1)):
            if each is not None:
                moved[keys.platform.NOW, "", each] += by
        begins = row.begins(standing.number) if standing is not None and former is None else None
        if begins is not None:
            for kind, name in periods.of(row.began_at(item) or clock.now()):
                moved[kind, name, CountedAs(begins)] += 1
    return _writes(moved, sums.shard())


def _writes(moved: Counter[tuple[str, str, CountedAs]], shard: int) -> list[Write]:
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    categories: Counter[str] = Counter()
    for (kind, name, standing), by in moved.items():
        counts[kind, name][standing.number] += by
        if standing.category is not None:
            categories[standing.category] += by
    return [
        *(
            sums.counted(kind, name, numbers, shard)
            for (kind, name), numbers in counts.items()
            if any(numbers.values())
        ),
        *(sums.of_category_events(category, by, shard) for category, by in categories.items() if by),
    ]
