"""Text of people where it leaves the platform: in a mail, a list, a document, a log or at a terminal.

The schemas refuse characters that draw (`schemas/texts.py`). Text from before that rule, from providers and from
devices passes here as well, so that no name moves a cursor, turns a line around, or becomes a formula.
"""

import re
import unicodedata

# Controls (C0 and C1), format characters (the bidirectional ones among them), line separators, half characters.
_DRAWING = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
# Persian, Urdu and composed pictographs need the joiners (RFC 5892, appendix A). They move nothing.
_JOINERS = "\u200c\u200d"
_OF_LINES = "\n\t"
# First strong isolate, and its end (UAX 9): the platform's texts set people's words apart with them.
_ISOLATE, _END = "\u2068", "\u2069"
# The other explicit formatting characters (UAX 9).
_TURNING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI"})
# Beginnings that spreadsheets read as a formula (OWASP, "CSV Injection"), also in full width.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Where commas do not part cells, a list opens with each semicolon, tab or line as a cell's beginning, also in quotes.
_NEXT_CELL = re.compile("([;\t\n] *)(?=[=+@\uff1d\uff0b\uff0d\uff20-])")


def legible(text: str, *, lines: bool = False, isolates: bool = False) -> str:
    """Return a text with each drawing character written as `<U+001B>`.

    `lines` keeps line ends and tabs. `isolates` keeps isolates that all end: they turn nothing around.
    """
    if text.isascii() and text.isprintable():
        return text
    kept = _JOINERS + (_OF_LINES if lines else "") + (_ISOLATE + _END if isolates and _all_end(text) else "")
    return "".join(
        f"<U+{ord(character):04X}>"
        if character not in kept and unicodedata.category(character) in _DRAWING
        else character
        for character in text
    )


def _all_end(text: str) -> bool:
    """Whether the isolates of each line end in it, none is inside another, and nothing else turns letters around."""
    if any(unicodedata.bidirectional(character) in _TURNING for character in text):
        return False
    marks = ["".join(c for c in line if c in _ISOLATE + _END) for line in text.splitlines()]
    return all(found == (_ISOLATE + _END) * (len(found) // 2) for found in marks)


def spreadsheet_cell(text: str) -> str:
    """Return a text as a cell of a list; an apostrophe before a formula keeps a spreadsheet from computing it."""
    # A carriage return inside a cell ends the row in some programs; a line end does not.
    cell = _NEXT_CELL.sub(r"\1'", legible(text, lines=True))
    return f"'{cell}" if text.startswith(_FORMULA) else cell
