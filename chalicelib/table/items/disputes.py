"""Items of disputes (chargebacks)."""

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary.payments import DisputeAnswer, DisputeStatus


class Dispute(Item, discriminator="dispute"):
    """A dispute of a payment at its provider, projected from the payment, and what staff answered."""

    dispute_id = UnicodeAttribute()
    payment_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    # The provider's own id of it.
    reference = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)
    event_id = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute()
    amount = IntegerAttribute()
    currency = UnicodeAttribute()
    status = EnumAttribute(DisputeStatus)
    words = UnicodeSetAttribute(null=True)
    opened_at = MomentAttribute()
    # The revision of the payment's moves that it was projected from.
    revision = IntegerAttribute()
    answer = EnumAttribute(DisputeAnswer, null=True)
    answered_by = UnicodeAttribute(null=True)
    answered_at = MomentAttribute(null=True)
    # When the provider had accepted the answer.
    sent_at = MomentAttribute(null=True)


class SandboxDispute(Item, discriminator="sandbox_dispute"):
    """The sandbox provider's own record of a dispute: what it said of it, and what it was answered."""

    reference = UnicodeAttribute(null=True)
    charge = UnicodeAttribute(null=True)
    amount = IntegerAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    words = UnicodeSetAttribute(null=True)
    answer = EnumAttribute(DisputeAnswer, null=True)
