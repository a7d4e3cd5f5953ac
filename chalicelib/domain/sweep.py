"""The sweep over what is due at a minute: expired holds, ended events, open payments, stalled jobs (D-ARC-08).

Whatever is due is in an index under its minute, and handling it removes it. A run takes the minutes that are over,
from the mark of the last run to now, so an idle minute costs four queries and nothing else is read. Concurrent runs
are safe, because each taker decides by the stored state of the thing itself. A killed run is safe, because the mark
moves last.
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

# Handles one due thing by its id and returns whether there was anything left to do. It is idempotent and removes the
# thing from the index of what is due.
SweepTaker = Callable[[str], bool]

_WHAT = "due"
# Where no run has been before; everything due has a horizon of minutes.
_FIRST_REACH = timedelta(hours=3)
# The index lags behind the table, by less than a second as a rule.
_OVERLAP = timedelta(minutes=3)
# Within the function's time-out of 30 s; the next run goes on.
_BUDGET_SECONDS = 20.0
_CHUNK = 200
_FEW = 16
_HANDS = 8


@dataclass(frozen=True, slots=True)
class DueItem:
    """One thing that is due: its id, where it stands, and the partition of the index that named it."""

    due_id: str
    place: Place[Item]
    partition: str


class SweepOutcome(Enum):
    """What became of one thing that was due."""

    HANDLED = auto()
    NOTHING_LEFT = auto()
    PUT_OFF = auto()
    LEFT = auto()


@dataclass(frozen=True, slots=True)
class SweepRun:
    """What a run came to: things handled, things put off to the next run, and the first minute that is not done."""

    handled: int
    put_off: int
    done_before: str


def run(takers: Mapping[str, SweepTaker]) -> SweepRun:
    """Handle everything that is due, by the `takers` of the first four characters of its id.

    What fails is put off to the next run and holds up nothing else. Raises Unavailable.
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
    """Yield the minutes that are over and perhaps not done, the oldest first."""
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
    """Take each, and where there are many, some of them side by side."""

    def take(one: DueItem) -> SweepOutcome:
        return _take(one, takers, put_off_to=put_off_to)

    if len(due) < _FEW:
        return [take(one) for one in due]
    with ThreadPoolExecutor(_HANDS) as hands:
        return list(hands.map(in_this_context(take), due))


def _take(due: DueItem, takers: Mapping[str, SweepTaker], *, put_off_to: datetime) -> SweepOutcome:
    try:
        handled = takers[due.due_id[:4]](due.due_id)
    except Exception:  # noqa: BLE001  # whatever it is, the others are due as well
        logger.exception("due item failed", extra={"due_id": due.due_id, "partition": due.partition})
        return _put_off(due, to=put_off_to)
    return SweepOutcome.HANDLED if handled else SweepOutcome.NOTHING_LEFT


def _put_off(due: DueItem, *, to: datetime) -> SweepOutcome:
    """Make a thing due again in a later minute, so that no failure makes every later run longer."""
    later = keys.jobs.due(to, due.due_id)
    actions = Item.in_gsi2(later)
    try:
        operations.record(operations.change(due.place, actions, Item.gsi2pk == due.partition))
    except operations.ConditionFailed:
        return SweepOutcome.NOTHING_LEFT  # somebody else has handled it, or put it off
    except Exception:  # noqa: BLE001  # then its minute is not done, and the next run reads it again
        logger.exception("due item left where it is", extra={"due_id": due.due_id})
        return SweepOutcome.LEFT
    return SweepOutcome.PUT_OFF


def _move_mark(minute: str) -> None:
    forward = SweepMark.pk.does_not_exist() | (SweepMark.minute < minute)
    mark = SweepMark(*keys.jobs.sweep_mark(_WHAT), minute=minute)
    try:
        operations.record(operations.put(mark, forward))
    except operations.ConditionFailed:
        return  # another run came as far
