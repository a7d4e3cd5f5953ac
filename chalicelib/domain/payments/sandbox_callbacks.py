"""Callbacks of the sandbox provider: their bodies and signatures, by a key derived from the secret of providers."""

import hashlib
import hmac
import json
from datetime import date

from pydantic import BaseModel

from chalicelib import clock
from chalicelib.clients.providers import (
    Move,
    MoveKind,
    MoveWord,
)
from chalicelib.clients.secrets import PROVIDERS
from chalicelib.errors import BadSignature

SIGNATURE_HEADER = "gatehouse-signature"
SUCCEEDED_KIND, FAILED_KIND, PAYOUT_KIND = "payment.succeeded", "payment.failed", "payout.changed"
# The kinds of callbacks about refunds and disputes, such as `refund.failed` and `dispute.opened`.
_REFUND_WORDS = (MoveWord.PENDING, MoveWord.SUCCEEDED, MoveWord.FAILED)
MOVES = {
    f"{kind}.{word}": (kind, word)
    for word in MoveWord
    for kind in (MoveKind.REFUND if word in _REFUND_WORDS else MoveKind.DISPUTE,)
}
_PURPOSE = "sandbox webhook"
# Largest difference between a callback's time and ours, in seconds, in either direction (as Stripe's).
_TOLERANCE = 300
# A Unix time of more digits is no time; a number of 400 digits cannot become a float.
_TIME_DIGITS = 12


class SandboxCallback(BaseModel, defer_build=True):
    """The body of a callback; `type` says whether the charge succeeded, or what became of a refund or a dispute."""

    id: str
    type: str
    payment_id: str = ""
    reference: str = ""
    amount: int = 0
    currency: str = ""
    failure_reason: str | None = None
    move_reference: str = ""
    refund_key: str | None = None
    # The day on which the refund or the dispute was made, in UTC.
    made_on: date | None = None


def sign(body: bytes, *, at: int) -> str:
    """Return the signature of a callback sent at a Unix time: `t=<time>,v1=<hex HMAC-SHA256 of "time.body">`."""
    return f"t={at},v1={_mac(PROVIDERS.current(_PURPOSE), body, at)}"


def moved(payment_id: str, charge: str, move: Move, *, event_id: str) -> bytes:
    """Return the body of a callback about a refund or a dispute, of which it says one word."""
    said = {
        "id": event_id,
        "type": f"{move.kind}.{move.words[0]}",
        "payment_id": payment_id,
        "reference": charge,
        "amount": move.amount,
        "currency": move.currency,
        "move_reference": move.reference,
        "refund_key": move.key,
        "made_on": str(move.made_on or clock.now().date()),
    }
    return json.dumps(said).encode()


def _mac(key: bytes, body: bytes, at: int) -> str:
    return hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def require_signature(body: bytes, header: str) -> None:
    """Raise BadSignature unless a key of ours signed the body within the tolerance."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    given, at = parts.get("v1", ""), parts.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) <= _TIME_DIGITS and given.isascii()):
        raise BadSignature
    if abs(clock.now().timestamp() - int(at)) > _TOLERANCE:
        raise BadSignature
    if not _is_signed(body, int(at), given) and not (PROVIDERS.read_again() and _is_signed(body, int(at), given)):
        raise BadSignature


def _is_signed(body: bytes, at: int, given: str) -> bool:
    return any(hmac.compare_digest(_mac(key, body, at), given) for key in PROVIDERS.candidates(_PURPOSE))
