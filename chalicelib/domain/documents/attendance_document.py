"""Attendance as an official PDF: letterhead, table, histogram, lines for the signatories, and a code to check it by.

Deterministic: equal facts give equal bytes. Each cell has its own place, and a text that exceeds it is cut with an
ellipsis, so no text that people write moves anything.
"""

import io
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from chalicelib.domain.documents import qr_drawing, typefaces
from chalicelib.legible import legible

if TYPE_CHECKING:
    from fpdf import FPDF

# Millimetres on A4; points for type.
_MARGIN, _WIDTH, _BOTTOM = 15.0, 180.0, 277.0
_CODE = 34.0
_LARGE, _TITLE, _BODY, _CELL, _SMALL = 18.0, 13.0, 9.0, 7.5, 6.5
_LEADING, _MM_PER_POINT = 1.3, 25.4 / 72
_INK, _FAINT, _LINE, _BAR = 25, 110, 200, 120
_HEADING_HEIGHT = 6.0
_CELL_LINES, _TEXT_LINES = 2, 2
_PAD = 1.0
_CHART, _CHART_BARS = 34.0, 24
_SIGNATORY = 22.0


class PrintedColumn(Struct, frozen=True):
    """A column: its heading, its width in millimetres, and whether it holds a picture."""

    heading: str
    width: float
    is_picture: bool = False


class PrintedRow(Struct, frozen=True):
    """A row: the text of each column, and the pictures (JPEG or PNG) of those that hold one; None for a missing one."""

    texts: Sequence[str]
    pictures: Sequence[bytes | None] = ()


class AttendanceFacts(Struct, frozen=True):
    """The content of the document. `bars` are the label, of one or two lines, and the height of each bar."""

    letterhead: str
    title: str
    subtitle: str
    lines: Sequence[str]
    totals: Sequence[tuple[str, int]]
    columns: Sequence[PrintedColumn]
    rows: Sequence[PrintedRow]
    row_height: float
    check_url: str
    report_id: str
    made_at: datetime
    bars_title: str = ""
    bars: Sequence[tuple[str, int]] = ()
    signatories: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = field(default_factory=tuple)

    def texts(self) -> list[str]:
        """Return all texts of the document, which determine its typefaces."""
        cells = [text for row in self.rows for text in row.texts]
        signatories = [text for each in self.signatories for text in each]
        return [self.letterhead, self.title, self.subtitle, *self.lines, *cells, *signatories, *self.notes]


class _Style(Struct, frozen=True):
    """How a line of text is set."""

    size: float
    ink: int = _INK
    align: str = "L"


_NOTE, _HEADING, _NUMBER, _SIGNED = _Style(_SMALL, _FAINT), _Style(_CELL, _FAINT), _Style(_TITLE), _Style(_BODY)
_BAR_NUMBER, _BAR_LABEL = _Style(_SMALL, align="C"), _Style(_SMALL, _FAINT, align="C")
_WORDS = "Page of Check this document at 0123456789:/.-_…{}"


def render(facts: AttendanceFacts) -> bytes:
    """Return the document as PDF."""
    from fpdf import FPDF  # imported here to keep its fonts out of every cold start

    document = FPDF(format="A4")
    document.set_margin(_MARGIN)
    document.set_auto_page_break(auto=False)
    document.set_creation_date(facts.made_at)
    document.set_title(legible(f"{facts.title}: {facts.subtitle}"))
    document.set_lang("en")
    typefaces.load(document, [*facts.texts(), typefaces.REPLACED, _WORDS])
    document.set_line_width(0.2)
    writer = _Writer(document, facts)
    writer.write()
    return bytes(document.output())


class _Writer:
    """Writes the parts of the document from top to bottom, with a footer on each page."""

    def __init__(self, document: "FPDF", facts: AttendanceFacts) -> None:
        self._document = document
        self._facts = facts
        self._has_replaced = False
        # Most cells of a table say the same as others, and measuring a text takes as long as writing it.
        self._known_lines: dict[tuple[str, float, int, float], list[str]] = {}

    def write(self) -> None:
        self._page()
        self._letterhead()
        self._totals()
        self._table()
        self._histogram()
        self._signatories()
        for note in self._facts.notes:
            self._room(8)
            self._block(note, size=_SMALL, ink=_FAINT)
        if self._has_replaced:
            self._room(8)
            self._block(typefaces.REPLACED, size=_SMALL, ink=_FAINT)

    def _page(self) -> None:
        document, facts = self._document, self._facts
        document.add_page()
        document.set_draw_color(_LINE)
        document.line(_MARGIN, 282, _MARGIN + _WIDTH, 282)
        self._at(_MARGIN, 283, f"Check this document at {facts.check_url}", _WIDTH - 25, _NOTE)
        # The library replaces the mark in braces by the number of pages.
        self._type(_SMALL, _FAINT)
        document.set_xy(_MARGIN + _WIDTH - 25, 283)
        document.cell(25, 3, f"Page {document.page_no()} of {{nb}}", align="R")
        document.set_xy(_MARGIN, _MARGIN)

    def _letterhead(self) -> None:
        document, facts = self._document, self._facts
        width = _WIDTH - _CODE - 5
        document.set_fill_color(0)
        qr_drawing.draw(document, facts.check_url, _MARGIN + _WIDTH - _CODE, _MARGIN - 4, _CODE)
        self._block(facts.letterhead, size=_LARGE, width=width)
        self._block(facts.title, size=_TITLE, ink=_FAINT, width=width)
        document.ln(2)
        self._block(facts.subtitle, size=_TITLE, width=width)
        for line in facts.lines:
            self._block(line, size=_BODY, width=width)
        document.set_y(max(document.get_y() + 2, _MARGIN + _CODE))

    def _totals(self) -> None:
        document, totals = self._document, self._facts.totals
        if not totals:
            return
        width, top = _WIDTH / len(totals), document.get_y()
        for place, (label, number) in enumerate(totals):
            left = _MARGIN + place * width
            self._at(left, top, str(number), width, _NUMBER)
            self._at(left, top + 6, label, width, _NOTE)
        document.set_xy(_MARGIN, top + 12)

    def _table(self) -> None:
        facts = self._facts
        self._headings()
        for row in facts.rows:
            if self._document.get_y() + facts.row_height > _BOTTOM:
                self._page()
                self._headings()
            self._row(row)
        self._document.ln(4)

    def _headings(self) -> None:
        document, top = self._document, self._document.get_y()
        left = _MARGIN
        for column in self._facts.columns:
            self._at(left, top + 1, column.heading, column.width - _PAD, _HEADING)
            left += column.width
        self._rule(top + _HEADING_HEIGHT)
        document.set_xy(_MARGIN, top + _HEADING_HEIGHT)

    def _row(self, row: PrintedRow) -> None:
        document, height, top = self._document, self._facts.row_height, self._document.get_y()
        left, texts, pictures = _MARGIN, iter(row.texts), iter(row.pictures)
        for column in self._facts.columns:
            if column.is_picture:
                picture = next(pictures, None)
                if picture is not None:
                    document.image(
                        io.BytesIO(picture),
                        left + _PAD / 2,
                        top + _PAD / 2,
                        column.width - _PAD,
                        height - _PAD,
                        keep_aspect_ratio=True,
                    )
            else:
                self._cell(next(texts, ""), left, top, column.width - _PAD, height)
            left += column.width
        self._rule(top + height)
        document.set_xy(_MARGIN, top + height)

    def _cell(self, text: str, left: float, top: float, width: float, height: float) -> None:
        """Write a text of at most two lines, in the middle of its row."""
        line = _CELL * _MM_PER_POINT * _LEADING
        self._type(_CELL, _INK)
        lines = self._wrapped(text, width, _CELL_LINES)
        y = top + (height - line * len(lines)) / 2
        for shown in lines:
            self._document.set_xy(left, y)
            self._document.cell(width, line, shown)
            y += line

    def _histogram(self) -> None:
        document, bars = self._document, self._facts.bars[:_CHART_BARS]
        if not bars:
            return
        self._room(_CHART + 22)
        self._block(self._facts.bars_title, size=_BODY)
        top, highest = document.get_y() + 5, max(number for _, number in bars) or 1
        step = _WIDTH / len(bars)
        for place, (label, number) in enumerate(bars):
            height, left = _CHART * number / highest, _MARGIN + place * step
            document.set_fill_color(_BAR)
            if number:
                document.rect(left + step * 0.1, top + _CHART - height, step * 0.8, height, style="F")
            self._at(left, top + _CHART - height - 3.5, str(number), step, _BAR_NUMBER)
            for line, text in enumerate(label.split("\n")):
                below = line * _BAR_LABEL.size * _MM_PER_POINT * _LEADING
                self._at(left, top + _CHART + 1 + below, text, step, _BAR_LABEL)
        self._rule(top + _CHART)
        document.set_xy(_MARGIN, top + _CHART + 8)

    def _signatories(self) -> None:
        document, signatories = self._document, self._facts.signatories
        if not signatories:
            return
        self._room(_SIGNATORY + 6)
        top, width = document.get_y() + _SIGNATORY - 8, _WIDTH / len(signatories)
        document.set_draw_color(_INK)
        for place, (role, name) in enumerate(signatories):
            left = _MARGIN + place * width
            document.line(left, top, left + width - 10, top)
            self._at(left, top + 1, f"{role}: {name}" if name else role, width - 10, _SIGNED)
            self._at(left, top + 5.5, "Signature and date", width - 10, _NOTE)
        document.set_xy(_MARGIN, top + 12)

    def _room(self, height: float) -> None:
        """Begin a page where this much does not fit."""
        if self._document.get_y() + height > _BOTTOM:
            self._page()

    def _rule(self, y: float) -> None:
        self._document.set_draw_color(_LINE)
        self._document.line(_MARGIN, y, _MARGIN + _WIDTH, y)

    def _type(self, size: float, ink: int) -> None:
        self._document.set_font_size(size)
        self._document.set_text_color(ink)

    def _block(self, text: str, *, size: float, ink: int = _INK, width: float = _WIDTH) -> None:
        """Write a text of at most two lines, and go below it."""
        height = size * _MM_PER_POINT * _LEADING
        self._type(size, ink)
        for shown in self._wrapped(text, width, _TEXT_LINES):
            self._document.cell(width, height, shown, new_x="LMARGIN", new_y="NEXT")

    def _at(self, left: float, top: float, text: str, width: float, style: _Style) -> None:
        """Write one line at a place."""
        self._type(style.size, style.ink)
        [shown] = self._wrapped(text, width, 1) or [""]
        self._document.set_xy(left, top)
        self._document.cell(width, style.size * _MM_PER_POINT * _LEADING, shown, align=style.align)

    def _wrapped(self, text: str, width: float, most: int) -> list[str]:
        """Return a text in lines that fit a width, cut after `most`."""
        known = (text, width, most, self._document.font_size_pt)
        if known not in self._known_lines:
            self._known_lines[known] = self._fitted(text, width, most)
        return self._known_lines[known]

    def _fitted(self, text: str, width: float, most: int) -> list[str]:
        document = self._document
        shown = typefaces.printable(document, " ".join(text.split()))
        self._has_replaced = self._has_replaced or (
            typefaces.REPLACEMENT in shown and typefaces.REPLACEMENT not in text
        )
        # The library keeps a small margin inside each cell.
        fits = width - 2 * document.c_margin
        lines: list[str] = []
        while shown and len(lines) < most:
            line = self._beginning(shown, fits)
            if len(lines) == most - 1 and line != shown:
                line = f"{self._beginning(shown, fits - document.get_string_width('…'), by_word=False).rstrip()}…"
            lines.append(line.rstrip())
            shown = shown[len(line) :].lstrip() if len(lines) < most else ""
        return lines

    def _beginning(self, text: str, width: float, *, by_word: bool = True) -> str:
        """Return the longest beginning of a text that fits a width, at least one character; up to a space if any."""
        measure = self._document.get_string_width
        if measure(text) <= width:
            return text
        least, over = 1, len(text)
        while over - least > 1:
            middle = (least + over) // 2
            if measure(text[:middle]) <= width:
                least = middle
            else:
                over = middle
        space = text.rfind(" ", 0, least + 1)
        return text[:space] if by_word and space > 0 else text[:least]
