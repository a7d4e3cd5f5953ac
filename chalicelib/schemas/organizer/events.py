"""Bodies of the organizers' portal: own events, their analytics, requests to change them."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer, StrictBool, StringConstraints, WithJsonSchema

from chalicelib.schemas.platform_names import require_own
from chalicelib.schemas.texts import LINES, ONE_LINE, Name, Sought
from chalicelib.schemas.texts import Title as AnyTitle
from chalicelib.schemas.tix.settings import Timezone
from chalicelib.schemas.wire import (
    Amount,
    ChangeIn,
    Day,
    Filter,
    Id,
    In,
    Instant,
    Moment,
    MoneyOut,
    Out,
    PageIn,
    Version,
)
from chalicelib.vocabulary.events import DraftReview, EditRequestStatus, EventStatus

LocalHour = Annotated[
    datetime,
    PlainSerializer(datetime.isoformat, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
    Field(description="The hour's beginning, with the offset of the event's time zone."),
]


class EventsIn(PageIn):
    """A filter of the event list; a date is a day in the event's time zone, and ranges include both ends.

    An event of several days is found on each of them.
    """

    status: Filter[EventStatus] | None = None
    date_from: Day | None = None
    date_to: Day | None = None
    search: Sought | None = Field(
        default=None, description="The beginning of a word of the title, with any text after it."
    )


class VenueOut(Out):
    """The venue of an event."""

    id: str | None
    name: str
    city: str | None
    address: str | None


class EventOut(Out):
    """An event in the organizer's list, with its totals; `sold` excludes refunded tickets."""

    id: str
    title: str
    category: str | None
    status: EventStatus
    starts_at: Moment
    ends_at: Moment
    timezone: str
    venue: VenueOut | None
    image_url: str | None
    review: DraftReview | None
    sold: int
    capacity: int
    revenue: MoneyOut
    checked_in: int


class TicketCategoryOut(Out):
    """A ticket category of an event."""

    id: str
    name: str
    tier: str | None
    price: MoneyOut
    capacity: int
    per_order_limit: int
    sales_start: Moment | None
    sales_end: Moment | None


class CategorySalesOut(Out):
    """The sales of one ticket category, in its own currency."""

    id: str
    name: str
    tier: str | None
    price: MoneyOut
    capacity: int
    sold: int
    revenue: MoneyOut
    refunded: MoneyOut


class DaySalesOut(Out):
    """The sales and refunds on one day of the event's time zone."""

    date: date
    tickets: int
    revenue: MoneyOut
    refunded: MoneyOut


class HourOut(Out):
    """The first entries in one hour."""

    hour: LocalHour
    count: int


class GateOut(Out):
    """The results of one gate; null groups the scans that named no gate of the event."""

    gate: str | None
    admitted: int
    duplicates_refused: int
    invalid_refused: int


class CheckInsOut(Out):
    """The results of all gates; `by_hour` counts first entries."""

    admitted: int
    on_leave: int
    duplicates_refused: int
    invalid_refused: int
    by_hour: list[HourOut]
    by_gate: list[GateOut]


class OccupancyOut(Out):
    """The people inside at a moment; `upper_bound` adds the scans that offline readers reported as pending."""

    inside: int
    as_of: Moment
    upper_bound: int
    unsynced_devices: int


class AnalyticsOut(Out):
    """An event in numbers: `sold` excludes refunded tickets, `revenue` includes `refunded`.

    `issued` are tickets without an order. What a payment provider took back, as by a dispute, is not in `refunded`: the
    event's payout has a line for it, or its adjustments.
    """

    sold: int
    issued: int
    capacity: int
    revenue: MoneyOut
    refunded: MoneyOut
    by_category: list[CategorySalesOut]
    sales_by_day: list[DaySalesOut]
    check_ins: CheckInsOut
    occupancy: OccupancyOut


class OwnEventOut(Out):
    """An event with all details for its organizer; `version` counts its changes.

    `review` is set for a draft that waits for the staff or was sent back by them, with their note. A change of a draft
    that waits takes it back from the staff: `review` is null then, and the note says to submit it again.
    """

    id: str
    title: str
    description: str | None
    category: str | None
    status: EventStatus
    starts_at: Moment
    ends_at: Moment
    timezone: str
    venue: VenueOut | None
    image_url: str | None
    featured: bool
    children_enabled: bool
    re_entry_allowed: bool
    scanning_opens_at: Moment | None
    scanning_closes_at: Moment | None
    refund_deadline: Moment | None
    gates: list[str]
    ticket_categories: list[TicketCategoryOut]
    review: DraftReview | None
    review_note: str | None
    version: int


class EventDetailOut(OwnEventOut):
    """An event with all details and its analytics."""

    analytics: AnalyticsOut


class EventCountsOut(Out):
    """The number of events; drafts and cancelled events count in the total only."""

    total: int
    upcoming: int
    live: int
    past: int


class DashboardOut(Out):
    """An organizer at a glance; `checked_in` counts events of the last twelve months."""

    events: EventCountsOut
    tickets_sold: int
    revenue: MoneyOut
    refunded: MoneyOut
    checked_in: int
    check_in_rate: Annotated[float, Field(ge=0)]
    pending_payouts: MoneyOut
    sales_by_day: list[DaySalesOut]


Title = Annotated[AnyTitle, AfterValidator(require_own)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000), LINES]
Url = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^https://[^\s]+$", max_length=2_000), ONE_LINE]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), LINES]


# The default of a field that a change may leave out and cannot clear; it is never used.
UNUSED = datetime(1970, 1, 1, tzinfo=UTC)


class CategoryChangeIn(ChangeIn):
    """A change of a ticket category: with an `id` its named fields change, without one it is new.

    A new category needs a name, a price and a capacity.
    """

    id: Id | None = None
    name: Name | None = None
    tier: Name | None = None
    price: Amount | None = None
    capacity: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    per_order_limit: Annotated[int, Field(ge=1, le=20)] | None = None
    sales_start: Instant | None = None
    sales_end: Instant | None = None


class ChangesIn(ChangeIn):
    """The changes of an event; an omitted field keeps its value."""

    title: Title | None = None
    description: Text | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    venue_id: Id | None = None
    image_url: Url | None = None
    ticket_categories: Annotated[list[CategoryChangeIn], Field(max_length=20)] | None = None


class DraftCategoryIn(In):
    """A ticket category of a draft; an `id` names one that the draft has already."""

    id: Id | None = None
    name: Name
    tier: Name | None = None
    price: Amount
    capacity: Annotated[int, Field(ge=1, le=1_000_000)]
    per_order_limit: Annotated[int, Field(ge=1, le=20)] | None = None
    sales_start: Instant | None = None
    sales_end: Instant | None = None


class DraftChangeIn(ChangeIn):
    """The changes of a draft: an omitted field keeps its value, null clears one that may be empty.

    The list of categories is replaced as a whole. `version` is the one that the caller has seen: another one is 409.
    """

    title: Title = ""
    description: Text | None = None
    category: Name | None = None
    venue_id: Id | None = None
    starts_at: Instant = UNUSED
    ends_at: Instant = UNUSED
    timezone: Timezone = "UTC"
    image_url: Url | None = None
    children_enabled: StrictBool = False
    re_entry_allowed: StrictBool = False
    scanning_opens_at: Instant | None = None
    scanning_closes_at: Instant | None = None
    refund_deadline: Instant | None = None
    ticket_categories: Annotated[list[DraftCategoryIn], Field(max_length=20)] | None = None
    version: Version | None = None

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, without the version."""
        return self.model_dump(exclude_unset=True, exclude={"version"})


class DraftIn(DraftChangeIn):
    """A new event, which is a draft until the staff publish it."""

    title: Title
    starts_at: Instant
    ends_at: Instant


class EditRequestIn(In):
    """A request to change an event; the platform's staff decides on it."""

    changes: ChangesIn
    reason: Reason


class DifferenceOut(Out):
    """One value that is to change, as the wire writes it.

    A category's is named like `ticket_categories.cat_01JDEM.price`, a new one's `ticket_categories.cat_01JDEM`.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    field: str
    before: Any = Field(alias="from", description="The value before the change; null for what is new.")
    after: Any = Field(alias="to", description="The value after the change.")


class EditRequestOut(Out):
    """A request to change an event, and its effect."""

    id: str
    status: EditRequestStatus
    diff: list[DifferenceOut]
