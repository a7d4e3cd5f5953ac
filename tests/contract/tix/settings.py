"""Requests of the Tix portal: settings.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

from collections.abc import Callable
from typing import Any

from tests.contract.request import Request

REQUESTS: dict[str, Callable[[Any], Request]] = {
    "tix_settings": lambda _: Request(),
    "tix_change_settings": lambda _: Request({"ticket_prefix": "RUN", "timezone": "Asia/Karachi", "max_users": 40}),
}
