"""Requests of the Tix portal: registration and log-in.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

import uuid
from collections.abc import Callable
from typing import Any

from chalicelib.schemas.examples import demo
from infra.local.demo import demo_passwords
from tests.contract.request import Request


def _register(_: Any) -> Request:
    address = f"{uuid.uuid4().hex}@tix.example.com"
    return Request({"email": address, "password": "a password of the tests", "name": "Sana", "organization": "A Run"})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "public_tix_register": _register,
    "public_tix_login": lambda _: Request({"email": demo.TIX_EMAIL, "password": demo_passwords.TIX}),
    "tix_logout": lambda _: Request(),
    "tix_me": lambda _: Request(),
}
