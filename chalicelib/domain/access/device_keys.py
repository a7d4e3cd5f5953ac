"""Public keys of devices: Ed25519 points that can prove something (RFC 8032, section 5.1).

A point of small order verifies signatures that no private key has made. So an enrolment refuses each of the eight
such points in all of its spellings, and every text that is not the one spelling of a point.
"""

import base64
import binascii

from chalicelib.errors import ValidationFailed

_BYTES = 32
# RFC 8032, section 5.1: the field, and the curve -x² + y² = 1 + d x² y².
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
# The y of the points of order 8; those of order 1, 2 and 4 have the y 1, -1 and 0.
_Y_OF_ORDER_8 = int.from_bytes(
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
)
_SMALL = frozenset({0, 1, _P - 1, _Y_OF_ORDER_8, _P - _Y_OF_ORDER_8})


def parse(text: str) -> bytes:
    """Return a public key's 32 bytes from base64url. Raises ValidationFailed."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != _BYTES:
        raise _refusal("must be an Ed25519 public key: its 32 raw bytes in base64url")
    if not _is_point(raw):
        raise _refusal("must be an Ed25519 public key of full order")
    return raw


def _is_point(raw: bytes) -> bool:
    """Whether these bytes are the canonical spelling of a point of the curve, and not of small order."""
    y = int.from_bytes(raw, "little") % 2**255
    if y >= _P or y in _SMALL:
        return False
    # x² = (y² - 1) / (d y² + 1) must be a square (Euler's criterion), which it is where the product is one.
    square = (y * y - 1) * (_D * y * y + 1) % _P
    return pow(square, (_P - 1) // 2, _P) == 1


def _refusal(message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": "public_key", "message": message}])
