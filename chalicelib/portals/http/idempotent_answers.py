"""Idempotent answers: the same Idempotency-Key and body get the first answer again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import idempotency
from chalicelib.domain.idempotency import IdempotencyClaim
from chalicelib.errors import Refusal, ValidationFailed
from chalicelib.portals.http.answer import JOB_HEADER, JSON, Answer
from chalicelib.vocabulary import Portal

KEY_LENGTH = 255
_REFUSED = 400


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """What makes a request the same as an earlier one; `key` is None where its caller sent none."""

    key: str | None
    portal: Portal
    caller_id: str
    route: str
    body: bytes


def answer_once(request: KeyedRequest, answer_to: Callable[[str], Answer]) -> Answer:
    """Answer a request that may carry an Idempotency-Key: the same key and body get the first answer again.

    `answer_to` gets the operation id, which is the same for the same key.
    """
    key = request.key
    if key is None:
        return answer_to(idempotency.unkeyed().operation_id)
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
        answer = answer_to(claimed.operation_id)
    except Refusal as refusal:
        if refusal.is_final:
            idempotency.keep(claimed, idempotency.StoredAnswer(refusal.status, json.dumps(refusal.stored), {}))
        else:
            idempotency.release(claimed)
        raise
    except BaseException:
        # The outcome is unknown: the next try finds it by its operation id.
        idempotency.release(claimed)
        raise
    if claimed.is_replay:
        answer.headers["Idempotent-Replayed"] = "true"
        return answer
    body = answer.body if isinstance(answer.body, str) else ""
    named = {name: str(value) for name, value in answer.headers.items() if name == JOB_HEADER}
    idempotency.keep(claimed, idempotency.StoredAnswer(answer.status_code, body, {"Content-Type": JSON, **named}))
    return answer
