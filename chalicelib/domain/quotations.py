"""Somebody's words in a message to another person: in quotation marks, on one line, shortened, without links.

Every name, title or label that a person wrote passes here on its way into an SMS or a mail. A message begins with the
platform's own words. Free text, such as the message of a gift, is shown in the app and never sent.
"""

import re
import unicodedata

LONGEST = 30
_CUT = "..."
# What is shown where nothing is left of the words.
_NOTHING = '"..."'
# Letters that show nothing, which no category of Unicode tells apart: fillers of Hangul and an empty Braille cell.
_UNSEEN = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f")
_DOTS = str.maketrans({"\u3002": ".", "\u06d4": ".", "\u2024": "."})
_LINK = re.compile(
    r"\w[\w+.-]*:/+\S*"  # a scheme
    r"|\bwww\.\S*"
    r"|\S+@\S+"
    r"|\S+\s+\.\s?[^\W\d_]{2}\S*"  # a domain that is torn before its dot
    r"|(?:[\w-]+\.)+[^\W\d_]{2}\S*"  # a word, a dot and two letters: a domain
    r"|(?:\d{1,3}\.){3}\d\S*",
    re.IGNORECASE,
)
# Titles and initials right before a name, as many people write them: a domain only without the space after the dot.
_TITLES = "Adv|Brig|Capt|Ch|Col|Dr|Engr|Gen|Hon|Lt|Maj|Md|Mohd|Mr|Mrs|Ms|Prof|Rev|Sh|St"
_NAME_AFTER_DOT = re.compile(rf"(?<![\w.@/:-])((?:(?:[A-Z]|{_TITLES})\.)+)(?=[A-Z][a-z]+(?![\w.@/:-]))")
# Five digits, however they are set apart: a telephone number, a short number or a code.
_NUMBER = re.compile(r"\+?(?:\d[\s().,/:_-]*){5,}")
_MARKS = re.compile(r"[\"`\u00b4\u2018-\u201f\u2039\u203a\u00ab\u00bb\u300c-\u300f\u301d-\u301f]")
# The letters of an SMS in 7-bit form (3GPP TS 23.038). One other letter halves the room of the whole text.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


def quote(words: str, *, longest: int = LONGEST, is_address: bool = False) -> str:
    """Return somebody's words as one quotation of at most `longest` UTF-16 units, without its marks.

    The address of a venue, which staff wrote, keeps its numbers.
    """
    shown = unicodedata.normalize("NFKC", words).translate(_DOTS)
    shown = "".join(_visible(letter) for letter in shown)
    shown = _NAME_AFTER_DOT.sub(r"\1 ", shown)
    # Twice, since a link that is removed may join what was beside it.
    for _ in range(2):
        shown = _LINK.sub(" ", shown)
        shown = shown if is_address else _NUMBER.sub(" ", shown)
    shown = " ".join(_MARKS.sub("'", "".join(_in_gsm(letter) for letter in shown)).split())
    if not any(letter.isalnum() for letter in shown):
        return _NOTHING
    return f'"{_shortened(shown, longest)}"'


def _visible(letter: str) -> str:
    category = unicodedata.category(letter)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    return "" if category.startswith("C") or letter in _UNSEEN else letter


def _in_gsm(letter: str) -> str:
    """Return a letter without its accent where only that form fits a 7-bit text; else the letter."""
    if letter in _GSM:
        return letter
    plain = unicodedata.normalize("NFKD", letter)[:1]
    return plain if plain in _GSM else letter


def _shortened(words: str, longest: int) -> str:
    if _units(words) <= longest:
        return words
    while _units(words) > longest - len(_CUT):
        words = words[:-1]
    return words.rstrip() + _CUT


def _units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2
