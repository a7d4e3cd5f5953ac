"""Card assignments: a merchant holds a card for a customer, and the customer's code completes the handover.

Each step is one transaction. `assign` holds a card from the merchant's stock for ten minutes and sends the customer a
code. `verify` spends the code in the transaction that writes its effects: the card's customer, their tickets, the fee
in the ledger and the merchant's totals. A process that dies between the two leaves a hold that expires. Readers derive
the expiry from the clock. The sweep, or the next hold of the card, writes it.
"""

from datetime import datetime

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.access import accounts, notices, numbers, otp
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.otp import SentCode
from chalicelib.domain.cards import balances
from chalicelib.domain.cards.cards import ShopCard
from chalicelib.domain.merchants import card_holds, customer_lookup, early_codes, handover
from chalicelib.domain.merchants.card_holds import AssignmentInput
from chalicelib.domain.merchants.early_codes import EarlyCodeSent
from chalicelib.domain.money import Money
from chalicelib.domain.quotations import quote
from chalicelib.errors import (
    InvalidState,
    NotFound,
    OtpInvalid,
    Refusal,
    Unavailable,
)
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Assignment, Card
from chalicelib.vocabulary.access import OtpPurpose
from chalicelib.vocabulary.cards import AssignmentStatus


class AssignmentWithCard(Struct, frozen=True):
    """The current state of an assignment, with its card."""

    assignment: Assignment
    card: Card

    @property
    def status(self) -> AssignmentStatus:
        """The current status. A hold expires by the clock, even before the sweep writes it."""
        return card_holds.shown_status(self.assignment)

    @property
    def shop_card(self) -> ShopCard:
        """The card as shown to the shop."""
        return ShopCard(self.card)

    @property
    def fee(self) -> Money:
        """The card fee, zero if the customer has paid one before."""
        return Money(self.assignment.fee, self.assignment.currency)

    @property
    def fee_to_return(self) -> Money:
        """The fee that the shop collected and the customer did not owe: another hand-over has booked theirs."""
        return Money(self.assignment.fee_to_return, self.assignment.currency)

    @property
    def note(self) -> str | None:
        """What the shop must do about the fee, or None."""
        back = self.fee_to_return
        if not back.minor:
            return None
        return f"This customer has paid the card fee with another card meanwhile. Return {back.currency} {back.amount}."


class ResentCode(Struct, frozen=True):
    """A code sent again. `expires_in` is the code's, in seconds; `expires_at` ends the hold."""

    assignment_id: str
    expires_in: int
    expires_at: datetime


def own(merchant_id: str, assignment_id: str) -> Assignment:
    """Return a merchant's assignment. Raises NotFound, also for an assignment of another merchant."""
    assignment = operations.get(keys.merchants.assignment(assignment_id))
    if assignment is None or assignment.merchant_id != merchant_id:
        raise NotFound("You have begun no such assignment.")
    return assignment


def assign(merchant_id: str, wanted: AssignmentInput, *, operation_id: str) -> AssignmentWithCard:
    """Hold a card of the merchant's stock for a customer and send them the code for the handover.

    Idempotent by `operation_id`: a repeat returns the same assignment and sends the code if it was not sent yet.
    Raises ValidationFailed (the fee is due and not collected), NotFound (no such customer), Conflict (the card is not
    the merchant's, not in stock, or held), RateLimited (codes to a number, look-ups of numbers), Unavailable.
    """
    try:
        assignment, customer = card_holds.hold(merchant_id, wanted, operation_id=operation_id)
    except Refusal:
        # This operation may have succeeded on an earlier try whose response was lost.
        done = idempotency.result_of(operation_id)
        if done is None:
            raise
        assignment = own(merchant_id, done)
        if card_holds.shown_status(assignment) is AssignmentStatus.AWAITING_OTP and assignment.sent_at is None:
            _send(assignment, customer_lookup.with_id(assignment.customer_id), is_counted=False)
        return _with_card(assignment)
    if assignment.challenge_id is None:
        _send(assignment, customer, is_counted=True)
    return _with_card(assignment)


def send_code(merchant_id: str, name: str) -> ResentCode | EarlyCodeSent:
    """Send a customer a code, which voids the previous one.

    `name` is the assignment's id or the customer's number (E.164). A number selects the merchant's open assignment
    for that customer; without one the code is for the next assignment (early_codes.py). Raises NotFound, InvalidState
    (handed over already, or no longer held), RateLimited.
    """
    if not card_holds.is_number(name):
        return send_again(merchant_id, name)
    last = _last_for(merchant_id, name)
    if last is None or card_holds.shown_status(last) is not AssignmentStatus.AWAITING_OTP:
        return early_codes.send(merchant_id, name)
    return send_again(merchant_id, last.assignment_id)


def send_again(merchant_id: str, assignment_id: str) -> ResentCode:
    """Send the customer of an assignment a new code, which voids the previous one.

    Raises NotFound, InvalidState (handed over already, or no longer held), RateLimited.
    """
    assignment = own(merchant_id, assignment_id)
    _require_open(assignment)
    if assignment.fee and _has_paid(assignment.customer_id):
        assignment.fee = 0  # for the text: another shop has collected it meanwhile
    sent = _send(assignment, customer_lookup.with_id(assignment.customer_id), is_counted=False)
    return ResentCode(assignment.assignment_id, sent.expires_in, assignment.expires_at)


def verify(merchant_id: str, name: str, code: str, *, address: str, operation_id: str) -> AssignmentWithCard:
    """Complete the handover of a held card with the customer's code, in one transaction.

    `name` is the assignment's id, or the customer's number, which selects the merchant's last assignment for them.
    Idempotent by `operation_id`. Raises NotFound, InvalidState (handed over already, no longer held), OtpInvalid,
    OtpExpired, OtpExhausted, RateLimited, Unavailable.
    """
    assignment = _of_number(merchant_id, name) if card_holds.is_number(name) else own(merchant_id, name)
    if _was_done(assignment, operation_id):
        return _with_card(assignment)
    _require_open(assignment)
    try:
        return _verify(assignment, code, address=address, operation_id=operation_id)
    except (OtpInvalid, InvalidState):
        # Another request with the same code may have handed the card over meanwhile.
        present = own(merchant_id, assignment.assignment_id)
        if _was_done(present, operation_id):
            return _with_card(present)
        _require_open(present)
        raise


def _verify(assignment: Assignment, code: str, *, address: str, operation_id: str) -> AssignmentWithCard:
    merchant_id, assignment_id = assignment.merchant_id, assignment.assignment_id
    if assignment.challenge_id is None:
        raise OtpInvalid("No code was sent yet. Send one.")
    proof = otp.verify(
        OtpPurpose.CARD_ASSIGNMENT, code, challenge_id=assignment.challenge_id, mobile_number=None, address=address
    )
    named = _named_in_text(assignment)
    for _ in retries.attempts():
        transfer = handover.prepare(assignment, proof.challenge)
        try:
            proof.commit(idempotency.once(operation_id, assignment_id), *transfer.writes)
        except operations.ConditionFailed:
            # The card, the customer, their tickets or their card request changed between the read and the write.
            assignment = own(merchant_id, assignment_id)
            if _was_done(assignment, operation_id):
                return _with_card(assignment)
            _require_open(assignment)
            continue
        ids = {"assignment_id": assignment_id, "card_id": assignment.card_id, "merchant_id": merchant_id}
        notices.send(transfer.owner, Changed.CARD, card=named["card"], shop=quote(named["shop"]))
        _gather_balances(assignment)
        logger.info("card handed over", extra={**ids, "customer_id": assignment.customer_id, "fee": transfer.fee})
        return _with_card(own(merchant_id, assignment_id))
    raise Unavailable("This card or its customer's tickets are being changed by others. Try again.", retry_after=1)


def _has_paid(customer_id: str) -> bool:
    profile = operations.get(keys.customers.profile(customer_id))
    return profile is not None and profile.fee_paid


def _gather_balances(assignment: Assignment) -> None:
    """Move what the customer's lost cards hold to this one at once; if that fails, the stream does it."""
    try:
        balances.gather(assignment.customer_id, also=[assignment.card_uid])
    except Unavailable:
        logger.info("balances left to the stream", extra={"card_id": assignment.card_id})


def _send(assignment: Assignment, customer: Account, *, is_counted: bool) -> SentCode:
    """Send a code, which becomes the only valid one of the assignment. Raises InvalidState, RateLimited.

    `sent_at` is written last, so that a repeat sends the code again if the queue did not accept it.
    """
    number, place = customer.mobile_number, keys.merchants.assignment(assignment.assignment_id)
    counted = None if is_counted else otp.take_send(OtpPurpose.CARD_ASSIGNMENT, number, address=None)
    challenge_id = new_id("chl")
    still_awaiting = Assignment.status == AssignmentStatus.AWAITING_OTP
    named = operations.change(place, [Assignment.challenge_id.set(challenge_id)], still_awaiting)
    try:
        sent = otp.send(
            OtpPurpose.CARD_ASSIGNMENT,
            number,
            account=customer,
            pending=_named_in_text(assignment),
            challenge_id=challenge_id,
            together_with=[named],
        )
    except operations.ConditionFailed as failure:
        if counted is not None:
            counted.undo()
        raise InvalidState("This card was handed over already, or is no longer held.") from failure
    operations.record(operations.change(place, [Assignment.sent_at.set(clock.now())], Assignment.pk.exists()))
    return sent


def _named_in_text(assignment: Assignment) -> dict[str, str]:
    """Return whose code it is, and what its text names: the shop, the card's last digits and the fee."""
    return {
        "shop_id": assignment.merchant_id,
        "shop": accounts.get(assignment.merchant_id).name,
        "card": assignment.card_uid[-4:],
        "fee": early_codes.fee_in_words(assignment.fee, assignment.currency),
    }


def _was_done(assignment: Assignment, operation_id: str) -> bool:
    """Whether this operation completed the handover on an earlier try."""
    is_active = assignment.status == AssignmentStatus.ACTIVE
    return is_active and idempotency.result_of(operation_id) == assignment.assignment_id


def _last_for(merchant_id: str, mobile_number: str) -> Assignment | None:
    """Return the merchant's last assignment for the owner of a number, if there is one."""
    customer = numbers.find_by_number(mobile_number)
    place = keys.merchants.open_assignment(customer.account_id if customer else "none", merchant_id)
    last = operations.get(place)
    return own(merchant_id, last.assignment_id) if last else None


def _of_number(merchant_id: str, mobile_number: str) -> Assignment:
    last = _last_for(merchant_id, mobile_number)
    if last is None:
        raise NotFound("No card is held for this number. Assign one first.")
    return last


def _require_open(assignment: Assignment) -> None:
    status = card_holds.shown_status(assignment)
    if status is AssignmentStatus.ACTIVE:
        raise InvalidState("This card was handed over already.")
    if status is AssignmentStatus.EXPIRED:
        raise InvalidState("The card is no longer held: ten minutes are over. Assign it again.")


def _with_card(assignment: Assignment) -> AssignmentWithCard:
    card = operations.get(keys.cards.card(assignment.card_uid))
    if card is None:
        raise NotFound("There is no such card.")
    return AssignmentWithCard(assignment, card)
