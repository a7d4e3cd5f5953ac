"""What a provider takes back after a settlement is owed, and the organizer's next payouts are reduced by it once."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest

from chalicelib.clients.providers import MoveWord
from chalicelib.domain.ledger import account_names
from chalicelib.domain.money import Money
from chalicelib.domain.payouts import payouts
from chalicelib.table.items import Account, Event, Order
from tests.support import cancelled, paid_out, payers, settled, taken_back
from tests.support.client import call
from tests.support.factories import token_of
from tests.support.moto_table import restore, snapshot
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
ORDERS = size_of("DEBT_PERMUTATIONS", small=3, full=60)
# One ticket less the fee of five percent.
NET, LOST = 142_500, 100_000


@dataclass(frozen=True)
class Evenings:
    """Three events of one organizer, each with a ticket sold."""

    organizer: Account
    events: tuple[Event, ...]
    orders: tuple[Order, ...]
    stream: StreamReader

    def settle(self, number: int) -> dict[str, Any]:
        """Close the books of an event, and return its payout as staff see it."""
        closed = paid_out.close_after(self.events[number])
        assert closed.status in (200, 201), closed.text
        taken_back.project_all(self.stream)
        return self.payout(number)

    def payout(self, number: int) -> dict[str, Any]:
        """Return the payout of an event as staff see it."""
        payout = paid_out.of_event(self.events[number].event_id)
        shown: dict[str, Any] = call("GET", f"/api/payouts/{payout.payout_id}/", token=paid_out.staff()).json
        return shown

    def lose(self, number: int = 0, amount: int = LOST) -> None:
        """Lose a dispute of the ticket of an event."""
        taken_back.lose(self.orders[number], amount, self.stream)

    def pay(self, number: int) -> None:
        """Pay the payout of an event, which staff release first if it is held."""
        payout = paid_out.of_event(self.events[number].event_id)
        if payout.status == "on_hold":
            assert paid_out.act(payout.payout_id, "release", paid_out.staff()).status == 200
        paid_out.sweep(payout.payout_id)
        assert paid_out.deliver(paid_out.due(payout.payout_id)) == paid_out.DONE
        taken_back.project_all(self.stream)
        assert paid_out.of_event(self.events[number].event_id).status == "paid"

    def owes(self) -> int:
        """Return what the journal says that the organizer owes."""
        return -payers.balances().get(account_names.owed(self.organizer.account_id), 0)


@pytest.fixture
def evenings(moto_cloud: object) -> Evenings:  # noqa: ARG001  # the table is made first
    organizer, stream = paid_out.make_payee(), StreamReader()
    made = [settled.make_evening(organizer) for _ in range(3)]
    orders = tuple(settled.buy(standard) for _, standard, _ in made)
    taken_back.project_all(stream)
    return Evenings(organizer, tuple(event for event, _, _ in made), orders, stream)


def amounts(payout: dict[str, Any]) -> tuple[int, ...]:
    """Return what was taken back for other events, the net, and what is owed now."""
    return tuple(round(float(payout[name]["amount"]) * 100) for name in ("taken_back", "net", "organizer_owes"))


def test_what_is_lost_before_the_settlement_is_deducted_by_it_and_not_owed(evenings: Evenings) -> None:
    evenings.lose()
    assert amounts(evenings.settle(0)) == (0, NET - LOST, 0)
    assert amounts(evenings.settle(1)) == (0, NET, 0)
    assert evenings.owes() == 0


@pytest.mark.parametrize("is_paid", [False, True])
def test_what_is_lost_after_the_settlement_is_owed_and_the_next_payout_is_less(
    evenings: Evenings, is_paid: bool
) -> None:
    assert amounts(evenings.settle(0)) == (0, NET, 0)
    if is_paid:
        evenings.pay(0)
    evenings.lose()
    assert amounts(evenings.payout(0)) == (0, NET, LOST)
    assert evenings.owes() == LOST
    listed = call("GET", "/api/payouts/", token=paid_out.staff()).json["results"]
    assert [amounts(each) for each in listed] == [(0, NET, LOST)]
    taken_back.tell(evenings.orders[0], LOST, *taken_back.LOST)  # again
    taken_back.project_all(evenings.stream)
    reduced = evenings.settle(1)
    assert amounts(reduced) == (LOST, NET - LOST, 0)
    assert amounts(evenings.settle(2)) == (0, NET, 0)
    assert evenings.owes() == 0
    assert_adds_up(evenings, 1, reduced)


def test_what_a_settlement_deducted_is_not_owed_as_well_when_more_is_lost_later(evenings: Evenings) -> None:
    evenings.lose(0, 10_000)
    evenings.settle(0)
    assert evenings.owes() == 0
    taken_back.tell(evenings.orders[0], 5_000, *taken_back.LOST, reference="dp_later")
    taken_back.project_all(evenings.stream)
    assert evenings.owes() == 5_000


def assert_adds_up(evenings: Evenings, number: int, payout: dict[str, Any]) -> None:
    """Gross - refunds - fee - taken back = net: in both portals, in the document and in the file."""
    path = f"/api/organizer/payouts/{payout['id']}/"
    own = call("GET", path, token=token_of(evenings.organizer)).json
    names = ("gross", "refunds", "platform_fee", "taken_back", "net")
    assert {name: own[name] for name in names} == {name: payout[name] for name in names}
    gross, refunds, fee, less, net = (round(float(own[name]["amount"]) * 100) for name in names)
    assert gross - refunds - fee - less == net
    stored = paid_out.stored(payout["id"])
    assert b"%PDF" in payouts.document(evenings.organizer.account_id, stored.payout_id).content
    event_id = evenings.events[number].event_id
    query = f"?event_id={event_id}"
    token = paid_out.staff()
    (books,) = call("GET", f"/api/finances/settlements/{query}", token=token).json["results"]
    text = call("GET", f"/api/finances/settlements/{query}&format=csv", token=token).text
    rows = csv.DictReader(text.lstrip("\ufeff").splitlines())
    of_event = sum(round(float(row["net"]) * 100) for row in rows)
    assert books["net"]["amount"] == Money(of_event, "PKR").amount
    assert (of_event, books["taken_back"]) == (net + less, own["taken_back"])


def test_a_debt_larger_than_a_payout_takes_all_of_it_and_the_rest_stays_owed(evenings: Evenings) -> None:
    for act in (evenings.settle, evenings.lose):
        for number in (0, 1):
            act(number)
    assert evenings.owes() == 2 * LOST
    third = evenings.settle(2)
    assert amounts(third) == (NET, 0, 2 * LOST - NET)
    assert (third["status"], third["reference"]) == ("paid", None)
    assert evenings.owes() == 2 * LOST - NET
    assert paid_out.act(third["id"], "cancel", paid_out.staff()).code == "INVALID_STATE"


def test_an_event_that_lost_more_than_it_sold_has_no_payout_and_the_rest_is_owed(evenings: Evenings) -> None:
    evenings.lose(amount=150_000)
    closed = paid_out.close_after(evenings.events[0])
    assert (closed.status, closed.json["payout_id"], closed.json["net"]["amount"]) == (201, None, "-75.00")
    taken_back.project_all(evenings.stream)
    assert evenings.owes() == 150_000 - NET
    assert amounts(evenings.settle(1)) == (150_000 - NET, 2 * NET - 150_000, 0)
    books = payers.balances()
    own = (account_names.sales, account_names.frozen, account_names.disputed)
    assert {books.get(account(evenings.events[0].event_id), 0) for account in own} == {0}


def test_a_payout_made_in_place_of_a_cancelled_one_is_reduced_as_well(evenings: Evenings) -> None:
    first = evenings.settle(0)
    evenings.lose()
    token = paid_out.staff()
    assert paid_out.act(first["id"], "cancel", token).status == 200
    made = paid_out.create(first["settlement_id"], token)
    assert made.status == 201
    assert amounts(made.json)[:2] == (LOST, NET - LOST)
    taken_back.project_all(evenings.stream)
    evenings.pay(0)
    assert evenings.owes() == 0
    assert payers.balances().get(account_names.payable(evenings.organizer.account_id), 0) == 0
    dashboard = call("GET", "/api/organizer/dashboard/stats/", token=token_of(evenings.organizer)).json
    assert dashboard["pending_payouts"]["amount"] == "0.00"


def test_a_dispute_that_is_won_after_its_debt_was_deducted_is_given_back(evenings: Evenings) -> None:
    evenings.settle(0)
    taken_back.tell(evenings.orders[0], LOST, MoveWord.OPENED, MoveWord.WITHDRAWN)
    taken_back.project_all(evenings.stream)
    assert amounts(evenings.settle(1)) == (LOST, NET - LOST, 0)
    taken_back.tell(evenings.orders[0], LOST, MoveWord.WON, MoveWord.REINSTATED)
    taken_back.project_all(evenings.stream)
    assert evenings.owes() == -LOST
    assert amounts(evenings.settle(2)) == (-LOST, NET + LOST, 0)


def test_a_charge_back_of_a_ticket_that_nobody_used_is_owed_too_once_the_event_is_over(evenings: Evenings) -> None:
    evenings.settle(0)
    order = evenings.orders[0]
    with settled.after(evenings.events[0]):
        evenings.lose(0, 150_000)
        returned = {"detail-type": "payment.returned", "detail": {"payment_id": order.payment_id}}
        assert paid_out.deliver(returned) == paid_out.DONE
        taken_back.project_all(evenings.stream)
    assert evenings.owes() == 150_000
    assert payers.balances()[account_names.sales(evenings.events[0].event_id)] == 0
    assert payers.tickets_of(order) == ["valid"]
    assert amounts(evenings.settle(1)) == (NET, 0, 150_000 - NET)


@pytest.mark.by_day
def test_settlements_payouts_and_disputes_in_any_order_end_in_the_same_books(evenings: Evenings) -> None:
    steps: dict[str, Callable[[], object]] = {
        "settle 0": lambda: evenings.settle(0),
        "settle 1": lambda: evenings.settle(1),
        "pay 0": lambda: evenings.pay(0),
        "lose 0": lambda: evenings.lose(0),
        "lose 1": lambda: evenings.lose(1, 40_000),
    }
    every = [each for each in permutations(steps) if each.index("settle 0") < each.index("pay 0")]
    chosen = every[:: max(len(every) // ORDERS, 1)] if ORDERS else every
    start, ends = snapshot(), Counter[str]()
    for order in chosen:
        restore(start)
        evenings.stream.skip()
        for step in order:
            steps[step]()
        assert sum(payers.balances().values()) == 0, order
        evenings.settle(2)
        assert evenings.owes() == 0, order
        evenings.pay(1)
        evenings.pay(2)
        ends[str(sorted(item for item in payers.balances().items() if item[1]))] += 1
    assert len(ends) == 1, ends


def assert_reversed(evenings: Evenings, event_id: str) -> None:
    """Assert that the organizer's list has no payout of the event, and that the staff's settlements say why."""
    listed = call("GET", "/api/organizer/payouts/", token=token_of(evenings.organizer)).json["results"]
    assert [each["event"]["id"] for each in listed] == [
        event.event_id for event in reversed(evenings.events) if event.event_id != event_id
    ]
    books = call("GET", "/api/finances/settlements/", token=paid_out.staff()).json["results"]
    assert {each["event_id"] for each in books if each["reversed_at"] is not None} == {event_id}


def call_off(evenings: Evenings, number: int) -> str:
    """Cancel an event after its end, with the refund of its one ticket; return its id."""
    event_id, staff = evenings.events[number].event_id, cancelled.make_staff()
    with settled.after(evenings.events[number]):
        begun = cancelled.confirmed(staff, event_id)
        assert begun.status == 200, begun.text
        done = cancelled.until_complete(staff, event_id, begun.json["job_id"])
    assert (done["status"], done["progress"]["refunded"]["amount"]) == ("complete", "1500.00")
    taken_back.project_all(evenings.stream)
    return event_id


def test_an_event_whose_payout_was_taken_for_what_was_owed_is_cancelled_with_refunds(evenings: Evenings) -> None:
    for act in (evenings.settle, evenings.lose):
        for number in (0, 1):
            act(number)
    nothing = evenings.settle(2)
    assert (amounts(nothing)[1], nothing["status"], evenings.owes()) == (0, "paid", 2 * LOST - NET)
    event_id = call_off(evenings, 2)
    # What it had deducted is owed again, and nothing of it was paid.
    assert evenings.owes() == 2 * LOST
    shown = call("GET", f"/api/payouts/{nothing['id']}/", token=paid_out.staff()).json
    assert (amounts(shown)[2], shown["status"], shown["paid_at"]) == (2 * LOST, "cancelled", None)
    assert paid_out.create(shown["settlement_id"], paid_out.staff()).code == "INVALID_STATE"
    assert_reversed(evenings, event_id)
    books = payers.balances()
    assert (books[account_names.sales(event_id)], books[account_names.REFUNDS_DUE], sum(books.values())) == (0, 0, 0)


def test_an_event_that_is_cancelled_after_its_books_closed_gives_its_organizer_nothing(evenings: Evenings) -> None:
    evenings.settle(0)
    evenings.lose()
    second = evenings.settle(1)
    assert amounts(second) == (LOST, NET - LOST, 0)
    assert paid_out.act(second["id"], "cancel", paid_out.staff()).status == 200
    event_id = call_off(evenings, 1)
    # What its payout had deducted is owed again: the next one is reduced by it.
    assert amounts(evenings.settle(2)) == (LOST, NET - LOST, 0)
    books = payers.balances()
    assert books.get(account_names.sales(event_id), 0) == 0
    assert books[account_names.payable(evenings.organizer.account_id)] == NET + NET - LOST
    dashboard = call("GET", "/api/organizer/dashboard/stats/", token=token_of(evenings.organizer)).json
    assert dashboard["pending_payouts"]["amount"] == Money(NET + NET - LOST, "PKR").amount
    assert_reversed(evenings, event_id)


@pytest.mark.parametrize("loses", ["before", "after", "more"])
def test_charge_backs_of_an_event_that_is_cancelled_after_its_books_closed_are_not_its_organizer_s(
    evenings: Evenings, loses: str
) -> None:
    lost = {"before": 100_000, "after": 100_000, "more": 150_000}[loses]
    if loses != "after":
        with settled.after(evenings.events[0]):
            evenings.lose(0, lost)
    closed = paid_out.close_after(evenings.events[0]).json
    if loses == "after":
        taken_back.project_all(evenings.stream)
        evenings.lose(0, lost)
    taken_back.project_all(evenings.stream)
    if closed["payout_id"]:
        assert paid_out.act(closed["payout_id"], "cancel", paid_out.staff()).status == 200
    event_id, staff = evenings.events[0].event_id, cancelled.make_staff()
    with settled.after(evenings.events[0]):
        begun = cancelled.confirmed(staff, event_id)
        assert begun.status == 200, begun.text
        cancelled.until_complete(staff, event_id, begun.json["job_id"])
    taken_back.project_all(evenings.stream)
    assert evenings.owes() == 0
    books = payers.balances()
    names = (account_names.sales, account_names.chargebacks, account_names.chargebacks_settled)
    assert {books.get(name(event_id), 0) for name in names} == {0}
    assert sum(books.values()) == 0
