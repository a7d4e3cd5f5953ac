"""What a gate must know of a ticket and of a card, read from their items, and packed for the feed. Pure."""

import zlib
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field, json
from msgspec.structs import astuple

from chalicelib.domain.offline.snapshot_format import REMOVED, GateCard, GateTicket
from chalicelib.table.items import Card, Ticket
from chalicelib.table.operations import RawItem
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.gate import Presence
from chalicelib.vocabulary.tickets import TicketStatus

# The numbers of the format (docs/offline.md).
TICKET_STATUSES: Mapping[str, int] = {
    TicketStatus.VALID: 0,
    TicketStatus.RESERVED: 1,
    TicketStatus.CANCELLED: 2,
    TicketStatus.REFUNDED: 3,
    TicketStatus.TRANSFERRED: 4,
}
CARD_STATUSES: Mapping[str, int] = {
    CardStatus.ACTIVE: 0,
    CardStatus.BLOCKED: 1,
    CardStatus.LOST: 2,
    CardStatus.STOCK: 3,
    CardStatus.HELD: 4,
    CardStatus.REPLACED: 5,
}
PRESENCES: Mapping[str | None, int] = {None: 0, Presence.INSIDE: 1, Presence.OUTSIDE: 2}


class States(Struct):
    """States of tickets by id and of cards by UID."""

    tickets: dict[str, GateTicket] = field(default_factory=dict)
    cards: dict[str, GateCard] = field(default_factory=dict)

    def update(self, newer: "States") -> None:
        """Replace states by newer ones."""
        self.tickets.update(newer.tickets)
        self.cards.update(newer.cards)


def of_ticket(ticket: Ticket) -> GateTicket:
    """Return the state of a ticket."""
    passed = [each.scanned_at or each.decided_at for each in (ticket.admission, ticket.passage) if each is not None]
    return GateTicket(
        ticket_id=ticket.ticket_id,
        status=TICKET_STATUSES[ticket.status],
        presence=PRESENCES[ticket.presence],
        disputed=bool(ticket.disputed),
        credential=ticket.credential,
        last_at=_seconds(max(passed)) if passed else None,
    )


def of_card(card: Card, event_id: str) -> GateCard:
    """Return the state of a card for one event; a card that opens no ticket of it is a removed one."""
    opens = tuple(card.tickets.get(event_id, ()))
    if not opens:
        return GateCard(uid=card.uid, status=REMOVED)
    secure = card.type == CardType.SECURE
    return GateCard(
        uid=card.uid,
        status=CARD_STATUSES[card.status],
        secure=secure,
        counter=card.sun_counter if secure and card.sun_counter >= 0 else None,
        ticket_ids=opens,
    )


OF_TICKET = (
    *("ticket_id", "status", "presence", "disputed", "credential", "card_uid", "holder_name", "tier"),
    *("admission.scanned_at", "admission.decided_at", "passage.scanned_at", "passage.decided_at"),
)
OF_CARD = ("uid", "status", "type", "sun_counter", "tickets")


def of_raw_ticket(raw: RawItem) -> GateTicket:
    """Return what `of_ticket` does, from the attributes OF_TICKET as they are stored."""
    passed = [
        (times.get("scanned_at") or times["decided_at"])["S"]
        for times in (raw[name]["M"] for name in ("admission", "passage") if name in raw and "M" in raw[name])
        if times
    ]
    presence = raw.get("presence", {}).get("S")
    return GateTicket(
        ticket_id=raw["ticket_id"]["S"],
        status=TICKET_STATUSES[raw["status"]["S"]],
        presence=PRESENCES[presence],
        disputed=raw.get("disputed", {}).get("BOOL", False),
        credential=int(raw["credential"]["N"]),
        # Stored moments are text of one length in UTC, so the last one is the greatest.
        last_at=_seconds(datetime.fromisoformat(max(passed))) if passed else None,
    )


def of_raw_card(raw: RawItem, event_id: str) -> GateCard:
    """Return what `of_card` does, from the attributes OF_CARD as they are stored."""
    uid, opens = raw["uid"]["S"], json.decode(raw["tickets"]["S"]).get(event_id) if "tickets" in raw else None
    if not opens:
        return GateCard(uid=uid, status=REMOVED)
    secure = raw["type"]["S"] == CardType.SECURE
    counter = int(raw["sun_counter"]["N"]) if "sun_counter" in raw else -1
    return GateCard(
        uid=uid,
        status=CARD_STATUSES[raw["status"]["S"]],
        secure=secure,
        counter=counter if secure and counter >= 0 else None,
        ticket_ids=tuple(opens),
    )


def card_status(state: GateCard) -> CardStatus:
    """Return the status in a card's state that is not a removed one."""
    return CardStatus(next(status for status, number in CARD_STATUSES.items() if number == state.status))


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def packed(states: States) -> bytes:
    """Return states as an item of the feed stores them."""
    content = [[astuple(each) for each in states.tickets.values()], [astuple(each) for each in states.cards.values()]]
    return zlib.compress(json.encode(content))


def unpacked(content: bytes) -> States:
    """Return the states in an item of the feed."""
    tickets, cards = json.decode(zlib.decompress(content))
    found = States()
    for values in tickets:
        ticket = GateTicket(*values)
        found.tickets[ticket.ticket_id] = ticket
    for uid, status, secure, counter, opens in cards:
        found.cards[uid] = GateCard(uid, status, secure, counter, tuple(opens))
    return found
