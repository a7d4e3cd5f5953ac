"""Requests of the organizers' door: log-in, profile.

Each takes the ground (tests/contract/ground.py).
"""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {}
