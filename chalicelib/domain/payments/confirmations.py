"""A payment that its customer confirmed: what they see of it, with the tickets that it paid."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib.domain.payments import own_payments, payments
from chalicelib.domain.payments.own_payments import OwnPayment
from chalicelib.domain.tickets import own_tickets
from chalicelib.domain.tickets.own_tickets import OwnTicket
from chalicelib.table import keys, operations
from chalicelib.table.items import Event
from chalicelib.vocabulary.payments import PaymentStatus


class Confirmation(Struct, frozen=True):
    """A confirmed payment; `event` and `tickets` are of its booking, once that is paid."""

    payment: OwnPayment
    event: Event | None
    tickets: Sequence[OwnTicket]


def confirm(customer_id: str, payment_id: str) -> Confirmation:
    """Charge a customer's payment, and return it with what it paid. Raises as `payments.confirm` does."""
    payment = payments.confirm(customer_id, payment_id)
    tickets: list[OwnTicket] = []
    if payment.order_id is not None and payment.status is PaymentStatus.SUCCEEDED:
        order = operations.get(keys.sale.order(payment.order_id))
        named = [str(each["ticket_id"]) for each in order.tickets] if order else []
        tickets = own_tickets.of_ids(customer_id, named)
    event = tickets[0].event if tickets else None
    return Confirmation(own_payments.shown(payment), event, tickets)
