"""Bodies of the customers' door: what anyone may read of events."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import Day, Id, Instant, Moment, MoneyOut, Name, Out, PageIn
from chalicelib.vocabulary import CatalogueOrder, EventStatus

Price = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$"),
    Field(description="A decimal amount in the platform's currency.", examples=["1500.00"]),
]


class EventsIn(PageIn):
    """Which events to list; a date is the event's own day, and both ends are part of a range."""

    category: Name | None = None
    city: Name | None = None
    date_from: Instant | Day | None = None
    date_to: Instant | Day | None = None
    price_from: Price | None = None
    price_to: Price | None = None
    organizer_id: Id | None = None
    search: Name | None = Field(
        default=None, description="What a word of the title begins with, and what may follow it there."
    )
    ordering: CatalogueOrder | None = Field(
        default=None, description="By beginning unless told otherwise; what is searched for by title."
    )
    include_past: bool = Field(default=False, description="Whether events that are over are listed too.")


class VenueOut(Out):
    """Where an event is held; its place on earth in decimal degrees (WGS 84)."""

    id: str | None
    name: str
    city: str | None
    address: str | None
    latitude: str | None
    longitude: str | None


class OrganizerOut(Out):
    """Who holds an event."""

    id: str
    name: str | None


class TicketCategoryOut(Out):
    """What an event sells; `available` is what nobody holds or has bought."""

    id: str
    name: str
    tier: str | None
    price: MoneyOut
    capacity: int
    available: int
    per_order_limit: int
    sales_start: Moment | None
    sales_end: Moment | None


class EventOut(Out):
    """An event as the public sees it; `price_from` is the cheapest category's, null while nothing is on sale."""

    id: str
    title: str
    description: str | None
    category: str | None
    status: EventStatus
    starts_at: Moment
    ends_at: Moment
    timezone: str
    venue: VenueOut | None
    organizer: OrganizerOut | None
    image_url: str | None
    featured: bool
    price_from: MoneyOut | None
    ticket_categories: list[TicketCategoryOut]
    children_enabled: bool
    re_entry_allowed: bool


class CategoryOut(Out):
    """A category of the catalogue and how many events to come it has."""

    category: str
    events: int


class CategoriesOut(Out):
    """All categories that have events to come."""

    results: list[CategoryOut]
