"""Bodies of the staff's portal: events, their statistics, and organizers' edit requests."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool

from chalicelib.schemas import messages
from chalicelib.schemas.organizer import events as organizer
from chalicelib.schemas.organizer.events import AnalyticsOut, DifferenceOut, DraftCategoryIn, Reason, TicketCategoryOut
from chalicelib.schemas.organizer.events import Text as LongText
from chalicelib.schemas.texts import Name
from chalicelib.schemas.tix.settings import Timezone
from chalicelib.schemas.wire import ChangeIn, Id, In, Instant, Moment, MoneyOut, Out, Version
from chalicelib.vocabulary.events import DraftReview, EditRequestStatus, EventStatus


def _two_decimals(value: float) -> float:
    if round(value, 2) != value:
        raise ValueError(messages.PERCENTAGE)
    return value


# Pydantic's own check of a multiple takes 1e-10, and has no words of ours.
Percent = Annotated[
    float,
    Field(ge=0, le=100, strict=True, json_schema_extra={"multipleOf": 0.01}),
    AfterValidator(_two_decimals),
]


class EventVenueOut(Out):
    """The venue of an event, as of the last save of the event."""

    id: str | None
    name: str
    city: str | None
    address: str | None


class EventOut(Out):
    """An event in the list of staff."""

    id: str
    title: str
    category: str | None
    status: EventStatus
    review: DraftReview | None
    organizer_id: str | None
    organizer_name: str | None
    venue: EventVenueOut | None
    starts_at: Moment
    ends_at: Moment
    timezone: str
    featured: bool
    image_url: str | None
    version: int


class EventDetailOut(EventOut):
    """An event with all details; `platform_fee_percent` is null where the usual fee applies.

    `version` counts its changes: send it with a change, and a stale one is refused.
    """

    description: str | None
    children_enabled: bool
    re_entry_allowed: bool
    offline_names: bool
    scanning_enabled: bool
    scanning_opens_at: Moment | None
    scanning_closes_at: Moment | None
    refund_deadline: Moment | None
    platform_fee_percent: float | None
    gates: list[str]
    ticket_categories: list[TicketCategoryOut]
    review_note: str | None
    moved_at: Moment | None


class StatisticsOut(AnalyticsOut):
    """An event in numbers, with the platform's `fees` and what is left for its organizer.

    `fees` leave out what was returned with refunds. `net` is `revenue` less `refunded` and `fees`.
    What a payment provider took back, as by a dispute, is in neither: the settlement deducts it.
    """

    fees: MoneyOut
    net: MoneyOut


class EventChangeIn(ChangeIn):
    """The changes of an event: an omitted field keeps its value, null clears one that may be empty.

    The categories of a draft are replaced as a whole. Those of an event on sale change one by one, by their `id`, and
    one without an `id` is new. `review` answers an organizer's submitted draft. While `scanning_enabled` is false, the
    gates refuse every scan with `scanning_disabled`.
    """

    title: organizer.Title = ""
    description: LongText | None = None
    category: Name | None = None
    organizer_id: Id = ""
    venue_id: Id | None = None
    starts_at: Instant = organizer.UNUSED
    ends_at: Instant = organizer.UNUSED
    timezone: Timezone = "UTC"
    status: EventStatus = EventStatus.DRAFT
    featured: StrictBool = False
    image_url: organizer.Url | None = None
    children_enabled: StrictBool = False
    re_entry_allowed: StrictBool = False
    offline_names: StrictBool = True
    scanning_enabled: StrictBool = True
    scanning_opens_at: Instant | None = None
    scanning_closes_at: Instant | None = None
    refund_deadline: Instant | None = None
    platform_fee_percent: Percent | None = None
    ticket_categories: Annotated[list[organizer.CategoryChangeIn], Field(max_length=20)] | None = None
    review: Literal["rejected"] | None = None
    review_note: Reason | None = None
    version: Version | None = None

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, without the version."""
        return self.model_dump(exclude_unset=True, exclude={"version"})


class EventIn(In):
    """A new event: a draft of the staff, or published at once."""

    title: organizer.Title
    organizer_id: Id
    starts_at: Instant
    ends_at: Instant
    description: LongText | None = None
    category: Name | None = None
    venue_id: Id | None = None
    timezone: Timezone = "UTC"
    status: Literal["draft", "published"] = "draft"
    featured: StrictBool = False
    image_url: organizer.Url | None = None
    children_enabled: StrictBool = False
    re_entry_allowed: StrictBool = False
    scanning_opens_at: Instant | None = None
    scanning_closes_at: Instant | None = None
    refund_deadline: Instant | None = None
    platform_fee_percent: Percent | None = None
    ticket_categories: Annotated[list[DraftCategoryIn], Field(max_length=20)] | None = None

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent."""
        return self.model_dump(exclude_unset=True)


class EditRequestOut(Out):
    """An organizer's request to change an event, and its decision."""

    id: str
    event_id: str
    organizer_id: str
    status: EditRequestStatus
    reason: str
    diff: list[DifferenceOut]
    note: str | None
    created_at: Moment
    decided_at: Moment | None
    decided_by: str | None


class DecisionIn(In):
    """The decision on a request; the first one is the answer to every later one alike."""

    decision: Literal["approve", "reject"]
    note: Reason | None = None
