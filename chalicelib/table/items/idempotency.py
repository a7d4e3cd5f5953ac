"""Items of idempotency: stored answers and completed operations."""

from typing import Any

from pynamodb.attributes import BinaryAttribute, JSONAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item


class IdempotentAnswer(MapAttribute[str, Any]):
    """The first answer to an Idempotency-Key."""

    status = IntegerAttribute()
    # Replaces `body` for a large answer: compressed (zlib, RFC 1950).
    body = UnicodeAttribute()
    packed = BinaryAttribute(legacy_encoding=False, null=True)
    headers: JSONAttribute = JSONAttribute(default=dict)


class IdempotencyRecord(Item, discriminator="idempotency"):
    """One use of an Idempotency-Key: the fingerprint of its request, and the answer."""

    fingerprint = UnicodeAttribute()
    locked_until = MomentAttribute(null=True)
    expires_at = MomentAttribute()
    answer = IdempotentAnswer(null=True)


class Operation(Item, discriminator="operation"):
    """A marker, written in the operation's own transaction, that it is done; `result_id` names its result."""

    operation_id = UnicodeAttribute()
    result_id = UnicodeAttribute()
    done_at = MomentAttribute()
