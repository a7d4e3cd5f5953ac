"""Requests of the door of Tix: registration and log-in.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {}
