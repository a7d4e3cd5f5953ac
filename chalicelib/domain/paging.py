"""Cursors: opaque, tamper-proof, and good only for the caller and the question they were made for."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from chalicelib.clients import secrets
from chalicelib.errors import InvalidCursor

ResultT = TypeVar("ResultT")
DEFAULT_SIZE = 20
MAX_SIZE = 100
_PURPOSE = "cursor"
_MAC_BYTES = 16


@dataclass(frozen=True, slots=True)
class Page(Generic[ResultT]):
    """One page of a list; `next` is the cursor of the one after, `count` the whole list where that is cheap."""

    results: Sequence[ResultT]
    next: str | None = None
    count: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def _mac(key: bytes, payload: bytes, bound_to: str) -> bytes:
    return hmac.new(key, bound_to.encode() + b"\x00" + payload, hashlib.sha256).digest()[:_MAC_BYTES]


def seal(position: str, *, bound_to: str) -> str:
    """Return the cursor for a position; `bound_to` names the caller and the query."""
    payload = json.dumps(position).encode()
    return base64.urlsafe_b64encode(_mac(secrets.current(_PURPOSE), payload, bound_to) + payload).decode()


def unseal(cursor: str, *, bound_to: str) -> str:
    """Return the position in a cursor. Raises InvalidCursor."""
    try:
        raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidCursor from error
    mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
    genuine = [hmac.compare_digest(_mac(key, payload, bound_to), mac) for key in secrets.candidates(_PURPOSE)]
    if not any(genuine):
        raise InvalidCursor
    position = json.loads(payload)
    if not isinstance(position, str):
        raise InvalidCursor
    return position
