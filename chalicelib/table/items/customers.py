"""The items of a customer: sealed data, codes, dependents, favourites and totals."""

from typing import Any

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    JSONAttribute,
    MapAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.vocabulary import OtpPurpose


class LockOut(Item, discriminator="lock_out"):
    """A principal or one session of theirs that was locked out less than a token's life ago."""

    principal_id = UnicodeAttribute()
    revoked_at = MomentAttribute()
    # The one session of the principal that was not.
    kept_session_id = UnicodeAttribute(null=True)


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


class DataKey(Item, discriminator="data_key"):
    """A customer's own data key, itself encrypted by KMS; without it every sealed copy is noise."""

    owner_id = UnicodeAttribute()
    wrapped = BinaryAttribute(legacy_encoding=False)
    created_at = MomentAttribute()


class Challenge(Item, discriminator="challenge"):
    """A one-time code that was sent, as a keyed hash, and how often it was tried."""

    challenge_id = UnicodeAttribute()
    purpose = EnumAttribute(OtpPurpose)
    mac = UnicodeAttribute()
    # What stands for the number that the code was sent to, as it does in the key of the newest code.
    number_mac = UnicodeAttribute()
    tries = IntegerAttribute(default=0)
    started_at = MomentAttribute()
    expires_at = MomentAttribute()
    used_at = MomentAttribute(null=True)
    # Names the one verification that took the code.
    used_by = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    # A registration that waits for its code: who it will be, once the number is proven.
    pending: JSONAttribute = JSONAttribute(null=True)


class NewestChallenge(Item, discriminator="newest_challenge"):
    """Which code of a number is the newest of its purpose: the only one that counts."""

    challenge_id = UnicodeAttribute()


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


class IdempotentAnswer(MapAttribute[str, Any]):
    """The first answer to a key."""

    status = IntegerAttribute()
    # A large body is packed instead (zlib, RFC 1950).
    body = UnicodeAttribute()
    packed = BinaryAttribute(legacy_encoding=False, null=True)
    headers: JSONAttribute = JSONAttribute(default=dict)


class IdempotencyRecord(Item, discriminator="idempotency"):
    """One use of an Idempotency-Key: which body it came with, and what was answered."""

    fingerprint = UnicodeAttribute()
    locked_until = MomentAttribute(null=True)
    expires_at = MomentAttribute()
    answer = IdempotentAnswer(null=True)


class Operation(Item, discriminator="operation"):
    """Something that was done once for ever, put in the transaction that did it; `result_id` names what it made."""

    operation_id = UnicodeAttribute()
    result_id = UnicodeAttribute()
    done_at = MomentAttribute()
