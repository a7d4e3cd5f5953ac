"""A customer's payments, including failed and open ones."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib.domain import paging
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.domain.payments import own_payments, returns
from chalicelib.domain.payments.own_payments import OwnPayment
from chalicelib.domain.payments.returns import ShownRefund
from chalicelib.identifiers import beginning_of_ids
from chalicelib.table import keys, operations
from chalicelib.table.items import Payment
from chalicelib.table.places import Place
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus

# For filters that no key supports.
_FILTERED = ReadBudget(first=100, total=100)
_PREFIX = "pay"


class PaymentFilters(Struct, frozen=True):
    """Filters of the history; `date_from` and `date_to` are inclusive."""

    status: PaymentStatus | None = None
    method: PaymentMethod | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None


class PaymentHistoryEntry(Struct, frozen=True):
    """A payment with its refunds, its invoice number and its event."""

    payment: OwnPayment
    invoice_number: str | None
    event_id: str | None
    event_title: str | None
    refunds: Sequence[ShownRefund]


def of(customer_id: str, filters: PaymentFilters, *, page_size: int, cursor: str | None) -> Page[PaymentHistoryEntry]:
    """Return a page of a customer's payments, newest first; a filtered page may be shorter than `page_size`.

    Raises InvalidCursor.
    """
    first = beginning_of_ids(_PREFIX, made_at=filters.date_from) if filters.date_from else _PREFIX
    last = (beginning_of_ids(_PREFIX, made_at=filters.date_to) if filters.date_to else _PREFIX) + "~"

    def load(places: Sequence[Place[Payment]]) -> list[Payment | None]:
        found = operations.get_many(places)
        payments = [found.get(place) for place in places]
        return [payment if payment and _fits(payment, filters) else None for payment in payments]

    page = paging.walk(
        PageRequest(f"payments/{customer_id}/{filters}", page_size, cursor),
        paging.rows_of(Payment, keys.money.customer_payments(customer_id).pk, index="gsi1", between=(first, last)),
        load,
        budget=_FILTERED if filters.status or filters.method else ReadBudget(),
    )
    return page.showing(_entries(page.results))


def _fits(payment: Payment, filters: PaymentFilters) -> bool:
    shown = own_payments.shown(payment)
    return filters.status in (None, shown.status) and filters.method in (None, shown.method)


def _entries(found: Sequence[Payment]) -> list[PaymentHistoryEntry]:
    wanted = {keys.events.event(payment.event_id) for payment in found if payment.event_id}
    events = operations.get_many(wanted, consistent=False)
    titles = {event.event_id: event.title for event in events.values()}
    return [
        PaymentHistoryEntry(
            payment=own_payments.shown(payment),
            invoice_number=payment.invoice_number,
            event_id=payment.event_id,
            event_title=titles.get(payment.event_id or ""),
            refunds=returns.shown(payment),
        )
        for payment in found
    ]
