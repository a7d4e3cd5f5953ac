"""Requests of the customers' portal: booking.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.events import categories
from chalicelib.domain.sale import bookings, orders
from chalicelib.domain.sale.rules import RequestedTickets
from chalicelib.domain.tickets import seats
from chalicelib.identifiers import new_id
from chalicelib.schemas.examples import demo
from chalicelib.table import operations
from tests.contract.request import Request

CATEGORY_ID = "cat_01JDEM000000000000000STAND"


def order_id(ground: Any) -> str:
    """Book a ticket for the demo customer, as if it were their first."""
    _on_sale(ground)
    want = RequestedTickets(CATEGORY_ID, 1, [])
    return orders.book(ground.customer, event_id=demo.EVENT_ID, wants=[want], operation_id=new_id("op")).order_id


def _category() -> None:
    categories.add(
        demo.EVENT_ID,
        categories.CategoryDraft(name="Standing", price=150_000, capacity=1_000_000, category_id=CATEGORY_ID),
    )


def _on_sale(ground: Any) -> None:
    _category()
    # What earlier requests reserved would be too many.
    operations.record(operations.remove(seats.none(ground.customer.account_id).place))


def _booking(ground: Any) -> Request:
    _on_sale(ground)
    return Request({"event_id": demo.EVENT_ID, "items": [{"category_id": CATEGORY_ID, "quantity": 1}]})


def _booked(ground: Any) -> Request:
    """Ask for the open reservations, of which there are some."""
    _category()
    want = RequestedTickets(CATEGORY_ID, 1, [])
    while len(bookings.open_of(ground.customer.account_id, page_size=3, cursor=None).results) < 3:
        orders.book(ground.customer, event_id=demo.EVENT_ID, wants=[want], operation_id=new_id("op"))
    return Request()


def _of_booking(ground: Any) -> Request:
    return Request(path={"booking_id": order_id(ground)})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_book": _booking,
    "customer_bookings": _booked,
    "customer_booking": _of_booking,
    "customer_give_booking_back": _of_booking,
}
