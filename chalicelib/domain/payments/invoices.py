"""Invoices: gapless, unique numbers per calendar year (UTC), and the documents.

One transaction writes the series, the invoice and the payment. So no number is lost, and no payment gets two.
Every payment for tickets gets an invoice, also if it was refunded; the document then says so.
A card reload is not a sale yet: its document is a receipt without an invoice number.
"""

from collections.abc import Sequence
from datetime import datetime

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.access import accounts
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.documents import invoice_document
from chalicelib.domain.documents.invoice_document import InvoiceFacts
from chalicelib.domain.documents.page import PdfFile
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Invoice, InvoiceSeries, Payment
from chalicelib.table.operations import Write
from chalicelib.vocabulary.payments import PaymentPurpose, PaymentStatus

# Two writes for each payment and one for the series; a transaction holds at most 100 (AWS).
_NUMBERS_PER_TRANSACTION = 30
# All concurrent numbering contends for the one series item, and the stream delivers many payments at a time.
_ATTEMPTS = 30
_PAID = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED)


@follows(*every(Payment))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Number the payments that succeeded in these changes; idempotent, also after a partial run."""
    number_all([after.payment_id for change in changes if isinstance(after := change.after, Payment) and _waits(after)])
    return []


def _waits(payment: Payment) -> bool:
    is_sale = payment.purpose == PaymentPurpose.ORDER and payment.status in _PAID
    return is_sale and payment.invoice_number is None


def number_all(payment_ids: Sequence[str]) -> None:
    """Assign an invoice number to each of these payments that needs one and has none.

    Raises Unavailable if every attempt loses to concurrent numbering.
    """
    distinct = list(dict.fromkeys(payment_ids))
    for start in range(0, len(distinct), _NUMBERS_PER_TRANSACTION):
        _number_some(distinct[start : start + _NUMBERS_PER_TRANSACTION])


def _number_some(payment_ids: Sequence[str]) -> None:
    for _ in retries.attempts(_ATTEMPTS):
        found = operations.get_many([keys.money.payment(payment_id) for payment_id in payment_ids])
        pending = sorted((payment for payment in found.values() if _waits(payment)), key=lambda one: one.payment_id)
        if not pending:
            return
        try:
            operations.commit(*_numbering(pending))
        except operations.ConditionFailed:
            continue  # others used these numbers, or one of these payments was numbered
        return
    raise Unavailable(retry_after=1)


def _numbering(payments: Sequence[Payment]) -> list[Write]:
    """Return the writes that assign the next numbers of this year's series to these payments."""
    now = clock.now()
    series = f"{now:%Y}"
    place = keys.money.invoice_series(series)
    known = operations.get(place)
    last = known.last if known else 0
    as_read = InvoiceSeries.last == last if known else InvoiceSeries.pk.does_not_exist()
    moved = [InvoiceSeries.last.set(last + len(payments)), InvoiceSeries.kind.set(InvoiceSeries)]
    writes = [operations.change(place, moved, as_read)]
    for position, payment in enumerate(payments, start=last + 1):
        number = f"GH-{series}-{position:06d}"
        invoice = Invoice(
            *keys.money.invoice(series, number), number=number, payment_id=payment.payment_id, issued_at=now
        )
        writes.append(operations.put(invoice, Invoice.pk.does_not_exist()))
        unnumbered = Payment.status.is_in(*_PAID) & Payment.invoice_number.does_not_exist()
        place_of_payment = keys.money.payment(payment.payment_id)
        writes.append(operations.change(place_of_payment, [Payment.invoice_number.set(number)], unnumbered))
    return writes


def document(customer_id: str, payment_id: str) -> PdfFile:
    """Return the invoice of a customer's payment, or the receipt of a reload; equal facts give equal bytes.

    Raises NotFound, InvalidState (the payment has not succeeded), Unavailable.
    """
    payment = _own(customer_id, payment_id)
    if payment.status not in _PAID:
        raise InvalidState("This payment has not succeeded, so there is no invoice of it.")
    if _waits(payment):
        # The stream has not delivered this payment yet.
        number_all([payment_id])
        payment = _own(customer_id, payment_id)
    order = operations.get(keys.sale.order(payment.order_id)) if payment.order_id else None
    facts = InvoiceFacts(
        customer_name=accounts.get(customer_id).name,
        payment=payment,
        order=order,
        event=operations.get(keys.events.event(order.event_id)) if order else None,
        issued_at=_issued_at(payment),
    )
    name = payment.invoice_number or payment.receipt_number or payment.payment_id
    return PdfFile(name=f"{name}.pdf", content=invoice_document.render(facts))


def _own(customer_id: str, payment_id: str) -> Payment:
    payment = operations.get(keys.money.payment(payment_id))
    if payment is None or payment.customer_id != customer_id:
        raise NotFound("There is no such payment.")
    return payment


def _issued_at(payment: Payment) -> datetime:
    if payment.invoice_number:
        places = keys.money.invoice_places(payment.invoice_number.split("-")[1], payment.invoice_number)
        for invoice in operations.get_many(places).values():
            return invoice.issued_at
    return payment.settled_at or payment.created_at
