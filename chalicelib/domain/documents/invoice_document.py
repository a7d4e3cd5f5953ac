"""An invoice or a receipt as PDF. Deterministic: equal facts give equal bytes."""

from datetime import datetime

from msgspec import Struct

from chalicelib.domain import timezones
from chalicelib.domain.documents.page import SELLER, Sheet, date_in_words, printed
from chalicelib.table.items import Event, Order, Payment
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus

_METHODS = {PaymentMethod.CARD: "bank card", PaymentMethod.WALLET: "Gatehouse card"}


class InvoiceFacts(Struct, frozen=True):
    """The content of a document; a card reload has no order and no event."""

    customer_name: str
    payment: Payment
    order: Order | None
    event: Event | None
    issued_at: datetime


class _InvoiceLine(Struct, frozen=True):
    """An item bought, its quantity, and its unit price in minor units."""

    what: str
    quantity: int
    price: int


def render(facts: InvoiceFacts) -> bytes:
    """Return the document as PDF."""
    lines, currency = _lines(facts), facts.payment.currency
    parts = _heading(facts), _parties(facts), _footing(facts)
    texts = [text for part in parts for text in part]
    sheet = Sheet(_title(facts), issued_at=facts.issued_at, texts=[*texts, *(line.what for line in lines)])
    heading, parties, footing = parts
    sheet.heading(heading)
    sheet.block(parties)
    rows = [
        (line.what, str(line.quantity), printed(line.price, currency), printed(line.price * line.quantity, currency))
        for line in lines
    ]
    sheet.table(("", "Quantity", "Price", "Amount"), rows, widths=(46, 14, 20, 20))
    sheet.totals(_sums(facts))
    sheet.block(footing)
    return sheet.content()


def _title(facts: InvoiceFacts) -> str:
    return f"Invoice {facts.payment.invoice_number}" if facts.payment.invoice_number else "Receipt"


def _heading(facts: InvoiceFacts) -> list[str]:
    payment = facts.payment
    numbers = [f"Receipt number {payment.receipt_number}"] if payment.receipt_number else []
    return [_title(facts), f"Date of issue {date_in_words(facts.issued_at)} (UTC)", *numbers]


def _parties(facts: InvoiceFacts) -> list[str]:
    event = facts.event
    on_behalf = f", on behalf of {event.organizer_name}" if event and event.organizer_name else ""
    shown = [f"Sold by {SELLER}{on_behalf}", f"To {facts.customer_name}"]
    if event is not None:
        shown += ["", event.title, _moment(event.starts_at, event)]
        if event.venue is not None:
            shown.append(", ".join(part for part in (event.venue.name, event.venue.address, event.venue.city) if part))
    return shown


def _lines(facts: InvoiceFacts) -> list[_InvoiceLine]:
    if facts.order is None:
        return [_InvoiceLine(f"Money for the card {facts.payment.card_uid or ''}".rstrip(), 1, facts.payment.amount)]
    return [
        _InvoiceLine(
            f"{item['name']}, {item['tier']}" if item["tier"] else item["name"], item["quantity"], item["price"]
        )
        for item in facts.order.items
    ]


def _sums(facts: InvoiceFacts) -> list[tuple[str, str]]:
    payment = facts.payment
    sums = [("Total", printed(payment.amount, payment.currency))]
    if refunded := payment.given_back:
        sums += [
            ("Credit note: refunded", printed(-refunded, payment.currency)),
            ("Remaining", printed(payment.amount - refunded, payment.currency)),
        ]
    return sums


def _footing(facts: InvoiceFacts) -> list[str]:
    payment = facts.payment
    how = f"Paid by {_METHODS[payment.method]}" if payment.amount else "Free of charge"
    shown = [f"{how}, {_moment(payment.settled_at or payment.created_at, facts.event)}"]
    if payment.status == PaymentStatus.REFUND_DUE:
        shown.append("A refund of this payment is on its way.")
    return shown


def _moment(moment: datetime, event: Event | None) -> str:
    zone = event.timezone if event else "UTC"
    there = timezones.local(moment, zone)
    return f"{there.day} {there:%B %Y, %H:%M} ({zone})"
