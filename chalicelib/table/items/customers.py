"""The items of customers: profiles, dependents, favourites, totals and visits."""

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item


class Profile(Item, discriminator="profile"):
    """What a customer says of themselves; the sealed parts are read only with their data key."""

    customer_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    date_of_birth = UnicodeAttribute(null=True)
    photo_key = UnicodeAttribute(null=True)
    emergency_contact = BinaryAttribute(legacy_encoding=False, null=True)
    blood_type = BinaryAttribute(legacy_encoding=False, null=True)
    bank_account = BinaryAttribute(legacy_encoding=False, null=True)
    fee_paid = BooleanAttribute(default=False)


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
    """An event that a customer likes."""

    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    added_at = MomentAttribute()


class CustomerTotals(Item, discriminator="customer_totals"):
    """A customer's running totals, kept by the stream worker.

    `by_month` is `{month: {tickets, spent}}`, `by_category` maps a category of events to a number of tickets.
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


class Visit(Item, discriminator="visit"):
    """An event that a customer holds tickets of, or was at; `tickets` are the ids of those that are valid."""

    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    tickets = UnicodeSetAttribute(null=True)
    attended = BooleanAttribute(null=True)
