"""Items of customers: profiles, dependents, favourites, totals and visits."""

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.customers import Language


class Profile(Item, discriminator="profile"):
    """A customer's profile; the binary attributes are sealed under the customer's data key."""

    customer_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    date_of_birth = UnicodeAttribute(null=True)
    photo_key = UnicodeAttribute(null=True)
    emergency_contact = BinaryAttribute(legacy_encoding=False, null=True)
    blood_type = BinaryAttribute(legacy_encoding=False, null=True)
    bank_account = BinaryAttribute(legacy_encoding=False, null=True)
    fee_paid = BooleanAttribute(default=False)
    # The channels of notices; absent until the customer chooses.
    by_sms = BooleanAttribute(null=True)
    by_email = BooleanAttribute(null=True)
    language = EnumAttribute(Language, null=True)


class Dependent(Item, discriminator="dependent"):
    """A member of a customer's family."""

    dependent_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    name = UnicodeAttribute()
    relation = UnicodeAttribute()
    date_of_birth = UnicodeAttribute(null=True)
    blood_type = BinaryAttribute(legacy_encoding=False, null=True)
    emergency_contact = BinaryAttribute(legacy_encoding=False, null=True)
    card_id = UnicodeAttribute(null=True)
    card_uid = UnicodeAttribute(null=True)
    created_at = MomentAttribute()


class Favorite(Item, discriminator="favorite"):
    """An event marked as a favourite by a customer."""

    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    added_at = MomentAttribute()


class CustomerTotals(Item, discriminator="customer_totals"):
    """A customer's running totals, updated by the stream worker.

    `by_month` is `{month: {tickets, spent}}`; `by_category` maps an event category to a number of tickets.
    """

    customer_id = UnicodeAttribute()
    tickets_bought = IntegerAttribute(default=0)
    # In minor units of the platform's currency.
    spent = IntegerAttribute(default=0)
    events_attended = IntegerAttribute(default=0)
    dependents = IntegerAttribute(default=0)
    version = IntegerAttribute(default=0)
    by_month: JSONAttribute = JSONAttribute(default=dict)
    by_category: JSONAttribute = JSONAttribute(default=dict)


class Seats(Item, discriminator="seats"):
    """A customer's seats: `owned` is `{category_id: [count, day until which it is kept]}`.

    `orders` is `{order_id: that day}` for the orders that were open or just over when it was written. It stays under
    1 KB, so it has no field that its key has already.
    """

    owned: JSONAttribute = JSONAttribute(default=dict)
    orders: JSONAttribute = JSONAttribute(default=dict)
    version = IntegerAttribute(default=0)
    # Its customer is erased: no further seat is added.
    closed = BooleanAttribute(null=True)


class Visit(Item, discriminator="visit"):
    """An event that a customer has valid tickets for, or attended; `tickets` are the ids of the valid ones."""

    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    tickets = UnicodeSetAttribute(null=True)
    attended = BooleanAttribute(null=True)


class NoticeRun(Job, discriminator="notice_run"):
    """The job that notifies all customers of an event; `done` counts those who were reached.

    `about` is the time and place that it announces, so that a later change ends it.
    """

    event_id = UnicodeAttribute()
    notice = UnicodeAttribute()
    about = UnicodeAttribute()
    # The partition of question 93 that is being read, and the last customer read in it.
    shard = IntegerAttribute(default=0)
    after = UnicodeAttribute(null=True)
