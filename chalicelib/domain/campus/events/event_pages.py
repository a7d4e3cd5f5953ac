"""Pages of campus events: what a caller may see, newest first, by campus and by days in the event's own time zone."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain import paging, timezones
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.events import campus_days, campus_events, event_fields, event_windows
from chalicelib.domain.campus.people import campus_names
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.campus_events import CAMPUS_EVENTS
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import Page
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import CampusRole

# Local time is at most so far from UTC, before or after.
_FARTHEST = timedelta(hours=14)


class EventPeriod(Struct, frozen=True):
    """A period; a day is a whole day in the time zone of each event. Both ends are included."""

    begins: datetime | date | None = None
    ends: datetime | date | None = None

    def overlaps(self, event: CampusEvent) -> bool:
        """Whether an event takes place, or accepts submissions, at any time of the period."""
        zone = timezones.zone(event.timezone)
        begins = campus_days.moment(self.begins, time.min, zone)
        ends = campus_days.moment(self.ends, campus_days.END_OF_DAY, zone)
        return (begins is None or max(event.ends_at, event_windows.last_end(event)) >= begins) and (
            ends is None or event.starts_at <= ends
        )

    def starts(self) -> tuple[datetime | None, datetime | None]:
        """Return between which moments all events begin that overlap the period."""
        utc = timezones.zone("UTC")
        first, last = (
            campus_days.moment(self.begins, time.min, utc),
            campus_days.moment(self.ends, campus_days.END_OF_DAY, utc),
        )
        return (
            None if first is None else first - event_fields.LONGEST - event_fields.CLOSES_AFTER - _FARTHEST,
            None if last is None else last + _FARTHEST,
        )


def page(asked: Asked, by: Principal, *, campus: str | None = None, period: EventPeriod) -> Page[CampusEvent]:
    """Return a page of the events that the caller may see. `campus` is an id or a name.

    A page may be short, and `next` then continues. Raises InvalidCursor, ValidationFailed.
    """
    filters = dict(asked.filters)
    if campus is not None:
        filters["campus_id"] = campus_names.require(campus).campus_id
    allowed = _allowed(by)
    if any(filters.get(name, value) != value for name, value in allowed.items()):
        return paging.nothing(asked.cursor)
    ranges = dict(asked.ranges)
    if period != EventPeriod() and "starts_at" not in ranges:
        ranges["starts_at"] = period.starts()
    found = pages.page(CAMPUS_EVENTS, replace(asked, filters={**filters, **allowed}, ranges=ranges))
    return found.showing([event for event in found.results if period.overlaps(event)])


def organizers(events: Sequence[CampusEvent]) -> Mapping[str, str]:
    """Return the names of the events' organizers by id, with one read."""
    places = {keys.campus_people.profile(event.organizer_id) for event in events}
    profiles = operations.get_many(places, consistent=False).values()
    return {profile.user_id: f"{profile.first_name} {profile.last_name}" for profile in profiles}


def _allowed(by: Principal) -> dict[str, Any]:
    """Return the filters that every page of the caller has."""
    match by.claims.get("role"):
        case CampusRole.ADMIN | CampusRole.HR:
            return {}
        case CampusRole.SUPERVISOR:
            return {"campus_id": campus_events.campus_of(by.id) or ""}
        case CampusRole.ORGANIZER:
            return {"organizer_id": by.id}
    return {"is_active": "true"}
