"""Which card opens a ticket that changes hands: no longer the giver's, from now on the taker's."""

from chalicelib.domain.cards.cards import MAX_TICKETS_PER_EVENT
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Ticket
from chalicelib.table.operations import Write
from chalicelib.vocabulary import CardStatus

# A person carries one card, and has lost or replaced a few.
_CARDS_LOOKED_AT = 25

Opens = dict[str, list[str]]


def rebinding(ticket: Ticket, *, to: str) -> tuple[str | None, list[Write]]:
    """Return the UID of the card that will open a ticket once it is the customer's `to`, and the writes for it.

    The giver's cards let go of it. The taker's newest active card takes it, where it has room at the event. Each
    write holds only while its card opens what it opened when it was read.
    """
    found = _cards(ticket, to=to)
    letting_go = [card for card in found if ticket.ticket_id in card.tickets.get(ticket.event_id, [])]
    writes = [_opening(card, _without(card.tickets, ticket)) for card in letting_go]
    for card in found:
        if card.customer_id == to and card.status == CardStatus.ACTIVE and _has_room(card, ticket):
            writes.append(_opening(card, _with(card.tickets, ticket), still_of=to))
            return card.uid, writes
    return None, writes


def releasing(ticket: Ticket) -> list[Write]:
    """Return the writes by which the cards of a ticket's owner open it no more."""
    found = _cards(ticket, to=ticket.customer_id)
    letting_go = [card for card in found if ticket.ticket_id in card.tickets.get(ticket.event_id, [])]
    return [_opening(card, _without(card.tickets, ticket)) for card in letting_go]


def _cards(ticket: Ticket, *, to: str) -> list[Card]:
    """Return the cards in question as they stand: the ticket's own, the giver's and the taker's, newest first."""
    places = [keys.card(ticket.card_uid)] if ticket.card_uid else []
    for owner in {to, ticket.customer_id}:
        shelf = keys.customer_cards(owner).pk
        raws = operations.query(shelf, index="gsi1", newest_first=True, limit=_CARDS_LOOKED_AT)
        places += operations.keys_of(raws)
    found = operations.get_many(Card, places)
    return sorted(found.values(), key=lambda card: card.card_id, reverse=True)


def _has_room(card: Card, ticket: Ticket) -> bool:
    opened = card.tickets.get(ticket.event_id, [])
    return ticket.ticket_id not in opened and len(opened) < MAX_TICKETS_PER_EVENT


def _without(opens: Opens, ticket: Ticket) -> Opens:
    rest = [ticket_id for ticket_id in opens[ticket.event_id] if ticket_id != ticket.ticket_id]
    others = {event_id: ids for event_id, ids in opens.items() if event_id != ticket.event_id}
    return {**others, ticket.event_id: rest} if rest else others


def _with(opens: Opens, ticket: Ticket) -> Opens:
    return {**opens, ticket.event_id: [*opens.get(ticket.event_id, []), ticket.ticket_id]}


def _opening(card: Card, opens: Opens, *, still_of: str | None = None) -> Write:
    unchanged = Card.tickets == dict(card.tickets)
    if still_of is not None:
        unchanged = unchanged & (Card.customer_id == still_of) & (Card.status == CardStatus.ACTIVE.value)
    return operations.change(Card, keys.card(card.uid), [Card.tickets.set(opens)], unchanged)
