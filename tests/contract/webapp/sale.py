"""Requests of the customers' portal: booking.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.events import categories
from chalicelib.schemas.examples import demo
from tests.contract.request import Request

CATEGORY_ID = "cat_01JDEM000000000000000STAND"


def _booking(_: Any) -> Request:
    categories.add(
        demo.EVENT_ID,
        categories.CategoryDraft(name="Standing", price=150_000, capacity=1_000_000, category_id=CATEGORY_ID),
    )
    return Request({"event_id": demo.EVENT_ID, "items": [{"category_id": CATEGORY_ID, "quantity": 1}]})


REQUESTS: dict[str, Callable[[Any], Request]] = {"customer_book": _booking}
