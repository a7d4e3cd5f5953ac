"""Requests of the customers' portal: what anyone may read of events.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.schemas.examples import demo
from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "public_events": lambda _: Request(query="city=lahore&ordering=starts_at"),
    "public_featured_events": lambda _: Request(),
    "public_categories": lambda _: Request(),
    "public_event": lambda _: Request(path={"event_id": demo.EVENT_ID}),
}
