"""How scanners, clipboards and hands send a code: one text, in the forms that were seen in the field."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

Form = Callable[[str], str]

_US = "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:\"ZXCVBNM<>?"
_GERMAN = "^1234567890ß´qwertzuiopü+#asdfghjklöäyxcvbnm,.-°!\"§$%&/()=?`QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_"  # noqa: RUF001
_FRENCH = "²&é\"'(-è_çà)=azertyuiop^$*qsdfghjklmùwxcvbn,;:!~1234567890°+AZERTYUIOP¨£µQSDFGHJKLM%WXCVBN?./§"
_DIGITS = {"Arabic-Indic": 0x0660, "Extended Arabic-Indic": 0x06F0, "Devanagari": 0x0966, "full-width": 0xFF10}


def _on_a_keyboard(shown: str, *, of_scanner: str = _US) -> Form:
    layout = str.maketrans(dict(zip(of_scanner, shown, strict=True)))
    # A scanner has no key for other characters, so it cannot send such a text through a keyboard.
    return lambda text: text.translate(layout) if _keys_of(text) <= layout.keys() else text


def _keys_of(text: str) -> set[int]:
    return {ord(each) for each in text if each.isprintable() and not each.isspace()}


def _full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _in_digits(zero: int) -> Form:
    return lambda text: "".join(chr(zero + int(c)) if c in "0123456789" else c for c in text)


def _alternating(text: str) -> str:
    return "".join(c.lower() if place % 2 and c.isascii() else c for place, c in enumerate(text))


# What a scanner or a clipboard adds around any text.
AROUND: Mapping[str, Form] = {
    "as it is": lambda text: text,
    "spaces": lambda text: f"  {text} ",
    "a line end": lambda text: f"{text}\n",
    "CR LF": lambda text: f"{text}\r\n",
    "a tab": lambda text: f"{text}\t",
    "GS": lambda text: f"\x1d{text}\x1d",
    "STX and ETX": lambda text: f"\x02{text}\x03",
    "BOM": lambda text: f"\ufeff{text}",
    "zero width": lambda text: "\u200b".join(text),
    "bidi marks": lambda text: f"\u202a{text}\u202c",
    "no-break spaces": lambda text: f"\xa0{text}\u202f",
    "quotation marks": lambda text: f'"{text}"',
    "curly quotation marks": lambda text: f"“{text}”",
    "NUL padding": lambda text: text + "\0" * 40,
    "full width": _full_width,
    **{f"{script} digits": _in_digits(zero) for script, zero in _DIGITS.items()},
}
# What a scanner of codes adds beside it.
PREFIXED: Mapping[str, Form] = {
    **{aim: lambda text, aim=aim: f"{aim}{text}" for aim in ("]Q1", "]Q3", "]d2", "]C1", "]z0")},  # type: ignore[misc]
    "UTF-16": lambda text: "".join(f"{c}\0" for c in text),
}
IN_EITHER_CASE: dict[str, Form] = {"small letters": str.lower, "mixed letters": _alternating}
# Encodings of the text in the code, and an envelope of our own around it.
ENCODED: Mapping[str, Form] = {
    "percent-encoded": lambda text: quote(text, safe=""),
    "form-encoded": lambda text: urlencode({"": text})[1:],
    "the path of our URL": lambda text: f"https://tickets.gatehouse.example/t/{quote(text, safe='')}",
    "the query of our URL": lambda text: "https://gatehouse.example/?" + urlencode({"utm_source": "sms", "code": text}),
}
# A US scanner on a computer of another layout, and a scanner of another layout on a US computer.
KEYBOARDS: Mapping[str, Form] = {
    "QWERTZ": _on_a_keyboard(_GERMAN),
    "AZERTY": _on_a_keyboard(_FRENCH),
    "a QWERTZ scanner": _on_a_keyboard(_US, of_scanner=_GERMAN),
    "an AZERTY scanner": _on_a_keyboard(_US, of_scanner=_FRENCH),
}
# There the hyphen of `YVIP-000001` appears as in `ZVIP/000001`, which a hand may write for another number.
KEYBOARDS_OF_NUMBERS = {name: form for name, form in KEYBOARDS.items() if name != "a QWERTZ scanner"}
CODES: Mapping[str, Form] = {**AROUND, **PREFIXED, **IN_EITHER_CASE, **ENCODED}


def _encoded_after(outer: str, inner: str) -> Form:
    return lambda text: ENCODED[outer](CODES[inner](text))


# What one system adds, in what another one makes of that.
NESTED: Mapping[str, Form] = {
    f"{inner}, then {outer}": _encoded_after(outer, inner)
    for inner in ("zero width", "no-break spaces", "full width", "Devanagari digits", "UTF-16", "]Q3", *ENCODED)
    for outer in ENCODED
}
# What hands add.
GROUPED: dict[str, Form] = {
    "groups": lambda text: " ".join(text[place : place + 4] for place in range(0, len(text), 4)),
    "pairs with no-break spaces": lambda text: "\u202f".join(
        text[place : place + 2] for place in range(0, len(text), 2)
    ),
}
HYPHENED: dict[str, Form] = {
    "groups with hyphens": lambda text: "-".join(text[place : place + 4] for place in range(0, len(text), 4)),
    "groups with dashes": lambda text: "–".join(text[place : place + 4] for place in range(0, len(text), 4)),  # noqa: RUF001
}
# Of a UID in hex, as readers write it.
HEXADECIMAL: dict[str, Form] = {
    "0x": lambda text: f"0x{text}",
    "0x of each byte": lambda text: " ".join(f"0x{text[place : place + 2]}" for place in range(0, len(text), 2)),
    "colons": lambda text: ":".join(text[place : place + 2] for place in range(0, len(text), 2)).lower(),
}
SPELLED: Mapping[str, Form] = {**CODES, **KEYBOARDS, **GROUPED, **HEXADECIMAL}
