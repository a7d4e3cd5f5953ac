"""The lists of cards, and of customers' requests for a card."""

from chalicelib import identifiers, scanned_text
from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Card, CardRequest
from chalicelib.vocabulary.cards import CardDelivery, CardRequestStatus, CardStatus, CardType


def _with_whole_uid(search: str) -> str:
    """Return a search; a whole UID, as readers and scanners spell it, as it is stored."""
    return scanned_text.whole_uid(search) or search


CARDS = ListOf(
    name="cards",
    item=Card,
    id_name="card_id",
    orderings={"created_at": Ordering(lambda card: identifiers.created_at(card.card_id))},
    filters={
        "status": Filter(lambda card: card.status, CardStatus),
        "type": Filter(lambda card: card.type, CardType),
        "merchant_id": Filter(lambda card: card.merchant_id),
        "customer_id": Filter(lambda card: card.customer_id),
    },
    indexes=(("status",), ("merchant_id",), ("customer_id",)),
    texts=lambda card: (card.uid,),
    columns=("uid", "assigned_at", "blocked_at"),
    reads_search=_with_whole_uid,
    # Bulk work creates ten thousand in a minute.
    shards=3,
)
CARD_REQUESTS = ListOf(
    name="card_requests",
    item=CardRequest,
    id_name="request_id",
    orderings={"created_at": Ordering(lambda request: request.created_at)},
    filters={
        "status": Filter(lambda request: request.status, CardRequestStatus),
        "customer_id": Filter(lambda request: request.customer_id),
        "merchant_id": Filter(lambda request: request.merchant_id),
        "delivery": Filter(lambda request: request.delivery, CardDelivery),
        # Every list of requests takes it (contract, "Filters"); a card is for no event, so it finds none.
        "event_id": Filter(lambda _: None),
    },
    indexes=(("status",), ("customer_id",)),
    texts=lambda request: (request.request_id,),
    columns=("card_uid", "reason", "decided_at"),
    amounts=("fee",),
)
