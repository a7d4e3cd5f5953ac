"""The items of tickets, gifts and refund requests."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import Direction, GiftStatus, Presence, RefundRequestStatus, ScanSource, TicketStatus


class Passage(MapAttribute[str, Any]):
    """One passing of a gate, as the ticket remembers it; enough to give the first answer again.

    It is kept small: a ticket with its admission stays under 1 KB, which is one write unit.
    """

    scan_id = UnicodeAttribute()
    caller_id = UnicodeAttribute()
    caller_name = UnicodeAttribute(null=True)
    # What was presented; only where it was not the ticket itself.
    subject = UnicodeAttribute(null=True)
    log_id = UnicodeAttribute()
    decided_at = MomentAttribute()
    # Only where it differs from decided_at.
    scanned_at = MomentAttribute(null=True)
    # Only where it is not "entry", not "online".
    direction = EnumAttribute(Direction, null=True)
    source = EnumAttribute(ScanSource, null=True)
    gate = UnicodeAttribute(null=True)
    remaining = IntegerAttribute(null=True)


class Ticket(Item, discriminator="ticket"):
    """The one authority on whether somebody may pass."""

    ticket_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    number = UnicodeAttribute()
    tier = UnicodeAttribute(null=True)
    category_id = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute(null=True)
    dependent_id = UnicodeAttribute(null=True)
    holder_name = UnicodeAttribute()
    photo_url = UnicodeAttribute(null=True)
    labels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    status = EnumAttribute(TicketStatus)
    credential = IntegerAttribute(default=1)
    card_uid = UnicodeAttribute(null=True)
    issued_at = MomentAttribute()
    order_id = UnicodeAttribute(null=True)
    # What was paid for it, in minor units.
    price = IntegerAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    # Until when a reserved ticket is held; over that moment it is nobody's, whenever it is removed.
    reserved_until = MomentAttribute(null=True)
    # A gift or a wish for a refund that is open: until it is closed, the ticket goes nowhere else.
    pledge = UnicodeAttribute(null=True)
    # The number that an open gift waits for, as its MAC.
    pledged_to = UnicodeAttribute(null=True)
    presence = EnumAttribute(Presence, null=True)
    admission = Passage(null=True)
    passage = Passage(null=True)
    # An earlier scan of this ticket was refused, or its bearer has left: from now on it passes only in one
    # transaction with the scan's own record, so that a scan that was answered is never answered anew.
    contested = BooleanAttribute(null=True)


class Gift(Item, discriminator="gift"):
    """A ticket that waits for a number to register, or did."""

    gift_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    giver_id = UnicodeAttribute()
    status = EnumAttribute(GiftStatus)
    name = UnicodeAttribute(null=True)
    created_at = MomentAttribute()


class RefundRequest(Item, discriminator="refund_request"):
    """A customer's wish to give a ticket back, and what became of it.

    `amount` is what is given back once it is approved: at most what was paid for the ticket.
    """

    refund_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    status = EnumAttribute(RefundRequestStatus)
    reason = UnicodeAttribute()
    amount = IntegerAttribute()
    # How much of the platform's fee goes back with it.
    fee = IntegerAttribute(default=0)
    currency = UnicodeAttribute()
    created_at = MomentAttribute()
    # Known once it is approved.
    category_id = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    decided_at = MomentAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    # The provider's, once it has given the money back.
    refund_reference = UnicodeAttribute(null=True)
    # Whether the event's and the organizer's totals know of it.
    sales_counted = BooleanAttribute(null=True)
