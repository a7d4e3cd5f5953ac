"""What a customer has paid, and tried to."""

from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain import paging
from chalicelib.domain.paging import Page
from chalicelib.domain.payments import payments
from chalicelib.domain.payments.payments import OwnPayment
from chalicelib.identifiers import beginning_of_ids
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, Payment
from chalicelib.vocabulary import PaymentMethod, PaymentStatus

# What no key answers is filtered among so many payments a request; `next` goes on from there.
_LOOKED_AT = 100
_PREFIX = "pay"


@dataclass(frozen=True, slots=True)
class PaymentFilters:
    """What the history is narrowed by; both ends are part of a range."""

    status: PaymentStatus | None = None
    method: PaymentMethod | None = None
    date_from: datetime | None = None
    date_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class PaymentHistoryEntry:
    """A payment with its invoice's number, and the event that it was for."""

    payment: OwnPayment
    invoice_number: str | None
    event_id: str | None
    event_title: str | None


def of(customer_id: str, filters: PaymentFilters, *, page_size: int, cursor: str | None) -> Page[PaymentHistoryEntry]:
    """Return a page of a customer's payments, the newest first; a filtered page may hold fewer than asked for.

    Raises InvalidCursor.
    """
    bound_to = f"payments/{customer_id}/{filters}"
    after = paging.unseal(cursor, bound_to=bound_to) if cursor else None
    first = beginning_of_ids(_PREFIX, made_at=filters.date_from) if filters.date_from else _PREFIX
    last = after or (beginning_of_ids(_PREFIX, made_at=filters.date_to) if filters.date_to else _PREFIX) + "~"
    if last < first:
        return Page(results=[])
    limit = _LOOKED_AT if filters.status or filters.method else page_size + 1
    partition = keys.customer_payments(customer_id).pk
    # One more, since the page begins after an id that is part of the range.
    raws = operations.query(partition, index="gsi1", between=(first, last), newest_first=True, limit=limit + 1)
    places = [place for place, raw in zip(operations.keys_of(raws), raws, strict=True) if raw["gsi1sk"]["S"] != after]
    places = places[:limit]
    found = operations.get_many(Payment, places)
    looked_at = [found[place] for place in places if place in found]
    fitting = [payment for payment in looked_at if _fits(payment, filters)]
    shown = fitting[:page_size]
    following = None
    if len(fitting) > page_size:
        following = shown[-1].payment_id
    elif len(places) == limit and limit == _LOOKED_AT:
        following = looked_at[-1].payment_id
    return Page(results=_entries(shown), next=paging.seal(following, bound_to=bound_to) if following else None)


def _fits(payment: Payment, filters: PaymentFilters) -> bool:
    shown = payments.shown(payment)
    return filters.status in (None, shown.status) and filters.method in (None, shown.method)


def _entries(found: list[Payment]) -> list[PaymentHistoryEntry]:
    wanted = {keys.event(payment.event_id) for payment in found if payment.event_id}
    events = operations.get_many(Event, wanted, consistent=False)
    titles = {event.event_id: event.title for event in events.values()}
    return [
        PaymentHistoryEntry(
            payment=payments.shown(payment),
            invoice_number=payment.invoice_number,
            event_id=payment.event_id,
            event_title=titles.get(payment.event_id or ""),
        )
        for payment in found
    ]
