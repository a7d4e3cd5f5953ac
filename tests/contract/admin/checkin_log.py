"""Requests of the staff's portal: the check-in log. Each takes the ground (tests/contract/ground.py)."""

from collections.abc import Callable
from typing import Any

from chalicelib.schemas.examples import demo
from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "admin_checkin_log": lambda _: Request(query=f"event_id={demo.EVENT_ID}&page_size=5"),
    "admin_export_checkin_log": lambda _: Request(query=f"event_id={demo.EVENT_ID}&format=xlsx"),
}
