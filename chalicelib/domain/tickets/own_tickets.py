"""A customer's tickets: a list, newest first, each with its event, category and card.

The list's index carries keys only. Tickets, and then their events, categories and cards, take two batch reads a page.
"""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import paging
from chalicelib.domain.lists.tickets import shown_status
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.domain.tickets import transfers
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Category, Event, Item, Ticket
from chalicelib.table.places import Place
from chalicelib.vocabulary.tickets import TicketShown

# For filters that no key supports.
_FILTERED = ReadBudget(first=100)


class OwnTicketFilters(Struct, frozen=True):
    """Filters of the list; `upcoming` selects events that have not ended."""

    status: TicketShown | None = None
    upcoming: bool | None = None
    event_id: str | None = None

    @property
    def take_all(self) -> bool:
        """Whether every ticket passes."""
        return self == OwnTicketFilters()


class OwnTicket(Struct, frozen=True):
    """A ticket with its event; `category` and `card_id` are None without a category or card."""

    ticket: Ticket
    event: Event
    category: Category | None
    card_id: str | None

    @property
    def status(self) -> TicketShown:
        """The ticket's status as its customer sees it."""
        return shown_status(self.ticket)

    @property
    def price(self) -> Money:
        """The price paid; zero for a ticket without a price."""
        return Money(int(self.ticket.price or 0), self.ticket.currency or config().currency)


def get(customer_id: str, ticket_id: str) -> OwnTicket:
    """Return a customer's ticket. Raises NotFound, also for another customer's ticket."""
    return _with_surroundings([transfers.own(customer_id, ticket_id)])[0]


def of_ids(customer_id: str, ticket_ids: Sequence[str]) -> list[OwnTicket]:
    """Return those of these tickets that are a customer's, in this order."""
    places = [keys.tickets.ticket(ticket_id) for ticket_id in ticket_ids]
    found = operations.get_many(places)
    mine = [found[place] for place in places if place in found and transfers.is_of(found[place], customer_id)]
    return _with_surroundings(mine)


def page(customer_id: str, filters: OwnTicketFilters, *, page_size: int, cursor: str | None) -> Page[OwnTicket]:
    """Return a page of a customer's tickets, newest first.

    A filtered request reads a bounded number of tickets. Its page may then be shorter than `page_size`, and `next`
    continues after it. Raises InvalidCursor.
    """

    def load(places: Sequence[Place[Ticket]]) -> list[OwnTicket | None]:
        fitting = {keys.tickets.ticket(one.ticket.ticket_id): one for one in _fitting(customer_id, filters, places)}
        return [fitting.get(place) for place in places]

    return paging.walk(
        PageRequest(f"tickets/{customer_id}/{filters}", page_size, cursor),
        paging.rows_of(Ticket, keys.tickets.customer_tickets(customer_id).pk, index="gsi2"),
        load,
        budget=ReadBudget() if filters.take_all else _FILTERED,
    )


def _fitting(customer_id: str, filters: OwnTicketFilters, places: Sequence[Place[Ticket]]) -> list[OwnTicket]:
    # Consistent reads: a ticket given away or bought a moment ago must be current.
    found = operations.get_many(places).values()
    mine = [
        ticket
        for ticket in found
        # The index may lag and still list a transferred ticket or an expired reservation.
        if transfers.is_of(ticket, customer_id)
        and (filters.status is None or shown_status(ticket) is filters.status)
        and (filters.event_id is None or ticket.event_id == filters.event_id)
    ]
    shown = _with_surroundings(mine)
    if filters.upcoming is None:
        return shown
    return [one for one in shown if (one.event.ends_at > clock.now()) is filters.upcoming]


def _with_surroundings(mine: Sequence[Ticket]) -> list[OwnTicket]:
    return [shown for shown in around(mine) if shown is not None]


def around(mine: Sequence[Ticket]) -> list[OwnTicket | None]:
    """Return tickets with their events, categories and cards, from one batch read; None without an event."""
    places: list[Place[Item]] = [p for ticket in mine for p in _surroundings(ticket) if p is not None]
    found = operations.get_many(places, consistent=False)
    shown: list[OwnTicket | None] = []
    for ticket in mine:
        event, category, card = (place and found.get(place) for place in _surroundings(ticket))
        if not isinstance(event, Event):
            shown.append(None)
            continue
        shown.append(
            OwnTicket(
                ticket=ticket,
                event=event,
                category=category if isinstance(category, Category) else None,
                card_id=card.card_id if isinstance(card, Card) else None,
            )
        )
    return shown


def _surroundings(ticket: Ticket) -> tuple[Place[Event], Place[Category] | None, Place[Card] | None]:
    return (
        keys.events.event(ticket.event_id),
        keys.events.category(ticket.event_id, ticket.category_id) if ticket.category_id else None,
        keys.cards.card(ticket.card_uid) if ticket.card_uid else None,
    )
