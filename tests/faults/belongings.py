"""Tickets that have an owner and a card, and their state after a transfer."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from chalicelib import clock
from chalicelib.domain.access import numbers
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.tickets import own_tickets, tickets, transfers
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.domain.tickets.transfers import Transferred
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Event, Gift, Ticket
from chalicelib.table.ranges import Begins
from tests.support.factories import make_event


def make_show() -> Event:
    """Create an event whose gates are open and whose refunds are not over."""
    now = clock.now()
    starts_at = now + timedelta(days=3)
    return make_event(starts_at=starts_at, ends_at=starts_at + timedelta(hours=3), scanning_opens_at=now)


@dataclass(frozen=True)
class Held:
    """A ticket with its owner and the card that opens it."""

    owner: Account
    ticket: Ticket
    card: Card


def hold(show: Event, owner: Account) -> Held:
    """Issue a paid ticket to a customer, on a card that holds only this ticket."""
    holder = Holder(name=owner.name, customer_id=owner.account_id)
    ticket = tickets.issue(TicketToIssue(event_id=show.event_id, holder=holder, number=uuid.uuid4().hex[:8]))
    card = own_card(owner, ticket)
    bound = [Ticket.card_uid.set(card.uid), Ticket.price.set(150_000), Ticket.currency.set("PKR")]
    raw = operations.record(operations.change(keys.tickets.ticket(ticket.ticket_id), bound, Ticket.pk.exists()))
    return Held(owner, Ticket.from_raw_data(raw), card)


def own_card(owner: Account, *opens: Ticket) -> Card:
    uid = f"04{uuid.uuid4().hex[:12]}"
    bound = {ticket.event_id: [ticket.ticket_id] for ticket in opens}
    return cards.register(CardRegistration(uid=uid, customer_id=owner.account_id, tickets=bound))


def move(held: Held, to: Account, *, operation_id: str | None = None) -> Transferred:
    return transfers.transfer(
        held.owner.account_id,
        held.ticket.ticket_id,
        mobile_number=to.mobile_number,
        message=None,
        operation_id=operation_id or new_id("op"),
    )


def shelved(customer: Account) -> list[str]:
    """Return the ids of a customer's tickets, as the list shows them."""
    page = own_tickets.page(customer.account_id, own_tickets.OwnTicketFilters(), page_size=100, cursor=None)
    return [shown.ticket.ticket_id for shown in page.results]


def opened_by(card: Card) -> list[str]:
    found = cards.find(card.uid)
    assert found is not None
    return [ticket_id for ids in found.tickets.values() for ticket_id in ids]


def gifts_of(held: Held) -> list[str]:
    raws = operations.query(keys.tickets.ticket(held.ticket.ticket_id).pk, Begins("GIFT#"), consistent=True)
    return [str(Gift.from_raw_data(raw).status) for raw in raws]


def waiting(mobile_number: str) -> int:
    return len(operations.query(keys.tickets.gift(numbers.number_mac(mobile_number)).pk, consistent=True))
