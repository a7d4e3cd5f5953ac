"""Requests of the organizers' portal: log-in, forgotten password, profile.

Each takes the ground (tests/contract/ground.py): `ground.organizer` is the demo organizer's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.access import resets
from chalicelib.domain.customers import registration
from chalicelib.vocabulary.access import Portal
from tests.contract.partners import PASSWORD, new_organizer, unthrottled
from tests.contract.request import Request
from tests.support.codes import code_for, texts


def _login(_: Any) -> Request:
    unthrottled()
    return Request({"contact_mobile": new_organizer().login, "password": PASSWORD})


def _verify_login(_: Any) -> Request:
    texts()
    number = new_organizer().login
    sent = registration.log_in(
        mobile_number=number, password=PASSWORD, address=f"place {number}", portal=Portal.ORGANIZER
    )
    return Request({"challenge_id": sent.challenge_id, "otp": code_for(number)})


def _forgot(_: Any) -> Request:
    unthrottled()
    return Request({"contact_mobile": new_organizer().login})


def _reset(_: Any) -> Request:
    texts()
    number = new_organizer().login
    resets.forget(Portal.ORGANIZER, number, address=f"place {number}")
    return Request({"contact_mobile": number, "otp": code_for(number), "new_password": "another password of tests"})


def _profile(_: Any) -> Request:
    return Request(
        {
            "name": "Lahore Live",
            "email": "office@example.com",
            "company_name": "Lahore Live (Private) Limited",
            "address": "68 Shahrah-e-Quaid-e-Azam, Lahore",
            "tax_number": "1234567-8",
            "bank_account": {"title": "Lahore Live", "iban": "PK36 SCBL 0000 0011 2345 6702"},
            "image": {"content_type": "image/png"},
        }
    )


def _change_password(_: Any) -> Request:
    return Request({"old_password": PASSWORD, "new_password": PASSWORD})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "public_organizer_login": _login,
    "public_organizer_verify_otp": _verify_login,
    "public_organizer_forgot_password": _forgot,
    "public_organizer_reset_password": _reset,
    "organizer_refresh": lambda ground: Request({"refresh": ground.session(Portal.ORGANIZER).refresh}),
    "organizer_logout": lambda _: Request(),
    "organizer_me": lambda _: Request(),
    "organizer_profile": lambda _: Request(),
    "organizer_change_profile": _profile,
    "organizer_change_password": _change_password,
}
