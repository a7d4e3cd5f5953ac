"""The one canonical spelling of a code, an id or a number that a scanner reads or a hand types.

Scanners add line ends, STX and ETX, GS, AIM identifiers and NUL padding. Clipboards add quotation marks, zero-width
characters and full-width forms. People add spaces and hyphens, and type digits of their own script in either case.
Each function undoes that for one kind of text. Its result is a proposal: the caller checks it, and a text that is no
code stays wrong. A canonical text is returned unchanged, so two different codes never become one (D-TEXT-01).
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, unquote, unquote_plus, urlsplit

from chalicelib.identifiers import parse_uid, uid_of_card_id

# ISO/IEC 15424: `]`, the letter of the symbology, a modifier; such as `]Q1` of a QR code.
_AIM = re.compile(r"^\][A-Za-z][0-9A-Za-z]")
_AROUND = " \"'`´“”„‟‘’‚‛«»‹›「」『』<>"  # noqa: RUF001  # quotation marks of several languages
_HYPHENS = dict.fromkeys(map(ord, "‐‑‒–—―−﹘﹣"), "-")  # noqa: RUF001  # other hyphens, dashes, the minus sign
# Control, format, marks, separators of lines: what no code has and no display shows.
_UNSEEN = ("Cc", "Cf", "Mn", "Me", "Zl", "Zp")
_RIGHT_TO_LEFT = "\u202e"
# Most ways in which one text is unwrapped, of envelopes in envelopes.
_MOST_READINGS = 16
# The parameter of a URL that has the code, where it is not the last part of the path.
_NAMED = ("code", "qr", "ticket", "ticket_id", "id", "number", "uid", "card", "card_id", "invite", "invite_code")
_ULID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_ID = re.compile(rf"([A-Z]{{2,4}})[_ -]?({_ULID})")
_TICKET_ID = re.compile(rf"TKT[_ -]?({_ULID})")
_TICKET_NUMBER = re.compile(r"[A-Z0-9-]{1,20}-[0-9]{6,10}")
# A number whose hyphen a hand left out or wrote as another mark. No prefix has one of these marks, so it is one number.
_APART_NUMBER = re.compile(r"([A-Z0-9-]{1,20})[ _/:.]{1,3}([0-9]{6,10})")
_AROUND_NUMBER = " #.,;"
_ENROLMENT_CODE = re.compile(r"[A-HJ-NP-Z2-9]{12}")
_INVITE_CODE = re.compile(r"[A-Z2-7]{48}")
# RFC 3966; URI schemes are written in either case (RFC 3986, section 3.1).
_SCHEME_OF_NUMBERS = re.compile("^tel: ?", re.IGNORECASE)
_IBAN = re.compile(r"(?:IBAN:?)?([A-Z]{2}[0-9]{2}[A-Z0-9]{11,30})")
# Crockford's Base32: the letters that a ULID lacks are read as the digits that they resemble.
_MISREAD_IN_ULID = str.maketrans("OIL", "011")
# RFC 4648, section 3.4: Base32 has no 0 and no 8.
_MISREAD_IN_BASE32 = str.maketrans("08", "OB")
_CAPITALS = {code: code - 32 for code in range(ord("a"), ord("z") + 1)} | dict.fromkeys(map(ord, "\u0130\u0131"), "I")
# What the same keys type in the US, the German and the French layout (Windows).
_US = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?"
_GERMAN = "^1234567890ß´qwertzuiopü+#asdfghjklöäyxcvbnm,.-°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_"  # noqa: RUF001
_FRENCH = "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§"
# A scanner that types as a US keyboard on a computer with another layout, and then the other way round: tablets have
# the US one, and scanners the layout of where they were bought.
_LAYOUTS = [
    str.maketrans(dict(zip(shown, meant, strict=True)))
    for shown, meant in ((_GERMAN, _US), (_FRENCH, _US), (_US, _GERMAN), (_US, _FRENCH))
]


def occurrences(text: str, *, beginning: str, length: int) -> Iterator[str]:
    """Yield each text of this length and beginning that a text may contain, in capitals, likeliest first.

    For codes that have spaces and percent signs, of which only a signature can say which reading is right.
    """
    seen: set[str] = set()
    for reading in _readings(text):
        capitals = _capitals(reading).replace(f"{beginning[:-1]};", beginning)  # capitals lock makes `;` of `:`
        place = capitals.find(beginning)
        while place >= 0:
            found = capitals[place : place + length]
            if len(found) == length and found not in seen:
                seen.add(found)
                yield found
            place = capitals.find(beginning, place + 1)


def identifier(text: str) -> str:
    """Return an id such as `tkt_01JDEM…`; ids without a ULID keep their case."""
    return _first(text, _platform_id) or _bare(text)


def card_name(text: str) -> str:
    """Return a card's id, or its UID in hex."""
    return _first(text, _card) or _bare(text)


def whole_uid(text: str) -> str | None:
    """Return the UID in hex of a card that a text names by its UID or its id, or None."""
    named = _first(text, _card)
    return (uid_of_card_id(named) or named) if named is not None else None


def uid_search(text: str) -> str:
    """Return a card's UID in hex, or the beginning of one, without separators."""
    return whole_uid(text) or hexadecimal(text)


def numbered_ticket(text: str) -> str:
    """Return the id or the number of a numbered ticket, such as `VIP-000001`."""
    return _first(text, _numbered) or _bare(text)


def one_time_code(text: str) -> str:
    """Return the digits of a one-time code."""
    return _without(_bare(text), " -.·_")


def second_factor_code(text: str) -> str:
    """Return the digits of a second factor's code, or the letters and digits of a recovery code."""
    return one_time_code(text).upper()


def enrolment_code(text: str) -> str:
    """Return the letters and digits of a device's one-time code."""
    return _first(text, _enrolment) or _bare(text)


def invite_code(text: str) -> str:
    """Return an invite code in Base32 (RFC 4648)."""
    return _first(text, _invite) or _bare(text)


def iban(text: str) -> str:
    """Return an IBAN in its electronic form (ISO 13616)."""
    return _first(text, _bank_account) or _bare(text)


def hexadecimal(text: str) -> str:
    """Return bytes in hex, or the beginning of a UID, without separators."""
    return _without(re.sub("0X(?=[0-9A-F]{2})", "", _capitals(_bare(text))), " :-._,")


def prefix(text: str) -> str:
    """Return the prefix of ticket numbers."""
    return _capitals(_bare(text))


def phone_number(text: str) -> str:
    """Return a phone number as people dial it; one that is shown in another order than it is stored stays as it is."""
    return text if _RIGHT_TO_LEFT in text else _SCHEME_OF_NUMBERS.sub("", _bare(text))


def visible(text: str) -> str:
    """Return a text without what no display shows, in NFKC, with ASCII's digits, hyphens and spaces."""
    if text.isascii() and text.isprintable():
        return text
    shown = []
    for character in unicodedata.normalize("NFKC", text).translate(_HYPHENS):
        kind = unicodedata.category(character)
        if kind == "Zs":
            shown.append(" ")
        elif kind == "Nd":
            shown.append(str(unicodedata.decimal(character)))
        elif kind not in _UNSEEN:
            shown.append(character)
    return "".join(shown)


def _bare(text: str) -> str:
    return visible(text).strip(_AROUND)


def _first(text: str, read: Callable[[str], str | None]) -> str | None:
    return next((found for found in map(read, _readings(text)) if found is not None), None)


def _readings(text: str) -> Iterator[str]:
    """Yield a text as it is, then with its envelopes removed one by one; then the same for each pair of layouts."""
    yield from _unwrapped(visible(text))
    for layout in _LAYOUTS:
        # Every key of a scanner goes through the layout, so a text with any other character was not typed in it.
        if all(ord(character) in layout for character in text if not character.isspace() and character.isprintable()):
            yield from _unwrapped(visible(text.translate(layout)))


def _unwrapped(text: str) -> Iterator[str]:
    queue, seen = [text], {text}
    for reading in queue:
        yield reading
        for inner in _opened(reading):
            if inner not in seen and len(queue) < _MOST_READINGS:
                seen.add(inner)
                queue.append(inner)


def _opened(text: str) -> Iterator[str]:
    yield _AIM.sub("", text.strip(_AROUND))
    if "%" in text or "+" in text:
        yield visible(unquote_plus(text))
        yield visible(unquote(text))
    if "://" in text:
        yield _of_url(text)


def _of_url(text: str) -> str:
    """Return the named parameter of a URL, or the last part of its path."""
    try:
        parts = urlsplit(text.strip(_AROUND))
    except ValueError:
        return text
    named = dict(parse_qsl(parts.query))
    return next((named[name] for name in _NAMED if name in named), parts.path.rstrip("/").rpartition("/")[2])


def _platform_id(reading: str) -> str | None:
    packed = _capitals(reading).replace(" ", "")
    head, tail = packed[:-26], packed[-26:].translate(_MISREAD_IN_ULID)
    found = _ID.fullmatch(head + tail)
    return f"{found[1].lower()}_{found[2]}" if found else None


def _numbered(reading: str) -> str | None:
    written = _capitals(reading).strip(_AROUND_NUMBER)
    packed = written.replace(" ", "")
    if _TICKET_NUMBER.fullmatch(packed):
        return packed
    apart = _APART_NUMBER.fullmatch(written)
    if apart:
        return f"{apart[1]}-{apart[2]}"
    found = _TICKET_ID.fullmatch(packed[:-26] + packed[-26:].translate(_MISREAD_IN_ULID))
    return f"tkt_{found[1]}" if found else None


def _card(reading: str) -> str | None:
    named = _platform_id(reading)
    if named is not None and uid_of_card_id(named):
        return named
    return parse_uid(hexadecimal(reading))


def _enrolment(reading: str) -> str | None:
    packed = _packed(reading)
    return packed if _ENROLMENT_CODE.fullmatch(packed) else None


def _invite(reading: str) -> str | None:
    packed = _packed(reading).translate(_MISREAD_IN_BASE32)
    return packed if _INVITE_CODE.fullmatch(packed) else None


def _bank_account(reading: str) -> str | None:
    found = _IBAN.fullmatch(_packed(reading))
    return found[1] if found else None


def _packed(text: str) -> str:
    return _without(_capitals(text), " -.")


def _capitals(text: str) -> str:
    """Return a text with ASCII's letters in capitals; the dotted and dotless letters of Turkish keyboards too."""
    return text.translate(_CAPITALS)


def _without(text: str, characters: str) -> str:
    return text.translate(dict.fromkeys(map(ord, characters)))
