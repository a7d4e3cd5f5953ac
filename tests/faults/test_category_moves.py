"""Moves of tickets to another category by 32 members of staff at once: no seat twice, and stock and totals agree."""

import pytest

from chalicelib.domain.events import categories, stock
from chalicelib.domain.events.categories import CategoryDraft
from chalicelib.domain.sale import sales_totals, ticket_changes
from chalicelib.domain.sale.ticket_changes import TicketChange
from chalicelib.domain.tickets import staff_tickets
from chalicelib.domain.tickets.staff_tickets import StaffTicket
from chalicelib.errors import Conflict, SoldOut, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from tests.faults.test_claims import at_once
from tests.support import purchases
from tests.support.factories import make_customer
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_category_moves"), pytest.mark.timeout(900)]
TICKETS, SEATS = 8, 5


def test_of_many_moves_at_once_no_more_are_done_than_there_are_seats() -> None:
    stream = StreamReader()
    event, floor = purchases.make_show()
    gallery = categories.add(event.event_id, CategoryDraft(name="Gallery", price=int(floor.price), capacity=SEATS))
    held = []
    for _ in range(TICKETS // 2):
        order = purchases.book(make_customer(), floor, 2)
        purchases.pay(order)
        held += [str(line["ticket_id"]) for line in order.tickets]
    while stream.drain():
        pass

    def act(number: int) -> StaffTicket:
        wanted = TicketChange(reason="A better seat.", version=1, category_id=gallery.category_id)
        return ticket_changes.change(held[number % TICKETS], wanted, operation_id=new_id("op"))

    answers = at_once(act)
    done = [answer for answer in answers if isinstance(answer, StaffTicket)]
    refused = {type(answer) for answer in answers} - {StaffTicket}
    assert refused <= {Conflict, SoldOut, Unavailable}
    moved = [one for one in held if staff_tickets.get(one).category_id == gallery.category_id]
    assert 0 < len(moved) == len(done) <= SEATS
    counted = stock.counts(event.event_id, [floor, gallery], consistent=True)
    figures = {floor.category_id: TICKETS - len(moved), gallery.category_id: len(moved)}
    for category_id, sold in figures.items():
        one = counted[category_id]
        totals = operations.get(keys.sale.sales_totals(event.event_id, sales_totals.CATEGORY, category_id))
        assert totals is not None
        assert (one.sold, one.free) == (sold, one.capacity - sold)
        assert (totals.tickets, totals.revenue) == (sold, sold * floor.price)
