"""Items of NFC cards and card requests."""

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.cards import CardBatchAction, CardDelivery, CardRequestStatus, CardStatus, CardType


class Card(Item, discriminator="card"):
    """An NFC card; `tickets` lists its ticket ids per event, the holder's first, then the dependents'."""

    card_id = UnicodeAttribute()
    uid = UnicodeAttribute()
    type = EnumAttribute(CardType)
    status = EnumAttribute(CardStatus)
    # What the platform's totals count it as.
    tallied = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute(null=True)
    merchant_id = UnicodeAttribute(null=True)
    assigned_at = MomentAttribute(null=True)
    blocked_at = MomentAttribute(null=True)
    block_reason = UnicodeAttribute(null=True)
    # Staff blocked it: its balance and tickets stay until staff move them.
    kept_by_staff = BooleanAttribute(null=True)
    # Raised by each change of its state (optimistic lock of the staff's portal).
    version = IntegerAttribute(null=True)
    # The UID of the card that replaced it, and what moved there: {to_card_id, at, amount, currency, tickets, …}.
    replaced_by = UnicodeAttribute(null=True)
    replacement: JSONAttribute = JSONAttribute(null=True)
    # The assignment that holds it, and until when. After that time the card is in stock, regardless of its status.
    held_by = UnicodeAttribute(null=True)
    held_until = MomentAttribute(null=True)
    # The merchant whose totals count it, and under which status.
    counted_for = UnicodeAttribute(null=True)
    counted_as = EnumAttribute(CardStatus, null=True)
    tickets: JSONAttribute = JSONAttribute(default=dict)
    # Tickets that it opened before, by event, each with the time when it stopped: a late tap may be older.
    released: JSONAttribute = JSONAttribute(null=True)
    # Since when it is out of use; absent in stock and in cards that were out of use before this was kept.
    inactive_since = MomentAttribute(null=True)
    # Admitted tickets, each with its scan. A hint only: a family's next tap then starts at the next ticket.
    # The ticket itself decides.
    admitted: JSONAttribute = JSONAttribute(default=dict)
    # When they were, in milliseconds since 1970: a second reading right after that must find the ticket.
    admitted_at: JSONAttribute = JSONAttribute(default=dict)
    # Events that refused it: a later scan there may be a repeat, even if its tickets changed.
    refused_at = UnicodeSetAttribute(null=True)
    sun_counter = IntegerAttribute(default=-1)
    sun_scan_key = UnicodeAttribute(null=True)
    # The version of the keys on the card, by its last genuine message. It never goes back.
    sun_key = IntegerAttribute(null=True)


class UnknownCard(Item, discriminator="unknown_card"):
    """The events where a card was refused before its registration."""

    refused_at = UnicodeSetAttribute()


class CardRequest(Item, discriminator="card_request"):
    """A customer's request for an NFC card."""

    request_id = UnicodeAttribute()
    customer_id = UnicodeAttribute()
    delivery = EnumAttribute(CardDelivery)
    merchant_id = UnicodeAttribute(null=True)
    # The delivery address, sealed.
    address = BinaryAttribute(legacy_encoding=False, null=True)
    status = EnumAttribute(CardRequestStatus)
    fee = IntegerAttribute()
    currency = UnicodeAttribute()
    created_at = MomentAttribute()
    # The answer: by whom, when and why, and the card that was sent.
    decided_by = UnicodeAttribute(null=True)
    decided_at = MomentAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    card_uid = UnicodeAttribute(null=True)
    # What the platform's totals count it as.
    tallied = UnicodeAttribute(null=True)


class CardRequestOwner(Item, discriminator="card_request_owner"):
    """Whose a card request is."""

    customer_id = UnicodeAttribute()


class OpenCardRequest(Item, discriminator="open_card_request"):
    """A customer's open card request; there is at most one."""

    request_id = UnicodeAttribute()


class CardBatch(Job, discriminator="card_batch"):
    """The job of bulk work on cards: `position` of its `accepted` rows are tried, `failed` of all are not done."""

    action = EnumAttribute(CardBatchAction)
    merchant_id = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    accepted = IntegerAttribute()
    position = IntegerAttribute(default=0)
    failed = IntegerAttribute(default=0)
    # The first problems, each [line, what it says, why].
    problems: JSONAttribute = JSONAttribute(null=True)
    # The file with all problems, in the bucket.
    file_key = UnicodeAttribute(null=True)


class CardBatchRows(Item, discriminator="card_batch_rows"):
    """A part of a bulk job's list: rows of [line, UID]."""

    rows: JSONAttribute = JSONAttribute()


class CardBatchProblems(Item, discriminator="card_batch_problems"):
    """Problems of some rows of a bulk job, each [line, what it says, why]."""

    problems: JSONAttribute = JSONAttribute()
