"""Requests of the customers' door: what anyone may read of events.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from infra.local.demo import demo_data
from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "public_events": lambda _: Request(query="city=lahore&ordering=starts_at"),
    "public_featured_events": lambda _: Request(),
    "public_categories": lambda _: Request(),
    "public_event": lambda _: Request(path={"event_id": demo_data.EVENT_ID}),
}
