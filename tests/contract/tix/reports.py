"""Requests of the Tix portal: reports."""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    f"tix_{name}": lambda _: Request() for name in ("stats", "daily", "weekly", "monthly")
}
