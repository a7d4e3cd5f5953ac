"""An invoice or a receipt as PDF. The same facts make the same bytes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.domain import timezones, typefaces
from chalicelib.domain.money import Money
from chalicelib.table.items import Event, Order, Payment
from chalicelib.vocabulary import PaymentMethod, PaymentStatus

if TYPE_CHECKING:
    from fpdf import FPDF

SELLER = "Gatehouse"
_METHODS = {PaymentMethod.CARD: "bank card", PaymentMethod.WALLET: "Gatehouse card"}
_REPLACED = f"{typefaces.REPLACEMENT} stands for a character that cannot be printed here."
_BODY, _LARGE, _SMALL = 10, 20, 8
_INK, _FAINT = 30, 110
_MARGIN, _LINE = 20, 5.5
_WIDTH = 210 - 2 * _MARGIN


@dataclass(frozen=True, slots=True)
class Facts:
    """What a document is made of; a reload has no order and no event."""

    customer_name: str
    payment: Payment
    order: Order | None
    event: Event | None
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class _Line:
    """What was bought, how much of it, at which price, in minor units."""

    what: str
    quantity: int
    price: int


def render(facts: Facts) -> bytes:
    """Return the document."""
    from fpdf import FPDF

    document = FPDF(format="A4")
    document.set_margin(_MARGIN)
    document.set_creation_date(facts.issued_at)
    document.set_title(_title(facts))
    document.set_lang("en")
    document.add_page()
    lines = _lines(facts)
    typefaces.load(document, [*_heading(facts), *_parties(facts), *_footing(facts), *(line.what for line in lines)])
    page = _Page(document)
    page.heading(_heading(facts))
    page.block(_parties(facts))
    page.table(lines, facts.payment.currency)
    page.totals(_sums(facts))
    page.block(_footing(facts))
    page.footnote()
    return bytes(document.output())


def _title(facts: Facts) -> str:
    return f"Invoice {facts.payment.invoice_number}" if facts.payment.invoice_number else "Receipt"


def _heading(facts: Facts) -> list[str]:
    payment = facts.payment
    numbers = [f"Receipt number {payment.receipt_number}"] if payment.receipt_number else []
    return [_title(facts), f"Date of issue {_date(facts.issued_at)} (UTC)", *numbers]


def _parties(facts: Facts) -> list[str]:
    event = facts.event
    on_behalf = f", on behalf of {event.organizer_name}" if event and event.organizer_name else ""
    told = [f"Sold by {SELLER}{on_behalf}", f"To {facts.customer_name}"]
    if event is not None:
        told += ["", event.title, _moment(event.starts_at, event)]
        if event.venue is not None:
            told.append(", ".join(part for part in (event.venue.name, event.venue.address, event.venue.city) if part))
    return told


def _lines(facts: Facts) -> list[_Line]:
    if facts.order is None:
        return [_Line(f"Money for the card {facts.payment.card_uid or ''}".rstrip(), 1, int(facts.payment.amount))]
    return [
        _Line(f"{item['name']}, {item['tier']}" if item["tier"] else item["name"], item["quantity"], item["price"])
        for item in facts.order.items
    ]


def _sums(facts: Facts) -> list[tuple[str, str]]:
    payment = facts.payment
    sums = [("Total", _amount(int(payment.amount), payment.currency))]
    if payment.refunded:
        refunded, left = -int(payment.refunded), int(payment.amount) - int(payment.refunded)
        sums += [
            ("Credit note: refunded", _amount(refunded, payment.currency)),
            ("Remaining", _amount(left, payment.currency)),
        ]
    return sums


def _footing(facts: Facts) -> list[str]:
    payment = facts.payment
    how = f"Paid by {_METHODS[PaymentMethod(payment.method)]}" if payment.amount else "Free of charge"
    told = [f"{how}, {_moment(payment.settled_at or payment.created_at, facts.event)}"]
    if payment.status == PaymentStatus.REFUND_DUE:
        told.append("A refund of this payment is on its way.")
    return told


def _date(moment: datetime) -> str:
    there = moment.astimezone(UTC)
    return f"{there.day} {there:%B %Y}"


def _moment(moment: datetime, event: Event | None) -> str:
    zone = event.timezone if event else "UTC"
    there = timezones.local(moment, zone)
    return f"{there.day} {there:%B %Y, %H:%M} ({zone})"


def _amount(minor: int, currency: str) -> str:
    whole, point, rest = Money(minor, currency).amount.partition(".")
    return f"{currency} {int(whole):,}{point}{rest}" if int(whole) else f"{currency} {whole}{point}{rest}"


class _Page:
    """Where the parts of a document go, from the top down."""

    def __init__(self, document: "FPDF") -> None:
        self._document = document
        self._has_replaced = False

    def heading(self, lines: list[str]) -> None:
        """Write the title large and what belongs to it small."""
        self._write(lines[0], size=_LARGE)
        for line in lines[1:]:
            self._write(line, ink=_FAINT)
        self._document.ln(_LINE)

    def block(self, lines: list[str]) -> None:
        """Write lines of text."""
        for line in lines:
            self._write(line)
        self._document.ln(_LINE)

    def footnote(self) -> None:
        """Say what could not be printed, where something could not."""
        if self._has_replaced:
            self._write(_REPLACED, size=_SMALL, ink=_FAINT)

    def table(self, lines: list[_Line], currency: str) -> None:
        """Write what was bought."""
        from fpdf.enums import TableBordersLayout
        from fpdf.fonts import FontFace

        document = self._document
        document.set_font_size(_BODY)
        with document.table(
            col_widths=(46, 14, 20, 20),
            text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT"),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="", color=_FAINT),
            line_height=_LINE * 1.4,
        ) as table:
            table.row(("", "Quantity", "Price", "Amount"))
            for line in lines:
                price, amount = _amount(line.price, currency), _amount(line.price * line.quantity, currency)
                table.row((self._printable(line.what), str(line.quantity), price, amount))
        document.ln(_LINE / 2)

    def totals(self, sums: list[tuple[str, str]]) -> None:
        """Write the sums under the amounts."""
        document = self._document
        for what, amount in sums:
            document.cell(_WIDTH * 0.7, _LINE * 1.2, what, align="R")
            document.cell(_WIDTH * 0.3, _LINE * 1.2, amount, align="R", new_x="LMARGIN", new_y="NEXT")
        document.ln(_LINE)

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
