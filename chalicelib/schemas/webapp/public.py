"""Bodies of the web app: the public pages of events."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.texts import Sought
from chalicelib.schemas.wire import Day, Filter, Id, Instant, Moment, MoneyOut, Out, PageIn
from chalicelib.vocabulary.events import CatalogueOrder, EventStatus

_PRICE = "A decimal amount in the platform's currency."
Price = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$"),
    Field(description=_PRICE, examples=["1500.00"]),
]


class EventsIn(PageIn):
    """A filter of the event list; a date is a day in the event's time zone, and ranges include both ends.

    An event of several days is found on each of them.
    """

    category: Sought | None = None
    city: Sought | None = None
    date_from: Instant | Day | None = None
    date_to: Instant | Day | None = None
    price_from: Price | None = Field(default=None, description=f"The lowest price, included. {_PRICE}")
    price_to: Price | None = Field(default=None, description=f"The highest price, included. {_PRICE}")
    organizer_id: Id | None = None
    search: Sought | None = Field(
        default=None, description="The beginning of a word of the title, with any text after it."
    )
    ordering: Filter[CatalogueOrder] | None = Field(
        default=None, description="By start time by default; search results by title."
    )
    include_past: bool = Field(default=False, description="Whether past events are listed too.")


class VenueOut(Out):
    """The venue of an event; its position is in decimal degrees (WGS 84)."""

    id: str | None
    name: str
    city: str | None
    address: str | None
    latitude: str | None
    longitude: str | None


class OrganizerOut(Out):
    """The organizer of an event."""

    id: str
    name: str | None


class TicketCategoryOut(Out):
    """A ticket category of an event; `available` excludes reserved and sold tickets."""

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
    """An event as the public sees it; `price_from` is the lowest price, null while nothing is on sale."""

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
    """A category of the catalogue and its number of upcoming events."""

    category: str
    events: int


class CategoriesOut(Out):
    """All categories with upcoming events."""

    results: list[CategoryOut]
