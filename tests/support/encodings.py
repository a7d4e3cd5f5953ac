"""The forms in which a text may be hidden in a log or a store."""

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

# Fewer digits stand in many a MAC, id or duration by chance.
_SHORT = 8


def forms(text: str) -> set[str]:
    """Return a text as it is, percent-encoded, in base64, in hex, and with JSON's escapes."""
    return {form for form in _forms(text) if len(form) >= 4}


def _forms(text: str) -> Iterator[str]:
    raw = text.encode()
    yield from (text, text.swapcase(), raw.hex(), raw.hex().upper())
    every_byte = "".join(f"%{byte:02X}" for byte in raw)
    yield from (quote(text, safe=""), quote_plus(text), quote(text, safe="").lower(), every_byte, every_byte.lower())
    yield json.dumps(text)[1:-1]
    yield "".join(f"\\u{ord(letter):04x}" for letter in text)
    for altchars in (b"+/", b"-_"):
        for before in range(3):
            yield _within_base64(raw, before, altchars)


def _within_base64(raw: bytes, before: int, altchars: bytes) -> str:
    """Return the letters that belong to `raw` alone where `before` bytes precede it in base64."""
    encoded = base64.b64encode(b"\0" * before + raw, altchars=altchars).decode().rstrip("=")
    shared = len(base64.b64encode(b"\0" * before).decode().rstrip("="))
    left_over = (before + len(raw)) % 3
    return encoded[shared : len(encoded) - (1 if left_over else 0)]


def stands_in_both(text: str, one: bytes, other: bytes) -> bool:
    """Whether two seals of the same thing show a text at one place; random bytes hold a short one by chance."""
    raw = text.encode()
    return any(one[at : at + len(raw)] == raw == other[at : at + len(raw)] for at in range(len(one)))


def hidden(text: str, haystack: str) -> list[str]:
    """Return the forms of a text that a haystack contains; the digits of a code only where no others stand beside."""
    return [form for form in forms(text) if _contains(haystack, form)]


def _contains(haystack: str, form: str) -> bool:
    if len(form) < _SHORT and form.isdigit():
        return re.search(rf"(?<![0-9A-Fa-f.]){form}(?![0-9A-Fa-f])", haystack) is not None
    return form in haystack
