"""The card that opens each ticket of an order: the customer's, or the one that a dependent carries.

An order names the customer's card. The line of a dependent's ticket names the dependent's own card as `card_id`, unless
the booking named a card for all tickets.
"""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.domain.cards import bindings
from chalicelib.domain.sale.order_tickets import Line, own_uid
from chalicelib.errors import Conflict, InvalidState, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Dependent, Order
from chalicelib.table.operations import Write
from chalicelib.vocabulary.cards import CardStatus

# Cards by the id of the ticket that each opens.
Opening = dict[str, Card]


def usual(customer_id: str, uid: str | None, event_id: str, count: int) -> Card | None:
    """Return the requested card, which must have room for all tickets, or the card of a customer who requests none.

    Raises NotFound, InvalidState (not active), Conflict (too little room).
    """
    if uid is None:
        return bindings.usual(customer_id)
    card = operations.get(keys.cards.card(uid))
    if card is None or card.customer_id != customer_id:
        raise NotFound("You have no such card.")
    if card.status != CardStatus.ACTIVE:
        raise InvalidState(f"This card is {card.status}; only an active card opens tickets.")
    free = bindings.room(card.tickets, event_id)
    if free < count:
        raise Conflict(f"This card can open {free} more tickets of this event, not {count}.")
    return card


def carried(customer_id: str, dependents: Iterable[Dependent]) -> dict[str, Card]:
    """Return the active cards that a customer's dependents carry, by the dependent's id."""
    carrying = {one.dependent_id: keys.cards.card(one.card_uid) for one in dependents if one.card_uid}
    found = operations.get_many(carrying.values())
    return {
        dependent_id: card
        for dependent_id, place in carrying.items()
        if (card := found.get(place)) and card.status == CardStatus.ACTIVE and card.customer_id == customer_id
    }


def booked(event_id: str, lines: Sequence[Line], card: Card | None, of_dependents: Mapping[str, Card]) -> list[Line]:
    """Return the lines of a booking with their cards, and whether each card has room for the ticket."""
    cards = {line["ticket_id"]: of_dependents.get(line["dependent_id"] or "", card) for line in lines}
    on_card = _fitting(event_id, lines, cards)
    named = {id_: {"card_id": own.card_id} for id_, own in cards.items() if own is not None and own is not card}
    return [{**line, **named.get(line["ticket_id"], {}), "on_card": line["ticket_id"] in on_card} for line in lines]


def opening(order: Order) -> Opening:
    """Return the usable cards for an order's tickets, as far as they have room.

    A card that was replaced since the booking gives way to its heir, and a dependent's that is not usable to the
    customer's.
    """
    uids = {order.card_uid, *map(own_uid, order.tickets)}
    usable = {uid: bindings.usable(uid, order.customer_id) for uid in uids}
    cards = {line["ticket_id"]: usable[own_uid(line)] or usable[order.card_uid] for line in order.tickets}
    return _fitting(order.event_id, order.tickets, cards)


def adding(event_id: str, opened: Opening) -> list[Write]:
    """Return the writes that add tickets to their cards, which must be active and unchanged."""
    writes: list[Write] = []
    for uid, card in {card.uid: card for card in opened.values()}.items():
        writes += bindings.adding(card, event_id, [id_ for id_, its in opened.items() if its.uid == uid])
    return writes


def _fitting(event_id: str, lines: Sequence[Line], cards: Mapping[str, Card | None]) -> Opening:
    """Return the cards by the tickets for which they have room."""
    fitting: Opening = {}
    for uid, card in {card.uid: card for card in cards.values() if card is not None}.items():
        its = [line for line in lines if (of := cards[line["ticket_id"]]) is not None and of.uid == uid]
        fitting |= dict.fromkeys(bindings.fitting(card, event_id, its), card)
    return fitting
