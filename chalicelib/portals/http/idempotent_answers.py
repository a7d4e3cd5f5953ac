"""Idempotent answers: the same Idempotency-Key and body get the first answer again."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from chalicelib.domain import idempotency
from chalicelib.domain.idempotency import IdempotencyClaim
from chalicelib.errors import Refusal, ValidationFailed
from chalicelib.portals.http.answer import JOB_HEADER, JSON, Answer
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.cards import AssignmentStatus, CardRequestStatus
from chalicelib.vocabulary.events import EditRequestStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.tickets import GiftStatus, RefundRequestStatus
from chalicelib.vocabulary.work import JobStatus

# The states that an operation leaves later, by itself or by somebody's answer. Their answers are not stored.
IN_BETWEEN: Mapping[type, tuple[StrEnum, ...]] = {
    OrderStatus: (OrderStatus.RESERVED,),
    PaymentStatus: (PaymentStatus.REQUIRES_CONFIRMATION, PaymentStatus.REQUIRES_ACTION, PaymentStatus.REFUND_DUE),
    JobStatus: (JobStatus.OPEN,),
    AssignmentStatus: (AssignmentStatus.AWAITING_OTP,),
    CardRequestStatus: (CardRequestStatus.REQUESTED,),
    EditRequestStatus: (EditRequestStatus.PENDING,),
    GiftStatus: (GiftStatus.PENDING,),
    RefundRequestStatus: (
        RefundRequestStatus.PENDING,
        RefundRequestStatus.AWAITING_SECOND,
        RefundRequestStatus.APPROVED,
    ),
}
KEY_LENGTH = 255
_REFUSED = 400


class KeyedRequest(Struct, frozen=True):
    """What makes a request the same as an earlier one; `key` is None where its caller sent none."""

    key: str | None
    portal: Portal
    caller_id: str
    route: str
    body: bytes


class Result(Struct, frozen=True):
    """What a view gave: its answer, and whether that reports a state in between."""

    answer: Answer
    is_in_between: bool = False


def is_in_between(content: Any) -> bool:
    """Whether a reply reports a state that its own operation still has to leave (contract, "Idempotency")."""
    status = getattr(content, "status", None)
    return status in IN_BETWEEN.get(type(status), ())


def answer_once(request: KeyedRequest, answer_to: Callable[[str], Result]) -> Answer:
    """Answer a request that may carry an Idempotency-Key: the same key and body get the first answer again.

    An answer that reports a state in between is computed again. `answer_to` gets the operation id, which is the same
    for the same key.
    """
    key = request.key
    if key is None:
        return answer_to(idempotency.unkeyed().operation_id).answer
    if not (0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
        message = f"must have 1 to {KEY_LENGTH} printable ASCII characters"
        raise ValidationFailed(details=[{"field": "Idempotency-Key", "message": message}])
    claimed = idempotency.claim(
        portal=request.portal, caller_id=request.caller_id, route=request.route, key=key, body=request.body
    )
    if not isinstance(claimed, IdempotencyClaim):
        if claimed.status >= _REFUSED:
            raise Refusal.replay(claimed.status, json.loads(claimed.body))
        headers: dict[str, Any] = {**claimed.headers, "Idempotent-Replayed": "true"}
        return Answer(body=claimed.body, status_code=claimed.status, headers=headers)
    try:
        result = answer_to(claimed.operation_id)
    except Refusal as refusal:
        if refusal.is_final and claimed.interim is None:
            idempotency.keep(claimed, idempotency.StoredAnswer(refusal.status, json.dumps(refusal.stored), {}))
        else:
            idempotency.release(claimed)
        raise
    except BaseException:
        # The outcome is unknown: the next try finds it by its operation id.
        idempotency.release(claimed)
        raise
    answer = result.answer
    body = answer.body if isinstance(answer.body, str) else ""
    if claimed.is_replay or claimed.is_first_answer(body):
        answer.headers["Idempotent-Replayed"] = "true"
        return answer
    if result.is_in_between:
        idempotency.keep_open(claimed, body)
        return answer
    named = {name: str(value) for name, value in answer.headers.items() if name == JOB_HEADER}
    idempotency.keep(claimed, idempotency.StoredAnswer(answer.status_code, body, {"Content-Type": JSON, **named}))
    return answer
