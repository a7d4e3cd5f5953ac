"""Counters that count once also where the answer of a counting write is lost and the SDK sends the write again.

Each write leaves a mark of its own in a set beside the number. A repeated write finds its mark and changes nothing. A
transaction would do the same by its token, but costs twice as much and meets other transactions of a crowd.
"""

import secrets as randomness
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from pynamodb.attributes import UnicodeSetAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.table import operations
from chalicelib.table.items import Item
from chalicelib.table.operations import ConditionFailed, RawItem
from chalicelib.table.places import Place

# An item keeps at least so many of the newest marks: more than an owner's counter gets while the SDK repeats a write.
# Twice as many, with the counter, stay below 1 KB, so that a busy counter costs one write unit.
_KEPT = 16


def count(
    place: Place[Item],
    marks: UnicodeSetAttribute,
    actions: Sequence[Action],
    condition: Condition | None = None,
    *,
    mark: str | None = None,
) -> RawItem:
    """Send one counting change and return the item after it. `marks` is the set of the item that names such changes.

    `mark` is a `new_mark` for a caller who looks for it later. Raises ConditionFailed if the condition did not hold and
    this change was not counted, and Unavailable.
    """
    mark = mark or new_mark()
    is_first = ~marks.contains(mark)
    wanted = is_first if condition is None else is_first & condition
    try:
        counted = operations.record(operations.change(place, [*actions, marks.add({mark})], wanted))
    except ConditionFailed as failure:
        found = failure.failures[0]
        if found is None or mark not in _marks(found, marks):
            raise
        return found  # an earlier try of this call succeeded
    _trim(place, marks, _marks(counted, marks))
    return counted


def new_mark() -> str:
    """Return the mark of a change: it sorts by time, and is unique within a millisecond."""
    return f"{_in_time(clock.now())}{randomness.token_hex(4)}"


def any_since(marks: Iterable[str], moment: datetime) -> bool:
    """Whether one of these changes was sent after a moment."""
    before = _in_time(moment)
    return any(mark[: len(before)] > before for mark in marks)


def _in_time(moment: datetime) -> str:
    return f"{int(moment.timestamp() * 1000):012x}"


def _marks(raw: RawItem, marks: UnicodeSetAttribute) -> list[str]:
    return [*raw.get(marks.attr_name, {}).get("SS", [])]


def _trim(place: Place[Item], marks: UnicodeSetAttribute, found: list[str]) -> None:
    """Remove the oldest marks, at one write for each `_KEPT` that were counted."""
    if len(found) >= 2 * _KEPT and len(found) % _KEPT == 0:
        oldest = {*sorted(found)[:-_KEPT]}
        with suppress(ConditionFailed):  # the counter was cleared meanwhile
            operations.record(operations.change(place, [marks.delete(oldest)], place.item.pk.exists()))
