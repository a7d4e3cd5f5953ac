"""Requests of the merchants' portal: the inventory and the dashboard.

Each takes the ground (tests/contract/ground.py).
"""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "merchant_cards": lambda _: Request(query="status=stock&search=04:d0&page_size=5"),
    "merchant_dashboard": lambda _: Request(),
}
