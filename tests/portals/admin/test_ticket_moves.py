"""Staff move a ticket to another category of the same price: once, and with all that counts it."""

from typing import Any

import pytest

from chalicelib.domain.access import accounts
from chalicelib.domain.events import categories, stock
from chalicelib.domain.events.categories import CategoryDraft
from chalicelib.domain.tickets import seats, staff_tickets
from chalicelib.identifiers import new_id
from chalicelib.table.items import AuditEntry, Category, Event, Item, Order
from chalicelib.vocabulary.access import AdminRole
from tests.portals.webapp.evening import ask
from tests.support import paid_out, payers, purchases, settled
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_customer, make_organizer, scan_id, usher_token
from tests.support.meanwhile import before
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
PRICE = 150_000


class Hall:
    """An event with two categories of one price, and an order whose sale is counted; its gates are open."""

    def __init__(self, *, capacity: int = 500, quantity: int = 3) -> None:
        self.organizer = make_organizer()
        made = purchases.make_show(organizer_id=self.organizer.account_id, gates_are_open=True)
        self.event: Event = made[0]
        self.floor: Category = made[1]
        self.gallery = self.add("Gallery", capacity=capacity, tier="VIP")
        self.order: Order = settled.buy(self.floor, quantity)
        project()

    def add(self, name: str, *, capacity: int = 100, price: int = PRICE, tier: str | None = None) -> Category:
        draft = CategoryDraft(name=name, tier=tier, price=price, capacity=capacity)
        return categories.add(self.event.event_id, draft)

    def ticket(self, place: int) -> str:
        return str(self.order.tickets[place]["ticket_id"])

    def sold(self) -> list[tuple[int, str, str]]:
        """Return what the statistics say of both categories; assert that the stock agrees with them."""
        token = admin_token()
        shown = call("GET", f"/api/events/{self.event.event_id}/statistics/", token=token).json
        found = {one["id"]: one for one in shown["by_category"]}
        counted = stock.counts(self.event.event_id, [self.floor, self.gallery], consistent=True)
        figures = []
        for category in (self.floor, self.gallery):
            one, seats_of = found[category.category_id], counted[category.category_id]
            assert seats_of.free + seats_of.reserved + seats_of.sold == seats_of.capacity == category.capacity
            assert one["sold"] == seats_of.sold
            figures.append((one["sold"], one["revenue"]["amount"], one["refunded"]["amount"]))
        return figures

    def owned(self, customer_id: str) -> tuple[int, int]:
        """Return how many seats of both categories count for a customer."""
        held = seats.of(customer_id)
        return seats.owned(held, self.floor.category_id), seats.owned(held, self.gallery.category_id)


def project() -> None:
    """Replay the whole stream; the totals count each sale once."""
    for _ in range(2):
        StreamReader().drain()


def move(ticket_id: str, category: Category | str, *, key: str | None = None, token: str = "", **more: Any) -> Answer:
    category_id = category if isinstance(category, str) else category.category_id
    body = {"category_id": category_id, "reason": "A better seat.", **more}
    body.setdefault("version", staff_tickets.get(ticket_id).version)
    headers = {"idempotency-key": key} if key else {}
    return call("PUT", f"/api/tickets/{ticket_id}/", body, token=token or admin_token(AdminRole.ADMIN), headers=headers)


def refund(ticket_id: str) -> None:
    """Open a refund for a customer and approve it, as two members of staff."""
    body = {"ticket_id": ticket_id, "reason": "The customer fell ill."}
    opened = call("POST", "/api/refund-requests/", body, token=admin_token(AdminRole.SUPPORT)).json
    path = f"/api/refund-requests/{opened['id']}/"
    assert call("PUT", path, {"decision": "approve"}, token=admin_token(AdminRole.ADMIN)).status == 200


@pytest.mark.by_day
def test_a_moved_ticket_counts_in_its_new_category_everywhere_and_its_refund_too() -> None:
    hall = Hall()
    shown = move(hall.ticket(0), hall.gallery).json
    assert (shown["category_id"], shown["tier"], shown["version"]) == (hall.gallery.category_id, "VIP", 2)
    assert move(hall.ticket(2), hall.gallery).status == 200
    project()
    assert hall.sold() == [(1, "1500.00", "0.00"), (2, "3000.00", "0.00")]
    order = payers.order_of(hall.order)
    assert [(one["category_id"], one["quantity"]) for one in order.items] == [
        (hall.floor.category_id, 1),
        (hall.gallery.category_id, 2),
    ]
    assert [sum(one["shards"].values()) for one in order.items] == [1, 2]
    scan = {"scan_id": scan_id(), "ticket_id": hall.ticket(0)}
    at_gate = call("POST", "/api/usher/scan/result/", scan, token=usher_token(hall.event)).json
    assert (at_gate["result"], at_gate["ticket"]["tier"]) == ("valid", "VIP")
    refund(hall.ticket(2))
    refund(hall.ticket(1))
    project()
    assert hall.sold() == [(0, "1500.00", "1500.00"), (1, "3000.00", "1500.00")]
    closed = paid_out.close_after(hall.event)
    assert (closed.status, closed.json["gross"]["amount"], closed.json["refunds"]["amount"]) == (
        201,
        "4500.00",
        "3000.00",
    )
    lines = {line["category_id"]: line for line in paid_out.of_event(hall.event.event_id).lines}
    assert {name: (line["quantity"], line["refunded_quantity"]) for name, line in lines.items()} == {
        hall.floor.category_id: (1, 1),
        hall.gallery.category_id: (2, 1),
    }
    fees = [line["platform_fee"] for line in lines.values()]
    assert (sum(fees), fees) == (7_500, [0, 7_500])
    assert payers.balances()[f"payable:{hall.organizer.account_id}"] == PRICE - 7_500


def test_the_same_move_twice_is_one_and_a_stale_version_says_what_is_now() -> None:
    hall, key, token = Hall(), new_id("key"), admin_token(AdminRole.ADMIN)
    first, again = (move(hall.ticket(0), hall.gallery, key=key, token=token, version=1) for _ in range(2))
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    stale = move(hall.ticket(0), hall.floor, version=1)
    assert (stale.status, stale.code, stale.json["error"]["present"]["version"]) == (409, "CONFLICT", 2)
    assert hall.sold() == [(2, "3000.00", "0.00"), (1, "1500.00", "0.00")]
    entries = [Item.from_raw_data(raw) for raw in payers.all_raws("audit_entry")]
    assert sum("ticket.change" in str(one.body) for one in entries if isinstance(one, AuditEntry)) == 2
    assert move(hall.ticket(0), hall.floor).json["category_id"] == hall.floor.category_id
    assert hall.sold() == [(3, "4500.00", "0.00"), (0, "0.00", "0.00")]
    (only,) = payers.order_of(hall.order).items
    assert (only["quantity"], sum(only["shards"].values())) == (3, 3)


def test_a_move_is_refused_to_a_category_that_is_sold_out_costs_otherwise_or_is_of_another_event() -> None:
    hall = Hall(capacity=1)
    dear, other = hall.add("Box", price=233_333), purchases.make_show()[1]
    settled.buy(hall.gallery)
    full = move(hall.ticket(0), hall.gallery)
    assert (full.status, full.code) == (409, "SOLD_OUT")
    for category, words in ((dear, ("1500.00", "2333.33")), (other, ("only within its event",))):
        refused = move(hall.ticket(0), category)
        assert (refused.status, refused.code) == (409, "INVALID_STATE")
        assert all(word in refused.text for word in words)
    assert move(hall.ticket(0), hall.gallery, status="cancelled").status == 400
    assert move(hall.ticket(0), hall.floor).status == 400
    assert payers.order_of(hall.order).items == hall.order.items
    assert (payers.counts(hall.floor), payers.counts(hall.gallery)) == ((497, 0, 3), (0, 0, 1))


@pytest.mark.by_day
def test_a_sale_that_is_not_counted_yet_moves_later_and_an_event_that_ended_keeps_its_categories() -> None:
    hall = Hall()
    fresh = settled.buy(hall.floor)
    ticket_id = str(fresh.tickets[0]["ticket_id"])
    early = move(ticket_id, hall.gallery)
    assert (early.status, payers.counts(hall.gallery)) == (503, (500, 0, 0))
    project()
    assert move(ticket_id, hall.gallery).status == 200
    with settled.after(hall.event):
        assert move(hall.ticket(0), hall.gallery).code == "INVALID_STATE"
    assert hall.sold() == [(3, "4500.00", "0.00"), (1, "1500.00", "0.00")]


def test_what_a_customer_may_still_book_follows_the_ticket_also_to_its_next_owner() -> None:
    hall, taker = Hall(), make_customer(name="Bilal")
    customer = hall.order.customer_id
    assert move(hall.ticket(0), hall.gallery).status == 200
    # The order is not settled yet, so the next booking counts its items.
    assert hall.owned(customer) == (0, 0)
    booker = accounts.get(customer)
    purchases.book(booker, hall.floor)
    assert hall.owned(customer) == (2, 1)
    assert move(hall.ticket(1), hall.gallery).status == 200
    assert hall.owned(customer) == (1, 2)
    given = ask(booker, "POST", f"{hall.ticket(1)}/transfer/", {"mobile_number": taker.mobile_number})
    assert (given.status, hall.owned(customer), hall.owned(taker.account_id)) == (200, (1, 1), (0, 1))
    assert move(hall.ticket(1), hall.floor).status == 200
    assert (hall.owned(customer), hall.owned(taker.account_id)) == ((1, 1), (1, 0))


@pytest.mark.parametrize("capacity", [1, 2])
def test_a_move_that_another_overtakes_is_decided_again_and_takes_no_seat_twice(capacity: int) -> None:
    hall = Hall(capacity=capacity)
    rivals: list[Answer] = []

    def overtake() -> None:
        rivals.append(move(hall.ticket(1), hall.gallery))

    with before("TransactWriteItems", overtake, matches=lambda sent: hall.gallery.category_id in str(sent)):
        moved = move(hall.ticket(0), hall.gallery)
    assert [answer.code for answer in (*rivals, moved)] == [None, "SOLD_OUT" if capacity == 1 else None]
    assert payers.counts(hall.gallery) == (0, 0, capacity)
    assert [one["quantity"] for one in payers.order_of(hall.order).items] == [3 - capacity, capacity]
    assert hall.sold()[1] == (capacity, f"{1500 * capacity}.00", "0.00")
