"""The items of NFC cards and the requests for them."""

from pynamodb.attributes import BinaryAttribute, JSONAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import CardDelivery, CardRequestStatus, CardStatus, CardType


class Card(Item, discriminator="card"):
    """An NFC card and, per event, the tickets it opens: the holder's first, then the dependents'."""

    card_id = UnicodeAttribute()
    uid = UnicodeAttribute()
    type = EnumAttribute(CardType)
    status = EnumAttribute(CardStatus)
    customer_id = UnicodeAttribute(null=True)
    merchant_id = UnicodeAttribute(null=True)
    assigned_at = MomentAttribute(null=True)
    blocked_at = MomentAttribute(null=True)
    block_reason = UnicodeAttribute(null=True)
    # The assignment that holds it, and until when; over that moment it is in stock, whatever its status says.
    held_by = UnicodeAttribute(null=True)
    held_until = MomentAttribute(null=True)
    # Which merchant's totals count it, and in which status.
    counted_for = UnicodeAttribute(null=True)
    counted_as = EnumAttribute(CardStatus, null=True)
    tickets: JSONAttribute = JSONAttribute(default=dict)
    # Tickets that are known to have been admitted, with the scan that did it: a hint by which a family's
    # next tap goes straight to the next ticket. Only the ticket decides.
    admitted: JSONAttribute = JSONAttribute(default=dict)
    # Events where it was refused: a scan by it may be a repeat there, whatever it opens by then.
    refused_at = UnicodeSetAttribute(null=True)
    sun_counter = IntegerAttribute(default=-1)
    sun_scan_key = UnicodeAttribute(null=True)


class UnknownCard(Item, discriminator="unknown_card"):
    """The events where a card was refused before anybody had registered it."""

    refused_at = UnicodeSetAttribute()


class CardRequest(Item, discriminator="card_request"):
    """A customer's wish for an NFC card."""

    request_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    delivery = EnumAttribute(CardDelivery)
    merchant_id = UnicodeAttribute(null=True)
    # Where to send it, sealed.
    address = BinaryAttribute(legacy_encoding=False, null=True)
    status = EnumAttribute(CardRequestStatus)
    fee = IntegerAttribute()
    currency = UnicodeAttribute()
    created_at = MomentAttribute()


class OpenCardRequest(Item, discriminator="open_card_request"):
    """The one wish for an NFC card that a customer has open."""

    request_id = UnicodeAttribute()
