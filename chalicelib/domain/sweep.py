"""The sweep handles due items by minute: expired holds, ended events, open payments, stalled jobs (D-ARC-08).

Due items are indexed by minute, and handling removes them from the index. A run reads the past minutes since the mark
of the last run, so an idle minute costs four queries. Concurrent runs are safe, because each taker decides by the
stored state of the item. A killed run is safe, because the mark is written last.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from chalicelib import clock
from chalicelib.observability import in_this_context, logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Item, SweepMark
from chalicelib.table.places import Place

# Handles one due item by its id and returns whether there was anything to do. It is idempotent and removes the item
# from the index.
SweepTaker = Callable[[str], bool]

_WHAT = "due"
# Start of the first run; items become due within minutes.
_FIRST_REACH = timedelta(hours=3)
# Margin for the index, which lags behind the table, usually by less than a second.
_OVERLAP = timedelta(minutes=3)
# Below the function's time-out of 30 s; the next run continues.
_BUDGET_SECONDS = 20.0
_CHUNK = 200
_FEW = 16
_HANDS = 8


@dataclass(frozen=True, slots=True)
class DueItem:
    """A due item: its id, its place in the table, and the index partition that lists it."""

    due_id: str
    place: Place[Item]
    partition: str


class SweepOutcome(Enum):
    """The outcome for one due item."""

    HANDLED = auto()
    NOTHING_LEFT = auto()
    PUT_OFF = auto()
    LEFT = auto()


@dataclass(frozen=True, slots=True)
class SweepRun:
    """The result of a run: items handled, items postponed to the next run, and the first unfinished minute."""

    handled: int
    put_off: int
    done_before: str


def run(takers: Mapping[str, SweepTaker]) -> SweepRun:
    """Handle all due items. `takers` are keyed by the first four characters of an item's id.

    A failed item is postponed to the next run and does not block others. Raises Unavailable.
    """
    deadline = time.monotonic() + _BUDGET_SECONDS
    this_minute = clock.now().replace(second=0, microsecond=0)
    done_before = this_minute
    outcomes: Counter[SweepOutcome] = Counter()
    for minute in _minutes(this_minute):
        came_to = _sweep(minute, takers, put_off_to=this_minute, deadline=deadline)
        outcomes += came_to
        if came_to[SweepOutcome.LEFT]:
            done_before = min(done_before, minute)
        if time.monotonic() > deadline:
            done_before = min(done_before, minute + timedelta(minutes=1))
            break
    mark = keys.jobs.minute(done_before)
    _move_mark(mark)
    return SweepRun(handled=outcomes[SweepOutcome.HANDLED], put_off=outcomes[SweepOutcome.PUT_OFF], done_before=mark)


def _sweep(
    minute: datetime, takers: Mapping[str, SweepTaker], *, put_off_to: datetime, deadline: float
) -> Counter[SweepOutcome]:
    outcomes: Counter[SweepOutcome] = Counter()
    for partition in keys.jobs.due_partitions(minute):
        due = _due_in(partition)
        for start in range(0, len(due), _CHUNK):
            if time.monotonic() > deadline:
                return outcomes + Counter({SweepOutcome.LEFT: 1})
            outcomes.update(_take_all(due[start : start + _CHUNK], takers, put_off_to=put_off_to))
    return outcomes


def _minutes(this_minute: datetime) -> Iterator[datetime]:
    """Yield the past minutes that may be unfinished, oldest first."""
    mark = operations.get(keys.jobs.sweep_mark(_WHAT))
    minute = this_minute - _FIRST_REACH
    if mark is not None:
        minute = datetime.fromisoformat(mark.minute).replace(tzinfo=UTC) - _OVERLAP
    while minute < this_minute:
        yield minute
        minute += timedelta(minutes=1)


def _due_in(partition: str) -> list[DueItem]:
    raws = operations.query(partition, index="gsi2")
    places = operations.places_of(Item, raws)
    return [DueItem(raw["gsi2sk"]["S"], place, partition) for raw, place in zip(raws, places, strict=True)]


def _take_all(due: Sequence[DueItem], takers: Mapping[str, SweepTaker], *, put_off_to: datetime) -> list[SweepOutcome]:
    """Handle each item, in parallel threads from `_FEW` items on."""

    def take(one: DueItem) -> SweepOutcome:
        return _take(one, takers, put_off_to=put_off_to)

    if len(due) < _FEW:
        return [take(one) for one in due]
    with ThreadPoolExecutor(_HANDS) as hands:
        return list(hands.map(in_this_context(take), due))


def _take(due: DueItem, takers: Mapping[str, SweepTaker], *, put_off_to: datetime) -> SweepOutcome:
    try:
        handled = takers[due.due_id[:4]](due.due_id)
    except Exception:  # noqa: BLE001  # one failure must not stop the other items
        logger.exception("due item failed", extra={"due_id": due.due_id, "partition": due.partition})
        return _put_off(due, to=put_off_to)
    return SweepOutcome.HANDLED if handled else SweepOutcome.NOTHING_LEFT


def _put_off(due: DueItem, *, to: datetime) -> SweepOutcome:
    """Postpone an item to a later minute, so that failures do not hold back the mark."""
    later = keys.jobs.due(to, due.due_id)
    actions = Item.in_gsi2(later)
    try:
        operations.record(operations.change(due.place, actions, Item.gsi2pk == due.partition))
    except operations.ConditionFailed:
        return SweepOutcome.NOTHING_LEFT  # handled or postponed concurrently
    except Exception:  # noqa: BLE001  # its minute stays unfinished, so the next run retries it
        logger.exception("due item left where it is", extra={"due_id": due.due_id})
        return SweepOutcome.LEFT
    return SweepOutcome.PUT_OFF


def _move_mark(minute: str) -> None:
    forward = SweepMark.pk.does_not_exist() | (SweepMark.minute < minute)
    mark = SweepMark(*keys.jobs.sweep_mark(_WHAT), minute=minute)
    try:
        operations.record(operations.put(mark, forward))
    except operations.ConditionFailed:
        return  # a concurrent run wrote the same or a later mark
