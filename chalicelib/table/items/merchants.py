"""The items of merchants: settings, totals and the assignments of cards."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary import AssignmentStatus


class MerchantSettings(Item, discriminator="merchant_settings"):
    """What a merchant says of their shop, and what they want to be told."""

    merchant_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    by_sms = BooleanAttribute(default=True)
    by_email = BooleanAttribute(default=False)
    low_stock_threshold = IntegerAttribute(default=0)


class MerchantTotals(Item, discriminator="merchant_totals"):
    """A merchant's running totals: their cards by status, kept by the stream worker, and what they handed out."""

    merchant_id = UnicodeAttribute()
    stock = IntegerAttribute(default=0)
    held = IntegerAttribute(default=0)
    active = IntegerAttribute(default=0)
    blocked = IntegerAttribute(default=0)
    lost = IntegerAttribute(default=0)
    replaced = IntegerAttribute(default=0)
    # These two change in the transaction of the assignment itself.
    assigned = IntegerAttribute(default=0)
    fees = IntegerAttribute(default=0)


class MerchantDay(Item, discriminator="merchant_day"):
    """What a merchant handed out on one day; changes in the transaction of the assignment itself."""

    merchant_id = UnicodeAttribute()
    date = UnicodeAttribute()
    assigned = IntegerAttribute(default=0)
    fees = IntegerAttribute(default=0)


class Assignment(SweptItem, discriminator="assignment"):
    """One handing over of a card: held for a customer, then theirs by their code, or back in stock."""

    assignment_id = UnicodeAttribute()
    merchant_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    card_uid = UnicodeAttribute()
    card_id = UnicodeAttribute()
    status = EnumAttribute(AssignmentStatus)
    # The last code that was made for it, and when the first was handed to the queue.
    challenge_id = UnicodeAttribute(null=True)
    sent_at = MomentAttribute(null=True)
    fee = IntegerAttribute()
    currency = UnicodeAttribute()
    fee_collected = BooleanAttribute(default=False)
    created_at = MomentAttribute()
    expires_at = MomentAttribute()
    closed_at = MomentAttribute(null=True)


class OpenAssignment(Item, discriminator="open_assignment"):
    """The last card that a merchant held for a customer; whether it is held still, the assignment says."""

    assignment_id = UnicodeAttribute()
