"""The writes of a card's handover: its tickets, its fee, the totals, and the card request that it fulfils."""

from datetime import timedelta

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import notices, otp
from chalicelib.domain.access.notices import Owner
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.ledger import account_names, card_balances, journals
from chalicelib.domain.ledger.postings import Posting
from chalicelib.domain.merchants import merchant_totals
from chalicelib.errors import InvalidState, OtpInvalid
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Assignment, Card, CardRequest, Challenge, OpenCardRequest, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.cards import AssignmentStatus, CardRequestStatus, CardStatus

# Tickets above the limit of one transaction are bound by the next sweeps.
_NEXT_SWEEP = timedelta(minutes=1)


class HandoverWrites(Struct, frozen=True):
    """The writes that complete a handover, the fee in minor units, and where the customer is reached."""

    writes: list[Write]
    fee: int
    owner: Owner


def prepare(assignment: Assignment, code: Challenge) -> HandoverWrites:
    """Return the writes that complete a handover, conditional on the state that was read (optimistic lock).

    The fee is due unless the customer has paid one before, to any merchant. Two open holds may both have collected it:
    the first to complete books it, and the other one's answer says what the shop returns (D-STATE-04). Raises
    InvalidState if the card is no longer held or the customer is locked out, OtpInvalid if the code was sent to a
    number that is no longer the customer's.
    """
    customer_id, merchant_id = assignment.customer_id, assignment.merchant_id
    places = (
        keys.cards.card(assignment.card_uid),
        keys.access.account(customer_id),
        keys.customers.profile(customer_id),
        keys.cards.open_card_request(customer_id),
    )
    found = operations.get_many(places)
    card, account, profile, open_request = (found.get(place) for place in places)
    if not isinstance(account, Account) or account.status != AccountStatus.ACTIVE:
        raise InvalidState("This customer is handed no card. Ask the platform's staff.")
    if not otp.was_sent_to(code, account.mobile_number):
        raise OtpInvalid("The customer's number was changed since. Send another code.")
    if not isinstance(card, Card) or card.status != CardStatus.HELD or card.held_by != assignment.assignment_id:
        raise InvalidState("This card is no longer held for the customer. Take another one.")
    has_paid = isinstance(profile, Profile) and profile.fee_paid
    fee = 0 if has_paid else assignment.fee
    binding = bindings.unbound(customer_id, card)
    writes = [
        _given(card, assignment, binding.opens),
        _closed(assignment, fee=fee, has_more=binding.has_more),
        operations.check(
            keys.access.account(customer_id),
            (Account.status == AccountStatus.ACTIVE) & (Account.mobile_number == account.mobile_number),
        ),
        card_balances.freeze(card.uid, is_frozen=False),
        *merchant_totals.one_more(merchant_id, fee=fee),
        *binding.writes,
    ]
    if not has_paid:
        writes.append(_paid(customer_id))
    if fee:
        writes += _fee(assignment, fee)
    if isinstance(open_request, OpenCardRequest):
        writes += _fulfilled(customer_id, open_request)
    owner = notices.owner_with(account, profile)
    return HandoverWrites(writes, fee, owner)


def bind_the_rest(assignment: Assignment) -> bool:
    """Bind tickets that exceeded the handover's transaction, and schedule the rest for the next sweep."""
    actions: list[Action] = Assignment.not_due()
    if bindings.bind_unbound(assignment.customer_id, assignment.card_uid):
        later = keys.jobs.due(clock.now() + _NEXT_SWEEP, assignment.assignment_id)
        actions = Assignment.due_at(later)
    place = keys.merchants.assignment(assignment.assignment_id)
    operations.record(operations.change(place, actions, Assignment.pk.exists()))
    return True


def _given(card: Card, assignment: Assignment, opens: bindings.Opens) -> Write:
    index_key = keys.cards.customer_cards(assignment.customer_id, card.card_id)
    actions = [
        *cards.becoming(card, CardStatus.ACTIVE),
        Card.customer_id.set(assignment.customer_id),
        Card.assigned_at.set(clock.now()),
        *Card.in_gsi1(index_key),
        Card.tickets.set(opens),
    ]
    return operations.change(keys.cards.card(card.uid), actions, cards.as_read(card) & bindings.opens_as_read(card))


def _closed(assignment: Assignment, *, fee: int, has_more: bool) -> Write:
    now = clock.now()
    place = keys.merchants.merchant_assigned(assignment.merchant_id, clock.to_text(now), assignment.card_uid)
    due = keys.jobs.due(now, assignment.assignment_id)
    actions: list[Action] = [
        Assignment.status.set(AssignmentStatus.ACTIVE),
        Assignment.closed_at.set(now),
        Assignment.fee.set(fee),
        Assignment.fee_to_return.set(assignment.fee - fee if assignment.fee_collected else 0),
        *Assignment.in_gsi1(place),
        *(Assignment.due_at(due) if has_more else Assignment.not_due()),
    ]
    still_awaiting = Assignment.status == AssignmentStatus.AWAITING_OTP
    return operations.change(keys.merchants.assignment(assignment.assignment_id), actions, still_awaiting)


def _paid(customer_id: str) -> Write:
    actions: list[Action] = [
        Profile.kind.set(Profile),
        Profile.customer_id.set(customer_id),
        Profile.fee_paid.set(True),
    ]
    not_before = Profile.fee_paid.does_not_exist() | (Profile.fee_paid == False)  # noqa: E712  # a condition, not a test
    return operations.change(keys.customers.profile(customer_id), actions, not_before)


def _fee(assignment: Assignment, fee: int) -> list[Write]:
    """Return the writes that book a fee as collected by the merchant for the platform."""
    return journals.post(
        journals.Movement(
            f"jrn_fee_{assignment.assignment_id}",
            type="card_fee",
            currency=assignment.currency,
            entries=[
                Posting(account_names.merchant(assignment.merchant_id), -fee),
                Posting(account_names.CARD_FEES, fee),
            ],
            references={"assignment_id": assignment.assignment_id, "card_id": assignment.card_id},
        )
    )


def _fulfilled(customer_id: str, open_request: OpenCardRequest) -> list[Write]:
    request = keys.cards.card_request(customer_id, open_request.request_id)
    closing = [CardRequest.status.set(CardRequestStatus.FULFILLED)]
    same = OpenCardRequest.request_id == open_request.request_id
    return [
        operations.remove(keys.cards.open_card_request(customer_id), same),
        operations.change(request, closing, CardRequest.pk.exists()),
    ]
