"""Requests of the customers' door: statistics, payments, invoices.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "customer_analytics": lambda _: Request(),
}
