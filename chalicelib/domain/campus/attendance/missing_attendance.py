"""People who were expected at an event and have no record of it.

They are nowhere stored. `absent` follows from the roster once the time of the event is over.
"""

from chalicelib import clock
from chalicelib.domain.campus.events import campus_events, event_windows
from chalicelib.errors import InvalidState, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent

_UNKNOWN = "There is no such attendance record."


def is_over(event: CampusEvent) -> bool:
    """Whether the time in which people can submit is over."""
    return clock.now() > max(ends for _, ends in event_windows.windows(event))


def contestable(event_id: str, user_id: str) -> CampusEvent:
    """Return an event at whose absence a person may appeal: they are expected, and its time is over.

    Raises NotFound, InvalidState (before its end).
    """
    event = campus_events.get(event_id)
    entry = operations.get(keys.campus_events.roster_entry(event_id, user_id))
    if entry is None:
        raise NotFound(_UNKNOWN)
    if not is_over(event):
        raise InvalidState("The event is not over. You can still submit your attendance.")
    return event
