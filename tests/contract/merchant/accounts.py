"""Requests of the merchants' portal: log-in, settings, change of number.

Each takes the ground (tests/contract/ground.py): `ground.merchant` is the demo merchant's account.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.customers import registration
from chalicelib.domain.merchants import merchant_settings
from chalicelib.vocabulary.access import Portal
from infra.local.demo import demo_passwords
from tests.contract.partners import PASSWORD, keeping_password, new_merchant, new_number, unthrottled
from tests.contract.request import Request
from tests.support.codes import code_for, texts


def _login(_: Any) -> Request:
    unthrottled()
    return Request({"mobile_number": new_merchant().login, "password": PASSWORD})


def _verify_login(_: Any) -> Request:
    texts()
    number = new_merchant().login
    sent = registration.log_in(
        mobile_number=number, password=PASSWORD, address=f"place {number}", portal=Portal.MERCHANT
    )
    return Request({"challenge_id": sent.challenge_id, "otp": code_for(number)})


def _settings(_: Any) -> Request:
    return Request(
        {
            "name": "Liberty Books",
            "email": "shop@example.com",
            "address": "12 Main Boulevard",
            "city": "Lahore",
            "notifications": {"sms": True, "email": True},
            "low_stock_threshold": 5,
        }
    )


def _change_password(_: Any) -> Request:
    return Request({"old_password": PASSWORD, "new_password": PASSWORD})


def _change_mobile(ground: Any) -> Request:
    keeping_password(ground.merchant, demo_passwords.MERCHANT)
    unthrottled()
    return Request({"new_mobile": new_number(), "password": demo_passwords.MERCHANT})


def _verify_mobile_change(ground: Any) -> Request:
    keeping_password(ground.merchant, demo_passwords.MERCHANT)
    texts()
    number = new_number()
    sent = merchant_settings.begin_number_change(
        ground.merchant.account_id, new_mobile=number, password=demo_passwords.MERCHANT, address=f"place {number}"
    )
    return Request({"challenge_id": sent.challenge_id, "otp": code_for(number)})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "public_merchant_login": _login,
    "public_merchant_verify_otp": _verify_login,
    "merchant_refresh": lambda ground: Request({"refresh": ground.session(Portal.MERCHANT).refresh}),
    "merchant_logout": lambda _: Request(),
    "merchant_shop_settings": lambda _: Request(),
    "merchant_change_settings": _settings,
    "merchant_change_password": _change_password,
    "merchant_change_mobile": _change_mobile,
    "merchant_verify_mobile_change": _verify_mobile_change,
}
