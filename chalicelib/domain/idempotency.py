"""Idempotency-Key: a retry receives the first response and has no second effect (contract, "Idempotency"; D-ARC-03).

There are two guards. The record here replays the response for 72 h. The domain stores the operation id permanently,
in the transaction of the effect. So a retry finds the effect of a function that was killed before its response.
"""

import hashlib
import hmac
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib import clock
from chalicelib.clients import secrets
from chalicelib.errors import IdempotencyInProgress, IdempotencyMismatch
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import IdempotencyRecord, IdempotentAnswer, Operation
from chalicelib.table.places import Place

KEPT = timedelta(hours=72)
# Exceeds the time-out of API Gateway and the function (29 s): after it, the first try is dead.
_RUNS_AT_MOST = timedelta(seconds=35)
# Longer bodies, in characters, are compressed.
_PLAIN = 4096


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first response to a request, as stored."""

    status: int
    body: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class IdempotencyClaim:
    """The right to run a request. `operation_id` identifies its effect; `record` stores its response."""

    operation_id: str
    record: Place[IdempotencyRecord] | None = None
    fingerprint: str = ""


def unkeyed() -> IdempotencyClaim:
    """Return the claim of a request without a key, with a unique operation id."""
    return IdempotencyClaim(operation_id=new_id("op"))


def _mac(*parts: str) -> str:
    # After a rotation of the secret the record is not found. The operation id still prevents a second effect.
    return hmac.new(secrets.current("idempotency"), "\x00".join(parts).encode(), hashlib.sha256).hexdigest()


def claim(*, caller_id: str, route: str, key: str, body: bytes) -> IdempotencyClaim | StoredAnswer:
    """Return the claim to run a request, or the stored response if there is one.

    Raises IdempotencyMismatch for another body, IdempotencyInProgress while the first is running.
    """
    now = clock.now()
    fingerprint = hashlib.sha256(body).hexdigest()
    # Not derived from the rotating secret, since the operation id must never change.
    operation_id = "op_" + hashlib.sha256("\x00".join((caller_id, route, key)).encode()).hexdigest()[:40]
    place = keys.idempotency.answer(_mac(caller_id, route, key))
    mine = IdempotencyClaim(operation_id=operation_id, record=place, fingerprint=fingerprint)
    record = IdempotencyRecord(
        *place,
        fingerprint=fingerprint,
        locked_until=now + _RUNS_AT_MOST,
        expires_at=now + KEPT,
        ttl=int((now + KEPT).timestamp()),
    )
    free = IdempotencyRecord.pk.does_not_exist() | (IdempotencyRecord.expires_at <= now)
    # Replaces the record of a dead first try, with the same body only.
    abandoned = (
        IdempotencyRecord.answer.does_not_exist()
        & (IdempotencyRecord.locked_until <= now)
        & (IdempotencyRecord.fingerprint == fingerprint)
    )
    try:
        operations.record(operations.put(record, free | abandoned))
    except operations.ConditionFailed as failure:
        found = failure.found(IdempotencyRecord)
        if found is None:
            raise IdempotencyInProgress(retry_after=1) from failure
        if found.fingerprint != fingerprint:
            raise IdempotencyMismatch from failure
        if found.answer is None:
            raise IdempotencyInProgress(retry_after=1) from failure
        stored = found.answer
        first = stored.body if stored.packed is None else zlib.decompress(stored.packed).decode()
        return StoredAnswer(found.answer.status, first, dict(found.answer.headers))
    return mine


def keep(claimed: IdempotencyClaim, answer: StoredAnswer) -> None:
    """Store the response for retries of the request."""
    if claimed.record is None:
        return
    stored = IdempotentAnswer(status=answer.status, body=answer.body, headers=dict(answer.headers))
    if len(answer.body) > _PLAIN:
        # A response with a thousand tickets exceeds the size limit of an item.
        stored.body, stored.packed = "", zlib.compress(answer.body.encode())
    operations.record(
        operations.change(
            claimed.record,
            [IdempotencyRecord.answer.set(stored)],
            IdempotencyRecord.fingerprint == claimed.fingerprint,
        )
    )


def release(claimed: IdempotencyClaim) -> None:
    """Release the key after a try without effect, so that a retry can run."""
    if claimed.record is not None:
        unanswered = IdempotencyRecord.answer.does_not_exist()
        operations.record(operations.remove(claimed.record, unanswered))


def once(operation_id: str, result_id: str) -> operations.Write:
    """Return the write that makes a transaction run at most once. It fails if `result_of` finds a result."""
    done = Operation(
        *keys.idempotency.operation(operation_id),
        operation_id=operation_id,
        result_id=result_id,
        done_at=clock.now(),
    )
    return operations.put(done, Operation.pk.does_not_exist())


def result_of(operation_id: str) -> str | None:
    """Return the result id of a completed operation, else None."""
    done = operations.get(keys.idempotency.operation(operation_id))
    return done.result_id if done else None
