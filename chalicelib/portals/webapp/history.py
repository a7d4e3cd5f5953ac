"""The web app: statistics, payments, invoices."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.customers import customer_totals
from chalicelib.domain.payments import invoices, payment_history
from chalicelib.domain.payments.payment_history import PaymentFilters, PaymentHistoryEntry
from chalicelib.portals.http.answer import PDF, File
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import history as schema
from chalicelib.schemas.webapp.payments import PaymentOut
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"


def _entry_out(entry: PaymentHistoryEntry) -> schema.PastPaymentOut:
    payment = PaymentOut.read(entry.payment)
    return schema.PastPaymentOut(
        **dict(payment),
        invoice_number=entry.invoice_number,
        event_id=entry.event_id,
        event_title=entry.event_title,
        refunds=[schema.RefundOut.read(refund) for refund in entry.refunds],
    )


@door(bp, Route("GET", f"{BASE}/users/analytics", guard=CUSTOMER, reply=schema.AnalyticsOut))
def customer_analytics(call: Call[None, None]) -> schema.AnalyticsOut:
    """Show the customer's own statistics."""
    return schema.AnalyticsOut.read(customer_totals.analytics(call.principal.id))


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/payment-history",
        guard=CUSTOMER,
        query=schema.PaymentsIn,
        reply=PageOut[schema.PastPaymentOut],
        links=(
            Link("customer_invoice", {"payment_id": "/results/0/id"}),
            Link("customer_payments", {"cursor": "/next"}),
        ),
    ),
)
def customer_payments(call: Call[None, schema.PaymentsIn]) -> PageOut[schema.PastPaymentOut]:
    """List the customer's payments, newest first."""
    query = call.query
    filters = PaymentFilters(query.status, query.method, query.begins_at(), query.ends_at())
    page = payment_history.of(call.principal.id, filters, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, _entry_out)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/payment-history/{{payment_id}}/invoice",
        guard=CUSTOMER,
        media_type=PDF,
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_invoice(call: Call[None, None]) -> File:
    """Return the invoice of a payment for tickets, or the receipt of a reload, as PDF."""
    invoice = invoices.document(call.principal.id, call.path["payment_id"])
    return File(invoice.content, PDF, name=invoice.name)
