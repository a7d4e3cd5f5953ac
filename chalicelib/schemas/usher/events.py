"""Bodies of the ushers' portal: events."""

from pydantic import Field

from chalicelib.schemas.wire import Moment, Out, PageIn, PageSize
from chalicelib.vocabulary.access import UsherRole
from chalicelib.vocabulary.events import EventStatus


class EventsIn(PageIn):
    """The page of the assigned events; all of them where no size is asked for, since phones read one page."""

    page_size: PageSize = 100


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
    inside: int = Field(description="How many people are inside, with and without a ticket.")
    counted_without_ticket: int = Field(description="How many of them were counted without a ticket.")
    last_scan_at: Moment | None
    server_time: Moment


class EventStatusOut(StatusOut):
    """The live status of an event, and how many may be inside."""

    as_of: Moment = Field(description="When the unsynced device that was silent for longest was last heard; else now.")
    unsynced_devices: int = Field(description="Devices that hold scans, and reader agents that are silent.")
    inside_at_most: int = Field(description="The number inside, if each scan that a device holds admits one more.")
