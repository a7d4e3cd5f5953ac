"""Idempotency-Key: a retry receives the first response and has no second effect (contract, "Idempotency"; D-ARC-03).

There are two guards. The record here replays the final response for 72 h. A response that reports a state in between,
such as a payment that waits for its owner, is computed again until it is final (D-PAY-24). The domain stores the
operation id permanently, in the transaction of the effect. So a retry finds the effect of a function that was killed
before its response.

A response may show sealed data again, such as a blood type. So it is sealed too: a customer's under the customer's
data key, others under a key of the platform (D-SEC-71). Without its key it is lost, and computed again.
"""

import hashlib
import hmac
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from chalicelib import clock
from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.crypto import encryption
from chalicelib.domain.crypto.encryption import Envelope, UndecryptableData
from chalicelib.errors import IdempotencyInProgress, IdempotencyMismatch
from chalicelib.identifiers import unkeyed_operation_id
from chalicelib.table import keys, operations
from chalicelib.table.items import IdempotencyRecord, IdempotentAnswer, Operation
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import Portal

KEPT = timedelta(hours=72)
# Exceeds the time-out of API Gateway and the function (29 s): after it, the first try is dead.
_RUNS_AT_MOST = timedelta(seconds=35)
# Longer content, in bytes, is compressed.
_PLAIN = 4096
# Sealed responses above this size, in bytes, are not stored: a write costs a unit per KB, and AWS refuses items above
# 400 KB.
_LARGEST = 64 * 1024


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
    envelope: Envelope | None = field(default=None, repr=False)
    # Whether the first response was too large to be stored, so that this run computes it again.
    is_replay: bool = False
    # The MAC of the first response, if that reported a state in between.
    interim: str | None = None

    def is_first_answer(self, body: str) -> bool:
        """Whether a response is the first one of this request again."""
        return self.interim is not None and hmac.compare_digest(self.interim, _mac("interim", body))


def unkeyed() -> IdempotencyClaim:
    """Return the claim of a request without a key, with a unique operation id."""
    return IdempotencyClaim(operation_id=unkeyed_operation_id())


def _mac(*parts: str) -> str:
    # After a rotation of the secret the record is not found. The operation id still prevents a second effect.
    return hmac.new(SESSIONS.current("idempotency key"), "\x00".join(parts).encode(), hashlib.sha256).hexdigest()


def canonical(body: bytes) -> bytes:
    """Return a body in the one form that all spellings of the same JSON have; other bodies are returned unchanged.

    Spacing, the order of names, escapes and the spelling of numbers do not matter: 1, 1.0 and 1e0 are one number. Of a
    name that occurs twice the last one counts, as in the schemas. Numbers are exact, unlike in RFC 8785.
    """
    try:
        text = (body or b"{}").decode()
        said = json.loads(text, parse_int=Decimal, parse_float=Decimal, parse_constant=_no_constant)
        return b"json " + _written(said).encode()
    except (ValueError, ArithmeticError, RecursionError):
        return b"bytes " + body


def _written(said: Any) -> str:
    if isinstance(said, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{_written(said[name])}" for name in sorted(said)) + "}"
    if isinstance(said, list):
        return "[" + ",".join(map(_written, said)) + "]"
    return _number(said) if isinstance(said, Decimal) else json.dumps(said)


def _number(said: Decimal) -> str:
    """Return a number without zeros at either end, and its power of ten; its digits are never written out."""
    sign, digits, exponent = said.as_tuple()
    text = "".join(map(str, digits))
    kept = text.rstrip("0")
    if not kept:
        return "0"
    return f"{'-' if sign else ''}{kept.lstrip('0')}e{int(exponent) + len(text) - len(kept)}"


def _no_constant(spelled: str) -> None:
    raise ValueError(spelled)


def claim(*, portal: Portal, caller_id: str, route: str, key: str, body: bytes) -> IdempotencyClaim | StoredAnswer:
    """Return the claim to run a request, or the stored response if there is one.

    Raises IdempotencyMismatch for another body, IdempotencyInProgress while the first is running, Unavailable.
    """
    now = clock.now()
    # Before the claim: a request whose response could not be sealed has no effect.
    envelope = _envelope(portal, caller_id)
    # Keyed, since a body may have little that is not known, such as a blood type.
    fingerprint = _mac("body", hashlib.sha256(canonical(body)).hexdigest())
    # Not derived from the rotating secret, since the operation id must never change.
    operation_id = "op_" + hashlib.sha256("\x00".join((caller_id, route, key)).encode()).hexdigest()[:40]
    place = keys.idempotency.answer(_mac(caller_id, route, key))
    mine = IdempotencyClaim(operation_id=operation_id, record=place, fingerprint=fingerprint, envelope=envelope)
    record = IdempotencyRecord(
        *place,
        fingerprint=fingerprint,
        locked_until=now + _RUNS_AT_MOST,
        claim_id=secrets.token_hex(8),
        expires_at=now + KEPT,
        ttl=int((now + KEPT).timestamp()),
    )
    free = IdempotencyRecord.pk.does_not_exist() | (IdempotencyRecord.expires_at <= now)
    # Replaces the record of a dead first try, with the same body only.
    abandoned = (
        IdempotencyRecord.answer.does_not_exist()
        & IdempotencyRecord.interim.does_not_exist()
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
        if found.claim_id == record.claim_id:
            return mine  # our own first try, whose answer was lost
        if found.answer is None and found.interim is not None:
            # No lock: the operation id makes two of them have one effect.
            return replace(mine, interim=found.interim)
        if found.answer is None:
            raise IdempotencyInProgress(retry_after=1) from failure
        if found.answer.is_recomputed:
            return replace(mine, is_replay=True)
        try:
            return _opened(found.answer, envelope, place)
        except UndecryptableData:
            # The key was erased meanwhile. The operation id prevents a second effect.
            return mine
    return mine


def _envelope(portal: Portal, caller_id: str) -> Envelope:
    if portal is Portal.WEBAPP:
        return encryption.envelope(caller_id)
    return encryption.platform_envelope(SESSIONS.current("kept answers"))


def _opened(stored: IdempotentAnswer, envelope: Envelope, place: Place[IdempotencyRecord]) -> StoredAnswer:
    content = envelope.open_bytes(place.pk, bytes(stored.sealed))
    said = json.loads(zlib.decompress(content) if stored.is_packed else content)
    return StoredAnswer(stored.status, said["body"], said["headers"])


def keep(claimed: IdempotencyClaim, answer: StoredAnswer) -> None:
    """Store the response for retries of the request, sealed.

    Of a response that is too large for an item, only the status is stored. Its operation computes the same one again.
    """
    if claimed.record is None or claimed.envelope is None or claimed.is_replay:
        return
    content = json.dumps({"body": answer.body, "headers": dict(answer.headers)}, ensure_ascii=False).encode()
    # A response with a thousand tickets exceeds the size limit of an item.
    is_long = len(content) > _PLAIN
    sealed = claimed.envelope.seal_bytes(claimed.record.pk, zlib.compress(content) if is_long else content)
    stored = IdempotentAnswer(status=answer.status, sealed=sealed, is_packed=is_long or None)
    if len(sealed) > _LARGEST:
        stored = IdempotentAnswer(status=answer.status, sealed=b"-", is_recomputed=True)
    operations.record(
        operations.change(
            claimed.record,
            [IdempotencyRecord.answer.set(stored)],
            IdempotencyRecord.fingerprint == claimed.fingerprint,
        )
    )


def keep_open(claimed: IdempotencyClaim, body: str) -> None:
    """Store that a response reported a state in between: the next request with the same body is computed again."""
    if claimed.record is None or claimed.interim is not None:
        return
    operations.record(
        operations.change(
            claimed.record,
            [IdempotencyRecord.interim.set(_mac("interim", body)), IdempotencyRecord.locked_until.remove()],
            IdempotencyRecord.fingerprint == claimed.fingerprint,
        )
    )


def release(claimed: IdempotencyClaim) -> None:
    """Release the key after a try without effect, so that a retry can run."""
    if claimed.record is not None and claimed.interim is None:
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
