"""Items of events, venues, ticket categories, stock and the public catalogue."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, ListAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary.events import DraftReview, EventStatus


class Venue(MapAttribute[str, Any]):
    """An event's copy of its venue, as of the last save of the event."""

    id = UnicodeAttribute(null=True)
    name = UnicodeAttribute()
    city = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    latitude = UnicodeAttribute(null=True)
    longitude = UnicodeAttribute(null=True)


class Event(Item, discriminator="event"):
    """A show, with the settings that its gates need."""

    event_id = UnicodeAttribute()
    title = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    category = UnicodeAttribute(null=True)
    organizer_id = UnicodeAttribute(null=True)
    organizer_name = UnicodeAttribute(null=True)
    image_url = UnicodeAttribute(null=True)
    featured = BooleanAttribute(default=False)
    refunds_until = MomentAttribute(null=True)
    status = EnumAttribute(EventStatus)
    # What the platform's totals count it as.
    tallied = UnicodeAttribute(null=True)
    # The platform's share of its sales, where it is not the usual one.
    fee_basis_points = IntegerAttribute(null=True)
    # Staff wrote its draft, so its organizer does not change it.
    prepared_by_staff = BooleanAttribute(null=True)
    # How it was cancelled: without notices, and without giving money back.
    cancelled_quietly = BooleanAttribute(null=True)
    money_kept = BooleanAttribute(null=True)
    # Its cancellation still gives money back.
    refunds_open = BooleanAttribute(null=True)
    starts_at = MomentAttribute()
    ends_at = MomentAttribute()
    # When it was last moved to another time or venue; tickets booked before may be returned until its start.
    moved_at = MomentAttribute(null=True)
    timezone = UnicodeAttribute(default="UTC")
    scanning_opens_at = MomentAttribute(null=True)
    scanning_closes_at = MomentAttribute(null=True)
    scanning_enabled = BooleanAttribute(default=True)
    re_entry_allowed = BooleanAttribute(default=False)
    children_enabled = BooleanAttribute(default=False)
    # Whether devices without network may show names; absent is yes.
    offline_names = BooleanAttribute(null=True)
    venue = Venue(null=True)
    # The optimistic lock: counts the changes, so a decision can be conditional on the version that was read.
    version = IntegerAttribute(default=0)
    gates: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    # Of a draft: its ticket categories, which become items with stock when it is published, and its review.
    drafted_categories: JSONAttribute = JSONAttribute(null=True)
    review = EnumAttribute(DraftReview, null=True)
    review_note = UnicodeAttribute(null=True)
    # The organizer whose totals count it, and whether they count it as ever published.
    counted_for = UnicodeAttribute(null=True)
    counted_as_shown = BooleanAttribute(null=True)


class KnownVenue(Item, discriminator="venue"):
    """A venue; each event stores its own copy from the time of selection."""

    venue_id = UnicodeAttribute()
    name = UnicodeAttribute()
    city = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    latitude = UnicodeAttribute(null=True)
    longitude = UnicodeAttribute(null=True)
    country = UnicodeAttribute(null=True)
    capacity = IntegerAttribute(null=True)
    gates: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    created_at = MomentAttribute(null=True)
    # The optimistic lock of its changes.
    version = IntegerAttribute(default=0)
    # How many events use it, drafts included.
    event_count = IntegerAttribute(default=0)


class Category(Item, discriminator="category"):
    """A ticket category of an event; its price is in minor units."""

    category_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    name = UnicodeAttribute()
    tier = UnicodeAttribute(null=True)
    price = IntegerAttribute()
    currency = UnicodeAttribute()
    capacity = IntegerAttribute()
    shards = IntegerAttribute()
    per_order_limit = IntegerAttribute()
    sales_start = MomentAttribute(null=True)
    sales_end = MomentAttribute(null=True)
    position = IntegerAttribute(default=0)


class Stock(Item, discriminator="stock"):
    """One shard of a category's stock. Invariant: free + reserved + sold = capacity."""

    event_id = UnicodeAttribute()
    category_id = UnicodeAttribute()
    shard = IntegerAttribute()
    capacity = IntegerAttribute()
    free = IntegerAttribute()
    reserved = IntegerAttribute(default=0)
    sold = IntegerAttribute(default=0)
    # Sold and then returned; `sold + returned` is the number ever sold.
    returned = IntegerAttribute(default=0)


class Listing(SweptItem, discriminator="listing"):
    """The public projection of an event, with the remaining stock of each category.

    Each write is conditional on the `version` read before its sources, so the last write reflects the latest change.
    """

    event_id = UnicodeAttribute()
    version = IntegerAttribute(default=0)
    public = BooleanAttribute(default=False)
    body: JSONAttribute = JSONAttribute()
    # `available` is by category; `sold` is the total sold by orders.
    available: JSONAttribute = JSONAttribute(default=dict)
    sold = IntegerAttribute(default=0)
    # Keys and content of its entries, so that the next projection can remove outdated ones.
    entries: JSONAttribute = JSONAttribute(default=list)
    facts: JSONAttribute = JSONAttribute(default=dict)
    # The catalogue category that counts it.
    counted_in = UnicodeAttribute(null=True)


class ListingEntry(Item, discriminator="listing_entry"):
    """An entry for a listing in one sorted list of the catalogue, with normalized fields to filter by."""

    event_id = UnicodeAttribute()
    # Only in lists of titles.
    title = UnicodeAttribute(null=True)
    category = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    organizer_id = UnicodeAttribute(null=True)
    # The lowest category price, in the platform's currency.
    price = IntegerAttribute(null=True)
    starts_at = MomentAttribute()
    ends_at = MomentAttribute()
    # The first and the last date in the event's time zone.
    day = UnicodeAttribute()
    last_day = UnicodeAttribute(null=True)


class CategoryCount(Item, discriminator="category_count"):
    """The number of upcoming public events in one catalogue category; changed only together with a Listing."""

    category = UnicodeAttribute()
    events = IntegerAttribute(default=0)
