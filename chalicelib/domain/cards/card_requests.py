"""A customer's request for an NFC card: one at a time, until it is handed out."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency, money
from chalicelib.domain.crypto import encryption
from chalicelib.errors import Conflict, NotFound, ValidationFailed
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import CardRequest, CardRequestOwner, OpenCardRequest
from chalicelib.table.ranges import Begins
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.cards import CardDelivery, CardRequestStatus

_OPEN = (CardRequestStatus.REQUESTED, CardRequestStatus.APPROVED)
# How long a customer reads why the last request was rejected.
_REASON_SHOWN = timedelta(days=30)


def make(
    customer_id: str, *, delivery: CardDelivery, merchant_id: str | None, address: str | None, operation_id: str
) -> CardRequest:
    """Request a card, for pick-up at a merchant or by post; idempotent per `operation_id`.

    Without a merchant, any shop hands the card out. The address is stored sealed. The fee is `CARD_FEE`, or zero for a
    customer who has paid one before. Raises ValidationFailed (no address), NotFound (no such merchant), Conflict (one
    is open already), Unavailable.
    """
    by_post = delivery is CardDelivery.POST
    if by_post and not address:
        raise ValidationFailed(details=[{"field": "address", "message": "say where to send the card"}])
    if (first := idempotency.result_of(operation_id)) is not None:
        return _found(customer_id, first)
    if not by_post and merchant_id is not None:
        _require_shop(merchant_id)
    profile = operations.get(keys.customers.profile(customer_id))
    request_id = new_id("crq")
    request = CardRequest(
        *keys.cards.card_request(customer_id, request_id),
        request_id=request_id,
        customer_id=customer_id,
        delivery=delivery,
        merchant_id=None if by_post else merchant_id,
        address=encryption.seal(customer_id, "card_request_address", address) if by_post and address else None,
        status=CardRequestStatus.REQUESTED,
        fee=fee_for(customer_id, has_paid=profile is not None and profile.fee_paid),
        currency=config().currency,
        created_at=clock.now(),
    )
    is_open = OpenCardRequest(*keys.cards.open_card_request(customer_id), request_id=request_id)
    try:
        operations.commit(
            idempotency.once(operation_id, request_id),
            operations.put(request),
            operations.put(is_open, OpenCardRequest.pk.does_not_exist()),
            operations.put(CardRequestOwner(*keys.cards.card_request_owner(request_id), customer_id=customer_id)),
        )
    except operations.ConditionFailed as failure:
        first = idempotency.result_of(operation_id)
        if first is not None:
            return _found(customer_id, first)
        raise Conflict("You have asked for a card already. Your list of cards shows its state.") from failure
    logger.info(
        "card requested", extra={"card_request_id": request_id, "customer_id": customer_id, "delivery": delivery}
    )
    return request


def shown_to(customer_id: str) -> list[CardRequest]:
    """Return the customer's open request, or for some time the last one with the reason why it was rejected."""
    place = keys.cards.card_request(customer_id)
    raws = operations.query(place.pk, Begins(place.sk), newest_first=True, limit=1, consistent=True)
    newest = [CardRequest.from_raw_data(raw) for raw in raws]
    return [request for request in newest if request.status in _OPEN or _is_newly_rejected(request)]


def _is_newly_rejected(request: CardRequest) -> bool:
    decided_at = request.decided_at
    is_new = decided_at is not None and decided_at > clock.now() - _REASON_SHOWN
    return request.status == CardRequestStatus.REJECTED and is_new


def fee_for(customer_id: str, *, has_paid: bool, requested: OpenCardRequest | None = None) -> int:
    """Return the fee of a customer's next card, in minor units: zero after the first, else as requested."""
    if has_paid:
        return 0
    request = operations.get(keys.cards.card_request(customer_id, requested.request_id)) if requested else None
    return money.card_fee().minor if request is None else request.fee


def _require_shop(merchant_id: str) -> None:
    account = operations.get(keys.access.account(merchant_id))
    if account is None or account.portal != Portal.MERCHANT or account.status != AccountStatus.ACTIVE:
        raise NotFound("There is no such shop. Without merchant_id any shop hands the card out.")


def _found(customer_id: str, request_id: str) -> CardRequest:
    request = operations.get(keys.cards.card_request(customer_id, request_id))
    if request is None:
        raise Conflict("That request for a card is gone.")
    return request
