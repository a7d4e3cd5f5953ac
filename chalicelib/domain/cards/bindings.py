"""Bindings: which card opens which ticket, whether the ticket is bought, transferred or handed over.

A card stores the ids of the tickets that it opens, by event and the holder's own first. Every change is conditional on
the tickets that were read with the card, so concurrent bindings never overwrite each other.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.cards import cards
from chalicelib.domain.events import deeds
from chalicelib.domain.events.deeds import Deed
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Ticket, Visit
from chalicelib.table.operations import Write
from chalicelib.table.places import Place
from chalicelib.table.ranges import Begins, Between
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.tickets import TicketStatus

MAX_TICKETS_PER_EVENT = 11  # a holder and ten dependents (contract, dependents)
# The most tickets in one transaction, which leaves room for its other writes (AWS: 100 actions).
PER_TRANSACTION = 80
# A customer has one card in use, and a few lost or replaced ones.
_CARDS_READ = 25
# The newest tickets cover recent purchases; the upcoming events cover all others.
_NEWEST, _EVENTS = 100, 100
# Cards lost one after the other while one order was open.
_SUCCESSORS = 3
_ROUNDS = 5

# Ticket ids by event id.
Opens = dict[str, list[str]]


class Binding(Struct, frozen=True):
    """A card's new tickets, the writes on these tickets, and whether more need another transaction."""

    opens: Opens
    writes: list[Write]
    has_more: bool


def room(opens: Mapping[str, Sequence[str]], event_id: str) -> int:
    """Return how many more tickets of an event fit on a card with these tickets."""
    return max(0, MAX_TICKETS_PER_EVENT - len(opens.get(event_id, ())))


def opens_as_read(card: Card) -> Condition:
    """Return the condition that a card's tickets are unchanged since the read.

    A replaced card keeps its list, so that a late tap still finds its ticket; a change must then be made on the
    replacement. So it must not have been replaced since either.
    """
    successor = card.replaced_by
    same = Card.replaced_by == successor if successor else Card.replaced_by.does_not_exist()
    unchanged: Condition = (Card.tickets == dict(card.tickets)) & same
    return unchanged


def newest_active(customer_id: str) -> list[Card]:
    """Return the active ones among a customer's newest cards, newest first."""
    return [card for card in newest(customer_id) if card.status == CardStatus.ACTIVE]


def usual(customer_id: str) -> Card | None:
    """Return the card of a customer who names none: the newest active one, their own before a dependent's."""
    return next(iter(own_first(customer_id, newest_active(customer_id))), None)


def newest(customer_id: str, *, also: Sequence[str] = ()) -> list[Card]:
    """Return a customer's newest cards, newest first, and those with these UIDs, which the index may not list yet."""
    places = dict.fromkeys([*_newest(customer_id), *map(keys.cards.card, also)])
    mine = [card for card in operations.get_many(places).values() if card.customer_id == customer_id]
    return sorted(mine, key=lambda card: card.card_id, reverse=True)


def own_first(customer_id: str, mine: list[Card]) -> list[Card]:
    """Return a customer's cards, those that a dependent carries last; the dependents are read for several cards only.

    A ticket of the customer on a child's card would be used by the child.
    """
    if len(mine) < 2:
        return mine
    family = keys.customers.dependent(customer_id)
    carried = {raw["card_uid"]["S"] for raw in operations.query(family.pk, Begins(family.sk)) if "card_uid" in raw}
    return sorted(mine, key=lambda card: card.uid in carried)


def usable(uid: str | None, customer_id: str) -> Card | None:
    """Return a card, or the one that replaced it, if it is the customer's and active."""
    card = operations.get(keys.cards.card(uid)) if uid else None
    for _ in range(_SUCCESSORS):
        if card is None or not card.replaced_by:
            break
        card = operations.get(keys.cards.card(card.replaced_by))
    is_usable = card is not None and card.status == CardStatus.ACTIVE and card.customer_id == customer_id
    return card if is_usable else None


def fitting(card: Card | None, event_id: str, tickets: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the ids of an order's tickets that fit on a card, the holder's own before the dependents'."""
    if card is None:
        return []
    opened = card.tickets.get(event_id, [])
    own_first = sorted(tickets, key=lambda ticket: ticket["dependent_id"] is not None)
    fresh = [str(ticket["ticket_id"]) for ticket in own_first if ticket["ticket_id"] not in opened]
    return fresh[: room(card.tickets, event_id)]


def adding(card: Card | None, event_id: str, ticket_ids: Sequence[str]) -> list[Write]:
    """Return the write that adds tickets to a card; its condition requires an active and unchanged card."""
    if card is None or not ticket_ids:
        return []
    return [_opening(card, _with(card.tickets, event_id, ticket_ids), while_usable=True)]


def rebinding(ticket: Ticket, *, to: str) -> tuple[str | None, list[Write]]:
    """Return the UID of the card for a ticket after its transfer to customer `to`, and the writes for it.

    The ticket is removed from the giver's cards. It is added to the recipient's newest active card that has room, one
    of their own before a dependent's; the UID is None without such a card.
    """
    found = _cards_around(ticket, to=to)
    writes = _removing(found, ticket)
    usable = [card for card in found if card.customer_id == to and card.status == CardStatus.ACTIVE]
    for card in own_first(to, usable):
        opened = card.tickets.get(ticket.event_id, [])
        if ticket.ticket_id not in opened and room(card.tickets, ticket.event_id):
            return card.uid, [*writes, *adding(card, ticket.event_id, [ticket.ticket_id])]
    return None, writes


def releasing(ticket: Ticket) -> list[Write]:
    """Return the writes that remove a ticket from its owner's cards."""
    return _removing(_cards_around(ticket, to=ticket.customer_id), ticket)


def unbound(customer_id: str, card: Card) -> Binding:
    """Return the binding of a card to the customer's valid tickets of upcoming events that no usable card opens.

    The holder's own tickets come first. Each write requires that its ticket is the customer's, valid and bound as it
    was read: to no card, or to one that was given up. The caller sets the card's `tickets` in the same transaction, on
    the condition `opens_as_read`.
    """
    opens: Opens = {event_id: list(ticket_ids) for event_id, ticket_ids in card.tickets.items()}
    chosen: list[Ticket] = []
    for ticket in _unbound_tickets(customer_id):
        opened = opens.get(ticket.event_id, [])
        if ticket.ticket_id in opened or room(opens, ticket.event_id):
            if len(chosen) == PER_TRANSACTION:
                return Binding(opens, [_onto(ticket, card, customer_id) for ticket in chosen], has_more=True)
            opens[ticket.event_id] = [*(name for name in opened if name != ticket.ticket_id), ticket.ticket_id]
            chosen.append(ticket)
    return Binding(opens, [_onto(ticket, card, customer_id) for ticket in chosen], has_more=False)


def bind_unbound(customer_id: str, uid: str) -> bool:
    """Bind a customer's unbound tickets to their card; return whether some may be left.

    One call does a bounded number of transactions. It stops once the card is not the customer's active card.
    """
    for _ in range(_ROUNDS):
        card = usable(uid, customer_id)
        if card is None:
            return False
        binding = unbound(customer_id, card)
        if not binding.writes:
            return False
        as_read = cards.as_read(card) & opens_as_read(card)
        opened = operations.change(keys.cards.card(card.uid), [Card.tickets.set(binding.opens)], as_read)
        try:
            operations.commit(opened, *binding.writes)
        except operations.ConditionFailed:
            continue  # the card or a ticket changed after the read
        if not binding.has_more:
            return False
    return True


def repoint(card: Card) -> None:
    """Let the tickets that a replaced card opened name its replacement; idempotent.

    The replacement opens them from its own transaction on: this only keeps the tickets' own note of their card.
    """
    successor = Ticket.card_uid.set(card.replaced_by)
    for ticket_id in dict.fromkeys(ticket_id for ids in card.tickets.values() for ticket_id in ids):
        write = operations.change(keys.tickets.ticket(ticket_id), [successor], Ticket.card_uid == card.uid)
        with suppress(operations.ConditionFailed):  # another card opens it now
            operations.record(write)


def _opening(
    card: Card, opens: Opens, *, while_usable: bool = False, released: dict[str, dict[str, str]] | None = None
) -> Write:
    """Return the write that sets a card's tickets; its condition requires the tickets that were read."""
    condition = opens_as_read(card)
    if while_usable:
        condition &= (Card.status == CardStatus.ACTIVE) & (Card.customer_id == card.customer_id)
    actions: list[Action] = [Card.tickets.set(opens)]
    if released is not None:
        actions.append(Card.released.set(released))
    return operations.change(keys.cards.card(card.uid), actions, condition)


def _with(opens: Opens, event_id: str, ticket_ids: Sequence[str]) -> Opens:
    return {**opens, event_id: [*opens.get(event_id, []), *ticket_ids]}


def _removing(found: Sequence[Card], ticket: Ticket) -> list[Write]:
    """Return the writes that remove a ticket from the cards that open it."""
    opening = [card for card in found if ticket.ticket_id in card.tickets.get(ticket.event_id, [])]
    return [_opening(card, _without(card.tickets, ticket), released=_released(card, ticket)) for card in opening]


def _released(card: Card, ticket: Ticket) -> dict[str, dict[str, str]]:
    """Return what a card opened before, with a ticket that it opens no longer, and the newest others of its event."""
    known: dict[str, dict[str, str]] = dict(card.released or {})
    of_event = {**known.get(ticket.event_id, {}), ticket.ticket_id: clock.to_text(clock.now())}
    newest = sorted(of_event.items(), key=lambda released: released[1])[-MAX_TICKETS_PER_EVENT:]
    return {**known, ticket.event_id: dict(newest)}


def opened_at(card: Card, event_id: str, at: datetime) -> tuple[str, ...]:
    """Return the tickets of an event that a card opened at a moment: those of now, and those it opened until later."""
    now = [str(ticket_id) for ticket_id in card.tickets.get(event_id, ())]
    return tuple(dict.fromkeys([*released_after(card, event_id, at), *now]))


def released_last(card: Card, event_id: str, at: datetime) -> str | None:
    """Return the ticket of an event that a card opened last before a moment, of those that it opened no longer then."""
    then = (card.released or {}).get(event_id, {})
    gone = {ticket_id: until for ticket_id, until in then.items() if until <= clock.to_text(at)}
    return max(gone, key=lambda ticket_id: gone[ticket_id], default=None)


def released_after(card: Card, event_id: str, at: datetime) -> list[str]:
    """Return the tickets of an event that a card opened at a moment, and opened no longer later."""
    then = (card.released or {}).get(event_id, {})
    return [ticket_id for ticket_id, until in then.items() if clock.to_text(at) < until]


def _without(opens: Opens, ticket: Ticket) -> Opens:
    rest = [ticket_id for ticket_id in opens[ticket.event_id] if ticket_id != ticket.ticket_id]
    others = {event_id: ids for event_id, ids in opens.items() if event_id != ticket.event_id}
    return {**others, ticket.event_id: rest} if rest else others


def _cards_around(ticket: Ticket, *, to: str) -> list[Card]:
    """Return the cards that a transfer may change, newest first: the ticket's, the giver's and the recipient's."""
    places = [keys.cards.card(ticket.card_uid)] if ticket.card_uid else []
    # A ticket that was issued without a customer has no giver.
    for owner in {to, ticket.customer_id} - {None}:
        places += _newest(owner)
    found = operations.get_many(places)
    # The index may not list a replacement yet, and the ticket may still name the card before it.
    while missing := [place for card in found.values() if (place := _successor(card)) and place not in found]:
        newer = operations.get_many(missing)
        if not newer:
            break
        found |= newer
    return sorted(found.values(), key=lambda card: card.card_id, reverse=True)


def _successor(card: Card) -> Place[Card] | None:
    return keys.cards.card(card.replaced_by) if card.replaced_by else None


def _newest(customer_id: str) -> list[Place[Card]]:
    """Return the keys of a customer's newest cards; the index may lag, so check the owner on the card itself."""
    partition = keys.cards.customer_cards(customer_id).pk
    return operations.places_of(Card, operations.query(partition, index="gsi1", newest_first=True, limit=_CARDS_READ))


def _onto(ticket: Ticket, card: Card, customer_id: str) -> Write:
    as_bound = Ticket.card_uid == ticket.card_uid if ticket.card_uid else Ticket.card_uid.does_not_exist()
    still_free = (Ticket.customer_id == customer_id) & (Ticket.status == TicketStatus.VALID) & as_bound
    return operations.change(keys.tickets.ticket(ticket.ticket_id), [Ticket.card_uid.set(card.uid)], still_free)


def _unbound_tickets(customer_id: str) -> list[Ticket]:
    places = {keys.tickets.ticket(ticket_id): None for ticket_id in _ticket_ids(customer_id)}
    found = operations.get_many(places).values()
    mine = [t for t in found if t.customer_id == customer_id and t.status == TicketStatus.VALID]
    bound_to = operations.get_many({keys.cards.card(t.card_uid): None for t in mine if t.card_uid})
    # What a replaced card opened is on its replacement already.
    given_up = {card.uid for card in bound_to.values() if cards.is_given_up(card) and not card.replaced_by}
    free = [t for t in mine if not t.card_uid or t.card_uid in given_up]
    events = operations.get_many({keys.events.event(t.event_id): None for t in free}, consistent=False)
    upcoming = [
        ticket
        for ticket in free
        if (event := events.get(keys.events.event(ticket.event_id))) is not None
        and deeds.found(Deed.BIND, event, ticket) is None
    ]
    return sorted(upcoming, key=lambda ticket: (ticket.dependent_id is not None, ticket.ticket_id))


def _ticket_ids(customer_id: str) -> list[str]:
    """Return the ids of a customer's newest tickets, and of their tickets to events that are not over."""
    partition = keys.tickets.customer_tickets(customer_id).pk
    newest = operations.query(partition, index="gsi2", newest_first=True, limit=_NEWEST)
    ids = [raw["gsi2sk"]["S"] for raw in newest]
    # "~" sorts after every id.
    after_now = Between(clock.to_text(clock.now()) + "~", "~")
    ahead = operations.query(keys.customers.ahead(customer_id).pk, after_now, index="gsi1", limit=_EVENTS)
    visits: Sequence[Visit] = list(operations.get_many(operations.places_of(Visit, ahead)).values())
    return ids + [ticket_id for visit in visits for ticket_id in sorted(visit.tickets or ())]
