"""Sheets of numbered tickets as PDF, each ticket with its code, its number and the organization's extra data."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from chalicelib.domain.documents import qr_drawing, typefaces
from chalicelib.domain.organizations.printing.sheet_layout import SheetLayout
from chalicelib.legible import legible

if TYPE_CHECKING:
    from fpdf import FPDF

_NAME_POINTS, _NUMBER_POINTS, _EXTRA_POINTS = 8.0, 12.0, 7.0
_SMALLEST_POINTS = 4.0
_MM_PER_POINT = 25.4 / 72
_LEADING = 1.25
_INK = 0
_PADDING = 1.0


class PrintedTicket(Struct, frozen=True):
    """The content of one ticket; `code` is the text encoded in its QR code."""

    code: str
    number: str
    extra: Sequence[str] = ()


def render(tickets: Sequence[PrintedTicket], layout: SheetLayout, *, name: str, made_at: datetime) -> bytes:
    """Return a PDF of sheets with these tickets, in order, row by row; `name` is the organization's."""
    from fpdf import FPDF  # imported here to keep it out of every cold start

    document = FPDF(unit="mm", format=(layout.width, layout.height))
    document.set_margin(0)
    document.c_margin = 0
    document.set_auto_page_break(auto=False)
    document.set_creation_date(made_at)
    document.set_title(legible(f"{name}: {tickets[0].number} to {tickets[-1].number}"))
    document.set_lang("en")
    typefaces.load(document, [name, *(line for ticket in tickets for line in (ticket.number, *ticket.extra))])
    document.set_fill_color(_INK)
    text = _TicketText(document, layout)
    for position, ticket in enumerate(tickets):
        if position % layout.per_sheet == 0:
            document.add_page()
        left, top = layout.place(position)
        qr_drawing.draw(document, ticket.code, left, top, layout.code)
        text.write(ticket, name, left, top)
    return bytes(document.output())


class _FittedLine(Struct, frozen=True):
    """A line as printed: the text that fits, and its font size in points."""

    text: str
    points: float

    @property
    def height(self) -> float:
        """Height of the line, in millimetres."""
        return self.points * _MM_PER_POINT * _LEADING


class _TicketText:
    """The text right of or under the codes. Fitted lines are cached: most are the same on every ticket."""

    def __init__(self, document: "FPDF", layout: SheetLayout) -> None:
        self._document = document
        self._layout = layout
        self._room = layout.cell_width - 2 * _PADDING - (layout.code if layout.is_beside else 0)
        self._fitted: dict[tuple[str, float], _FittedLine] = {}

    def write(self, ticket: PrintedTicket, name: str, left: float, top: float) -> None:
        """Write a ticket's lines, each as large as fits; lines without room below the others are omitted."""
        layout, document = self._layout, self._document
        x = left + _PADDING + (layout.code if layout.is_beside else 0)
        y = top + (_PADDING if layout.is_beside else layout.code)
        for text, points in self._wanted(ticket, name):
            line = self._fit(text, points)
            if y + line.height > top + layout.cell_height:
                return
            document.set_font_size(line.points)
            document.set_xy(x, y)
            document.cell(self._room, line.height, line.text)
            y += line.height

    def _wanted(self, ticket: PrintedTicket, name: str) -> Iterator[tuple[str, float]]:
        if self._layout.show_number:
            yield ticket.number, _NUMBER_POINTS
        if self._layout.show_name:
            yield name, _NAME_POINTS
        if self._layout.show_extra:
            for line in ticket.extra:
                yield line, _EXTRA_POINTS

    def _fit(self, text: str, points: float) -> _FittedLine:
        known = self._fitted.get((text, points))
        if known is None:
            known = self._fitted[text, points] = self._fitting(text, points)
        return known

    def _fitting(self, text: str, points: float) -> _FittedLine:
        document = self._document
        shown = text if text.isascii() and text.isprintable() else typefaces.printable(document, text)
        document.set_font_size(points)
        width = document.get_string_width(shown)
        if width <= self._room:
            return _FittedLine(shown, points)
        smaller = max(points * self._room / width, _SMALLEST_POINTS)
        document.set_font_size(smaller)
        if document.get_string_width(shown) > self._room:
            while shown and document.get_string_width(f"{shown}…") > self._room:
                shown = shown[:-1]
            shown = f"{shown}…"
        return _FittedLine(shown, smaller)
