"""Items of the daily reconciliation: what cleared on a day, the run of a day, and its differences."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary.payments import DifferenceKind, DifferenceState, ReconciliationState


class ClearedMoney(Item, discriminator="cleared_money"):
    """A movement of the journal on a provider's account, listed by its day."""

    journal_id = UnicodeAttribute()
    type = UnicodeAttribute()
    payment_id = UnicodeAttribute(null=True)
    payout_key = UnicodeAttribute(null=True)
    # Positive where the provider took it from the customer.
    amount = IntegerAttribute()
    currency = UnicodeAttribute()


class SeenMoney(Item, discriminator="seen_money"):
    """A movement of the provider's list that agrees with the books."""


class Reconciliation(SweptItem, discriminator="reconciliation"):
    """The comparison of a day's journal with the provider's list; `cursor` is where it continues."""

    date = UnicodeAttribute()
    provider = UnicodeAttribute()
    state = EnumAttribute(ReconciliationState)
    cursor = UnicodeAttribute(null=True)
    at_provider = IntegerAttribute(default=0)
    in_journal = IntegerAttribute(default=0)
    finished_at = MomentAttribute(null=True)


class Difference(Item, discriminator="difference"):
    """A difference between the provider's list and the journal."""

    difference_id = UnicodeAttribute()
    date = UnicodeAttribute()
    kind_of = EnumAttribute(DifferenceKind)
    # The kind of movement; differences of earlier releases have none.
    money = UnicodeAttribute(null=True)
    state = EnumAttribute(DifferenceState)
    owner = UnicodeAttribute()
    # The provider's id, or the journal's where the provider has none.
    reference = UnicodeAttribute()
    payment_id = UnicodeAttribute(null=True)
    provider_amount = IntegerAttribute(null=True)
    provider_currency = UnicodeAttribute(null=True)
    journal_amount = IntegerAttribute(null=True)
    journal_currency = UnicodeAttribute(null=True)
    found_at = MomentAttribute()
    resolved_at = MomentAttribute(null=True)


class SandboxRefund(Item, discriminator="sandbox_refund"):
    """The sandbox provider's own record of a refund."""

    reference = UnicodeAttribute()
    charge = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    has_failed = BooleanAttribute(null=True)
