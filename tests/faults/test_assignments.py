"""The hand-over of a card while requests fail and processes die: after any fault, a repeat completes it, once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.cards import card_requests
from chalicelib.domain.merchants import assignments, card_holds
from chalicelib.domain.merchants.assignments import AssignmentWithCard
from chalicelib.domain.merchants.card_holds import HELD, AssignmentInput
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Event, Ticket
from chalicelib.vocabulary.cards import CardDelivery
from tests.support.codes import code_for, texts
from tests.support.deaths import deaths, dying, mortal, requests_of
from tests.support.factories import make_event
from tests.support.shops import Shop, assert_handed_over_once, assignment, in_stock, make_shop, new_customer, stored
from tests.support.wire import Fault, befall, places

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_assignments"), pytest.mark.timeout(900)]
ADDRESS = "192.0.2.1"

IN_PROCESS = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.CONFLICT)


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = make_shop()
    Desk(shop).hold()  # from then on the queue's address is known
    yield shop
    with clock.set_to(clock.now() + HELD):
        for raw in operations.query(keys.cards.merchant_cards(shop.id, "held").pk, index="gsi2"):
            card_holds.sweep(stored(Card(uid=raw["gsi2sk"]["S"])).held_by)
    assert_handed_over_once([shop.id])


@dataclass
class Desk:
    """A customer at a counter, with two tickets and without a card; the shop has a card in stock."""

    shop: Shop
    customer: Account = field(default_factory=new_customer)
    card: Card = field(init=False)
    event: Event = field(default_factory=make_event)
    tickets: list[Ticket] = field(init=False)
    operation_id: str = field(default_factory=lambda: new_id("op"))

    def __post_init__(self) -> None:
        self.card = in_stock(self.shop.id)
        holder = Holder(name="Holder", customer_id=self.customer.account_id)
        orders = [TicketToIssue(event_id=self.event.event_id, holder=holder, number=new_id("n")[-8:]) for _ in range(2)]
        self.tickets = [tickets.issue(order) for order in orders]
        card_requests.make(
            self.customer.account_id,
            delivery=CardDelivery.PICKUP,
            merchant_id=self.shop.id,
            address=None,
            operation_id=new_id("op"),
        )

    def assign(self) -> AssignmentWithCard:
        wanted = AssignmentInput(card=self.card.uid, customer=self.customer.account_id, fee_collected=True)
        return assignments.assign(self.shop.id, wanted, operation_id=self.operation_id)

    def hold(self) -> tuple[str, str]:
        wanted = AssignmentInput(card=self.card.uid, customer=self.customer.account_id, fee_collected=True)
        assignment_id = assignments.assign(self.shop.id, wanted, operation_id=new_id("op")).assignment.assignment_id
        return assignment_id, code_for(self.customer.mobile_number)

    def verify(self, assignment_id: str, code: str) -> AssignmentWithCard:
        return assignments.verify(self.shop.id, assignment_id, code, address=ADDRESS, operation_id=self.operation_id)

    def assert_theirs(self, assignment_id: str) -> None:
        card = stored(self.card)
        assert (card.status, card.customer_id) == ("active", self.customer.account_id)
        assert {tickets.get(ticket.ticket_id).card_uid for ticket in self.tickets} == {card.uid}
        assert card.tickets == {self.event.event_id: sorted(ticket.ticket_id for ticket in self.tickets)}
        assert assignment(assignment_id).status == "active"


def count(act: Callable[[], object]) -> int:
    """Return how many requests something sends, to the table and to the queue."""
    with mortal():
        return requests_of(act)


@pytest.mark.parametrize("fault", IN_PROCESS)
def test_whichever_request_of_an_assignment_fails_the_same_again_holds_one_card_and_sends_a_code_that_counts(
    fault: Fault, shop: Shop
) -> None:
    for place in places(count(Desk(shop).assign), fault, IN_PROCESS):
        desk = Desk(shop)
        texts()
        befall(desk.assign, place, fault)
        handing = desk.assign()
        assert stored(desk.card).held_by == handing.assignment.assignment_id, place
        code = code_for(desk.customer.mobile_number)
        done = assignments.verify(
            shop.id, handing.assignment.assignment_id, code, address=ADDRESS, operation_id=new_id("op")
        )
        assert done.status == "active", place


@pytest.mark.parametrize("after", [False, True])
def test_a_shop_that_dies_at_any_request_of_an_assignment_goes_on_with_the_same_again(after: bool, shop: Shop) -> None:
    for place in deaths(count(Desk(shop).assign), after=after):
        desk = Desk(shop)
        texts()
        with mortal():
            assert dying(desk.assign, place=place, after=after) is None
        handing = desk.assign()
        code = code_for(desk.customer.mobile_number)
        done = assignments.verify(
            shop.id, handing.assignment.assignment_id, code, address=ADDRESS, operation_id=new_id("op")
        )
        assert done.status == "active", (place, after)
        desk.assert_theirs(handing.assignment.assignment_id)


@pytest.mark.parametrize("fault", IN_PROCESS)
def test_whichever_request_of_a_hand_over_fails_the_same_again_ends_it_once(fault: Fault, shop: Shop) -> None:
    first = Desk(shop)
    one = first.hold()
    for place in places(count(lambda: first.verify(*one)), fault, IN_PROCESS):
        desk = Desk(shop)
        held = desk.hold()
        befall(lambda: desk.verify(*held), place, fault)  # noqa: B023  # done before the next
        assert desk.verify(*held).status == "active", place
        assert desk.verify(*held).status == "active", place
        desk.assert_theirs(held[0])


@pytest.mark.parametrize("after", [False, True])
def test_a_shop_that_dies_at_any_request_of_a_hand_over_leaves_all_of_it_or_nothing(after: bool, shop: Shop) -> None:
    first = Desk(shop)
    one = first.hold()
    for place in deaths(count(lambda: first.verify(*one)), after=after):
        desk = Desk(shop)
        held = desk.hold()
        with mortal():
            assert dying(lambda: desk.verify(*held), place=place, after=after) is None  # noqa: B023
        now = stored(desk.card)
        bound = {tickets.get(ticket.ticket_id).card_uid for ticket in desk.tickets}
        assert (now.status, bound) in (("held", {None}), ("active", {now.uid})), place
        assert (now.customer_id is None) == (now.status == "held")
        assert desk.verify(*held).status == "active", place
        desk.assert_theirs(held[0])


@pytest.mark.parametrize("after", [False, True])
def test_a_sweep_that_dies_at_any_request_leaves_the_hold_to_the_next(after: bool, shop: Shop) -> None:
    requests = 3
    for place in deaths(requests, after=after):
        desk = Desk(shop)
        assignment_id, _ = desk.hold()
        later = clock.now() + HELD + timedelta(minutes=1)
        with mortal(), clock.set_to(later):
            dying(lambda: card_holds.sweep(assignment_id), place=place, after=after)  # noqa: B023
        with clock.set_to(later):
            card_holds.sweep(assignment_id)
            assert card_holds.sweep(assignment_id) is False
        assert (stored(desk.card).status, assignment(assignment_id).status) == ("stock", "expired"), place


def test_a_code_that_is_sent_again_counts_wherever_its_sending_failed(shop: Shop) -> None:
    first = Desk(shop)
    assignment_id, _ = first.hold()
    requests = count(lambda: assignments.send_again(shop.id, assignment_id))
    for after in (False, True):
        for place in deaths(requests, after=after):
            desk = Desk(shop)
            held, _ = desk.hold()
            with mortal():
                dying(lambda: assignments.send_again(shop.id, held), place=place, after=after)  # noqa: B023
            texts()
            assignments.send_again(shop.id, held)
            code = code_for(desk.customer.mobile_number)
            assert desk.verify(held, code).status == "active", (place, after)
