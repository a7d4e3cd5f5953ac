"""The state table: ticket state, event state and deed. Each cell is tried through its door, and what is stored is read.

A cell is `.` where the deed is done, else the refusal: I for INVALID_STATE, C for CONFLICT, N for NOT_FOUND. `-` says
that the door does not exist for a ticket in this state. A new state or deed has no cell, so the first test fails.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.events import categories, deeds, stock
from chalicelib.domain.events.categories import CategoryDraft
from chalicelib.domain.events.deeds import Deed, EventState, TicketState
from chalicelib.domain.payments import refunds
from chalicelib.domain.tickets import gifts, staff_tickets, tickets
from chalicelib.errors import Refusal
from chalicelib.table.items import Account, Category, Order, Ticket
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.portals.webapp.evening import Evening, ask, make_evening, raw_ticket
from tests.support import event_states, fault_days, purchases, wallets
from tests.support.client import call
from tests.support.factories import admin_token, make_customer, unused_number
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")

CODES = {".": None, "I": "INVALID_STATE", "C": "CONFLICT", "N": "NOT_FOUND"}
TICKETS = tuple(TicketState)
# A column for each of these: reserved and valid; gifted and returning; used; then cancelled, refunded or transferred.
BY_TICKET = {
    Deed.SHOW_CODE: "I....III",
    Deed.BIND: "I....III",
    Deed.TRANSFER: "I.CCIIII",
    Deed.GIFT: "I..CIIII",
    Deed.TAKE_BACK: "IC.CIIII",
    Deed.CLAIM: "--.-----",
    Deed.ASK_REFUND: "I.CCIIII",
    Deed.REFUND: "---.----",
    Deed.WITHDRAW: "---.----",
    Deed.RECATEGORIZE: "I.CCIIII",
}
# These depend on the order instead.
OF_SALE = (Deed.BOOK, Deed.CHECK_OUT, Deed.SETTLE)
EVENTS = (*EventStatus, "past", "moved")
# A column for each status from draft to archived; then over by the clock; then moved after the booking.
BY_EVENT = {
    Deed.BOOK: "N..IIII.",
    Deed.CHECK_OUT: "I..IIII.",
    Deed.SETTLE: "I..IIII.",
    Deed.SHOW_CODE: "...IIII.",
    Deed.BIND: "...IIII.",
    Deed.TRANSFER: "I..IIII.",
    Deed.GIFT: "I..IIII.",
    Deed.TAKE_BACK: "........",
    Deed.CLAIM: "I..IIII.",
    Deed.ASK_REFUND: "...I.II.",
    Deed.REFUND: "........",
    Deed.WITHDRAW: "IIII.III",
    Deed.RECATEGORIZE: "...IIII.",
}
AT_GATE = {
    TicketState.RESERVED: ("invalid", "not_paid"),
    TicketState.CANCELLED: ("invalid", "cancelled"),
    TicketState.REFUNDED: ("invalid", "refunded"),
    TicketState.TRANSFERRED: ("invalid", "transferred"),
}
SHUT = {
    "draft": "not_yet_open",
    "moved": "not_yet_open",
    "ended": "closed",
    "cancelled": "closed",
    "archived": "closed",
    "past": "closed",
}


def cell(deed: Deed, event: str, ticket: TicketState) -> str:
    """Return what a door says: as the rule, but a reservation ends before its event, and then it has no owner."""
    if (event, ticket) == ("past", TicketState.RESERVED) and deed not in (Deed.BIND, Deed.RECATEGORIZE):
        return "N" if BY_TICKET[deed][0] != "-" else "-"
    return ruled(deed, event, ticket)


def ruled(deed: Deed, event: str, ticket: TicketState) -> str:
    """Return what the table says; the ticket's refusal comes first."""
    of_ticket = BY_TICKET[deed][TICKETS.index(ticket)]
    return of_ticket if of_ticket != "." else BY_EVENT[deed][EVENTS.index(event)]


@contextmanager
def happening(evening: Evening, name: str) -> Iterator[None]:
    """Bring an event into a state of the table."""
    event = evening.event
    if name == "past":
        with clock.set_to(event.ends_at + timedelta(minutes=1)):
            yield
        return
    if name == "moved":
        hour = timedelta(hours=1)
        event_states.change(event.event_id, starts_at=event.starts_at + hour, ends_at=event.ends_at + hour)
    else:
        event_states.put_into(event.event_id, EventStatus(name))
    yield


@dataclass
class Holding:
    """A customer's tickets in one state, and those who deal with them."""

    evening: Evening
    state: TicketState
    owner: Account = field(default_factory=make_customer)
    taker: Account = field(default_factory=lambda: make_customer(name="Bilal Ahmed"))
    order: Order = field(init=False)
    numbers: dict[str, str] = field(default_factory=dict)
    heirs: dict[str, Account] = field(default_factory=dict)

    def prepare(self, count: int) -> list[Ticket]:
        """Book tickets, and bring each into the state."""
        self.order = purchases.book(self.owner, self.evening.category, count)
        if self.state is not TicketState.RESERVED:
            purchases.pay(self.order)
        made = [str(line["ticket_id"]) for line in self.order.tickets]
        # A ticket moves to another category once its sale is in the totals.
        StreamReader().drain()
        for ticket_id in made:
            self._bring(ticket_id)
        return [tickets.get(ticket_id) for ticket_id in made]

    def _bring(self, ticket_id: str) -> None:
        self.numbers[ticket_id] = unused_number("7")
        match self.state:
            case TicketState.GIFTED:
                assert self.gift(ticket_id, self.numbers[ticket_id]) is None
            case TicketState.RETURNING:
                assert self.ask_refund(ticket_id) is None
            case TicketState.USED:
                assert self.evening.scan(ticket_id=ticket_id)[0] == "valid"
            case TicketState.CANCELLED | TicketState.REFUNDED | TicketState.TRANSFERRED:
                tickets.set_status(ticket_id, TicketStatus(self.state))

    def gift(self, ticket_id: str, number: str) -> str | None:
        return ask(self.owner, "POST", f"{ticket_id}/gift/", {"mobile_number": number}).code

    def ask_refund(self, ticket_id: str) -> str | None:
        return ask(self.owner, "POST", f"{ticket_id}/refund-request/", {"reason": "Ill."}).code

    def do(self, deed: Deed, ticket: Ticket) -> str | None:
        """Do a deed, and return the code of its refusal; assert what is stored where it was done."""
        doors: dict[Deed, Callable[[Ticket], str | None]] = {
            Deed.SHOW_CODE: self._show_code,
            Deed.BIND: self._bind,
            Deed.TRANSFER: self._transfer,
            Deed.GIFT: self._gift,
            Deed.TAKE_BACK: lambda one: self.gift(one.ticket_id, str(self.owner.mobile_number)),
            Deed.CLAIM: self._claim,
            Deed.ASK_REFUND: lambda one: self.ask_refund(one.ticket_id),
            Deed.REFUND: self._refund,
            Deed.WITHDRAW: lambda one: self._refund(one, Deed.WITHDRAW),
            Deed.RECATEGORIZE: self._recategorize,
        }
        assert set(doors) == set(BY_TICKET)
        return doors[deed](ticket)

    def _show_code(self, ticket: Ticket) -> str | None:
        answer = ask(self.owner, "GET", f"{ticket.ticket_id}/qr-code/")
        assert answer.status in (404, 409) or answer.json["payload"] == tickets.code(ticket)
        return answer.code

    def _bind(self, ticket: Ticket) -> str | None:
        card = wallets.make_card(self.owner)
        bindings.bind_unbound(self.owner.account_id, card.uid)
        found = cards.find(card.uid)
        assert found is not None
        return None if ticket.ticket_id in found.tickets.get(ticket.event_id, []) else "INVALID_STATE"

    def _transfer(self, ticket: Ticket) -> str | None:
        body = {"mobile_number": self.taker.mobile_number}
        return ask(self.owner, "POST", f"{ticket.ticket_id}/transfer/", body).code

    def _gift(self, ticket: Ticket) -> str | None:
        return self.gift(ticket.ticket_id, unused_number("8"))

    def _claim(self, ticket: Ticket) -> str | None:
        number = self.numbers[ticket.ticket_id]
        if number not in self.heirs:
            self.heirs[number] = make_customer(mobile_number=number)
        return None if gifts.claim_all(self.heirs[number]) else "INVALID_STATE"

    def _refund(self, ticket: Ticket, deed: Deed = Deed.REFUND) -> str | None:
        try:
            refunds.approve(ticket.ticket_id, ticket.pledge, by="adm_1", deed=deed)
        except Refusal as refused:
            return refused.code
        return None

    def _recategorize(self, ticket: Ticket) -> str | None:
        draft = CategoryDraft(name="Gallery", price=int(self.evening.category.price), capacity=5)
        other = categories.add(ticket.event_id, draft).category_id
        body = {"category_id": other, "version": staff_tickets.version_of(ticket), "reason": "A better seat."}
        answer = call("PUT", f"/api/tickets/{ticket.ticket_id}/", body, token=admin_token())
        assert (answer.status == 200) == (tickets.get(ticket.ticket_id).category_id == other)
        return answer.code


# What a ticket is after a deed was done.
AFTER = {
    Deed.TRANSFER: TicketState.VALID,
    Deed.GIFT: TicketState.GIFTED,
    Deed.TAKE_BACK: TicketState.VALID,
    Deed.CLAIM: TicketState.VALID,
    Deed.ASK_REFUND: TicketState.RETURNING,
    Deed.REFUND: TicketState.REFUNDED,
    Deed.WITHDRAW: TicketState.REFUNDED,
    Deed.RECATEGORIZE: TicketState.VALID,
}
MOVES = (Deed.TRANSFER, Deed.CLAIM)


def assert_stock_is_true(category: Category) -> None:
    """Assert that each seat is counted once: free, reserved by an open order, or sold and not returned."""
    counted = stock.counts(category.event_id, [category], consistent=True)[category.category_id]
    assert counted.free + counted.reserved + counted.sold == counted.capacity == category.capacity


def test_the_table_has_a_cell_for_each_state_and_deed_and_the_rule_agrees() -> None:
    assert set(BY_EVENT) == set(Deed) == {*BY_TICKET, *OF_SALE}
    assert {len(row) for row in BY_TICKET.values()} == {len(TICKETS)}
    assert {len(row) for row in BY_EVENT.values()} == {len(EVENTS)}
    states = {"draft": EventState.DRAFT, "cancelled": EventState.CANCELLED, "moved": EventState.MOVED}
    states |= dict.fromkeys(("published", "live"), EventState.AHEAD)
    for deed in BY_TICKET:
        for event in EVENTS:
            for ticket in TICKETS:
                refused = deeds.objection(deed, states.get(event, EventState.OVER), ticket)
                said = ruled(deed, event, ticket)
                assert (refused is None) == (said == ".") or said == "-"
                assert refused is None or said == "-" or refused.error.code == CODES[said], (deed, event, ticket)


CELLS = [(event, state) for event in EVENTS for state in TICKETS]


@pytest.mark.parametrize(("event", "state"), fault_days.part(CELLS, 0, of=13))
def test_a_ticket_does_what_its_state_and_its_events_state_allow(event: str, state: TicketState) -> None:
    evening = make_evening()
    holding = Holding(evening, state)
    tried = [deed for deed in BY_TICKET if cell(deed, event, state) != "-"]
    done = [deed for deed in tried if cell(deed, event, state) == "." and deed in AFTER]
    # A claim that is refused may end the gift.
    apart = list(dict.fromkeys([*done, *({Deed.CLAIM} & set(tried))]))
    fresh = holding.prepare(len(apart) + 1)
    with happening(evening, event):
        for deed in tried:
            said = cell(deed, event, state)
            ticket = fresh[1 + apart.index(deed)] if deed in apart else fresh[0]
            before = raw_ticket(ticket.ticket_id)
            assert (deed, holding.do(deed, ticket)) == (deed, CODES[said])
            after = tickets.get(ticket.ticket_id)
            if deed in done:
                assert (deed, deeds.state_of_ticket(after)) == (deed, AFTER[deed])
                assert (after.customer_id != holding.owner.account_id) == (deed in MOVES)
            elif deed is not Deed.BIND and deed not in apart:
                assert raw_ticket(ticket.ticket_id) == before
            assert_stock_is_true(evening.category)
        opened = ("already_scanned", None) if state is TicketState.USED else ("valid", None)
        at_gate = ("invalid", SHUT[event]) if event in SHUT else opened
        assert evening.scan(ticket_id=fresh[0].ticket_id) == AT_GATE.get(state, at_gate)


def test_a_gift_of_an_event_that_is_over_or_cancelled_goes_back_to_its_giver() -> None:
    for event in ("past", "cancelled"):
        evening = make_evening()
        holding = Holding(evening, TicketState.GIFTED)
        (ticket,) = holding.prepare(1)
        with happening(evening, event):
            assert holding.do(Deed.CLAIM, ticket) == "INVALID_STATE"
            after = tickets.get(ticket.ticket_id)
            assert (after.customer_id, deeds.state_of_ticket(after)) == (holding.owner.account_id, TicketState.VALID)
            assert holding.ask_refund(ticket.ticket_id) == (None if event == "cancelled" else "INVALID_STATE")


def test_a_gift_of_a_withdrawn_event_waits_until_it_is_published_again() -> None:
    evening = make_evening()
    holding = Holding(evening, TicketState.GIFTED)
    (ticket,) = holding.prepare(1)
    event_states.put_into(ticket.event_id, EventStatus.DRAFT)
    assert holding.do(Deed.CLAIM, ticket) == "INVALID_STATE"
    assert deeds.state_of_ticket(tickets.get(ticket.ticket_id)) is TicketState.GIFTED
    event_states.put_into(ticket.event_id, EventStatus.LIVE)
    assert holding.do(Deed.CLAIM, ticket) is None
