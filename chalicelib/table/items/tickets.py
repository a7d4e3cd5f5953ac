"""Items of tickets, gifts and refund requests."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MapPart, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary.gate import Correction, Direction, Presence, ScanKind, ScanSource
from chalicelib.vocabulary.tickets import GiftStatus, RefundRequestStatus, TicketStatus


class Passage(MapPart):
    """One passage through a gate, stored on the ticket, with all that a repeat of its answer needs.

    It is small on purpose: a ticket with its admission stays under 1 KB, which is one write unit.
    """

    scan_id = UnicodeAttribute()
    caller_id = UnicodeAttribute()
    caller_name = UnicodeAttribute(null=True)
    # What was presented; absent where it was the ticket itself.
    subject = UnicodeAttribute(null=True)
    log_id = UnicodeAttribute()
    decided_at = MomentAttribute()
    # Only where it differs from decided_at.
    scanned_at = MomentAttribute(null=True)
    # Absent for "entry" and "online".
    direction = EnumAttribute(Direction, null=True)
    # Only of a leave or a return.
    scan_kind = EnumAttribute(ScanKind, null=True)
    source = EnumAttribute(ScanSource, null=True)
    gate = UnicodeAttribute(null=True)
    remaining = IntegerAttribute(null=True)
    # Only of records made without the network: how their time was corrected, their number, the hub that decided.
    correction = EnumAttribute(Correction, null=True)
    seq = IntegerAttribute(null=True)
    via = UnicodeAttribute(null=True)


class Ticket(Item, discriminator="ticket"):
    """The single source of truth for admission."""

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
    # Those of its customer, who holds it in person; a gate shows them first (customers/ticket_labels.py).
    customer_labels: ListAttribute[Any] = ListAttribute(of=UnicodeAttribute, null=True)
    status = EnumAttribute(TicketStatus)
    credential = IntegerAttribute(default=1)
    # When it first became void, and when its credential number last rose without that (tickets/states.py).
    void_since = MomentAttribute(null=True)
    renewed_at = MomentAttribute(null=True)
    card_uid = UnicodeAttribute(null=True)
    issued_at = MomentAttribute()
    order_id = UnicodeAttribute(null=True)
    # The price paid, in minor units.
    price = IntegerAttribute(null=True)
    currency = UnicodeAttribute(null=True)
    # When a reservation ends. After that the ticket has no owner, even before it is removed.
    reserved_until = MomentAttribute(null=True)
    # An open gift or refund request; until it is closed, the ticket cannot be transferred.
    pledge = UnicodeAttribute(null=True)
    # The MAC of the number that an open gift waits for.
    pledged_to = UnicodeAttribute(null=True)
    # What its last giver wrote to its customer.
    message = UnicodeAttribute(null=True)
    presence = EnumAttribute(Presence, null=True)
    admission = Passage(null=True)
    passage = Passage(null=True)
    # How often staff changed it.
    staff_changes = IntegerAttribute(null=True)
    # The operation of staff that sent it and its receipt again.
    resent_by = UnicodeAttribute(null=True)
    # Its payment is disputed. It opens the gate until staff decide.
    disputed = BooleanAttribute(null=True)
    # The revision of the payment's moves that this follows.
    dispute_revision = IntegerAttribute(null=True)
    # An earlier scan was refused, or the holder has left. From then on an admission is one transaction with the
    # scan's own record, so that the answer of a scan never changes.
    contested = BooleanAttribute(null=True)
    # All passages, where more than one claims the ticket (gate/merging.py), and how often that was merged.
    history: ListAttribute[Any] = ListAttribute(of=Passage, null=True)
    merges = IntegerAttribute(null=True)


class Gift(Item, discriminator="gift"):
    """A ticket given to a phone number, pending until that number registers."""

    gift_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    giver_id = UnicodeAttribute()
    status = EnumAttribute(GiftStatus)
    name = UnicodeAttribute(null=True)
    # While it is pending, the version of the number's MAC in its key; absent in gifts of earlier releases.
    number_version = IntegerAttribute(null=True)
    # Only while it is pending; then the ticket has it.
    message = UnicodeAttribute(null=True)
    created_at = MomentAttribute()


class RefundRequest(SweptItem, discriminator="refund_request"):
    """A customer's request to return a ticket, and its outcome.

    `amount` is paid back on approval: at most the price paid for the ticket. An approved one is due for the sweep until
    its provider has returned the money.
    """

    refund_id = UnicodeAttribute()
    ticket_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    event_id = UnicodeAttribute()
    status = EnumAttribute(RefundRequestStatus)
    reason = UnicodeAttribute()
    amount = IntegerAttribute()
    # How much of the platform's fee is returned with it.
    fee = IntegerAttribute(default=0)
    # What of the ticket's price is not given back, once it is approved.
    kept = IntegerAttribute(null=True)
    currency = UnicodeAttribute()
    created_at = MomentAttribute()
    # What the platform's totals count it as.
    tallied = UnicodeAttribute(null=True)
    # The member of staff who opened it for the customer.
    opened_by = UnicodeAttribute(null=True)
    # While it awaits a second member of staff: who approved it first, and how much.
    first_approved_by = UnicodeAttribute(null=True)
    first_approved = IntegerAttribute(null=True)
    # Set on approval.
    category_id = UnicodeAttribute(null=True)
    payment_id = UnicodeAttribute(null=True)
    decided_at = MomentAttribute(null=True)
    decided_by = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    # The provider of the payment, which must return the money.
    paid_by = UnicodeAttribute(null=True)
    # The customer, who held the ticket and paid for it, is notified of the event's cancellation, and so not of this.
    of_cancellation = BooleanAttribute(null=True)
    # Why an approved refund is not paid back yet, where it waits for more than its turn.
    waits_for = UnicodeAttribute(null=True)
    # The provider's reference of the completed refund.
    refund_reference = UnicodeAttribute(null=True)
    # Whether the event's and the organizer's totals count it.
    sales_counted = BooleanAttribute(null=True)


class RefundAddress(Item, discriminator="refund_address"):
    """The ticket of a refund request, found by the request's id alone."""

    ticket_id = UnicodeAttribute()
