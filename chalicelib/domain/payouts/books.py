"""The books of an event close by themselves when it is over (D-FIN-01).

Each change of an event sets the moment when the sweep closes its books. What refuses that, such as refunds that are
still to be made, is tried again each hour; after a month the sweep gives it up with an alarm.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.payouts import settlements
from chalicelib.errors import InvalidState
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import BooksDue, Event, Item
from chalicelib.table.places import Key
from chalicelib.vocabulary.events import EventStatus

# Who closes the books that close by themselves.
PLATFORM = "platform"
# A reservation ends within ten minutes; what was paid in the last one is booked by then.
_AFTER = timedelta(minutes=30)
_AGAIN, _PATIENCE = timedelta(hours=1), timedelta(days=31)
_PREFIX = "bks_"


@follows(*every(Event))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Set when the books of changed events close; idempotent."""
    moved: dict[str, Event] = {}
    for change in changes:
        event = change.after
        if isinstance(event, Event) and _matters(event, change.before):
            moved[event.event_id] = event
    for event in moved.values():
        _schedule(event.event_id, _moment_of(event))
    return []


def _matters(event: Event, before: Item | None) -> bool:
    if event.organizer_id is None or event.status == EventStatus.DRAFT:
        return False
    if not isinstance(before, Event):
        return True
    return (before.organizer_id, before.status, before.ends_at) != (event.organizer_id, event.status, event.ends_at)


def _moment_of(event: Event) -> datetime:
    return max(event.ends_at + _AFTER, clock.now())


def _due(event_id: str, moment: datetime) -> Key:
    return keys.jobs.due(moment, f"{_PREFIX}{event_id}")


def _schedule(event_id: str, moment: datetime, *more: Action) -> None:
    actions = [*BooksDue.due_at(_due(event_id, moment)), BooksDue.kind.set(BooksDue), BooksDue.event_id.set(event_id)]
    operations.record(operations.change(keys.money.books_due(event_id), [*actions, *more]))


def close_due(due_id: str) -> bool:
    """Close the books of an event that is over; return whether there was anything to do.

    Raises Unavailable (not all sales are counted yet), InvalidState (refused for a month).
    """
    event_id = due_id.removeprefix(_PREFIX)
    due = operations.get(keys.money.books_due(event_id))
    if due is None or not due.is_due:
        return False
    event = operations.get(keys.events.event(event_id))
    is_open = event is not None and event.organizer_id is not None and event.status != EventStatus.DRAFT
    if event is None or not is_open or settlements.find(event_id) is not None:
        _end(due)
        return False
    if clock.now() < event.ends_at:
        _schedule(event_id, _moment_of(event))
        return True
    try:
        settlements.close(event_id, by=PLATFORM)
    except InvalidState as refused:
        since = due.refused_since or clock.now()
        if clock.now() - since > _PATIENCE:
            raise
        logger.info("books not closed", extra={"event_id": event_id, "reason": refused.text})
        _schedule(event_id, clock.now() + _AGAIN, BooksDue.refused_since.set(since))
    else:
        _end(due)
    return True


def _end(due: BooksDue) -> None:
    try:
        operations.record(operations.change(due.place, BooksDue.not_due(), due.is_due_as_read()))
    except operations.ConditionFailed:
        return  # the event was changed meanwhile, and is looked at again
