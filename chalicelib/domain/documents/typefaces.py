"""Typefaces for documents that must print people's names in any script.

The faces are Noto's (SIL Open Font License), one per script. A document loads only those that its text needs. The
files are variable fonts whose default is the regular weight. Any other weight would take seconds per document. Those
for Chinese, Japanese and Korean are thin by default and large: the few characters of a document are made regular.
"""

import io
import weakref
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from chalicelib import scratch

if TYPE_CHECKING:
    from fpdf import FPDF

BODY = "Noto"
# Replaces a character that no face has; the body's face contains it.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
REPLACED = f"{REPLACEMENT} stands for a character that cannot be printed here."
_PACKAGE, _CJK_PACKAGE = "manimgx_fonts", "justmytype_intl_cjk"
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
# The same for faces of the other package, in the order in which a character looks for a glyph: kana choose Japanese
# forms of Chinese characters. The last one completes the rare characters.
_CJK = {
    "JP": ((0x3040, 0x30FF), (0x31F0, 0x31FF), (0xFF65, 0xFF9F)),
    "KR": ((0x1100, 0x11FF), (0x3130, 0x318F), (0xA960, 0xA97F), (0xAC00, 0xD7FF)),
    "SC": (
        (0x2E80, 0x303F),
        (0x3100, 0x312F),
        (0x31A0, 0x31EF),
        (0x3200, 0x4DBF),
        (0x4E00, 0x9FFF),
        (0xF900, 0xFAFF),
        (0xFE30, 0xFE4F),
        (0xFF00, 0xFFEF),
        (0x20000, 0x323AF),
    ),
    "TC": ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF)),
}
_REGULAR = 400
# Different characters of a large face that are made regular, which takes seconds; with more, they stay thin.
_REGULAR_AT_MOST = 1000
_PICTURES = ("NotoEmoji[wght].ttf", ((0x2190, 0x2BFF), (0x1F000, 0x1FAFF)))


class _Face(NamedTuple):
    """A face by its family in a document; `is_large` is whether its default weight is thin."""

    family: str
    path: Path
    is_large: bool = False


def load(document: "FPDF", texts: Iterable[str]) -> None:
    """Load the faces that these texts need into a document, with text shaping, which some scripts require."""
    characters = {ord(character) for text in texts for character in text}
    body, *others = _needed(characters)
    document.add_font(BODY, fname=body.path)
    loaded, covered = [], set(_glyphs(body.path))
    for face in others:
        wanted = (characters - covered) & _glyphs(face.path) if face.is_large else set()
        covered |= wanted
        if face.is_large and not wanted:
            continue
        is_made = 0 < len(wanted) <= _REGULAR_AT_MOST
        document.add_font(face.family, fname=_regular(document, face, wanted) if is_made else face.path)
        loaded.append(face.family)
    document.set_fallback_fonts(loaded, exact_match=False)
    document.set_text_shaping(use_shaping_engine=True)
    document.set_font(BODY)


def unprintable(texts: Iterable[str]) -> list[str]:
    """Return the characters of these texts that no face has, sorted; `printable` would replace them."""
    characters = {character for text in texts for character in text if _is_shown(character)}
    if all(character.isascii() for character in characters):
        return []
    known = [_glyphs(face.path) for face in _needed({ord(character) for character in characters})]
    return sorted(character for character in characters if not any(ord(character) in face for face in known))


def _needed(characters: set[int]) -> Iterator[_Face]:
    """Return the faces of these characters, the body's first."""
    folder = Path(str(files(_PACKAGE)))
    yield _Face(BODY, folder / _BODY_FILE)
    for name, blocks in _SCRIPTS.items():
        if _any_in(characters, blocks):
            yield _Face(name, folder / f"NotoSans{name}[wght].ttf")
    for name, blocks in _CJK.items():
        if _any_in(characters, blocks):
            path = Path(str(files(_CJK_PACKAGE))) / "fonts" / "ofl" / f"notosans{name.lower()}"
            yield _Face(name, path / f"NotoSans{name}[wght].ttf", is_large=True)
    file, blocks = _PICTURES
    if _any_in(characters, blocks):
        yield _Face("Pictures", folder / file)


@lru_cache(maxsize=len(_SCRIPTS) + len(_CJK) + 2)
def _glyphs(path: Path) -> frozenset[int]:
    """Return the characters that a face has."""
    from fontTools.ttLib import TTFont  # imported here to keep it out of every cold start

    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def _regular(document: "FPDF", face: _Face, characters: set[int]) -> Path:
    """Return a file with the regular weight of these characters; it exists as long as the document."""
    folder = scratch.Folder()
    weakref.finalize(document, folder.remove)
    made = folder.path / f"{face.family}.ttf"
    made.write_bytes(_regular_face(face.path, frozenset(characters)))
    return made


# The parts of a job, and the tickets of an event, have the same characters: its title, its place.
@lru_cache(maxsize=8)
def _regular_face(path: Path, characters: frozenset[int]) -> bytes:
    """Return a face with the regular weight of these characters alone: up to 1 MB, made in up to some seconds."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    made = io.BytesIO()
    with TTFont(path, lazy=True, recalcTimestamp=False) as font:
        subsetter = Subsetter(Options(notdef_outline=True))
        subsetter.populate(unicodes=characters)
        subsetter.subset(font)
        instantiateVariableFont(font, {"wght": _REGULAR}, inplace=True)
        font.save(made)
    return made.getvalue()


def forget() -> None:
    """Drop the faces that were made, as a fresh container has none."""
    _regular_face.cache_clear()


def _any_in(characters: Iterable[int], blocks: Iterable[tuple[int, int]]) -> bool:
    return any(first <= character <= last for first, last in blocks for character in characters)


def printable(document: "FPDF", text: str) -> str:
    """Return a text with `REPLACEMENT` for each character that no face of the document has.

    Unprintable characters and line breaks are removed.
    """
    known = [getattr(face, "cmap", ()) for face in document.fonts.values()]
    return "".join(
        character if any(ord(character) in face for face in known) else REPLACEMENT
        for character in text
        if _is_shown(character)
    )


def _is_shown(character: str) -> bool:
    # Joiners are not printable, but change the shape of their neighbours.
    return character.isprintable() or character in _JOINERS


# They control how adjacent characters join (Unicode, "Join_Control").
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
