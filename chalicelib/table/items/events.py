"""The items of events, venues, categories, stock, and the catalogue that the public reads."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, ListAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary import EventStatus


class Venue(MapAttribute[str, Any]):
    """Where an event is held, as it stood when the event was last saved."""

    id = UnicodeAttribute(null=True)
    name = UnicodeAttribute()
    city = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    latitude = UnicodeAttribute(null=True)
    longitude = UnicodeAttribute(null=True)


class Event(Item, discriminator="event"):
    """A show, with what its gates must know."""

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
    starts_at = MomentAttribute()
    ends_at = MomentAttribute()
    timezone = UnicodeAttribute(default="UTC")
    scanning_opens_at = MomentAttribute(null=True)
    scanning_closes_at = MomentAttribute(null=True)
    scanning_enabled = BooleanAttribute(default=True)
    re_entry_allowed = BooleanAttribute(default=False)
    children_enabled = BooleanAttribute(default=False)
    venue = Venue(null=True)
    # Counts its changes, so that whoever decides on what they saw knows whether it still stands.
    version = IntegerAttribute(default=0)
    gates: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    # Whose totals count it, and whether as one of those that were ever on show.
    counted_for = UnicodeAttribute(null=True)
    counted_as_shown = BooleanAttribute(null=True)


class KnownVenue(Item, discriminator="venue"):
    """A place where events are held; each event has a copy of what it said when it was chosen."""

    venue_id = UnicodeAttribute()
    name = UnicodeAttribute()
    city = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    latitude = UnicodeAttribute(null=True)
    longitude = UnicodeAttribute(null=True)


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
    """One shard of a category's stock: free + reserved + sold = capacity, in every state it is ever in."""

    event_id = UnicodeAttribute()
    category_id = UnicodeAttribute()
    shard = IntegerAttribute()
    capacity = IntegerAttribute()
    free = IntegerAttribute()
    reserved = IntegerAttribute(default=0)
    sold = IntegerAttribute(default=0)
    # How many were sold and given back; with `sold`, all that ever were sold.
    returned = IntegerAttribute(default=0)


class Listing(SweptItem, discriminator="listing"):
    """An event as the public sees it, with what is left of each category; projected from the table's stream.

    Whoever writes it has read the truth after the `version` that it replaces, so that the last one is right.
    """

    event_id = UnicodeAttribute()
    version = IntegerAttribute(default=0)
    public = BooleanAttribute(default=False)
    body: JSONAttribute = JSONAttribute()
    # By category; and how many of all were sold by orders.
    available: JSONAttribute = JSONAttribute(default=dict)
    sold = IntegerAttribute(default=0)
    # Where its entries stand and what they say, so that the next projection removes those that are no longer right.
    entries: JSONAttribute = JSONAttribute(default=list)
    facts: JSONAttribute = JSONAttribute(default=dict)
    # The category of the catalogue that counts it.
    counted_in = UnicodeAttribute(null=True)


class ListingEntry(Item, discriminator="listing_entry"):
    """A listing's place in one ordered list of the catalogue, with what the lists filter by, as it is searched."""

    event_id = UnicodeAttribute()
    # Only in the lists of titles.
    title = UnicodeAttribute(null=True)
    category = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    organizer_id = UnicodeAttribute(null=True)
    # The cheapest category, in the platform's currency.
    price = IntegerAttribute(null=True)
    starts_at = MomentAttribute()
    ends_at = MomentAttribute()
    # The day on which it starts, in its own time zone.
    day = UnicodeAttribute()


class CategoryCount(Item, discriminator="category_count"):
    """How many public events to come one category of the catalogue has; changed only together with a Listing."""

    category = UnicodeAttribute()
    events = IntegerAttribute(default=0)
