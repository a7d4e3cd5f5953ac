"""Tickets as PDF, a page for each, with the code that opens the gate. Deterministic: equal facts give equal bytes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from chalicelib.domain.documents import qr_drawing, typefaces

if TYPE_CHECKING:
    from fpdf import FPDF

# Millimetres on A4; points for type.
_MARGIN, _WIDTH = 20.0, 170.0
_CODE = 90.0
_TITLE, _BODY, _SMALL = 20.0, 12.0, 9.0
_LEADING = 1.4
_MM_PER_POINT = 25.4 / 72
_INK, _FAINT = 20, 110
# Title lines beyond this are cut, so that the code stays on its page.
_TITLE_LINES = 4
_VALUE_LINES = 3


class TicketPdfPage(Struct, frozen=True):
    """The content of one page; `code` is the text of its QR code, `lines` pairs of a label and a value."""

    code: str
    title: str
    lines: Sequence[tuple[str, str]]


def render(pages: Sequence[TicketPdfPage], *, words: Mapping[str, str], is_rtl: bool, made_at: datetime) -> bytes:
    """Return these tickets as PDF. `words` has `ticket`, the footnote `note`, and `replaced` for unknown characters."""
    from fpdf import FPDF  # imported here to keep its fonts out of every cold start

    document = FPDF(format="A4")
    document.set_margin(_MARGIN)
    document.set_auto_page_break(auto=False)
    document.set_creation_date(made_at)
    document.set_title(words["ticket"])
    texts = [text for page in pages for text in (page.title, *(part for line in page.lines for part in line))]
    typefaces.load(document, [*texts, *words.values()])
    for page in pages:
        document.add_page()
        _Page(document, align="R" if is_rtl else "L").write(page, words)
    return bytes(document.output())


class _Page:
    """Writes the parts of a page from top to bottom, on the side where its language begins."""

    def __init__(self, document: "FPDF", *, align: str) -> None:
        self._document = document
        self._align = align
        self._has_replaced = False

    def write(self, page: TicketPdfPage, words: Mapping[str, str]) -> None:
        document = self._document
        self._text(words["ticket"], size=_BODY, ink=_FAINT)
        self._text(page.title, size=_TITLE, most=_TITLE_LINES)
        document.ln(3)
        document.set_fill_color(0)
        qr_drawing.draw(document, page.code, (document.w - _CODE) / 2, document.get_y(), _CODE)
        document.set_y(document.get_y() + _CODE + 3)
        for label, value in page.lines:
            self._text(label, size=_SMALL, ink=_FAINT)
            self._text(value, size=_BODY, most=_VALUE_LINES)
            document.ln(1)
        document.ln(2)
        self._text(words["note"], size=_SMALL, ink=_FAINT)
        if self._has_replaced:
            self._text(words["replaced"].replace("$mark", typefaces.REPLACEMENT), size=_SMALL, ink=_FAINT)

    def _text(self, text: str, *, size: float, ink: int = _INK, most: int | None = None) -> None:
        document = self._document
        shown = typefaces.printable(document, text)
        self._has_replaced = self._has_replaced or (
            typefaces.REPLACEMENT in shown and typefaces.REPLACEMENT not in text
        )
        document.set_font_size(size)
        document.set_text_color(ink)
        height = size * _MM_PER_POINT * _LEADING
        if most is not None:
            shown = self._cut(shown, most)
        document.multi_cell(_WIDTH, height, shown, align=self._align, new_x="LMARGIN", new_y="NEXT")

    def _cut(self, shown: str, most: int) -> str:
        """Return the longest beginning of a text that fits so many lines."""
        from fpdf.enums import MethodReturnValue

        def fits(text: str) -> bool:
            height = self._document.multi_cell(
                _WIDTH, 1, text, align=self._align, dry_run=True, output=MethodReturnValue.HEIGHT
            )
            return float(str(height)) <= most

        if fits(shown):
            return shown
        least, over = 0, len(shown)
        while over - least > 1:
            middle = (least + over) // 2
            if fits(f"{shown[:middle]}…"):
                least = middle
            else:
                over = middle
        return f"{shown[:least].rstrip()}…"
