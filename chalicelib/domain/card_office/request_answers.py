"""Answers to customers' requests for a card: approved, sent with a card of the platform's stock, or rejected.

Each answer is one transaction. An answer that was given already is returned again. A shop may hand out a card at the
same time: the request is open in one item (`OpenCardRequest`), which only one of the two removes.

No fee is paid with a request: the shop collects it at the hand-over. So a rejection has no money to return (D-CRD-05).
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.bus import Published
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.background.changes import Change, every, follows, that_became
from chalicelib.domain.card_office import binding_notices, card_states
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.crypto import encryption
from chalicelib.domain.ledger import card_balances
from chalicelib.domain.money import Money
from chalicelib.errors import InvalidState, NotFound, Unavailable, ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Card, CardRequest, OpenCardRequest
from chalicelib.table.operations import Write
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.cards import CardDelivery, CardRequestAction, CardRequestStatus, CardStatus
from chalicelib.vocabulary.messages import Fact

# What an action makes of a request, and from which states.
BECOMES = {
    CardRequestAction.APPROVE: (CardRequestStatus.APPROVED, (CardRequestStatus.REQUESTED,)),
    CardRequestAction.SEND: (CardRequestStatus.SENT, (CardRequestStatus.APPROVED,)),
    CardRequestAction.REJECT: (
        CardRequestStatus.REJECTED,
        (CardRequestStatus.REQUESTED, CardRequestStatus.APPROVED),
    ),
}
_ANSWERED = (CardRequestStatus.APPROVED, CardRequestStatus.SENT, CardRequestStatus.REJECTED)


class RequestAnswer(Struct, frozen=True):
    """What staff answer: an action, the card that is sent, the reason of a rejection."""

    action: CardRequestAction
    card_uid: str | None = None
    reason: str | None = None


class AnsweredRequest(Struct, frozen=True):
    """A request as staff see it; `address` is where an approved card is sent."""

    request: CardRequest
    address: str | None = None

    @property
    def fee(self) -> Money:
        """What the customer pays at the hand-over."""
        return Money(self.request.fee, self.request.currency)


def answer(request_id: str, wanted: RequestAnswer, *, by: str) -> AnsweredRequest:
    """Answer a request; the same answer again changes nothing.

    Raises NotFound, ValidationFailed, InvalidState (by the name of the state), Unavailable.
    """
    uid = _require_whole(wanted)
    place = _place(request_id)
    status, from_states = BECOMES[wanted.action]
    for _ in retries.attempts():
        request = operations.get(place)
        if request is None:
            raise NotFound("There is no such request.")
        if request.status == status and (uid is None or request.card_uid == uid):
            return _shown(request)
        if request.status not in from_states:
            raise InvalidState(f"This request is {request.status}. {_advice(request.status)}")
        writes = [_decided(request, status, wanted, uid, by=by), *_effects(request, wanted.action, uid)]
        subject = AuditSubject(
            "card_request",
            request_id,
            before={"status": request.status},
            after={"status": status, "card_uid": uid, "reason": wanted.reason},
            personal_to=request.customer_id,
        )
        try:
            acts.commit(*writes, subject=subject)
        except operations.ConditionFailed:
            continue  # another answer, a shop, or a change of the card was first
        ids = {"card_request_id": request_id, "customer_id": request.customer_id}
        logger.info("card request answered", extra={**ids, "status": status})
        if uid is not None:
            binding_notices.send(request.customer_id, uid)
        return _shown(operations.get(place) or request)
    raise Unavailable("This request is being answered by others. Try again.", retry_after=1)


def _require_whole(wanted: RequestAnswer) -> str | None:
    """Return the UID of the card that is sent. Raises ValidationFailed."""
    if wanted.action is CardRequestAction.REJECT and not wanted.reason:
        raise ValidationFailed(details=[{"field": "reason", "message": "say why, the customer reads it"}])
    if wanted.action is not CardRequestAction.SEND:
        return None
    uid = cards.lasting_uid(wanted.card_uid or "")
    if uid is None:
        raise ValidationFailed(details=[{"field": "card_uid", "message": "name the card that is sent, by its UID"}])
    return uid


def _advice(status: CardRequestStatus) -> str:
    return "Approve it first." if status is CardRequestStatus.REQUESTED else "It is answered."


def _place(request_id: str) -> Place[CardRequest]:
    pointer = operations.get(keys.cards.card_request_owner(request_id))
    if pointer is None:
        raise NotFound("There is no such request.")
    return keys.cards.card_request(pointer.customer_id, request_id)


def _shown(request: CardRequest) -> AnsweredRequest:
    is_sent = request.status in (CardRequestStatus.APPROVED, CardRequestStatus.SENT)
    if request.address is None or not is_sent:
        return AnsweredRequest(request)
    address = encryption.open_sealed(request.customer_id, "card_request_address", bytes(request.address))
    return AnsweredRequest(request, address)


def _decided(
    request: CardRequest, status: CardRequestStatus, wanted: RequestAnswer, uid: str | None, *, by: str
) -> Write:
    actions: list[Action] = [
        CardRequest.status.set(status),
        CardRequest.decided_at.set(clock.now()),
        CardRequest.decided_by.set(by),
    ]
    if wanted.reason:
        actions.append(CardRequest.reason.set(wanted.reason))
    if uid is not None:
        actions.append(CardRequest.card_uid.set(uid))
    place = keys.cards.card_request(request.customer_id, request.request_id)
    return operations.change(place, actions, CardRequest.status == request.status)


def _effects(request: CardRequest, action: CardRequestAction, uid: str | None) -> list[Write]:
    """Return the other writes of an answer. Raises InvalidState, NotFound."""
    if action is CardRequestAction.APPROVE:
        return []
    same = OpenCardRequest.request_id == request.request_id
    closed = operations.remove(keys.cards.open_card_request(request.customer_id), same)
    if action is CardRequestAction.REJECT or uid is None:
        return [closed]
    if request.delivery != CardDelivery.POST:
        raise InvalidState("This card is fetched at a shop, which hands it out. It is not sent.")
    return [closed, *_given(uid, request.customer_id)]


def _given(uid: str, customer_id: str) -> list[Write]:
    """Return the writes that give a card of the platform's stock to an active customer. Raises InvalidState."""
    card = operations.get(keys.cards.card(uid))
    if card is None:
        raise NotFound("There is no card with this UID. Create it first.")
    state = cards.shown_status(card)
    if state is not CardStatus.STOCK or card.customer_id is not None or card.merchant_id is not None:
        whose = " of a shop" if card.merchant_id is not None else ""
        raise InvalidState(f"This card is {state}{whose}. Send one of the platform's own stock.")
    actions: list[Action] = [
        *cards.becoming(card, CardStatus.ACTIVE),
        Card.customer_id.set(customer_id),
        Card.assigned_at.set(clock.now()),
        *Card.in_gsi1(keys.cards.customer_cards(customer_id, card.card_id)),
    ]
    account = operations.get(keys.access.account(customer_id))
    if account is None or account.status != AccountStatus.ACTIVE:
        raise InvalidState("This customer is not active. Reject the request, or change that first.")
    return [
        operations.change(keys.cards.card(uid), actions, card_states.as_seen(card)),
        operations.check(keys.access.account(customer_id), Account.status == AccountStatus.ACTIVE),
        card_balances.freeze(uid, is_frozen=False),
    ]


@follows(*every(CardRequest))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Bind the tickets of customers whose card was sent, and publish each answer once; idempotent.

    Raises Unavailable where tickets are left, which the next delivery binds.
    """
    for request in that_became(changes, CardRequest, CardRequestStatus.SENT):
        if request.card_uid and bindings.bind_unbound(request.customer_id, request.card_uid):
            raise Unavailable(retry_after=1)
    return [
        Published(
            fact=Fact.CARD_REQUEST_ANSWERED,
            fact_id=f"{request.request_id}/{status}",
            occurred_at=_answered_at(request),
            ids={"card_request_id": request.request_id, "customer_id": request.customer_id, "status": status.value},
        )
        for status in _ANSWERED
        for request in that_became(changes, CardRequest, status)
    ]


def _answered_at(request: CardRequest) -> datetime:
    moment: datetime = request.decided_at or clock.now()
    return moment
