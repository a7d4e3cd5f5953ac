"""The notices of facts about a customer's card."""

from typing import Any

from chalicelib.domain.customer_notices import notices
from chalicelib.domain.customer_notices.notices import Notice
from chalicelib.domain.customer_notices.wording import Kind, Subject
from chalicelib.errors import NotFound
from chalicelib.table import keys, operations
from chalicelib.vocabulary.cards import CardDelivery, CardRequestStatus


def request_answered(detail: dict[str, Any]) -> None:
    """Notify a customer of the answer to their request for a card."""
    request = operations.get(keys.cards.card_request(detail["customer_id"], detail["card_request_id"]))
    if request is None:
        raise NotFound
    kinds = {
        CardRequestStatus.APPROVED: Kind.CARD_READY if request.delivery == CardDelivery.PICKUP else Kind.CARD_APPROVED,
        CardRequestStatus.SENT: Kind.CARD_SENT,
        CardRequestStatus.REJECTED: Kind.CARD_REFUSED,
    }
    kind = kinds[CardRequestStatus(detail["status"])]
    # A reason is what a member of staff wrote, so it is quoted.
    subject = Subject(title=request.reason or "", reference=(request.card_uid or "")[-4:])
    notices.send(Notice(kind, detail["fact_id"], subject), request.customer_id)
