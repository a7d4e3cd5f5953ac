"""Typefaces for documents that must print people's names in any script.

The faces are Noto's (SIL Open Font License), one per script. A document loads only those that its text needs. The
files are variable fonts whose default is the regular weight. Any other weight would take seconds per document.
"""

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fpdf import FPDF

BODY = "Noto"
# Replaces a character that no face has; the body's face contains it.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_PACKAGE = "manimgx_fonts"
_BODY_FILE = "NotoSans[wght].ttf"
# The blocks of each script (Unicode 16.0, Blocks.txt), first and last character.
_SCRIPTS = {
    "Arabic": ((0x0600, 0x06FF), (0x0750, 0x077F), (0x0870, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF)),
    "Hebrew": ((0x0590, 0x05FF), (0xFB1D, 0xFB4F)),
    "Armenian": ((0x0530, 0x058F), (0xFB13, 0xFB17)),
    "Devanagari": ((0x0900, 0x097F), (0xA8E0, 0xA8FF)),
    "Bengali": ((0x0980, 0x09FF),),
    "Gurmukhi": ((0x0A00, 0x0A7F),),
    "Gujarati": ((0x0A80, 0x0AFF),),
    "Oriya": ((0x0B00, 0x0B7F),),
    "Tamil": ((0x0B80, 0x0BFF),),
    "Telugu": ((0x0C00, 0x0C7F),),
    "Kannada": ((0x0C80, 0x0CFF),),
    "Malayalam": ((0x0D00, 0x0D7F),),
    "Sinhala": ((0x0D80, 0x0DFF),),
    "Thai": ((0x0E00, 0x0E7F),),
    "Lao": ((0x0E80, 0x0EFF),),
    "Myanmar": ((0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)),
    "Georgian": ((0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2F)),
    "Ethiopic": ((0x1200, 0x139F), (0x2D80, 0x2DDF), (0xAB00, 0xAB2F)),
    "Khmer": ((0x1780, 0x17FF), (0x19E0, 0x19FF)),
}
_PICTURES = ("NotoEmoji[wght].ttf", ((0x2190, 0x2BFF), (0x1F000, 0x1FAFF)))


def load(document: "FPDF", texts: Iterable[str]) -> None:
    """Load the faces that these texts need into a document, with text shaping, which some scripts require."""
    folder = Path(str(files(_PACKAGE)))
    characters = {ord(character) for text in texts for character in text}
    document.add_font(BODY, fname=folder / _BODY_FILE)
    others = []
    for name, blocks in _SCRIPTS.items():
        if _any_in(characters, blocks):
            document.add_font(name, fname=folder / f"NotoSans{name}[wght].ttf")
            others.append(name)
    file, blocks = _PICTURES
    if _any_in(characters, blocks):
        document.add_font("Pictures", fname=folder / file)
        others.append("Pictures")
    document.set_fallback_fonts(others, exact_match=False)
    document.set_text_shaping(use_shaping_engine=True)
    document.set_font(BODY)


def _any_in(characters: Iterable[int], blocks: Iterable[tuple[int, int]]) -> bool:
    return any(first <= character <= last for first, last in blocks for character in characters)


def printable(document: "FPDF", text: str) -> str:
    """Return a text with `REPLACEMENT` for each character that no face of the document has.

    Unprintable characters and line breaks are removed.
    """
    known = [set(getattr(face, "cmap", ())) for face in document.fonts.values()]
    return "".join(
        character if any(ord(character) in face for face in known) else REPLACEMENT
        for character in text
        # Joiners are not printable, but change the shape of their neighbours.
        if character.isprintable() or character in _JOINERS
    )


# They control how adjacent characters join (Unicode, "Join_Control").
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
