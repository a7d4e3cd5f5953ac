"""The sweep handles due items by minute: expired holds, ended events, open payments, stalled jobs (D-ARC-08).

Due items are indexed by minute, and handling removes them from the index. A run reads the past minutes since the mark
of the last run, so an idle minute costs four queries. Concurrent runs are safe, because each taker decides by the
stored state of the item. A killed run is safe, because the mark is written last. A mark of the future, left by a run
whose clock was wrong, counts as none.

Each item ends (D-ARC-21). One that fails is retried with backoff: a fault of ours for an hour, an outage for a day.
Then its area ends it, or it is set aside for staff with an alarm.

A provider that does not answer delays its own kind of work alone (D-MONEY-05). An item that takes too long counts as
failed, and items that had no turn for it are put off without a try.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.background.hands import HANDS, Hands
from chalicelib.errors import Unavailable
from chalicelib.observability import in_this_context, logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Item, SweepMark, SweptItem
from chalicelib.table.places import Place

# Handles one due item by its id and returns whether there was anything to do. It is idempotent and removes the item
# from the index.
SweepTaker = Callable[[str], bool]
# Ends one item whose taker failed for good, by its id: writes what the domain says about it, and removes it from the
# index. It is idempotent.
SweepEnd = Callable[[str], None]

_WHAT = "due"
# Start of the first run; items become due within minutes.
_FIRST_REACH = timedelta(hours=3)
# Margin for the index, which lags behind the table, usually by less than a second.
_OVERLAP = timedelta(minutes=3)
# No item begins later, and a run ends two ninths of it later at most: below the function's time-out of 30 s, of which
# the figures of all campuses take up to 6. The next run continues.
_BUDGET_SECONDS = 18.0
# So many of one partition are taken one by one, unless one is slow.
_FEW = 16
# An item that failed so many times, and for so long, is given up. Our choice: an outage of a provider or of the table
# may last for hours, and is no reason.
MOST_TRIES = 10
GIVEN_UP_AFTER, GIVEN_UP_AFTER_OUTAGE = timedelta(hours=1), timedelta(hours=24)
# The first tries are a minute apart, later ones back off to a quarter of an hour.
_TRIES_EACH_MINUTE = 5
_LONGEST_WAIT = 15
# Items without a turn: so many are put off to each coming minute.
_PER_MINUTE = 100


class DueItem(Struct, frozen=True):
    """A due item: its id, its place in the table, and the index partition that lists it."""

    due_id: str
    place: Place[Item]
    partition: str
    minute: datetime


class SweepOutcome(Enum):
    """The outcome for one due item."""

    HANDLED = auto()
    NOTHING_LEFT = auto()
    PUT_OFF = auto()
    GIVEN_UP = auto()
    LEFT = auto()


class SweepRun(Struct, frozen=True):
    """The result of a run: items handled, postponed and given up, and the first unfinished minute."""

    handled: int
    put_off: int
    given_up: int
    done_before: str


_FAILURES = (SweepOutcome.PUT_OFF, SweepOutcome.GIVEN_UP, SweepOutcome.LEFT)


class _Turn(Struct, frozen=True):
    """What the items of one run share: who takes and who ends them, and its minute."""

    takers: Mapping[str, SweepTaker]
    ends: Mapping[str, SweepEnd]
    minute: datetime


def run(
    takers: Mapping[str, SweepTaker],
    ends: Mapping[str, SweepEnd] | None = None,
    *,
    seconds: float = _BUDGET_SECONDS,
) -> SweepRun:
    """Handle all due items. `takers` and `ends` are keyed by the first four characters of an item's id.

    A failed item is postponed or given up, and does not block others. After `seconds` no item begins.
    Raises Unavailable.
    """
    this_minute = clock.now().replace(second=0, microsecond=0)
    turn = _Turn(takers, ends or {}, this_minute)
    hands = Hands[DueItem, SweepOutcome](
        lambda due: _take(due, turn),
        kind_of=_kind,
        has_failed=lambda outcome: outcome in _FAILURES,
        seconds=seconds,
    )
    done_before = _give_all(hands, this_minute)
    came_to = [*_put_off_all(hands, turn), *_abandon(hands, turn), *hands.results]
    done_before = min([done_before, *(due.minute for due, outcome in came_to if outcome is SweepOutcome.LEFT)])
    mark = keys.jobs.minute(done_before)
    _move_mark(mark, this_minute)
    outcomes = Counter(outcome for _, outcome in came_to)
    return SweepRun(
        handled=outcomes[SweepOutcome.HANDLED],
        put_off=outcomes[SweepOutcome.PUT_OFF],
        given_up=outcomes[SweepOutcome.GIVEN_UP],
        done_before=mark,
    )


def _give_all(hands: Hands[DueItem, SweepOutcome], this_minute: datetime) -> datetime:
    """Give out what is due, the oldest first, and return the first minute of which not all was given."""
    for minute in _minutes(this_minute):
        for partition in keys.jobs.due_partitions(minute):
            due = _due_in(partition, minute)
            if hands.is_over or not all(hands.give(one, one_by_one=len(due) < _FEW) for one in due):
                return minute
    return this_minute


def _put_off_all(hands: Hands[DueItem, SweepOutcome], turn: _Turn) -> Sequence[tuple[DueItem, SweepOutcome]]:
    """Put off what had no turn, since others of its kind hang; that is no try of it."""
    waiting = hands.work_off()
    if not waiting:
        return []
    logger.warning("due items without a turn", extra={"counts": Counter(map(_kind, waiting))})
    minutes = {due.due_id: position // _PER_MINUTE for position, due in enumerate(waiting)}

    def put_off(due: DueItem) -> SweepOutcome:
        later = turn.minute + timedelta(minutes=min(minutes[due.due_id], _LONGEST_WAIT))
        actions = Item.in_gsi2(keys.jobs.due(later, due.due_id))
        return SweepOutcome.LEFT if hands.is_closed else _moved(due, actions)

    with ThreadPoolExecutor(HANDS) as pool:
        return list(zip(waiting, pool.map(in_this_context(put_off), waiting), strict=True))


def _abandon(hands: Hands[DueItem, SweepOutcome], turn: _Turn) -> Sequence[tuple[DueItem, SweepOutcome]]:
    """Wait for what is in hand, and count what takes too long as failed, as in an outage."""
    late = hands.close()
    for due in late:
        logger.warning("due item takes too long", extra={"due_id": due.due_id, "partition": due.partition})
    return [(due, _after(Unavailable(), due, turn)) for due in late]


def _minutes(this_minute: datetime) -> Iterator[datetime]:
    """Yield the past minutes that may be unfinished, oldest first."""
    mark = operations.get(keys.jobs.sweep_mark(_WHAT))
    minute = this_minute - _FIRST_REACH
    if mark is not None and mark.minute <= _latest(this_minute):
        minute = datetime.fromisoformat(mark.minute).replace(tzinfo=UTC) - _OVERLAP
    while minute < this_minute:
        yield minute
        minute += timedelta(minutes=1)


def _due_in(partition: str, minute: datetime) -> list[DueItem]:
    raws = operations.query(partition, index="gsi2")
    places = operations.places_of(Item, raws)
    return [DueItem(raw["gsi2sk"]["S"], place, partition, minute) for raw, place in zip(raws, places, strict=True)]


def _kind(due: DueItem) -> str:
    return due.due_id[:4]


def _take(due: DueItem, turn: _Turn) -> SweepOutcome:
    try:
        handled = _taker(due, turn)(due.due_id)
    except Exception as fault:  # noqa: BLE001  # one failure must not stop the other items
        logger.exception("due item failed", extra={"due_id": due.due_id, "partition": due.partition})
        return _after(fault, due, turn)
    return SweepOutcome.HANDLED if handled else SweepOutcome.NOTHING_LEFT


def _taker(due: DueItem, turn: _Turn) -> SweepTaker:
    taker = turn.takers.get(_kind(due))
    if taker is None:
        # An item of a newer version, such as after a rollback.
        raise Unavailable
    return taker


def _after(fault: Exception, due: DueItem, turn: _Turn) -> SweepOutcome:
    """Postpone or give up an item that failed, so that failures do not hold back the mark."""
    try:
        item = operations.get(due.place)
        if not isinstance(item, SweptItem) or item.gsi2pk != due.partition:
            return SweepOutcome.NOTHING_LEFT  # handled or postponed concurrently
        tries, since = (item.due_tries or 0) + 1, item.due_failed_at or clock.now()
        if _is_over(fault, tries=tries, since=since):
            return _give_up(due, turn, tries=tries)
    except Exception:  # noqa: BLE001  # its minute stays unfinished, so the next run retries it
        logger.exception("due item left where it is", extra={"due_id": due.due_id})
        return SweepOutcome.LEFT
    wait = timedelta(minutes=_wait_minutes(tries) - 1)
    actions = [
        *Item.in_gsi2(keys.jobs.due(turn.minute + wait, due.due_id)),
        SweptItem.due_tries.set(tries),
        SweptItem.due_failed_at.set(since),
    ]
    return _moved(due, actions)


def _moved(due: DueItem, actions: list[Action]) -> SweepOutcome:
    """Move an item to a later minute by these actions, if it is where it was found."""
    try:
        operations.record(operations.change(due.place, actions, Item.gsi2pk == due.partition))
    except operations.ConditionFailed:
        return SweepOutcome.NOTHING_LEFT  # handled or postponed concurrently
    except Exception:  # noqa: BLE001  # its minute stays unfinished, so the next run retries it
        logger.exception("due item left where it is", extra={"due_id": due.due_id})
        return SweepOutcome.LEFT
    return SweepOutcome.PUT_OFF


def _is_over(fault: Exception, *, tries: int, since: datetime) -> bool:
    """Whether an item that failed so many times since a moment is given up; an outage gets more time."""
    patience = GIVEN_UP_AFTER_OUTAGE if isinstance(fault, Unavailable) else GIVEN_UP_AFTER
    return tries >= MOST_TRIES and clock.now() - since >= patience


def _wait_minutes(tries: int) -> int:
    return 1 if tries <= _TRIES_EACH_MINUTE else min(2 ** (tries - _TRIES_EACH_MINUTE), _LONGEST_WAIT)


def _give_up(due: DueItem, turn: _Turn, *, tries: int) -> SweepOutcome:
    """End an item by its area, else set it aside: it leaves the due minutes, and staff find it in question 95."""
    # An alarm counts these lines.
    logger.error("work given up", extra={"due_id": due.due_id, "tries": tries})
    end = turn.ends.get(_kind(due))
    if end is not None:
        try:
            end(due.due_id)
        except Exception:  # noqa: BLE001  # then it is set aside
            logger.exception("end of a due item failed", extra={"due_id": due.due_id})
    aside = Item.in_gsi2(keys.jobs.set_aside(due.due_id))
    with suppress(operations.ConditionFailed):  # its area ended it
        operations.record(operations.change(due.place, aside, Item.gsi2pk == due.partition))
    return SweepOutcome.GIVEN_UP


def _latest(this_minute: datetime) -> str:
    """Return the latest mark that hides nothing: the overlap before it is read again."""
    return keys.jobs.minute(this_minute + _OVERLAP)


def _move_mark(minute: str, this_minute: datetime) -> None:
    is_of_future = SweepMark.minute > _latest(this_minute)
    forward = SweepMark.pk.does_not_exist() | (SweepMark.minute < minute) | is_of_future
    mark = SweepMark(*keys.jobs.sweep_mark(_WHAT), minute=minute)
    try:
        operations.record(operations.put(mark, forward))
    except operations.ConditionFailed:
        return  # a concurrent run wrote the same or a later mark
