"""For how long each kind of evidence of an event is kept: the event's own days, else those of the stage.

The days count from the end of the event's last window. An hour is added, in which the last submissions are completed
and checked (D-CAMPUS-53).
"""

from datetime import datetime, timedelta

from chalicelib.domain.campus.events import event_fields, event_windows
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import ErasedKind

COMPLETION = timedelta(hours=1)


def days(event: CampusEvent, kind: ErasedKind) -> int:
    """Return for how many days an event keeps one kind of evidence."""
    return event_fields.kept_days(event, kind)


def ends_at(event: CampusEvent, kind: ErasedKind) -> datetime:
    """Return when one kind of evidence of an event is erased."""
    last = max(event.ends_at, *(end for _, end in event_windows.windows(event)))
    return last + timedelta(days=days(event, kind)) + COMPLETION
