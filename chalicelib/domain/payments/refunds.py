"""Ticket refunds: staff approve or reject a customer's request.

Approval is one transaction:

- the ticket is refunded, and its codes and cards become invalid;
- its seat returns to the stock;
- the ledger reverses the sale and its part of the platform's fee;
- the payment's refunded total grows, never above the amount paid.

Money from a card's balance is credited to the card in that transaction. A provider's charge is owed from then on. It
is paid back from the queue once, with the refund's id as idempotency key.

A ticket that cost nothing moves no money. The stream approves its request, since only the seat returns (D-STATE-03).
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.clients.providers import Declined, OutOfFunds
from chalicelib.domain import money
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background.changes import Change, every, follows, that_became
from chalicelib.domain.cards import bindings
from chalicelib.domain.events import deeds, events, stock
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.ledger import account_names, card_balances, journals, postings
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.payments import providers, resolution, returns
from chalicelib.domain.sale import order_tickets, orders
from chalicelib.domain.tickets import refund_requests, seats, states, tickets, transfers
from chalicelib.errors import Conflict, InvalidState, NotFound, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Order, Payment, RefundRequest, Ticket
from chalicelib.table.operations import Write
from chalicelib.table.places import Key
from chalicelib.vocabulary.cards import EntryType
from chalicelib.vocabulary.messages import Fact
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus, TicketStatus

_ATTEMPTS = 12
# The states of a request that can be decided.
OPEN = (RefundRequestStatus.PENDING, RefundRequestStatus.AWAITING_SECOND)
# Who decided a request that needs nobody of the staff.
_PLATFORM = "platform"
# What an approved refund waits for: money of ours at its provider. How long until it is tried again, and over how long
# the tries of many are spread.
PROVIDER_FUNDS = "provider_funds"
_ASK_AGAIN_AFTER, _SPREAD_SECONDS = timedelta(minutes=2), 180


@dataclass(frozen=True, slots=True)
class SoldTicket:
    """A ticket with its order and payment, which were read after it: a later move of the ticket changes it too."""

    ticket: Ticket
    order: Order
    payment: Payment


def get(ticket_id: str, refund_id: str) -> RefundRequest:
    """Return a request. Raises NotFound."""
    request = operations.get(keys.tickets.refund_request(ticket_id, refund_id))
    if request is None:
        raise NotFound("There is no such refund request.")
    return request


def approve(
    ticket_id: str,
    refund_id: str,
    *,
    by: str,
    amount: AmountInput | None = None,
    note: str | None = None,
    deed: Deed = Deed.REFUND,
) -> RefundRequest:
    """Refund a ticket and return the updated request; `amount` defaults to the whole price.

    With the deed WITHDRAW it is a part of its event's cancellation, and also refunds a used ticket.

    Idempotent for the same amount. Raises NotFound, ValidationFailed (the amount), InvalidState (rejected, the ticket
    was used, more than is left, another currency), Conflict (approved with another amount), Unavailable.

    `refund_decisions` decides what a member of staff may approve.
    """
    for _ in retries.attempts(_ATTEMPTS):
        request = get(ticket_id, refund_id)
        if request.status in (RefundRequestStatus.APPROVED, RefundRequestStatus.REFUNDED):
            # The stored amount is the approved one. The caller may retry its own approval.
            if amount is not None and asked_amount(request, tickets.get(ticket_id), amount) != request.amount:
                raise Conflict("This refund was approved already, with another amount.")
            return request
        if request.status not in OPEN:
            raise InvalidState(f"This request is {request.status}.")
        ticket = tickets.get(ticket_id)
        back = asked_amount(request, ticket, amount)
        try:
            _require_given_back(ticket, refund_id, deed)
            if deed is Deed.WITHDRAW:
                request.of_cancellation = True
            writes = _approval(request, _sold(ticket), back, by=by, note=note)
        except InvalidState:
            if get(ticket_id, refund_id).status != request.status:
                continue  # another process decided the request after it was read
            raise
        after = {"status": RefundRequestStatus.APPROVED, "amount": back, "currency": request.currency}
        subject = AuditSubject("refund_request", refund_id, before={"status": request.status}, after=after)
        try:
            acts.commit(*writes, subject=subject)
        except operations.ConditionFailed:
            continue  # something changed after the read: read again
        ids = {"refund_id": refund_id, "ticket_id": ticket_id, "event_id": request.event_id, "by": by}
        logger.info("refund approved", extra={**ids, "amount": back})
        return get(ticket_id, refund_id)
    raise Unavailable("This ticket or its payment is being changed by others. Try again.", retry_after=1)


def _require_given_back(ticket: Ticket, refund_id: str, deed: Deed) -> None:
    deeds.require(deed, events.get(ticket.event_id), ticket)
    if ticket.pledge != refund_id:
        raise InvalidState("Another request for this ticket is open.")


def reject(ticket_id: str, refund_id: str, *, by: str, note: str) -> RefundRequest:
    """Reject a request, so that its owner can use the ticket again; idempotent.

    Raises NotFound, InvalidState (approved already).
    """
    now = clock.now()
    decided = _decision(RefundRequestStatus.REJECTED, by=by, note=note, at=now)
    try:
        acts.commit(
            operations.change(
                keys.tickets.refund_request(ticket_id, refund_id), decided, RefundRequest.status.is_in(*OPEN)
            ),
            operations.change(keys.tickets.ticket(ticket_id), [Ticket.pledge.remove()], Ticket.pledge == refund_id),
            subject=AuditSubject("refund_request", refund_id, after={"status": RefundRequestStatus.REJECTED}),
        )
    except operations.ConditionFailed as failure:
        request = get(ticket_id, refund_id)
        if request.status != RefundRequestStatus.REJECTED:
            raise InvalidState(f"This request is {request.status}.") from failure
        return request
    logger.info("refund rejected", extra={"refund_id": refund_id, "ticket_id": ticket_id, "by": by})
    return get(ticket_id, refund_id)


def asked_amount(request: RefundRequest, ticket: Ticket, amount: AmountInput | None) -> int:
    """Return the amount to refund, in minor units. Raises ValidationFailed, InvalidState."""
    if amount is None:
        return request.amount
    price = max(request.amount, ticket.price or 0)
    return refund_requests.amount_within(amount, price=Money(price, request.currency))


def _decision(status: RefundRequestStatus, *, by: str, note: str | None, at: datetime) -> list[Action]:
    """Return the actions that decide a request."""
    actions: list[Action] = [
        RefundRequest.status.set(status),
        RefundRequest.decided_at.set(at),
        RefundRequest.decided_by.set(by),
    ]
    return [*actions, RefundRequest.note.set(note)] if note else actions


def _sold(ticket: Ticket) -> SoldTicket:
    order = orders.get(ticket.order_id)
    return SoldTicket(ticket, order, resolution.get(order.payment_id))


def _approval(request: RefundRequest, sold: SoldTicket, amount: int, *, by: str, note: str | None) -> list[Write]:
    """Return the writes of one approval, conditional on everything being unchanged since the read.

    Raises InvalidState if the total refunded would exceed the amount paid.
    """
    values, now = _values(request, sold, amount), clock.now()
    decided = _decision(values.pop("status"), by=by, note=note, at=now)
    decided += [getattr(RefundRequest, name).set(value) for name, value in values.items()]
    if not _is_done(sold.payment, amount):
        decided += _due_after(request.refund_id, request.ticket_id, returns.STUCK_AFTER)
    place = keys.tickets.refund_request(request.ticket_id, request.refund_id)
    return [
        operations.change(place, decided, RefundRequest.status == request.status),
        *_effects(request, sold, amount, fee=values["fee"], at=now),
    ]


def granted(request: RefundRequest, sold: SoldTicket, *, by: str) -> list[Write]:
    """Return the writes that store a new request as approved, with its effects; the ticket must be as it was read.

    For the cancellation of an event, which asks and decides in one transaction. Raises InvalidState if the total
    refunded would exceed the amount paid.
    """
    values, now, amount = _values(request, sold, request.amount), clock.now(), request.amount
    for name, value in {**values, "decided_at": now, "decided_by": by}.items():
        setattr(request, name, value)
    if not _is_done(sold.payment, amount):
        request.put_in_gsi2(_due_place(request.refund_id, request.ticket_id, returns.STUCK_AFTER))
    return [*refund_requests.stored(request), *_effects(request, sold, amount, fee=values["fee"], at=now)]


def _is_done(payment: Payment, amount: int) -> bool:
    """Whether nothing is left to pay back: the card is credited at once, or the ticket was free."""
    return payment.method == PaymentMethod.WALLET or amount == 0


def _values(request: RefundRequest, sold: SoldTicket, amount: int) -> dict[str, Any]:
    """Return what an approval sets on its request."""
    payment = sold.payment
    if payment.refunded + amount > payment.amount:
        left = Money(payment.amount - payment.refunded, payment.currency)
        raise InvalidState(f"Of this payment only {left.amount} {left.currency} is left to give back.")
    is_done = _is_done(payment, amount)
    values = {
        "status": RefundRequestStatus.REFUNDED if is_done else RefundRequestStatus.APPROVED,
        "amount": amount,
        "fee": _fee_given_back(sold.order, payment, amount),
        "category_id": sold.ticket.category_id,
        "payment_id": payment.payment_id,
        "paid_by": payment.provider,
        "of_cancellation": request.of_cancellation or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _effects(request: RefundRequest, sold: SoldTicket, amount: int, *, fee: int, at: datetime) -> list[Write]:
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


def _due_after(refund_id: str, ticket_id: str, wait: timedelta) -> list[Action]:
    """Return the actions that make a refund due for the sweep; its id there names its ticket too."""
    return RefundRequest.due_at(_due_place(refund_id, ticket_id, wait))


def _due_place(refund_id: str, ticket_id: str, wait: timedelta) -> Key:
    return keys.jobs.due(clock.now() + wait, f"{refund_id}/{ticket_id}")


def pay_back_due(due_id: str) -> bool:
    """Pay back an approved refund that is due; for the sweep. Raises NotFound, Unavailable."""
    refund_id, _, ticket_id = due_id.partition("/")
    if pay_back(ticket_id, refund_id):
        return True
    request = get(ticket_id, refund_id)
    still_waits = request.status == RefundRequestStatus.APPROVED
    if still_waits and request.waits_for != PROVIDER_FUNDS:
        # A dispute or another process: its end publishes it again, and this is for the case that it does not.
        _postpone(request, [])
    return still_waits


def _postpone(request: RefundRequest, actions: list[Action]) -> None:
    """Make a refund due again later, spread over some minutes, unless it was paid back meanwhile."""
    spread = timedelta(seconds=int(hashlib.sha256(request.refund_id.encode()).hexdigest()[:4], 16) % _SPREAD_SECONDS)
    later = _due_after(request.refund_id, request.ticket_id, _ASK_AGAIN_AFTER + spread)
    place = keys.tickets.refund_request(request.ticket_id, request.refund_id)
    still = RefundRequest.status == RefundRequestStatus.APPROVED
    with suppress(operations.ConditionFailed):
        operations.record(operations.change(place, [*later, *actions], still))


def pay_back(ticket_id: str, refund_id: str, payment_id: str | None = None) -> bool:
    """Refund an approved request through the provider, and return whether this call recorded it.

    Money that the provider has returned already is not paid again. While a dispute is open nothing is paid: its end
    publishes the refund again. Where our balance there is too small it waits, and the sweep tries it again. Idempotent.
    A caller that knows the payment saves a read. Raises NotFound, Unavailable.
    """
    request, payment = _owed(ticket_id, refund_id, payment_id)
    if request.status != RefundRequestStatus.APPROVED or payment is None:
        return False
    if returns.standing(payment.moves).is_disputed:
        return False
    reference, moves = returns.made_for(payment, refund_id), []
    amount = min(request.amount, returns.due(payment))
    if reference is None and amount:
        provider = providers.named(payment.provider)
        try:
            made = provider.refund(payment.provider_reference, amount=amount, currency=request.currency, key=refund_id)
        except OutOfFunds:
            _postpone(request, [RefundRequest.waits_for.set(PROVIDER_FUNDS)])
            ids = {"refund_id": refund_id, "payment_id": payment.payment_id, "provider": payment.provider}
            logger.warning("refund waits for the provider's balance", extra=ids)
            return False
        except Declined as declined:
            raise resolution.unknown(payment, declined) from declined
        reference, moves = made.reference, [made]
    done: list[Action] = [
        RefundRequest.status.set(RefundRequestStatus.REFUNDED),
        RefundRequest.waits_for.remove(),
        *RefundRequest.not_due(),
    ]
    if reference is not None:
        done.append(RefundRequest.refund_reference.set(reference))
    as_owed = RefundRequest.status == RefundRequestStatus.APPROVED
    recorded = operations.change(keys.tickets.refund_request(ticket_id, refund_id), done, as_owed)
    if not resolution.take_moves(payment.payment_id, moves, also=[recorded], known=payment):
        return False  # another process recorded the same refund
    logger.info("refund paid back", extra={"refund_id": refund_id, "payment_id": payment.payment_id})
    return True


def _owed(ticket_id: str, refund_id: str, payment_id: str | None) -> tuple[RefundRequest, Payment | None]:
    """Return a request and its payment, None while it is not approved. Raises NotFound."""
    if payment_id is None:
        request = get(ticket_id, refund_id)
        return request, resolution.get(request.payment_id) if request.payment_id else None
    of_request, of_payment = keys.tickets.refund_request(ticket_id, refund_id), keys.money.payment(payment_id)
    found = operations.get_many((of_request, of_payment))
    known, payment = found.get(of_request), found.get(of_payment)
    if not isinstance(known, RefundRequest) or known.payment_id != payment_id or not isinstance(payment, Payment):
        return _owed(ticket_id, refund_id, None)
    return known, payment


def _approve_free(request: RefundRequest) -> None:
    """Return the seat of a free ticket to the stock; idempotent. A ticket that was used meanwhile stays used."""
    try:
        approve(request.ticket_id, request.refund_id, by=_PLATFORM)
    except (NotFound, InvalidState) as refused:
        ids = {"refund_id": request.refund_id, "ticket_id": request.ticket_id}
        logger.info("free ticket not returned", extra={**ids, "code": refused.code})


@follows(*every(RefundRequest))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Publish the approved refunds that a provider must pay back, and approve the requests that cost nothing."""
    for request in that_became(changes, RefundRequest, RefundRequestStatus.PENDING):
        if request.amount == 0:
            _approve_free(request)
    return [
        Published(
            fact=Fact.TICKET_REFUND_DUE,
            fact_id=request.refund_id,
            occurred_at=request.decided_at or clock.now(),
            ids={"refund_id": request.refund_id, "ticket_id": request.ticket_id, "payment_id": request.payment_id},
        )
        for request in that_became(changes, RefundRequest, RefundRequestStatus.APPROVED)
    ]
