"""A printed page: writes the parts of a document from top to bottom."""

from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from chalicelib.domain.documents import typefaces
from chalicelib.domain.money import Money
from chalicelib.legible import legible

SELLER = "Gatehouse"
_BODY, _LARGE, _SMALL = 10, 20, 8
_INK, _FAINT = 30, 110
_MARGIN, _LINE = 20, 5.5
_WIDTH = 210 - 2 * _MARGIN


class PdfFile(Struct, frozen=True):
    """A PDF and the name to save it under."""

    name: str
    content: bytes


def date_in_words(moment: datetime) -> str:
    """Return the UTC date of a time, such as `3 March 2026`."""
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%B %Y}"


def printed(minor: int, currency: str) -> str:
    """Return an amount in minor units with its currency, such as `PKR 1,500.00`."""
    return f"{currency} {grouped(minor, currency)}"


def grouped(minor: int, currency: str) -> str:
    """Return an amount in minor units without its currency, such as `1,500.00`."""
    whole, point, rest = Money(minor, currency).amount.partition(".")
    return f"{int(whole):,}{point}{rest}" if int(whole) else f"{whole}{point}{rest}"


class Sheet:
    """A PDF document in A4. Deterministic: equal parts give equal bytes."""

    def __init__(self, title: str, *, issued_at: datetime, texts: Sequence[str]) -> None:
        """`texts` must contain all text to be written: it determines the typefaces to load."""
        from fpdf import FPDF  # imported here to keep its fonts out of every cold start

        document = FPDF(format="A4")
        document.set_margin(_MARGIN)
        document.set_creation_date(issued_at)
        document.set_title(legible(title))
        document.set_lang("en")
        document.add_page()
        typefaces.load(document, [title, *texts])
        self._document = document
        self._has_replaced = False

    def heading(self, lines: Sequence[str]) -> None:
        """Write the first line in large type and the others in faint body type."""
        self._write(lines[0], size=_LARGE)
        for line in lines[1:]:
            self._write(line, ink=_FAINT)
        self._document.ln(_LINE)

    def block(self, lines: Sequence[str]) -> None:
        """Write lines of text."""
        for line in lines:
            self._write(line)
        self._document.ln(_LINE)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int]) -> None:
        """Write a table; its first column is text, the others are numbers."""
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace

        document = self._document
        document.set_font_size(_BODY)
        with document.table(
            col_widths=tuple(widths),
            text_align=("LEFT", *("RIGHT" for _ in headings[1:])),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="", color=_FAINT),
            line_height=_LINE * 1.4,
        ) as table:
            table.row([self._printable(heading) for heading in headings])
            for first, *others in rows:
                table.row([self._printable(cell) for cell in (first, *others)])
        document.ln(_LINE / 2)

    def totals(self, sums: Sequence[tuple[str, str]]) -> None:
        """Write the sums under the amounts."""
        document = self._document
        for what, amount in sums:
            document.cell(_WIDTH * 0.7, _LINE * 1.2, self._printable(what), align="R")
            document.cell(_WIDTH * 0.3, _LINE * 1.2, self._printable(amount), align="R", new_x="LMARGIN", new_y="NEXT")
        document.ln(_LINE)

    def content(self) -> bytes:
        """Return the document as PDF, with a note if characters were replaced."""
        if self._has_replaced:
            self._write(typefaces.REPLACED, size=_SMALL, ink=_FAINT)
        return bytes(self._document.output())

    def _write(self, text: str, *, size: int = _BODY, ink: int = _INK) -> None:
        document = self._document
        document.set_font_size(size)
        document.set_text_color(ink)
        document.multi_cell(
            _WIDTH, _LINE * size / _BODY, self._printable(text), align="L", new_x="LMARGIN", new_y="NEXT"
        )
        document.set_text_color(_INK)

    def _printable(self, text: str) -> str:
        shown = typefaces.printable(self._document, text)
        self._has_replaced = self._has_replaced or typefaces.REPLACEMENT in shown
        return shown
