"""Bodies of the ushers' portal: events."""

from chalicelib.schemas.wire import Moment, Out
from chalicelib.vocabulary import EventStatus, UsherRole


class VenueOut(Out):
    """The venue of an event."""

    id: str | None
    name: str
    city: str | None
    address: str | None


class EventOut(Out):
    """An event as its ushers see it."""

    id: str
    title: str
    description: str | None
    category: str | None
    status: EventStatus
    starts_at: Moment
    ends_at: Moment
    timezone: str
    scanning_opens_at: Moment
    scanning_closes_at: Moment
    scanning_enabled: bool
    re_entry_allowed: bool
    children_enabled: bool
    venue: VenueOut | None
    gates: list[str]


class AssignmentOut(Out):
    """Whether the usher works at this event."""

    assigned: bool
    role: UsherRole | None
    scanning_enabled: bool


class StatusOut(Out):
    """The live status of an event."""

    active: bool
    scanning_enabled: bool
    starts_at: Moment
    ends_at: Moment
    tickets_sold: int
    admitted: int
    on_leave: int
    inside: int
    last_scan_at: Moment | None
    server_time: Moment
