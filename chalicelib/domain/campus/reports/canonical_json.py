"""The one spelling of a JSON value (RFC 8785), so that a hash of it means the same everywhere."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib import clock


def canonical(value: Any) -> bytes:
    """Return a value of JSON in the spelling of RFC 8785; times are written as the wire writes them."""
    import rfc8785  # only reports need it

    return bytes(rfc8785.dumps(plain(value)))


def plain(value: Any) -> Any:
    """Return a value with its times as texts, and its records, mappings and sequences as JSON has them."""
    if isinstance(value, datetime):
        return clock.to_text(value)
    if isinstance(value, Struct):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, str):
        return str(value)  # an enumeration's member is its text
    return value


def sha256_of(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hex."""
    return hashlib.sha256(content).hexdigest()
