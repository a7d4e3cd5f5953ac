"""The refusal of a code or a submission outside the time of its event: which period it was, in words."""

from chalicelib.domain import timezones
from chalicelib.domain.campus.events import event_windows
from chalicelib.domain.campus.events.event_windows import WindowState
from chalicelib.errors import OutsideAttendancePeriod
from chalicelib.table.items import CampusEvent


def refusal(event: CampusEvent, window: WindowState, *, ended: str) -> OutsideAttendancePeriod:
    """Return the refusal outside an event's windows; `ended` is its text after the last one."""
    text = ended if window.reason == event_windows.ENDED else window.reason
    return OutsideAttendancePeriod(text, extra={"timing": _timing(event, window)})


def _timing(event: CampusEvent, window: WindowState) -> str:
    if window.opens_at is not None:
        return f"Attendance opens at {timezones.in_words(window.opens_at, event.timezone)}. Scan the code again then."
    if window.reason == event_windows.ENDED:
        last = timezones.in_words(event_windows.last_end(event), event.timezone)
        return f"Attendance closed at {last}. Ask the organizer to mark you if you were there."
    return "The organizer has switched this event off. Ask them if you think that you should be marked."
