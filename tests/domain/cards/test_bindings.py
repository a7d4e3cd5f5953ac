"""Tickets without a card: each is bound to one card, also when several callers bind it at the same moment."""

import pytest

from chalicelib.domain.cards import bindings
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account, Ticket
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import wallets
from tests.support.factories import make_event
from tests.support.shops import new_customer

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def customer() -> Account:
    return new_customer()


def ticket_of(customer: Account) -> Ticket:
    holder = Holder(name="Holder", customer_id=customer.account_id)
    return tickets.issue(TicketToIssue(event_id=make_event().event_id, holder=holder, number=new_id("n")[-8:]))


def test_of_two_cards_that_would_open_the_same_tickets_only_the_first_does(customer: Account) -> None:
    ticket = ticket_of(customer)
    cards = [wallets.make_card(customer) for _ in range(2)]
    first, second = (bindings.unbound(customer.account_id, card) for card in cards)
    operations.commit(*first.writes)
    with pytest.raises(operations.ConditionFailed):
        operations.commit(*second.writes)
    assert tickets.get(ticket.ticket_id).card_uid == cards[0].uid
    assert bindings.unbound(customer.account_id, cards[1]).writes == []


def test_a_ticket_that_is_cancelled_meanwhile_is_bound_to_no_card(customer: Account) -> None:
    ticket, card = ticket_of(customer), wallets.make_card(customer)
    binding = bindings.unbound(customer.account_id, card)
    tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED)
    with pytest.raises(operations.ConditionFailed):
        operations.commit(*binding.writes)
    assert tickets.get(ticket.ticket_id).card_uid is None
