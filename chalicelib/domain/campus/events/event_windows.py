"""When an event accepts submissions, and whether one of that moment is late. Pure; ends are included.

The first window is from `starts_at` to `closes_at`, or to `ends_at` without it. The second one, if the event has one,
is for a later check, such as at the end of a long day. A submission counts in either of them.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import AttendanceStatus

ENDED = "Event attendance period has ended"
NOT_BEGUN = "Event attendance period has not begun"
BETWEEN = "Event attendance period is between its two windows"
INACTIVE = "This event is not active"


class WindowState(Struct, frozen=True):
    """Whether an event accepts a submission; if not, `reason` says why, and `opens_at` when it does next."""

    is_open: bool
    status: AttendanceStatus
    reason: str | None = None
    opens_at: datetime | None = None


def state(event: CampusEvent, at: datetime) -> WindowState:
    """Return whether an event accepts a submission at a moment, and the status that it gets."""
    status = status_at(event, at)
    if not event.is_active or event.deleted_at is not None:
        return WindowState(is_open=False, status=status, reason=INACTIVE)
    several = list(windows(event))
    if any(begins <= at <= ends for begins, ends in several):
        return WindowState(is_open=True, status=status)
    later = [begins for begins, _ in several if begins > at]
    if not later:
        return WindowState(is_open=False, status=status, reason=ENDED)
    reason = NOT_BEGUN if len(later) == len(several) else BETWEEN
    return WindowState(is_open=False, status=status, reason=reason, opens_at=min(later))


def windows(event: CampusEvent) -> Iterator[tuple[datetime, datetime]]:
    """Yield begin and end of each window in which submissions are accepted, in order."""
    yield event.starts_at, event.closes_at or event.ends_at
    if event.second_window:
        second = event.second_window
        yield datetime.fromisoformat(second["start"]), datetime.fromisoformat(second["end"])


def last_end(event: CampusEvent) -> datetime:
    """Return when the last window of an event ends: after it, who was expected and has no record is absent."""
    return max(ends for _, ends in windows(event))


def expects(event: CampusEvent) -> bool:
    """Return whether an event expects anybody: not where it was deleted, or switched off before its last window ended.

    Nobody could submit then. An event that is switched off afterwards is put away, and its absences stay.
    """
    if event.deleted_at is not None:
        return False
    return event.is_active or (event.switched_off_at is not None and event.switched_off_at > last_end(event))


def status_at(event: CampusEvent, at: datetime) -> AttendanceStatus:
    """Return `late` after the event's `late_until`, else `present`; without it nobody is late."""
    is_late = event.late_until is not None and at > event.late_until
    return AttendanceStatus.LATE if is_late else AttendanceStatus.PRESENT
