"""Names and titles as people search for them: without case, accents, punctuation and the habits of keyboards.

A text and what is typed are folded alike. Each word begins a text that continues through the rest of the name without
spaces. So `ac dc`, `AC/DC` and `acdc` are one search, and any word of a name finds it (D-TEXT-04).
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

# The longest folded text that is compared, in characters; a folded character has at most four bytes.
MOST_CHARACTERS = 100
# The most words of a name or a title that can be searched for.
MOST_WORDS = 8
# Letters of the Arabic script that keyboards of Arabic, Persian and Urdu exchange, and a hamza that many leave out.
_ARABIC = str.maketrans({"ى": "ي", "ٱ": "ا", "ە": "ه", "ء": ""})  # noqa: RUF001  # as they are typed
# Between the letters of one word: tatweel, and joiners. The zero-width non-joiner is where a Persian word has parts.
_WITHIN_WORDS = dict.fromkeys(map(ord, "\u0640\u200d\u00ad"))
_PARTS = "\u200c"
_APOSTROPHES = "'’‘ʼʻʹ′`´ʿʾ"  # noqa: RUF001  # as keyboards have them
# `ä`, `ö`, `ü`, `æ`, `œ`, `ø` and `å` are also spelled with a second vowel; so a second vowel does not count.
# `&` is typed as `and` and the other way round. A `+` joins words with as much space before as after it: `18+ only` is
# no sum.
_JOINED = re.compile(r"(?<=[^\W_])(?:\s*&+\s*|\s+\+\s+|\+)(?=[^\W_])")
_AND = "and"
# Words, folded, that mean the same between two others: rock 'n' roll, and Urdu and Arabic.
_ANDS = frozenset((_AND, "n", "اwr", "w"))  # noqa: RUF001  # as they are folded
_SECOND_E, _SECOND_A = re.compile("(?<=[aou])e+"), re.compile("a{2,}")


def typed(text: str) -> str:
    """Return what somebody typed, folded: the beginning of a folded name, or empty if it has no letter or digit."""
    return _run_together(words(text))


def words(text: str) -> list[str]:
    """Return the folded words of a text; punctuation separates words too."""
    plain = _JOINED.sub(f" {_AND} ", _apart(text))
    folded = "".join(_folded(character) for character in plain)
    return folded.split()


def beginnings(text: str, *, most: int = MOST_WORDS) -> list[str]:
    """Return a folded text from each of its words on; of many words from the first, and from the longest others.

    From the word before its first *and* a text is also one as it is and one without: `R&B` is typed as `rb` too, and
    `Rock'n'Roll` as `rocknroll`.
    """
    found = words(text)
    if not found:
        return []
    others = _with_other_ands(found)
    longest = sorted(range(1, len(found)), key=lambda place: -len(found[place]))[: most - 1 - len(others)]
    whole = [_run_together(found[place:]) for place in sorted([0, *longest])]
    return [each for each in dict.fromkeys([*whole, *others]) if each]


def is_found(text: str, by: str) -> bool:
    """Return whether a name is found by what somebody typed: its words from any on, or words that each begin one."""
    wanted = words(by)
    if not wanted:
        return False
    mine = beginnings(text)
    return begins_one(mine, _run_together(wanted)) or all(begins_one(mine, _run_together([word])) for word in wanted)


def begins_one(folded_beginnings: Sequence[str], by: str) -> bool:
    """Return whether a folded text begins one of these."""
    return any(each.startswith(by) for each in folded_beginnings)


def _with_other_ands(found: Sequence[str]) -> list[str]:
    first = next((place for place in range(1, len(found) - 1) if found[place] in _ANDS), None)
    if first is None:
        return []
    joined = found[first - 1 :]
    return [_shortened(joined), _shortened([word for word in joined if word not in _ANDS])]


def _run_together(found: Sequence[str]) -> str:
    last = len(found) - 1
    return _shortened([_AND if 0 < n < last and word in _ANDS else word for n, word in enumerate(found)])


def _shortened(found: Sequence[str]) -> str:
    return _SECOND_A.sub("a", _SECOND_E.sub("", "".join(found)))[:MOST_CHARACTERS]


def _apart(text: str) -> str:
    """Return a text taken apart (NFKD) in small letters, without marks and what no display shows."""
    # Case is folded after the text is taken apart, since ℠ becomes "SM" only there, and taken apart again after that.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = decomposed.replace(_PARTS, " ").translate(_WITHIN_WORDS).translate(_ARABIC)
    return "".join(c for c in plain if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    """Return a character in ASCII where its script has a romanization, else as it is; a space for punctuation."""
    if character.isascii():
        return character if character.isalnum() else " "
    if character in _APOSTROPHES or unicodedata.category(character)[0] not in "LMN":
        return " "
    from anyascii import anyascii  # reads its tables on use

    plain = "".join(letter for letter in anyascii(character).lower() if letter.isalnum())
    return plain or character
