"""Items of orders and sales totals."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary.payments import OrderStatus


class Order(SweptItem, discriminator="order"):
    """A booking and its outcome.

    `items` is `[{category_id, name, tier, quantity, price, shards: {shard: taken}}]`, prices in minor units;
    `tickets` is `[{ticket_id, number, category_id, holder_name, dependent_id}]`, with `on_card`, the `card_id` of a
    dependent's own card, and the `shard` of the stock once staff moved a ticket of the order to another category.
    """

    order_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute(null=True)
    status = EnumAttribute(OrderStatus)
    items: JSONAttribute = JSONAttribute()
    tickets: JSONAttribute = JSONAttribute()
    total = IntegerAttribute()
    # The platform's fee, fixed when the order was paid.
    fee = IntegerAttribute(default=0)
    currency = UnicodeAttribute()
    card_uid = UnicodeAttribute(null=True)
    card_id = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    # The provider of the payment that paid it.
    paid_by = UnicodeAttribute(null=True)
    created_at = MomentAttribute()
    expires_at = MomentAttribute()
    closed_at = MomentAttribute(null=True)
    # Whether the customer's totals count this order, and how much of its refunds they count.
    counted = BooleanAttribute(null=True)
    refund_counted = IntegerAttribute(default=0)
    # Whether the event's and the organizer's totals count it.
    sales_counted = BooleanAttribute(null=True)
    # How often staff moved a ticket of it to another category.
    recategorized = IntegerAttribute(null=True)


class SalesTotals(Item, discriminator="sales_totals"):
    """An event's sales: total, of one day, one category, or one way of payment; updated by the stream worker."""

    event_id = UnicodeAttribute()
    # TOTALS, SALES, CATEGORY or WAY; `name` is the day, the category, or the provider of the payments.
    of = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    # Of TOTALS and SALES: the organizer whose totals contain these.
    organizer_id = UnicodeAttribute(null=True)
    tickets = IntegerAttribute(default=0)
    revenue = IntegerAttribute(default=0)
    refunded_tickets = IntegerAttribute(default=0)
    refunded = IntegerAttribute(default=0)
    # The platform's fees, without the refunded part.
    fees = IntegerAttribute(default=0)
    # Of a way of payment: what was paid for its refunded tickets, and not given back.
    kept = IntegerAttribute(default=0)
