"""Text that people write: NFC, without characters that nobody sees, and with something visible in it.

A field says which kind it is: `ONE_LINE` for names and titles, `LINES` for messages and reasons.
"""

import unicodedata
from typing import Annotated, Any

from msgspec import Struct
from pydantic import BeforeValidator, GetCoreSchemaHandler, StringConstraints
from pydantic_core import core_schema

# Control, format-only (the bidirectional overrides among them), private, surrogate, unassigned; separators of lines.
_REFUSED = ("Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp")
# Unicode reserves the unassigned ones of these blocks for pictographs: a new phone has newer ones than this Python.
_PICTOGRAPHS = range(0x1F300, 0x1FB00)
# Persian, Urdu and composed pictographs need them between two characters, Indic scripts after a virama, also at the end
# of a word (RFC 5892, appendix A), and Bengali before one (The Unicode Standard, chapter 12.2, "Ya-phalaa").
_JOINERS = "\u200c\u200d"
_JOINED_BEFORE = ("Lo", "Mn", "Mc", "Nd", "So", "Sk")
_JOINED_AFTER = ("Lo", "So")
# The canonical combining class of each virama (Unicode Character Database).
_VIRAMA = 9
_OF_LINES = "\n\t"
# Letters and symbols that show nothing: the Hangul fillers, and Braille without a dot.
_BLANK = "\u115f\u1160\u3164\uffa0\u2800"


class Written(Struct, frozen=True):
    """Marks a text that people write; `lines` allows line ends and tabs."""

    lines: bool

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Return the schema of the text, with its characters checked after its length."""
        return core_schema.no_info_after_validator_function(self.checked, handler(source))

    def checked(self, value: str) -> str:
        """Return the text as it is stored. Raises ValueError, which names the first character that is refused."""
        text = unicodedata.normalize("NFC", value)
        if self.lines:
            text = text.replace("\r\n", "\n")
        for place, character in enumerate(text):
            if not self._allows(text, place):
                raise ValueError(f"must not contain the character {_named(character)}")
        if text and not any(_is_visible(character) for character in text):
            raise ValueError("must have something visible in it")
        return text

    def _allows(self, text: str, place: int) -> bool:
        character = text[place]
        if unicodedata.category(character) not in _REFUSED:
            return True
        if character in _JOINERS:
            is_between = _category(text, place - 1) in _JOINED_BEFORE and _category(text, place + 1) in _JOINED_AFTER
            return is_between or _is_virama(text, place - 1) or _is_virama(text, place + 1)
        is_pictograph = ord(character) in _PICTOGRAPHS and unicodedata.category(character) == "Cn"
        return is_pictograph or (self.lines and character in _OF_LINES)


def _is_virama(text: str, place: int) -> bool:
    return 0 <= place < len(text) and unicodedata.combining(text[place]) == _VIRAMA


def _category(text: str, place: int) -> str:
    """Return the category of a character; pictographs that this Python does not know are symbols."""
    if not 0 <= place < len(text):
        return ""
    return "So" if ord(text[place]) in _PICTOGRAPHS else unicodedata.category(text[place])


def _named(character: str) -> str:
    """Return a character as Unicode writes it, such as `U+202E RIGHT-TO-LEFT OVERRIDE`."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '')}".rstrip()


def _is_visible(character: str) -> bool:
    is_pictograph = ord(character) in _PICTOGRAPHS
    return (is_pictograph or unicodedata.category(character)[0] in "LNPS") and character not in _BLANK


def _sought(value: Any) -> Any:
    """Return what somebody searches for without what nobody sees, which keyboards and clipboards add."""
    if not isinstance(value, str):
        return value
    shown = (" " if unicodedata.category(each) in ("Cc", "Zl", "Zp") else each for each in value)
    return "".join(each for each in shown if unicodedata.category(each) not in _REFUSED or each in _JOINERS)


ONE_LINE = Written(lines=False)
LINES = Written(lines=True)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), ONE_LINE]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), ONE_LINE]
# What somebody types to find something. It is compared, and none of it is refused for its characters.
Sought = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), BeforeValidator(_sought)
]
