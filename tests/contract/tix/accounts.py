"""Requests of the Tix portal: registration and log-in.

Each takes the ground (tests/contract/ground.py): `ground.tix_admin` is the demo organization's admin.
"""

import uuid
from collections.abc import Callable
from typing import Any

from chalicelib.domain.access import resets
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import Portal
from infra.local.demo import demo_passwords
from tests.contract.request import Request
from tests.support.codes import code_for, texts
from tests.support.factories import PASSWORD, make_organization


def _register(_: Any) -> Request:
    address = f"{uuid.uuid4().hex}@tix.example.com"
    return Request({"email": address, "password": "a password of the tests", "name": "Sana", "organization": "A Run"})


def _reset(_: Any) -> Request:
    texts()
    email = make_organization().login
    resets.forget(Portal.TIX, email, address=f"place {email}")
    return Request({"email": email, "code": code_for(email), "new_password": "another password of tests"})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "public_tix_register": _register,
    "public_tix_login": lambda _: Request({"email": demo.TIX_EMAIL, "password": demo_passwords.TIX}),
    "tix_logout": lambda _: Request(),
    "tix_me": lambda _: Request(),
    "tix_verify_email": lambda _: Request({"email": demo.TIX_EMAIL, "code": "482913"}),
    "tix_change_password": lambda _: Request({"old_password": PASSWORD, "new_password": "another password of tests"}),
    "public_tix_forgot_password": lambda _: Request({"email": f"{uuid.uuid4().hex}@tix.example.com"}),
    "public_tix_reset_password": _reset,
}
