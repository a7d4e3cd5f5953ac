"""The items of merchants and organizers: profiles, running totals, assignments, edit requests, payouts.

Amounts are integer minor units.
"""

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import AssignmentStatus, EditRequestStatus, PayoutStatus


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


class Assignment(Item, discriminator="assignment"):
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


class OrganizerProfile(Item, discriminator="organizer_profile"):
    """What an organizer says of themselves; the bank account is sealed under their own data key."""

    organizer_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    company_name = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    tax_number = UnicodeAttribute(null=True)
    bank_account = BinaryAttribute(legacy_encoding=False, null=True)
    image_key = UnicodeAttribute(null=True)


class OrganizerTotals(Item, discriminator="organizer_totals"):
    """An organizer's running totals over all their events, kept by the stream worker."""

    organizer_id = UnicodeAttribute()
    # Events that are not archived, and of these the ones that were ever on show.
    events = IntegerAttribute(default=0)
    shown = IntegerAttribute(default=0)
    tickets = IntegerAttribute(default=0)
    revenue = IntegerAttribute(default=0)
    refunded_tickets = IntegerAttribute(default=0)
    refunded = IntegerAttribute(default=0)
    # What is on its way to them; changes in the transactions of their payouts.
    pending_payouts = IntegerAttribute(default=0)


class OrganizerDay(Item, discriminator="organizer_day"):
    """What was sold of all events of an organizer on one day."""

    organizer_id = UnicodeAttribute()
    date = UnicodeAttribute()
    tickets = IntegerAttribute(default=0)
    revenue = IntegerAttribute(default=0)
    refunded_tickets = IntegerAttribute(default=0)
    refunded = IntegerAttribute(default=0)


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


class CheckinDay(Item, discriminator="checkin_day"):
    """Who came in, by hour of a day that the event's counters hold no more; the hours' names are made by totals.py."""

    event_id = UnicodeAttribute()
    day = UnicodeAttribute()


class KnownVenue(Item, discriminator="venue"):
    """A place where events are held; each event has a copy of what it said when it was chosen."""

    venue_id = UnicodeAttribute()
    name = UnicodeAttribute()
    city = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    latitude = UnicodeAttribute(null=True)
    longitude = UnicodeAttribute(null=True)


class EditRequest(Item, discriminator="edit_request"):
    """An organizer's wish to change an event, with what stood there when it was made.

    `diff` is `[{field, from, to}]`, values as the wire writes them; `event_version` is the event's at that time.
    """

    request_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    status = EnumAttribute(EditRequestStatus)
    reason = UnicodeAttribute()
    diff: JSONAttribute = JSONAttribute()
    event_version = IntegerAttribute()
    created_at = MomentAttribute()
    decided_at = MomentAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)


class Settlement(Item, discriminator="settlement"):
    """An event's books, closed once for ever: gross - refunds - platform fee = net; a payout where there is a net."""

    event_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    payout_id = UnicodeAttribute(null=True)
    gross = IntegerAttribute()
    refunds = IntegerAttribute()
    platform_fee = IntegerAttribute()
    net = IntegerAttribute()
    currency = UnicodeAttribute()
    closed_at = MomentAttribute()
    closed_by = UnicodeAttribute()


class Payout(Item, discriminator="payout"):
    """An organizer's money for one event, on its way to them: gross - refunds - platform fee = net.

    `lines` is `[{category_id, description, quantity, refunded_quantity, gross, refunds, platform_fee}]`.
    """

    payout_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    event_title = UnicodeAttribute()
    status = EnumAttribute(PayoutStatus)
    gross = IntegerAttribute()
    refunds = IntegerAttribute()
    platform_fee = IntegerAttribute()
    net = IntegerAttribute()
    currency = UnicodeAttribute()
    lines: JSONAttribute = JSONAttribute()
    invoice_number = UnicodeAttribute()
    # A date.
    scheduled_for = UnicodeAttribute()
    created_at = MomentAttribute()
    paid_at = MomentAttribute(null=True)
    reference = UnicodeAttribute(null=True)
