"""The items of idempotency: answers to keys, and operations that happen once."""

from typing import Any

from pynamodb.attributes import BinaryAttribute, JSONAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item


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
