"""Bodies of the staff's portal: customers' requests for a card."""

from chalicelib.schemas.admin.cards import Uid, Why
from chalicelib.schemas.wire import In, Moment, MoneyOut, Out
from chalicelib.vocabulary.cards import CardDelivery, CardRequestAction, CardRequestStatus


class CardRequestAnswerIn(In):
    """The answer: `card_uid` names the card that is sent, and a rejection says its reason."""

    action: CardRequestAction
    card_uid: Uid | None = None
    reason: Why | None = None


class CardRequestOut(Out):
    """A request for a card as staff see it."""

    id: str
    customer_id: str
    status: CardRequestStatus
    delivery: CardDelivery
    merchant_id: str | None
    fee: MoneyOut
    card_uid: str | None
    reason: str | None
    created_at: Moment
    decided_at: Moment | None


class AnsweredRequestOut(CardRequestOut):
    """An answered request, with the address that an approved card is sent to."""

    address: str | None
