"""Events that are not over: how long the keys of ticket codes are needed."""

from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.domain.events import gate_control
from chalicelib.domain.events.events import FARTHEST, GATES_AROUND
from chalicelib.identifiers import ulid_of
from chalicelib.table import keys, operations
from chalicelib.table.items import Event
from chalicelib.vocabulary.events import EventStatus

# The days whose events are read, by when their gates open. Before its bound, an event could last for a year.
_BACK, _AHEAD = 366 + 2 * GATES_AROUND.days, FARTHEST.days
_OVER = (EventStatus.ENDED, EventStatus.CANCELLED, EventStatus.ARCHIVED)


def last_made_before(moment: datetime) -> str | None:
    """Return the last event that was created before a moment and is not over, or None.

    It reads the events of years, so it is for a command only.
    """
    today = clock.now().date()
    for day in range(_AHEAD, -_BACK - 1, -1):
        partition = keys.events.events_by_day((today + timedelta(days=day)).isoformat()).pk
        names = [raw["gsi2sk"]["S"] for raw in operations.query(partition, index="gsi2")]
        found = operations.get_many([keys.events.event(name) for name in names if _was_made_before(name, moment)])
        unfinished = [event.event_id for event in found.values() if _is_unfinished(event)]
        if unfinished:
            return min(unfinished)
    return None


def _was_made_before(event_id: str, moment: datetime) -> bool:
    ulid = ulid_of(event_id)
    # An id that was given by hand has no time.
    return ulid is None or ulid.datetime < moment


def _is_unfinished(event: Event) -> bool:
    return event.status not in _OVER and gate_control.facts_of(event).closes_at > clock.now()
