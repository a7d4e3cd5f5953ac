"""The code on a ticket, checked without the platform: its layout is in the platform's `docs`, its key in the identity.

`GH1:` and Base45 (RFC 9285) of a version (1 byte), the key's id (4), the ticket's ULID (16), the credential number (2),
the event's tag (8), and an Ed25519 signature (64).
"""

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_PREFIX = "GH1:"
_LABEL = b"gatehouse ticket code\x00"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_BODY, _WHOLE = 31, 95
_LENGTH = len(_PREFIX) + _WHOLE // 2 * 3 + 2
_LONGEST_TEXT = 2048
# ISO/IEC 15424: how a scanner names the kind of code, such as `]Q1`.
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_UNSEEN = ("Cc", "Cf", "Mn", "Me", "Zl", "Zp")
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣"), "-")  # noqa: RUF001  # the hyphens and dashes that keyboards send
# Most ways in which one text is unwrapped, of envelopes in envelopes.
_MOST_READINGS = 16
# What keys type in the US layout, in which the agent reads them, and in the layouts of scanners bought elsewhere.
_US = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?"
_GERMAN = "^1234567890ß´qwertzuiopü+#asdfghjklöäyxcvbnm,.-°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_"  # noqa: RUF001
_FRENCH = "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§"
_LAYOUTS = [str.maketrans(dict(zip(_US, meant, strict=True))) for meant in (_GERMAN, _FRENCH)]
_CAPITALS = {code: code - 32 for code in range(ord("a"), ord("z") + 1)} | dict.fromkeys(map(ord, "\u0130\u0131"), "I")


@dataclass(frozen=True)
class TicketCode:
    """What a genuine code says."""

    ticket: bytes
    credential: int
    event_tag: bytes


# The platform's keys, by the id under which it names each.
PlatformKeys = Mapping[str, Ed25519PublicKey]


def read_keys(texts: Iterable[object]) -> PlatformKeys:
    """Return the platform's keys from texts in base64url; a text that is no key is left out."""
    keys = [key for text in texts if (key := _read_key(text)) is not None]
    return {key_id(key): key for key in keys}


def _read_key(text: object) -> Ed25519PublicKey | None:
    if not isinstance(text, str):
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error):
        return None


def key_id(key: Ed25519PublicKey) -> str:
    """Return the id under which the platform names this key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:8]


def event_tag(event_id: str) -> bytes:
    """Return the bytes by which a code names its event."""
    return hashlib.sha256(event_id.encode()).digest()[:8]


def read(text: str, keys: PlatformKeys) -> TicketCode | None:
    """Return what the code in a scanned text says; None where there is none, two, or one that no key has signed."""
    genuine = {code for code in (_verified(found, keys) for found in candidates(text)) if code is not None}
    return genuine.pop() if len(genuine) == 1 else None


def candidates(text: str) -> Iterator[str]:
    """Yield each part of a text, read in several ways, that may be a code: only the signature tells."""
    for reading in dict.fromkeys(_readings(text[:_LONGEST_TEXT])):
        capitals = reading.translate(_CAPITALS).replace("GH1;", _PREFIX)  # with the capitals lock, `;` for `:`
        start = capitals.find(_PREFIX)
        while start >= 0:
            yield capitals[start : start + _LENGTH]
            start = capitals.find(_PREFIX, start + 1)


def _readings(text: str) -> Iterator[str]:
    yield from _unwrapped(_visible(text))
    for layout in _LAYOUTS:
        yield from _unwrapped(_visible(text.translate(layout)))


def _unwrapped(text: str) -> Iterator[str]:
    """Yield a text as it is, then with the envelopes of codes and of links removed one by one."""
    queue = [text]
    for reading in queue:
        yield reading
        inner = [_AIM.sub("", reading.strip())]
        if "%" in reading or "+" in reading:
            inner += [_visible(unquote_plus(reading)), _visible(unquote(reading))]
        queue += [each for each in dict.fromkeys(inner) if each not in queue][: _MOST_READINGS - len(queue)]


def _visible(text: str) -> str:
    """Return a text in compatible form without marks and controls, with plain digits, hyphens and spaces."""
    if text.isascii() and text.isprintable():
        return text
    shown = []
    for character in unicodedata.normalize("NFKC", text).translate(_HYPHENS):
        category = unicodedata.category(character)
        if category == "Nd":
            shown.append(str(unicodedata.decimal(character)))
        elif category not in _UNSEEN:
            shown.append(" " if category == "Zs" else character)
    return "".join(shown)


def _verified(code: str, keys: PlatformKeys) -> TicketCode | None:
    raw = _from_base45(code.removeprefix(_PREFIX)) if len(code) == _LENGTH else None
    key = keys.get(raw[1:5].hex()) if raw is not None and len(raw) == _WHOLE and raw[0] == 1 else None
    if raw is None or key is None:
        return None
    body = raw[:_BODY]
    try:
        key.verify(raw[_BODY:], _LABEL + body)
    except InvalidSignature:
        return None
    return TicketCode(ticket=body[5:21], credential=int.from_bytes(body[21:23]), event_tag=body[23:31])


def _from_base45(text: str) -> bytes | None:
    digits = [_ALPHABET.find(character) for character in text]
    if -1 in digits or len(digits) % 3 == 1:
        return None
    data = bytearray()
    for start in range(0, len(digits), 3):
        group = digits[start : start + 3]
        value = sum(digit * 45**place for place, digit in enumerate(group))
        if value >= 256 ** (len(group) - 1):
            return None
        data += value.to_bytes(len(group) - 1)
    return bytes(data)
