"""Text from outside, as a screen may show it: no character draws, hides, reorders or floods."""

import unicodedata

# Controls (C0, C1), format characters (the bidirectional ones among them), line separators, half characters.
_DRAWING = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
# Persian, Urdu and composed pictographs need the joiners (RFC 5892, appendix A). They move nothing.
_JOINERS = "\u200c\u200d"
# No language sets more marks on one letter; a pile of them covers the lines above.
_MOST_MARKS = 4
LONGEST_SHOWN = 200


def legible(text: object, limit: int = LONGEST_SHOWN) -> str:
    """Return a text with each drawing character written as `<U+001B>`, cut after `limit` characters."""
    shown: list[str] = []
    marks = 0
    given = str(text)
    for character in given[:limit]:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if (category in _DRAWING and character not in _JOINERS) or marks > _MOST_MARKS:
            shown.append(f"<U+{ord(character):04X}>")
        else:
            shown.append(character)
    return "".join(shown) + "…" * (len(given) > limit)
