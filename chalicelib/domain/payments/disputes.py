"""Disputes (chargebacks): one item for each, what staff answer, and the mark on the tickets (D-DSP-02).

A dispute is projected from its payment, which stores every word that the provider said in any order. So callbacks in
any order, repeated or late, end in one state. Money is booked with the payment (`returns`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.clients.providers import Declined, MoveKind, MoveWord
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.money import Money
from chalicelib.domain.payments import providers, resolution, returns
from chalicelib.domain.sale import orders
from chalicelib.errors import InvalidState, NotFound
from chalicelib.identifiers import id_of_fact
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Dispute, Payment, Ticket
from chalicelib.vocabulary.payments import DisputeAnswer, DisputeStatus

_OVER = {MoveWord.WON: DisputeStatus.WON, MoveWord.LOST: DisputeStatus.LOST}
_ANSWERED = {DisputeAnswer.ACCEPT: DisputeStatus.ACCEPTED, DisputeAnswer.CONTEST: DisputeStatus.CONTESTED}


class StaffDispute(Struct, frozen=True):
    """A dispute as staff see it."""

    id: str
    status: DisputeStatus
    payment_id: str
    booking_id: str | None
    event_id: str | None
    customer_id: str
    amount: Money
    answer: DisputeAnswer | None
    answered_by: str | None
    answered_at: datetime | None
    opened_at: datetime


def for_staff(dispute: Dispute) -> StaffDispute:
    """Return a dispute as staff see it."""
    return StaffDispute(
        id=dispute.dispute_id,
        status=dispute.status,
        payment_id=dispute.payment_id,
        booking_id=dispute.order_id,
        event_id=dispute.event_id,
        customer_id=dispute.customer_id,
        amount=Money(dispute.amount, dispute.currency),
        answer=dispute.answer,
        answered_by=dispute.answered_by,
        answered_at=dispute.answered_at,
        opened_at=dispute.opened_at,
    )


def id_of(payment_id: str, reference: str) -> str:
    """Return the id of a payment's dispute, which its provider calls `reference`."""
    return id_of_fact("dsp", f"{payment_id}/{reference}")


def get(dispute_id: str) -> Dispute:
    """Return a dispute. Raises NotFound."""
    dispute = operations.get(keys.disputes.dispute(dispute_id))
    if dispute is None:
        raise NotFound("There is no such dispute.")
    return dispute


def answer(dispute_id: str, given: DisputeAnswer, *, evidence: str | None, by: str) -> StaffDispute:
    """Accept or contest a dispute at the provider, once, and return it; idempotent.

    Raises NotFound, InvalidState (over, answered otherwise, refused by the provider), Unavailable.
    """
    dispute = get(dispute_id)
    if dispute.answer is not given or dispute.sent_at is None:
        dispute = _claim(dispute, given, by=by)
        _send(dispute, given, evidence=evidence or "")
        logger.info("dispute answered", extra={"dispute_id": dispute_id, "answer": given, "by": by})
    return for_staff(get(dispute_id))


def _claim(dispute: Dispute, given: DisputeAnswer, *, by: str) -> Dispute:
    """Store an answer before it is sent, so that no other one is sent after it."""
    if dispute.answer is given:
        return dispute  # it was not sent
    claimed = [
        Dispute.status.set(_ANSWERED[given]),
        Dispute.answer.set(given),
        Dispute.answered_by.set(by),
        Dispute.answered_at.set(clock.now()),
    ]
    is_open = (Dispute.status == DisputeStatus.OPEN) & Dispute.answer.does_not_exist()
    before, after = {"status": DisputeStatus.OPEN}, {"status": _ANSWERED[given], "answer": given}
    subject = AuditSubject("dispute", dispute.dispute_id, before=before, after=after)
    try:
        acts.commit(operations.change(dispute.place, claimed, is_open), subject=subject)
    except operations.ConditionFailed as failure:
        now = get(dispute.dispute_id)
        if now.answer is given and now.status not in _OVER.values():
            return now
        raise InvalidState(f"This dispute is {now.status}, so it cannot be answered.") from failure
    return get(dispute.dispute_id)


def _send(dispute: Dispute, given: DisputeAnswer, *, evidence: str) -> None:
    provider = providers.named(dispute.provider)
    try:
        if given is DisputeAnswer.ACCEPT:
            lost = provider.accept_dispute(dispute.reference, amount=dispute.amount, currency=dispute.currency)
            resolution.take_moves(dispute.payment_id, [lost])
        else:
            key = f"{dispute.dispute_id}/contest"
            provider.contest_dispute(dispute.reference, evidence=evidence, key=key)
    except Declined as declined:
        _withdraw(dispute)
        raise InvalidState(f"The payment provider refuses this answer: {declined.code}.") from declined
    sent = [Dispute.sent_at.set(clock.now())]
    operations.record(operations.change(dispute.place, sent, Dispute.pk.exists()))


def _withdraw(dispute: Dispute) -> None:
    """Take back an answer that the provider refuses, unless the dispute is over."""
    taken_back = [
        Dispute.status.set(DisputeStatus.OPEN),
        Dispute.answer.remove(),
        Dispute.answered_by.remove(),
        Dispute.answered_at.remove(),
    ]
    waits = Dispute.status.is_in(*_ANSWERED.values()) & Dispute.sent_at.does_not_exist()
    try:
        operations.record(operations.change(dispute.place, taken_back, waits))
    except operations.ConditionFailed:
        return  # the bank has decided


@follows(*every(Payment))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Bring disputes and the marks of their tickets up to date with their payments; idempotent, in any order."""
    for payment in {c.after.payment_id: c.after for c in changes if isinstance(c.after, Payment)}.values():
        _project(payment)
    return []


def _project(payment: Payment) -> None:
    found = {name: move for name, move in (payment.moves or {}).items() if move["kind"] == MoveKind.DISPUTE}
    if not found:
        return
    for reference, move in found.items():
        _store(payment, reference, move)
    if payment.order_id is not None:
        _mark(payment)


def _store(payment: Payment, reference: str, move: Mapping[str, Any]) -> None:
    dispute_id, words = id_of(payment.payment_id, reference), set(move["words"])
    over = next((status for word, status in _OVER.items() if word in words), None)
    known: dict[str, Any] = {
        "dispute_id": dispute_id,
        "payment_id": payment.payment_id,
        "provider": payment.provider,
        "reference": reference,
        "order_id": payment.order_id,
        "event_id": payment.event_id,
        "customer_id": payment.customer_id,
        "amount": int(move["amount"]),
        "currency": payment.taken_currency or payment.currency,
        "words": words,
        "opened_at": datetime.fromisoformat(move["created_at"]),
        "revision": int(payment.revision or 0),
    }
    actions: list[Action] = [Dispute.kind.set(Dispute)]
    actions += [getattr(Dispute, name).set(value) for name, value in known.items() if value is not None]
    actions.append(Dispute.status.set(over or Dispute.status | DisputeStatus.OPEN))
    is_newer = Dispute.pk.does_not_exist() | (Dispute.revision < int(payment.revision or 0))
    try:
        operations.record(operations.change(keys.disputes.dispute(dispute_id), actions, is_newer))
    except operations.ConditionFailed:
        return  # a later state of the payment is known


def _mark(payment: Payment) -> None:
    """Mark the tickets of a disputed payment, or unmark them at its end; they open the gate until staff decide."""
    revision = int(payment.revision or 0)
    is_disputed = returns.standing(payment.moves).is_disputed
    actions = [
        Ticket.disputed.set(True) if is_disputed else Ticket.disputed.remove(),
        Ticket.dispute_revision.set(revision),
    ]
    order = orders.get(payment.order_id)
    if order.payment_id != payment.payment_id:
        return  # another payment paid for the tickets
    for line in order.tickets:
        place = keys.tickets.ticket(line["ticket_id"])
        is_newer = Ticket.dispute_revision.does_not_exist() | (Ticket.dispute_revision < revision)
        try:
            operations.record(operations.change(place, actions, Ticket.pk.exists() & is_newer))
        except operations.ConditionFailed:
            continue  # a later state is known, or the reservation is gone
