"""The notices of facts about one order, ticket or payment: read what is true now, and tell its customers."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from chalicelib import clock
from chalicelib.clients.messages import Attachment
from chalicelib.domain.customer_notices import calendar_file, notices, wording
from chalicelib.domain.customer_notices.notices import Notice
from chalicelib.domain.customer_notices.wording import Kind, Subject
from chalicelib.domain.documents import page, ticket_document
from chalicelib.domain.documents.ticket_document import TicketPdfPage
from chalicelib.domain.events import events
from chalicelib.domain.payments import returns
from chalicelib.domain.tickets import tickets
from chalicelib.errors import NotFound
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, Ticket
from chalicelib.vocabulary.customers import Language
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.payments import PaymentMethod
from chalicelib.vocabulary.tickets import TicketStatus

_TICKETS = "tickets.pdf"


def order_paid(detail: dict[str, Any]) -> None:
    """Tell the buyer of a paid order, by mail with its tickets."""
    order = operations.get(keys.sale.order(detail["order_id"]))
    if order is None:
        raise NotFound
    event = events.get(order.event_id)
    subject = replace(
        notices.subject_of(event), count=len(order.tickets), amount=page.printed(order.total, order.currency)
    )
    attach = partial(_files, event, [line["ticket_id"] for line in order.tickets], order.customer_id)
    notices.send(Notice(Kind.BOUGHT, detail["fact_id"], subject), order.customer_id, attach)


def ticket_refunded(detail: dict[str, Any]) -> None:
    """Tell who paid for a ticket that its money was paid back, and who held it last that it is no longer valid."""
    request = operations.get(keys.tickets.refund_request(detail["ticket_id"], detail["refund_id"]))
    if request is None:
        raise NotFound
    event = events.get(request.event_id)
    subject = replace(notices.subject_of(event), amount=page.printed(request.amount, request.currency))
    payment = operations.get(keys.money.payment(request.payment_id)) if request.payment_id else None
    payer_id = payment.customer_id if payment is not None else request.customer_id
    if payment is not None and returns.is_failed(payment, request.refund_reference):
        logger.info("refund not delivered, so no notice", extra={"refund_id": request.refund_id})
    else:
        is_of_card = payment is not None and payment.method == PaymentMethod.WALLET
        kind = Kind.REFUNDED_TO_CARD if is_of_card else Kind.REFUNDED
        notices.send(Notice(kind, detail["fact_id"], subject), payer_id)
    # The holder of a cancelled event's ticket hears of that instead.
    if request.customer_id not in (None, payer_id) and event.status != EventStatus.CANCELLED:
        notices.send(Notice(Kind.GIVEN_BACK, detail["fact_id"], subject), request.customer_id)


def refund_refused(detail: dict[str, Any]) -> None:
    """Tell a customer that no refund is paid for a ticket, and why: no portal shows them the answer."""
    request = operations.get(keys.tickets.refund_request(detail["ticket_id"], detail["refund_id"]))
    if request is None:
        raise NotFound
    subject = replace(notices.subject_of(events.get(request.event_id)), reason=request.note or "")
    notices.send(Notice(Kind.REFUND_REFUSED, detail["fact_id"], subject), request.customer_id)


def payment_paid_back(detail: dict[str, Any]) -> None:
    """Tell a customer that a charge which could not be used was returned, or the refund `reference` was made."""
    payment = operations.get(keys.money.payment(detail["payment_id"]))
    if payment is None:
        raise NotFound
    move = (payment.moves or {}).get(detail.get("reference", ""))
    minor = int(move["amount"]) if move else payment.taken or payment.refunded
    amount = page.printed(minor, payment.taken_currency or payment.currency)
    kind, subject = Kind.RETURNED, Subject(amount=amount, reference=payment.payment_id)
    if move is not None:
        kind = Kind.BALANCE_RETURNED
        if payment.order_id is not None:
            kind, subject = Kind.REFUNDED, replace(notices.subject_of(events.get(payment.event_id)), amount=amount)
    notices.send(Notice(kind, detail["fact_id"], subject), payment.customer_id)


def ticket_handed_on(detail: dict[str, Any]) -> None:
    """Tell the giver and the taker of a ticket; a taker gets it by mail, if it is still theirs.

    A number gets one SMS of a ticket in a day: two customers who hand it to and fro must not cost SMS without end.
    """
    ticket = tickets.get(detail["ticket_id"])
    event = events.get(ticket.event_id)
    subject, today = notices.subject_of(event), clock.now().date().isoformat()
    giver_id, taker_id = detail["giver_id"], detail["taker_id"]
    attach = partial(_files, event, [ticket.ticket_id], taker_id)
    ways = ((Kind.RECEIVED, taker_id, giver_id, attach), (Kind.HANDED_ON, giver_id, taker_id, None))
    for kind, customer_id, other_id, files in ways:
        other = operations.get(keys.access.account(other_id), consistent=False)
        personal = replace(subject, person=other.name if other is not None else "")
        sms_fact_id = f"{ticket.ticket_id}/{customer_id}/{today}"
        notices.send(Notice(kind, detail["fact_id"], personal, sms_fact_id=sms_fact_id), customer_id, files)


def _files(event: Event, ticket_ids: Sequence[str], customer_id: str, language: Language) -> list[Attachment]:
    """Return the calendar file of an event, and the PDF of those of these tickets that are the customer's now."""
    places = [keys.tickets.ticket(ticket_id) for ticket_id in ticket_ids]
    found = operations.get_many(places)
    owned = [found[place] for place in places if place in found and _is_of(found[place], customer_id)]
    files = [calendar_file.of(event)]
    if not owned:
        logger.info("no ticket to attach", extra={"event_id": event.event_id, "customer_id": customer_id})
        return files
    words = wording.words(language)
    pages = [TicketPdfPage(tickets.code(ticket), event.title, _lines(ticket, event, language)) for ticket in owned]
    content = ticket_document.render(
        pages, words=words, is_rtl=wording.is_rtl(language), made_at=max(ticket.issued_at for ticket in owned)
    )
    return [Attachment.of(_TICKETS, "application/pdf", content), *files]


def _is_of(ticket: Ticket, customer_id: str) -> bool:
    return ticket.status == TicketStatus.VALID and ticket.customer_id == customer_id


def _lines(ticket: Ticket, event: Event, language: Language) -> list[tuple[str, str]]:
    words, place = wording.words(language), event.venue
    where = [place.name, place.address, place.city] if place is not None else [words["no_venue"]]
    lines = [
        (words["holder"], ticket.holder_name),
        (words["when"], wording.when(notices.subject_of(event), language)),
        (words["where"], f"{words['comma']} ".join(part for part in where if part)),
        (words["number"], ticket.number),
    ]
    return [*lines, (words["category"], ticket.tier)] if ticket.tier else lines
