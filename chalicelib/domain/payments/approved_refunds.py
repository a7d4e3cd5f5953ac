"""What the approval of a refund writes, in one transaction.

- the ticket is refunded, and its codes and cards become invalid;
- its seat returns to the stock;
- the ledger reverses the sale and its part of the platform's fee;
- the payment's refunded total grows, never above the amount paid.

Money from a card's balance is credited to the card in that transaction. A provider's charge is owed from then on.
"""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import money
from chalicelib.domain.cards import bindings
from chalicelib.domain.events import stock
from chalicelib.domain.ledger import account_names, card_balances, journals, postings
from chalicelib.domain.money import Money
from chalicelib.domain.payments import returns
from chalicelib.domain.sale import order_tickets
from chalicelib.domain.tickets import refund_requests, seats, states, transfers
from chalicelib.errors import InvalidState
from chalicelib.table import keys, operations
from chalicelib.table.items import Order, Payment, RefundRequest, Ticket
from chalicelib.table.operations import Write
from chalicelib.table.places import Key
from chalicelib.vocabulary.cards import EntryType
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus, TicketStatus


class SoldTicket(Struct, frozen=True):
    """A ticket with its order and payment, which were read after it: a later move of the ticket changes it too."""

    ticket: Ticket
    order: Order
    payment: Payment


def granted(request: RefundRequest, sold: SoldTicket, *, by: str) -> list[Write]:
    """Return the writes that store a new request as approved, with its effects; the ticket must be as it was read.

    For the cancellation of an event, which asks and decides in one transaction. Raises InvalidState if the total
    refunded would exceed the amount paid.
    """
    values, now, amount = values_of(request, sold, request.amount), clock.now(), request.amount
    for name, value in {**values, "decided_at": now, "decided_by": by}.items():
        setattr(request, name, value)
    if not needs_no_repayment(sold.payment, amount):
        request.put_in_gsi2(_due_place(request.refund_id, request.ticket_id, returns.STUCK_AFTER))
    return [*refund_requests.stored(request), *effects(request, sold, amount, fee=values["fee"], at=now)]


def needs_no_repayment(payment: Payment, amount: int) -> bool:
    """Whether nothing is left to pay back: the card is credited at once, or the ticket was free."""
    return payment.method == PaymentMethod.WALLET or amount == 0


def values_of(request: RefundRequest, sold: SoldTicket, amount: int) -> dict[str, Any]:
    """Return what an approval sets on its request."""
    payment = sold.payment
    if payment.refunded + amount > payment.amount:
        left = Money(payment.amount - payment.refunded, payment.currency)
        raise InvalidState(f"Of this payment only {left.amount} {left.currency} is left to give back.")
    is_done = needs_no_repayment(payment, amount)
    values = {
        "status": RefundRequestStatus.REFUNDED if is_done else RefundRequestStatus.APPROVED,
        "amount": amount,
        "fee": _fee_given_back(sold.order, payment, amount),
        "kept": max(int(sold.ticket.price or 0) - amount, 0) or None,
        "category_id": sold.ticket.category_id,
        "payment_id": payment.payment_id,
        "paid_by": payment.provider,
        "of_cancellation": request.of_cancellation or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def effects(request: RefundRequest, sold: SoldTicket, amount: int, *, fee: int, at: datetime) -> list[Write]:
    """Return the writes of an approval beside its request."""
    ticket, order, payment = sold.ticket, sold.order, sold.payment
    of_payment, of_moves = _granting(payment, request, amount, at=at)
    gone: list[Action] = [
        *states.becoming(TicketStatus.REFUNDED),
        Ticket.pledge.remove(),
        Ticket.pledged_to.remove(),
        Ticket.card_uid.remove(),
    ]
    return [
        operations.change(keys.tickets.ticket(ticket.ticket_id), gone, transfers.is_as_read(ticket)),
        operations.change(keys.money.payment(payment.payment_id), of_payment, returns.as_read(payment)),
        *of_moves,
        *bindings.releasing(ticket),
        *seats.moving(ticket, to=None),
        *stock.take_back(ticket.event_id, {ticket.category_id: {order_tickets.shard_of(order, ticket.ticket_id): 1}}),
        *_reversal(request, payment, amount, fee=fee),
    ]


def _granting(
    payment: Payment, request: RefundRequest, amount: int, *, at: datetime
) -> tuple[list[Action], list[Write]]:
    """Return the actions that add a refund to its payment, and the writes for money that its provider returned."""
    refunded = payment.refunded + amount
    granted = {"amount": amount, "ticket_id": request.ticket_id, "created_at": clock.to_text(at)}
    actions: list[Action] = [
        Payment.refunded.set(refunded),
        Payment.granted.set({**(payment.granted or {}), request.refund_id: granted}),
    ]
    status: list[Action] = [Payment.status.set(PaymentStatus.REFUNDED)] if amount and refunded == payment.amount else []
    if not payment.moves:
        return [*status, *actions], []
    booked = returns.booking(payment, moves=payment.moves, owed_now=refunded, taken=None)
    return [*(booked.status or status), *actions, *booked.actions], booked.writes


def _fee_given_back(order: Order, payment: Payment, amount: int) -> int:
    """Return the share of the order's fee for an amount; the shares of a full refund add up to the whole fee."""
    before, after = (
        money.portion(order.fee, part=refunded, whole=payment.amount)
        for refunded in (payment.refunded, payment.refunded + amount)
    )
    return after - before


def _reversal(request: RefundRequest, payment: Payment, amount: int, *, fee: int) -> list[Write]:
    """Return the ledger writes of a refund; a free ticket has none."""
    if amount == 0:
        return []
    from_card = payment.method == PaymentMethod.WALLET
    target = account_names.card(payment.card_uid) if from_card else account_names.REFUNDS_DUE
    return journals.post(
        journals.Movement(
            f"jrn_refund_{request.refund_id}",
            type="refund",
            currency=payment.currency,
            entries=postings.refund_entries(target, event_id=request.event_id, amount=amount, fee=fee),
            references={
                "refund_id": request.refund_id,
                "order_id": payment.order_id,
                "payment_id": payment.payment_id,
                "event_id": request.event_id,
            },
        ),
        balances=[card_balances.of(payment.card_uid)] if from_card else (),
        card_entry_type=EntryType.REFUND if from_card else None,
    )


def due_after(refund_id: str, ticket_id: str, wait: timedelta) -> list[Action]:
    """Return the actions that make a refund due for the sweep; its id there names its ticket too."""
    return RefundRequest.due_at(_due_place(refund_id, ticket_id, wait))


def _due_place(refund_id: str, ticket_id: str, wait: timedelta) -> Key:
    return keys.jobs.due(clock.now() + wait, f"{refund_id}/{ticket_id}")
