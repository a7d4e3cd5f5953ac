"""Items of merchants: settings, totals and card assignments."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary.cards import AssignmentStatus


class MerchantSettings(Item, discriminator="merchant_settings"):
    """A merchant's contact details and notification settings."""

    merchant_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    by_sms = BooleanAttribute(default=True)
    by_email = BooleanAttribute(default=False)
    low_stock_threshold = IntegerAttribute(default=0)


class MerchantTotals(Item, discriminator="merchant_totals"):
    """A merchant's running totals: cards by status, updated by the stream worker, and completed assignments."""

    merchant_id = UnicodeAttribute()
    stock = IntegerAttribute(default=0)
    held = IntegerAttribute(default=0)
    active = IntegerAttribute(default=0)
    blocked = IntegerAttribute(default=0)
    lost = IntegerAttribute(default=0)
    replaced = IntegerAttribute(default=0)
    # These two are updated in the assignment's own transaction.
    assigned = IntegerAttribute(default=0)
    fees = IntegerAttribute(default=0)


class MerchantDay(Item, discriminator="merchant_day"):
    """A merchant's assignments on one day; updated in the assignment's own transaction."""

    merchant_id = UnicodeAttribute()
    date = UnicodeAttribute()
    assigned = IntegerAttribute(default=0)
    fees = IntegerAttribute(default=0)


class Assignment(SweptItem, discriminator="assignment"):
    """One hand-over of a card: held for a customer, then assigned by their code or returned to stock."""

    assignment_id = UnicodeAttribute()
    merchant_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    card_uid = UnicodeAttribute()
    card_id = UnicodeAttribute()
    status = EnumAttribute(AssignmentStatus)
    # The last code created for it, and when the first was queued.
    challenge_id = UnicodeAttribute(null=True)
    sent_at = MomentAttribute(null=True)
    fee = IntegerAttribute()
    currency = UnicodeAttribute()
    fee_collected = BooleanAttribute(default=False)
    # Collected for this hand-over, and not due any more when it was completed.
    fee_to_return = IntegerAttribute(default=0)
    created_at = MomentAttribute()
    expires_at = MomentAttribute()
    closed_at = MomentAttribute(null=True)


class EarlyCode(Item, discriminator="early_code"):
    """A code that a shop had sent to a customer before it chose a card; the next assignment takes it."""

    challenge_id = UnicodeAttribute()
    # The fee that its text names, in minor units.
    fee = IntegerAttribute()
    expires_at = MomentAttribute()


class OpenAssignment(Item, discriminator="open_assignment"):
    """A merchant's last assignment for a customer; the Assignment says whether it is still open."""

    assignment_id = UnicodeAttribute()
