"""Days of a period as people at a campus mean them: those of the event's time zone, else of the caller's campus."""

from collections.abc import Sequence
from datetime import date, datetime, time, tzinfo

from msgspec.structs import replace

from chalicelib.domain import timezones
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_events
from chalicelib.domain.campus.people import campus_names
from chalicelib.domain.lists.pages import Asked
from chalicelib.errors import NotFound

Period = Sequence[datetime | date | None]
ALWAYS: Period = (None, None)
# Where clocks go back at midnight, the last hour comes twice, and the day ends with the second one.
END_OF_DAY = time.max.replace(fold=1)
_OF_DAY = (time.min, END_OF_DAY)


def moment(value: datetime | date | None, of_day: time, zone: tzinfo) -> datetime | None:
    """Return an end of a period; a day has it at a time of that day in a zone."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, of_day, tzinfo=zone)


def period(caller: Principal, ends: Period, *, event_id: str | None) -> tuple[datetime | None, datetime | None]:
    """Return both ends of a period that a caller names; days are whole days, both included."""
    is_of_days = any(isinstance(value, date) and not isinstance(value, datetime) for value in ends)
    zone = timezones.zone(_timezone(caller, event_id) if is_of_days else "UTC")
    first, last = (moment(value, of_day, zone) for value, of_day in zip(ends, _OF_DAY, strict=True))
    return first, last


def asked_in(asked: Asked, caller: Principal, ends: Period, *, event_id: str | None = None) -> Asked:
    """Return the page that is asked for, of a period by date."""
    named = asked.filters.get("event")
    found = period(caller, ends, event_id=event_id or (str(named) if named else None))
    return asked if found == (None, None) else replace(asked, ranges={**asked.ranges, "date": found})


def _timezone(caller: Principal, event_id: str | None) -> str:
    if event_id is not None:
        try:
            return campus_events.cached(event_id).timezone
        except NotFound:
            pass  # the list says what is to be said of an unknown event
    campus = campus_names.known().get(campus_events.campus_of(caller.id) or "")
    return campus.timezone if campus else "UTC"
