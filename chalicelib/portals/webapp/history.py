"""The customers' door: statistics, payments, invoices."""

from dataclasses import asdict
from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.customers import customer_totals
from chalicelib.domain.paging import Page
from chalicelib.domain.payments import invoices, payment_history
from chalicelib.domain.payments.payment_history import PaymentFilters, PaymentHistoryEntry
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.webapp import history as schema
from chalicelib.schemas.wire import PageOut

bp = Blueprint(__name__)
BASE = "/api/v1"


@door(bp, Route("GET", f"{BASE}/users/analytics", guard=CUSTOMER, reply=schema.AnalyticsOut))
def customer_analytics(call: Call[None, None]) -> Any:
    """Show the customer's own statistics."""
    return customer_totals.analytics(call.principal.id)


def _entry_out(entry: PaymentHistoryEntry) -> dict[str, Any]:
    told = asdict(entry)
    return {**told.pop("payment"), **told, "amount": entry.payment.amount}


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
def customer_payments(call: Call[None, schema.PaymentsIn]) -> Any:
    """List the customer's payments, the newest first."""
    query = call.query
    asked = PaymentFilters(query.status, query.method, query.begins_at(), query.ends_at())
    page = payment_history.of(call.principal.id, asked, page_size=query.page_size, cursor=query.cursor)
    return Page(results=[_entry_out(entry) for entry in page.results], next=page.next)


@door(
    bp,
    Route(
        "GET",
        f"{BASE}/users/payment-history/{{payment_id}}/invoice",
        guard=CUSTOMER,
        media_type="application/pdf",
        refuses=(errors.NotFound, errors.InvalidState),
    ),
)
def customer_invoice(call: Call[None, None]) -> Any:
    """Return the invoice of a payment for tickets, or the receipt of a reload, as PDF."""
    document = invoices.document(call.principal.id, call.path["payment_id"])
    named = {"Content-Disposition": f'inline; filename="{document.name}"'}
    return Reply(document.content, headers={"Content-Type": "application/pdf", **named})
