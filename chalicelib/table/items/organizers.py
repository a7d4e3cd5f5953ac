"""Items of organizers: profiles, totals and edit requests."""

from pynamodb.attributes import BinaryAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary.events import EditRequestStatus


class OrganizerProfile(Item, discriminator="organizer_profile"):
    """An organizer's profile; the bank account is sealed under the organizer's data key."""

    organizer_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    company_name = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    tax_number = UnicodeAttribute(null=True)
    bank_account = BinaryAttribute(legacy_encoding=False, null=True)
    image_key = UnicodeAttribute(null=True)
    # The payout provider's id of the bank account, and which provider and which sealed account it is of.
    receiver = UnicodeAttribute(null=True)
    receiver_of = UnicodeAttribute(null=True)


class OrganizerTotals(Item, discriminator="organizer_totals"):
    """An organizer's running totals over all events, updated by the stream worker."""

    organizer_id = UnicodeAttribute()
    # Events that are not archived; `shown` are those of them ever published.
    events = IntegerAttribute(default=0)
    shown = IntegerAttribute(default=0)
    tickets = IntegerAttribute(default=0)
    revenue = IntegerAttribute(default=0)
    refunded_tickets = IntegerAttribute(default=0)
    refunded = IntegerAttribute(default=0)
    # Updated in the transactions of the payouts.
    pending_payouts = IntegerAttribute(default=0)


class OrganizerDay(Item, discriminator="organizer_day"):
    """An organizer's sales of all events on one day."""

    organizer_id = UnicodeAttribute()
    date = UnicodeAttribute()
    tickets = IntegerAttribute(default=0)
    revenue = IntegerAttribute(default=0)
    refunded_tickets = IntegerAttribute(default=0)
    refunded = IntegerAttribute(default=0)


class EditRequest(Item, discriminator="edit_request"):
    """An organizer's request to change an event.

    `diff` is `[{field, from, to}]`, values as in the API; `event_version` is the event's version at that time.
    """

    request_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    organizer_id = UnicodeAttribute()
    status = EnumAttribute(EditRequestStatus)
    reason = UnicodeAttribute()
    diff: JSONAttribute = JSONAttribute()
    event_version = IntegerAttribute()
    created_at = MomentAttribute()
    # What the platform's totals count it as.
    tallied = UnicodeAttribute(null=True)
    decided_at = MomentAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)


class PendingEdits(Item, discriminator="pending_edits"):
    """The number of an event's edit requests that wait for a decision, changed in their transactions."""

    pending = IntegerAttribute(default=0)
