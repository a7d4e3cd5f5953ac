"""The code on a ticket: short, versioned and signed, so that a gate can verify it offline.

`GH1:` and base45 (RFC 9285, made for QR's alphanumeric mode) of

    1 byte   version of this layout
    4 bytes  kid of the signing key
   16 bytes  ticket ULID
    2 bytes  credential number; a transfer or refund increments it, which invalidates older codes
    8 bytes  SHA-256 of the event id, truncated
   64 bytes  Ed25519 over all of the above, under the label `gatehouse ticket code`
"""

import hashlib

from cryptography.exceptions import InvalidSignature
from msgspec import Struct
from ulid import ULID

from chalicelib import scanned_text
from chalicelib.domain.crypto import signing

_PREFIX = "GH1:"
_LABEL = b"gatehouse ticket code\x00"
_BODY_BYTES = 31
_TOTAL_BYTES = _BODY_BYTES + 64
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MAX_CODE_LENGTH = 256
# Three characters of Base45 for each pair of bytes, two for the last byte.
_CODE_LENGTH = len(_PREFIX) + _TOTAL_BYTES // 2 * 3 + _TOTAL_BYTES % 2 * 2


class TicketCode(Struct, frozen=True):
    """The content of a genuine code."""

    ticket_id: str
    credential: int
    event_tag: bytes


def event_tag(event_id: str) -> bytes:
    """Return the 8 bytes that identify an event in a code."""
    return hashlib.sha256(event_id.encode()).digest()[:8]


def encode(ticket_id: str, *, event_id: str, credential: int) -> str:
    """Return the code of a ticket; `ticket_id` must end in a ULID."""
    kid, key = signing.signer(signing.TICKET_CODES)
    ulid = ULID.from_str(ticket_id.removeprefix("tkt_"))
    body = b"\x01" + bytes.fromhex(kid) + ulid.bytes + credential.to_bytes(2) + event_tag(event_id)
    return _PREFIX + base45(body + key.sign(_LABEL + body))


def decode(text: str) -> TicketCode | None:
    """Return what the one code in a scanned text says, or None unless this platform signed it.

    Only the signature tells which reading of a text is right. Two codes in one text are none.
    """
    plain = _verified(text)
    if plain is not None:
        return plain
    readings = scanned_text.occurrences(text, beginning=_PREFIX, length=_CODE_LENGTH)
    genuine = {found for found in map(_verified, readings) if found is not None}
    return genuine.pop() if len(genuine) == 1 else None


def _verified(code: str) -> TicketCode | None:
    raw = from_base45(code.removeprefix(_PREFIX)) if code.startswith(_PREFIX) else None
    if raw is None or len(raw) != _TOTAL_BYTES or raw[0] != 1:
        return None
    body, signature = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
    key = signing.verifier(signing.TICKET_CODES, body[1:5].hex())
    if key is None:
        return None
    try:
        key.verify(signature, _LABEL + body)
    except InvalidSignature:
        return None
    return TicketCode(
        ticket_id=f"tkt_{ULID.from_bytes(body[5:21])}",
        credential=int.from_bytes(body[21:23]),
        event_tag=body[23:31],
    )


def base45(data: bytes) -> str:
    """Return bytes as Base45 text (RFC 9285)."""
    text: list[str] = []
    for start in range(0, len(data) - 1, 2):
        rest, low = divmod(int.from_bytes(data[start : start + 2]), 45)
        high, middle = divmod(rest, 45)
        text += [_ALPHABET[low], _ALPHABET[middle], _ALPHABET[high]]
    if len(data) % 2:
        high, low = divmod(data[-1], 45)
        text += [_ALPHABET[low], _ALPHABET[high]]
    return "".join(text)


def from_base45(text: str) -> bytes | None:
    """Return the bytes of Base45 text, or None where it is no such text."""
    if len(text) > MAX_CODE_LENGTH or len(text) % 3 == 1:
        return None
    data = bytearray()
    try:
        for start in range(0, len(text) - 2, 3):
            data += (_ONES[text[start]] + _FORTY_FIVES[text[start + 1]] + _SQUARES[text[start + 2]]).to_bytes(2)
        if len(text) % 3:
            data += (_ONES[text[-2]] + _FORTY_FIVES[text[-1]]).to_bytes(1)
    except (KeyError, OverflowError):
        return None  # another character, or a group that means more than its bytes hold
    return bytes(data)


_ONES = {character: value for value, character in enumerate(_ALPHABET)}
_FORTY_FIVES = {character: 45 * value for character, value in _ONES.items()}
_SQUARES = {character: 45 * value for character, value in _FORTY_FIVES.items()}
