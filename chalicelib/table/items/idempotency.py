"""Items of idempotency: stored answers and completed operations."""

from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item


class IdempotentAnswer(MapAttribute[str, Any]):
    """The first answer to an Idempotency-Key, sealed."""

    status = IntegerAttribute()
    # Body and headers as JSON, encrypted; compressed before (zlib, RFC 1950) if `is_packed`.
    sealed = BinaryAttribute(legacy_encoding=False)
    is_packed = BooleanAttribute(null=True)
    # Set where the answer was too large to be stored: a retry computes it again.
    is_recomputed = BooleanAttribute(null=True)


class IdempotencyRecord(Item, discriminator="idempotency"):
    """One use of an Idempotency-Key: the MAC of its request's body, and the answer."""

    fingerprint = UnicodeAttribute()
    locked_until = MomentAttribute(null=True)
    # Random: which try holds it, so that a retry of its write finds it its own.
    claim_id = UnicodeAttribute(null=True)
    expires_at = MomentAttribute()
    answer = IdempotentAnswer(null=True)
    # The MAC of the first answer, if it reported a state in between and so is not stored itself.
    interim = UnicodeAttribute(null=True)


class Operation(Item, discriminator="operation"):
    """A marker, written in the operation's own transaction, that it is done; `result_id` names its result."""

    operation_id = UnicodeAttribute()
    result_id = UnicodeAttribute()
    done_at = MomentAttribute()
