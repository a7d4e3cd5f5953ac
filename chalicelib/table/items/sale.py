"""The items of orders and the totals of sales."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary import OrderStatus


class Order(SweptItem, discriminator="order"):
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


class SalesTotals(Item, discriminator="sales_totals"):
    """What was sold of an event, in all, on one day, or of one category; kept by the stream worker."""

    event_id = UnicodeAttribute()
    # TOTALS, SALES or CATEGORY; and which day or category.
    of = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    tickets = IntegerAttribute(default=0)
    revenue = IntegerAttribute(default=0)
    refunded_tickets = IntegerAttribute(default=0)
    refunded = IntegerAttribute(default=0)
    # The platform's part of it, without what went back with refunds.
    fees = IntegerAttribute(default=0)
