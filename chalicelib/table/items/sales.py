"""The items of the sale: categories, stock, orders, and the catalogue that the public reads."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import GiftStatus, OrderStatus, RefundRequestStatus


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


class Order(Item, discriminator="order"):
    """A booking and what became of it.

    `items` is `[{category_id, name, tier, quantity, price, shards: {shard: taken}}]`, prices in minor units;
    `tickets` is `[{ticket_id, number, category_id, holder_name, dependent_id}]`.
    """

    order_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute(null=True)
    status = EnumAttribute(OrderStatus)
    items: JSONAttribute = JSONAttribute()
    tickets: JSONAttribute = JSONAttribute()
    total = IntegerAttribute()
    # The platform's part of it, as it was when the order was paid.
    fee = IntegerAttribute(default=0)
    currency = UnicodeAttribute()
    card_uid = UnicodeAttribute(null=True)
    card_id = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    created_at = MomentAttribute()
    expires_at = MomentAttribute()
    closed_at = MomentAttribute(null=True)
    # Whether the customer's totals know that this order was paid, and how much of it they know to be refunded.
    counted = BooleanAttribute(null=True)
    refund_counted = IntegerAttribute(default=0)
    # Whether the event's and the organizer's totals know of it.
    sales_counted = BooleanAttribute(null=True)


class Listing(Item, discriminator="listing"):
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


class Gift(Item, discriminator="gift"):
    """A ticket that waits for a number to register, or did."""

    gift_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    giver_id = UnicodeAttribute()
    status = EnumAttribute(GiftStatus)
    name = UnicodeAttribute(null=True)
    created_at = MomentAttribute()


class RefundRequest(Item, discriminator="refund_request"):
    """A customer's wish to give a ticket back, and what became of it.

    `amount` is what is given back once it is approved: at most what was paid for the ticket.
    """

    refund_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    status = EnumAttribute(RefundRequestStatus)
    reason = UnicodeAttribute()
    amount = IntegerAttribute()
    # How much of the platform's fee goes back with it.
    fee = IntegerAttribute(default=0)
    currency = UnicodeAttribute()
    created_at = MomentAttribute()
    # Known once it is approved.
    category_id = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    decided_at = MomentAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    # The provider's, once it has given the money back.
    refund_reference = UnicodeAttribute(null=True)
    # Whether the event's and the organizer's totals know of it.
    sales_counted = BooleanAttribute(null=True)


class SweepMark(Item, discriminator="sweep_mark"):
    """Up to which minute everything that was due has been taken care of."""

    minute = UnicodeAttribute()
