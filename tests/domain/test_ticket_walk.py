"""A random walk through all deeds and states: the rules of scans, money, stock and orders hold after each step.

I1: a ticket is admitted once. I3: the books sum to zero, and no more is given back than was paid. I4: each seat is
counted once. I5: an order is paid by exactly one payment of its amount.
"""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from moto import mock_aws

from chalicelib import clock
from chalicelib.domain.cards import balances
from chalicelib.domain.events import categories, events, stock
from chalicelib.domain.gate import checkin
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.payments import payments, reconciliation, refunds
from chalicelib.domain.payments.charges import PaymentTerms
from chalicelib.domain.sale import orders
from chalicelib.domain.tickets import gifts, refund_requests, tickets, transfers
from chalicelib.domain.tickets.gifts import GiftInput
from chalicelib.errors import Refusal
from chalicelib.identifiers import new_id
from chalicelib.table.items import Account, Card, Category, Event, Order, Payment, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentMethod, PaymentStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import card_states, cloud, event_states, fault_days, payers, purchases, wallets
from tests.support.caches import forget_answers
from tests.support.factories import make_customer, scan_id, unused_number
from tests.support.sizes import size_of

EXAMPLES = size_of("WALK_EXAMPLES", small=2, full=12)
STEPS = size_of("WALK_STEPS", small=14, full=30)
PLACES = st.integers(0, 50)
PEOPLE = st.integers(0, 1)


class Walk(RuleBasedStateMachine):
    """Two customers and one event with a free and a dear category."""

    @initialize()
    def begin(self) -> None:
        self.now = clock.now()
        self.event, dear = purchases.make_show(gates_are_open=True)
        free = categories.CategoryDraft(name="Free", price=0, capacity=5, per_order_limit=20)
        self.sold: list[Category] = [dear, categories.add(self.event.event_id, free)]
        self.people: list[Account] = [make_customer(), make_customer(name="Bilal Ahmed")]
        self.cards: list[Card] = [wallets.make_card(one, holds=400_000) for one in self.people]
        self.orders: list[str] = []
        self.payments: list[str] = []
        self.asked: list[tuple[str, str]] = []
        self.admitted: Counter[str] = Counter()

    def try_(self, act: Callable[[], Any]) -> Any:
        """Do a deed that may be refused, at the walk's time."""
        with clock.set_to(self.now):
            try:
                return act()
            except Refusal:
                return None

    def ticket_ids(self) -> list[str]:
        made = (orders.get(order_id) for order_id in self.orders)
        return [line["ticket_id"] for order in made if order.status == OrderStatus.PAID for line in order.tickets]

    def one_ticket(self, place: int) -> str:
        found = self.ticket_ids()
        return found[place % len(found)]

    @rule(who=PEOPLE, which=st.integers(0, 1), count=st.integers(1, 2))
    def book(self, who: int, which: int, count: int) -> None:
        order = self.try_(lambda: purchases.book(self.people[who], self.sold[which], count))
        self.orders += [order.order_id] if order else []

    @precondition(lambda self: self.orders)
    @rule(place=PLACES, method=st.sampled_from(PaymentMethod))
    def process(self, place: int, method: PaymentMethod) -> None:
        order = orders.get(self.orders[place % len(self.orders)])
        terms = PaymentTerms(method, token="tok_ok" if method is PaymentMethod.CARD else None)  # the sandbox's
        made = self.try_(
            lambda: payments.start(order.customer_id, order_id=order.order_id, terms=terms, operation_id=new_id("op"))
        )
        self.payments += [made.payment_id] if made else []

    @precondition(lambda self: self.payments)
    @rule(place=PLACES)
    def confirm(self, place: int) -> None:
        payment = payers.stored(self.payments[place % len(self.payments)])
        self.try_(lambda: payments.confirm(payment.customer_id, payment.payment_id))

    @precondition(lambda self: self.orders)
    @rule(place=PLACES)
    def drop(self, place: int) -> None:
        order = orders.get(self.orders[place % len(self.orders)])
        self.try_(lambda: orders.give_back(order.customer_id, order.order_id))

    @rule(minutes=st.sampled_from([1, 11, 60]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        for order_id in self.orders:
            self.try_(lambda order_id=order_id: orders.expire(order_id))  # type: ignore[misc]
        for payment_id in self.payments:
            self.try_(lambda payment_id=payment_id: reconciliation.reconcile(payment_id))  # type: ignore[misc]

    @precondition(lambda self: self.ticket_ids())
    @rule(place=PLACES)
    def move(self, place: int) -> None:
        ticket = tickets.get(self.one_ticket(place))
        giver, taker = self.people if ticket.customer_id == self.people[0].account_id else self.people[::-1]
        self.try_(
            lambda: transfers.transfer(
                giver.account_id,
                ticket.ticket_id,
                mobile_number=str(taker.mobile_number),
                message=None,
                operation_id=new_id("op"),
            )
        )

    @precondition(lambda self: self.ticket_ids())
    @rule(place=PLACES, who=PEOPLE, takes_back=st.booleans())
    def gift(self, place: int, who: int, takes_back: bool) -> None:  # hypothesis calls it by name
        giver = self.people[who]
        number = str(giver.mobile_number) if takes_back else unused_number("5")
        present = GiftInput(self.one_ticket(place), number)
        self.try_(lambda: gifts.give(giver.account_id, present, operation_id=new_id("op")))

    @precondition(lambda self: self.ticket_ids())
    @rule(place=PLACES)
    def return_(self, place: int) -> None:
        ticket = tickets.get(self.one_ticket(place))
        asked = self.try_(
            lambda: refund_requests.ask(ticket.customer_id, ticket.ticket_id, reason="ill", operation_id=new_id("op"))
        )
        self.asked += [(ticket.ticket_id, asked.refund_id)] if asked else []

    @precondition(lambda self: self.asked)
    @rule(place=PLACES, is_approved=st.booleans())
    def decide(self, place: int, is_approved: bool) -> None:  # hypothesis calls it by name
        asked = self.asked[place % len(self.asked)]
        if is_approved:
            self.try_(lambda: refunds.approve(*asked, by="adm_1"))
        else:
            self.try_(lambda: refunds.reject(*asked, by="adm_1", note="no"))

    @precondition(lambda self: self.ticket_ids())
    @rule(place=PLACES)
    def scan(self, place: int) -> None:
        ticket_id = self.one_ticket(place)
        caller = Caller("ush_1", self.event.event_id)
        answer = self.try_(lambda: checkin.scan(caller, Reading(scan_id(), ticket_id=ticket_id)))
        self.admitted[ticket_id] += answer is not None and answer.result == "valid"

    @rule(who=PEOPLE)
    def lose_card(self, who: int) -> None:
        self.try_(lambda: card_states.put_into(self.cards[who].uid, CardStatus.LOST))
        self.cards[who] = wallets.make_card(self.people[who])
        balances.gather(self.people[who].account_id)

    @rule(status=st.sampled_from(EventStatus))
    def change_event(self, status: EventStatus) -> None:
        event_states.put_into(self.event.event_id, status)

    @rule()
    def publish(self) -> None:
        event_states.put_into(self.event.event_id, EventStatus.PUBLISHED)

    @rule(hours=st.integers(-2, 48))
    def reschedule(self, hours: int) -> None:
        event: Event = events.get(self.event.event_id)
        by = timedelta(hours=hours)
        self.try_(
            lambda: event_states.change(event.event_id, starts_at=event.starts_at + by, ends_at=event.ends_at + by)
        )

    @invariant()
    def everything_agrees(self) -> None:
        if not hasattr(self, "sold"):
            return
        items = payers.all_items()
        assert all(times <= 1 for times in self.admitted.values())
        assert sum(payers.balances().values()) == 0
        wallets.assert_balanced(wallets.books(), drained=False)
        made = {item.order_id: item for item in items if isinstance(item, Order)}
        charged = [item for item in items if isinstance(item, Payment) and item.status in _TAKEN]
        for order in made.values():
            paid_by = [one for one in charged if one.order_id == order.order_id and one.payment_id == order.payment_id]
            assert [one.amount for one in paid_by] == ([order.total] if order.status == OrderStatus.PAID else [])
        assert all(one.refunded <= one.amount for one in charged)
        issued = [item for item in items if isinstance(item, Ticket)]
        for category in self.sold:
            counts = stock.counts(category.event_id, [category], consistent=True)[category.category_id]
            states = Counter(item.status for item in issued if item.category_id == category.category_id)
            assert (counts.sold, counts.reserved) == (states[TicketStatus.VALID], states[TicketStatus.RESERVED])
            assert counts.free + counts.reserved + counts.sold == category.capacity


_TAKEN = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUNDED)


@pytest.mark.timeout(1500)
def test_every_walk_through_the_deeds_keeps_the_rules() -> None:
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    with mock_aws():
        forget_answers()
        cloud.create_on_moto(cloud.MASTER_SECRET)
        seed(fault_days.today())(Walk)
        run_state_machine_as_test(Walk, settings=chosen)
    forget_answers()
