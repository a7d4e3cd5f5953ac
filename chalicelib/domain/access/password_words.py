"""Passwords made of what a guesser knows: names, numbers, addresses, the platform, repeats and runs of characters."""

import re
import unicodedata
from collections.abc import Iterable

_PLATFORM = "gatehouse"
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    # Down the columns of a keyboard, and along its digits with the shift key.
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "!@#$%^&*()_+",
)
_RUNS = (*_ROWS, *(row[::-1] for row in _ROWS))
_SHORTEST_RUN = 4
_SHORTEST_WORD = 3
# The characters that must remain beside known words, repeats and runs; also at least half of the password.
_OWN = 5
# A block of up to eight characters, three times or more.
_REPEAT = re.compile(r"(.{1,8}?)\1{2,}", re.DOTALL)
_SEPARATORS = re.compile(r"[\W_]+")
# A number may be written as dialled in its country, or without its first digits.
_SHORTEST_NUMBER = 7
_LOCAL_NUMBERS = (9, 10)
_WORDS_PROBLEM = (
    "is mostly what others know: your name, number, email address, event, organization or the platform; choose another"
)


def problem(password: str, about: Iterable[str | None]) -> str | None:
    """Return what is wrong with a password that is mostly known words, repeats or runs; None if it is not.

    `about` are the texts that a guesser knows: the owner's name, number and e-mail address, an event, an organization.
    """
    shown, folded = unicodedata.normalize("NFC", password).casefold(), _folded(password)
    if any(_is_one_block(text) or _is_mostly_gone(_without_runs(text), text) for text in (shown, folded) if text):
        return "is mostly a repeat or a run of characters; choose another"
    left = folded
    for word in sorted(_words(about), key=len, reverse=True):
        left = left.replace(word, "")
    if left != folded and _is_mostly_gone(_without_runs(left), folded):
        return _WORDS_PROBLEM
    return None


def _is_mostly_gone(left: str, text: str) -> bool:
    return len(left) < min(_OWN, len(text)) or 2 * len(left) < len(text)


def _is_one_block(text: str) -> bool:
    """Whether a text is one block of at most half its length, again and again."""
    return text in (text + text)[1:-1]


def _folded(text: str) -> str:
    """Return a text without case, accents and separators."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _SEPARATORS.sub("", "".join(character for character in plain if not unicodedata.combining(character)))


def _words(about: Iterable[str | None]) -> set[str]:
    found = {_PLATFORM}
    for text in about:
        if not text:
            continue
        found |= {_folded(word) for word in (*_SEPARATORS.split(text), text.partition("@")[0])}
        digits = re.sub(r"\D", "", text)
        if len(digits) > _SHORTEST_NUMBER:
            found |= {digits[-length:] for length in range(_SHORTEST_NUMBER, len(digits) + 1)}
            found |= {f"0{digits[-length:]}" for length in _LOCAL_NUMBERS}
    return {word for word in found if len(word) >= _SHORTEST_WORD}


def _without_runs(text: str) -> str:
    """Return a text without repeats and without runs of the alphabet, of digits or of a keyboard."""
    text = _REPEAT.sub("", text)
    left, at = [], 0
    while at < len(text):
        length = max(_run_length(text, at, row) for row in _RUNS)
        if length >= _SHORTEST_RUN:
            at += length
        else:
            left.append(text[at])
            at += 1
    return "".join(left)


def _run_length(text: str, at: int, row: str) -> int:
    start, length = row.find(text[at]), 0
    while start >= 0 and at + length < len(text) and row[start + length : start + length + 1] == text[at + length]:
        length += 1
    return length
