"""Cards as a test needs them at once: in a state, or with tickets that they open."""

from chalicelib.domain.cards import cards
from chalicelib.domain.ledger import card_balances
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Card
from chalicelib.vocabulary.cards import CardStatus


def put_into(uid: str, status: CardStatus) -> Card:
    """Store a card in any state, regardless of its own, with its ability to pay, as the desk of staff does."""
    for _ in retries.attempts():
        card = stored(uid)
        kept = Card.kept_by_staff.set(True) if status is CardStatus.BLOCKED else Card.kept_by_staff.remove()
        try:
            operations.commit(
                operations.change(card.place, [*cards.becoming(card, status), kept], cards.as_read(card)),
                card_balances.freeze(uid, is_frozen=status is not CardStatus.ACTIVE),
            )
        except operations.ConditionFailed:
            continue  # another change of the card was written first
        return stored(uid)
    raise Unavailable(retry_after=1)


def stored(uid: str) -> Card:
    """Return a card as it is stored."""
    card = operations.get(keys.cards.card(uid))
    assert card is not None
    return card


def let_open(uid: str, *, event_id: str, ticket_ids: list[str]) -> None:
    """Let a card open these tickets of an event and no others of it, the holder's first."""
    card = stored(uid)
    opens = Card.tickets.set({**card.tickets, event_id: ticket_ids})
    operations.record(operations.change(card.place, [opens], Card.tickets == dict(card.tickets)))
