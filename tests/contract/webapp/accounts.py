"""Requests of the customers' portal: registration, log-in, codes, profile.

Each takes the ground (tests/contract/ground.py): `ground.customer` is the demo customer's account.
"""

import itertools
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from chalicelib.domain.access import accounts, limits, new_accounts, passwords, resets, throttle
from chalicelib.domain.customers import registration
from chalicelib.schemas.examples import demo
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal
from infra.local.demo import demo_passwords
from tests.contract.request import Request
from tests.support.codes import code_for, texts

_PASSWORD = "a password of the tests"
_numbers = itertools.count(1)


def _number() -> str:
    return f"+923010{next(_numbers):06}"


def _unthrottled() -> None:
    """Let the place that the tests send from have asked for no code yet."""
    budget = limits.CODES_FROM_ADDRESS
    operations.record(operations.remove(throttle.window_place(budget.name, "127.0.0.1", budget.window)[0]))


def _registration(number: str) -> dict[str, Any]:
    return {"mobile_number": number, "password": _PASSWORD, "name": "New Customer", "email": None}


def _begun(number: str) -> str:
    place = f"place {number}"
    body = {**_registration(number), "date_of_birth": None}
    return registration.register(**body, address=place).challenge_id


def _register(_: Any) -> Request:
    _unthrottled()
    body = _registration(_number())
    return Request({name: value for name, value in body.items() if value is not None})


def _verify(_: Any) -> Request:
    texts()
    number = _number()
    challenge_id = _begun(number)
    return Request({"challenge_id": challenge_id, "otp": code_for(number)})


def _customer(_: Any) -> str:
    number = _number()
    new_accounts.create_customer(mobile_number=number, password=_PASSWORD, name="Customer")
    return number


def _login(ground: Any) -> Request:
    _unthrottled()
    return Request({"mobile_number": _customer(ground), "password": _PASSWORD})


def _verify_login(ground: Any) -> Request:
    texts()
    number = _customer(ground)
    sent = registration.log_in(mobile_number=number, password=_PASSWORD, address=f"place {number}")
    return Request({"challenge_id": sent.challenge_id, "otp": code_for(number)})


def _resend(_: Any) -> Request:
    _unthrottled()
    return Request({"challenge_id": _begun(_number())})


def _forgot(_: Any) -> Request:
    _unthrottled()
    return Request({"mobile_number": _number()})


def _reset(ground: Any) -> Request:
    texts()
    number = _customer(ground)
    resets.forget(Portal.WEBAPP, number, address=f"place {number}")
    return Request({"mobile_number": number, "otp": code_for(number), "new_password": "another password of tests"})


@lru_cache(maxsize=1)
def _demo_hash() -> str:
    return passwords.hash_password(demo_passwords.CUSTOMER, Portal.WEBAPP, about=())


def _change_password(ground: Any) -> Request:
    # An earlier request may have changed it, or guessed at it too often.
    account = accounts.get(ground.customer.account_id)
    operations.commit(
        operations.change(keys.access.account(account.account_id), [Account.password_hash.set(_demo_hash())]),
        throttle.forgetting(limits.WRONG_PASSWORDS_LOGGED_IN.of(account.account_id)),
    )
    return Request({"old_password": demo_passwords.CUSTOMER, "new_password": demo_passwords.CUSTOMER})


def _profile(_: Any) -> Request:
    return Request(
        {
            "name": demo.HOLDER.name,
            "email": "ayesha@example.com",
            "date_of_birth": "1998-04-12",
            "emergency_contact": {"name": "Bilal Khan", "mobile_number": "+923007654321"},
            "blood_type": "B+",
            "bank_account": {"title": "Ayesha Khan", "iban": "PK36 SCBL 0000 0011 2345 6702"},
            "photo": {"content_type": "image/png", "size": 100},
        }
    )


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "public_register": _register,
    "public_verify_otp": _verify,
    "public_login": _login,
    "public_verify_login_otp": _verify_login,
    "public_resend_otp": _resend,
    "public_forgot_password": _forgot,
    "public_reset_password": _reset,
    "customer_refresh": lambda ground: Request({"refresh": ground.session(Portal.WEBAPP).refresh}),
    "customer_logout": lambda _: Request(),
    "customer_me": lambda _: Request(),
    "customer_change_profile": _profile,
    "customer_change_password": _change_password,
}
