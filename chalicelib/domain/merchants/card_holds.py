"""A card of a merchant's stock is held for one customer, for ten minutes.

Readers derive the expiry from the clock. The sweep, or the next hold of the card, writes it.
"""

import math
from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.access import otp
from chalicelib.domain.cards import card_requests, cards
from chalicelib.domain.merchants import customer_lookup, early_codes, handover
from chalicelib.domain.merchants.customer_lookup import CountedLookUp
from chalicelib.domain.money import Money
from chalicelib.errors import (
    Conflict,
    Unavailable,
    ValidationFailed,
)
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Assignment, Card, OpenAssignment, OpenCardRequest, Operation, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import OtpPurpose
from chalicelib.vocabulary.cards import AssignmentStatus, CardStatus

# Duration of a hold (contract, "assign-card").
HELD = timedelta(minutes=10)
_NOT_IN_STOCK = "This card is not in your stock. Take another one."


class AssignmentInput(Struct, frozen=True):
    """A request to assign a card. `customer` is an id or a number (E.164); `card_field` names the field of the card."""

    card: str
    customer: str
    fee_collected: bool = False
    card_field: str = "card_id"


def shown_status(assignment: Assignment) -> AssignmentStatus:
    """Return the current status of an assignment, by the clock."""
    if assignment.status == AssignmentStatus.AWAITING_OTP and assignment.expires_at <= clock.now():
        return AssignmentStatus.EXPIRED
    return assignment.status


def sweep(assignment_id: str) -> bool:
    """Return a card with an expired hold to stock, or bind the remaining tickets of a completed handover.

    Returns whether there was anything to do. Raises Unavailable.
    """
    for _ in retries.attempts():
        assignment = operations.get(keys.merchants.assignment(assignment_id))
        if assignment is None or not assignment.is_due:
            return False
        if assignment.status == AssignmentStatus.ACTIVE:
            return handover.bind_the_rest(assignment)
        if shown_status(assignment) is not AssignmentStatus.EXPIRED:
            return False
        try:
            operations.commit(*_taking_back(assignment))
        except operations.ConditionFailed:
            continue  # the card was handed over or held again between the read and the write
        logger.info("card taken back", extra={"assignment_id": assignment_id, "card_id": assignment.card_id})
        return True
    raise Unavailable(retry_after=1)


def hold(merchant_id: str, wanted: AssignmentInput, *, operation_id: str) -> tuple[Assignment, Account]:
    """Hold a card for a customer, and return the assignment and the customer; the caller sends the code.

    Raises Conflict (the card is not in stock), NotFound, ValidationFailed (the fee is not collected), TooManyRequests.
    """
    customer, look_up = _customer(merchant_id, wanted)
    uid = cards.name_to_uid(wanted.card, field=wanted.card_field)
    places = (
        keys.cards.card(uid),
        keys.customers.profile(customer.account_id),
        keys.cards.open_card_request(customer.account_id),
        keys.merchants.early_code(customer.account_id, merchant_id),
    )
    found = operations.get_many(places)
    card, profile, requested, early = (found.get(place) for place in places)
    if not isinstance(card, Card) or card.merchant_id != merchant_id or cards.shown_status(card) != CardStatus.STOCK:
        if look_up is not None and idempotency.result_of(operation_id) is not None:
            look_up.undo()  # this operation has held it before: the caller answers that again
        raise Conflict(_why_not(card if isinstance(card, Card) else None, merchant_id))
    fee = card_requests.fee_for(
        customer.account_id,
        has_paid=isinstance(profile, Profile) and profile.fee_paid,
        requested=requested if isinstance(requested, OpenCardRequest) else None,
    )
    _require_collected(fee, wanted)
    code = early_codes.taken(early, merchant_id, customer, fee=fee)
    counted = None
    if code is None:
        # Counted before the hold, so that no card is held for a customer at the limit of codes.
        counted = otp.take_send(OtpPurpose.CARD_ASSIGNMENT, customer.mobile_number, address=None)
    assignment = _awaiting_code(card, customer, fee=fee, fee_collected=wanted.fee_collected)
    if code is not None:
        assignment.challenge_id, assignment.sent_at = code.challenge_id, clock.now()
    try:
        _record_hold(card, assignment, operation_id=operation_id, also=early_codes.removals(code))
    except Conflict:
        # Another request was first: no code is sent, and the shop asks again with another card.
        if counted is not None:
            counted.undo()
        if look_up is not None:
            look_up.undo()
        raise
    if look_up is not None:
        look_up.undo()
    ids = {"assignment_id": assignment.assignment_id, "card_id": card.card_id, "merchant_id": merchant_id}
    logger.info("card held", extra={**ids, "customer_id": customer.account_id})
    return assignment, customer


def _awaiting_code(card: Card, customer: Account, *, fee: int, fee_collected: bool) -> Assignment:
    """Return a new assignment of a merchant's card; the caller writes it."""
    assignment_id, now = new_id("asg"), clock.now()
    return Assignment(
        *keys.merchants.assignment(assignment_id),
        gsi2=keys.jobs.due(now + HELD, assignment_id),
        assignment_id=assignment_id,
        merchant_id=card.merchant_id,
        customer_id=customer.account_id,
        card_uid=card.uid,
        card_id=card.card_id,
        status=AssignmentStatus.AWAITING_OTP,
        fee=fee,
        currency=config().currency,
        fee_collected=fee_collected,
        created_at=now,
        expires_at=now + HELD,
    )


def _record_hold(card: Card, assignment: Assignment, *, operation_id: str, also: Sequence[Write]) -> None:
    """Hold a card in stock for an assignment. Raises Conflict if the card is no longer in stock."""
    assignment_id = assignment.assignment_id
    place = keys.merchants.open_assignment(assignment.customer_id, assignment.merchant_id)
    last = OpenAssignment(*place, assignment_id=assignment_id, ttl=int(assignment.expires_at.timestamp()))
    try:
        operations.commit(
            idempotency.once(operation_id, assignment_id),
            _holding(card, assignment),
            operations.put(assignment, Assignment.pk.does_not_exist()),
            operations.put(last),
            *also,
        )
    except operations.ConditionFailed as failure:
        done = failure.found(Operation)
        if done is None or done.result_id != assignment_id:  # else an earlier try of this call succeeded
            raise Conflict(_why_not(operations.get(keys.cards.card(card.uid)), card.merchant_id)) from failure


def _why_not(card: Card | None, merchant_id: str | None) -> str:
    """Return why a merchant cannot hold a card; of a card of their own, also what to do with it."""
    until = cards.held_until(card) if card is not None and card.merchant_id == merchant_id else None
    if until is None:
        return _NOT_IN_STOCK
    minutes = max(1, math.ceil((until - clock.now()) / timedelta(minutes=1)))
    held = f"This card is held for a customer for {minutes} more minute{'' if minutes == 1 else 's'}."
    return f"{held} Ask for the code that was sent, or take another one."


def _customer(merchant_id: str, wanted: AssignmentInput) -> tuple[Account, CountedLookUp | None]:
    """Return the customer and, for a number, its counted look-up. An unknown number stays counted."""
    if not is_number(wanted.customer):
        return customer_lookup.with_id(wanted.customer), None
    look_up = customer_lookup.count_look_up(merchant_id)
    return customer_lookup.with_number(wanted.customer), look_up


def is_number(name: str) -> bool:
    """Whether a customer is named by a number (E.164), not by an id."""
    return name.startswith("+")


def _require_collected(fee: int, wanted: AssignmentInput) -> None:
    if fee and not wanted.fee_collected:
        due = Money(fee, config().currency)
        message = f"the card costs {due.amount} {due.currency}: collect it, then send true"
        raise ValidationFailed(details=[{"field": "fee_collected", "message": message}])


def _holding(card: Card, assignment: Assignment) -> Write:
    """Return the write that holds a card that is in stock or has an expired hold."""
    actions = cards.becoming(card, CardStatus.HELD, held_by=assignment.assignment_id, held_until=assignment.expires_at)
    return operations.change(keys.cards.card(card.uid), actions, cards.as_read(card))


def _taking_back(assignment: Assignment) -> Sequence[Write]:
    """Return the writes that expire a hold. A card held for another assignment, or blocked, is not changed."""
    still_awaiting = Assignment.status == AssignmentStatus.AWAITING_OTP
    actions = [
        Assignment.status.set(AssignmentStatus.EXPIRED),
        Assignment.closed_at.set(clock.now()),
        *Assignment.not_due(),
    ]
    writes = [operations.change(keys.merchants.assignment(assignment.assignment_id), actions, still_awaiting)]
    card = operations.get(keys.cards.card(assignment.card_uid))
    if card is not None and card.status == CardStatus.HELD and card.held_by == assignment.assignment_id:
        back = cards.becoming(card, CardStatus.STOCK)
        writes.append(operations.change(keys.cards.card(card.uid), back, cards.as_read(card)))
    return writes
