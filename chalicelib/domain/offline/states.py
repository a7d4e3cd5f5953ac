"""What a gate must know of a ticket and of a card, read from their items, and packed for the feed. Pure."""

import json
import zlib
from dataclasses import astuple, dataclass, field
from datetime import datetime

from chalicelib.domain.offline.snapshot_format import REMOVED, CardState, TicketState
from chalicelib.table.items import Card, Ticket
from chalicelib.vocabulary import CardStatus, CardType, Presence, TicketStatus

# The numbers of the format (docs/offline.md).
TICKET_STATUSES = {
    TicketStatus.VALID: 0,
    TicketStatus.RESERVED: 1,
    TicketStatus.CANCELLED: 2,
    TicketStatus.REFUNDED: 3,
    TicketStatus.TRANSFERRED: 4,
}
CARD_STATUSES = {
    CardStatus.ACTIVE: 0,
    CardStatus.BLOCKED: 1,
    CardStatus.LOST: 2,
    CardStatus.STOCK: 3,
    CardStatus.HELD: 4,
    CardStatus.REPLACED: 5,
}
PRESENCES = {None: 0, Presence.INSIDE: 1, Presence.OUTSIDE: 2}


@dataclass(slots=True)
class States:
    """States of tickets by id and of cards by UID."""

    tickets: dict[str, TicketState] = field(default_factory=dict)
    cards: dict[str, CardState] = field(default_factory=dict)

    def update(self, newer: "States") -> None:
        """Replace states by newer ones."""
        self.tickets.update(newer.tickets)
        self.cards.update(newer.cards)


def of_ticket(ticket: Ticket) -> TicketState:
    """Return the state of a ticket."""
    passed = [each.scanned_at or each.decided_at for each in (ticket.admission, ticket.passage) if each is not None]
    return TicketState(
        ticket_id=ticket.ticket_id,
        status=TICKET_STATUSES[ticket.status],
        presence=PRESENCES[ticket.presence],
        disputed=bool(ticket.disputed),
        credential=ticket.credential,
        last_at=_seconds(max(passed)) if passed else None,
    )


def of_card(card: Card, event_id: str) -> CardState:
    """Return the state of a card for one event; a card that opens no ticket of it is a removed one."""
    opens = tuple(card.tickets.get(event_id, ()))
    if not opens:
        return CardState(uid=card.uid, status=REMOVED)
    secure = card.type == CardType.SECURE
    return CardState(
        uid=card.uid,
        status=CARD_STATUSES[card.status],
        secure=secure,
        counter=card.sun_counter if secure and card.sun_counter >= 0 else None,
        ticket_ids=opens,
    )


def card_status(state: CardState) -> CardStatus:
    """Return the status in a card's state that is not a removed one."""
    return next(status for status, number in CARD_STATUSES.items() if number == state.status)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def packed(states: States) -> bytes:
    """Return states as an item of the feed stores them."""
    content = [[astuple(each) for each in states.tickets.values()], [astuple(each) for each in states.cards.values()]]
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode())


def unpacked(content: bytes) -> States:
    """Return the states in an item of the feed."""
    tickets, cards = json.loads(zlib.decompress(content))
    found = States()
    for values in tickets:
        ticket = TicketState(*values)
        found.tickets[ticket.ticket_id] = ticket
    for uid, status, secure, counter, opens in cards:
        found.cards[uid] = CardState(uid, status, secure, counter, tuple(opens))
    return found
