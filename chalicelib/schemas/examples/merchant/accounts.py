"""The examples of the merchants' portal: log-in, settings, change of number."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import REFRESH, TOKENS, Example

_CHALLENGE_ID = "chl_01K9ZC1B7Q3S5V8X0Z2M4P6R8T"
_CHALLENGE = {"otp_required": True, "challenge_id": _CHALLENGE_ID, "expires_in": 300}
_SHOP: dict[str, Any] = {
    "id": "mer_01K9ZC0Y5T7W9A1C3E5G7J9M1P",
    "name": demo.MERCHANT_NAME,
    "mobile_number": demo.MERCHANT_NUMBER,
    "email": None,
    "address": "",
    "city": "",
    "status": "active",
    "card_fee": demo.money(demo.CARD_FEE),
}
_SETTINGS = {
    **{name: _SHOP[name] for name in ("name", "email", "address", "city")},
    "notifications": {"sms": True, "email": False},
    "low_stock_threshold": 0,
}

_CHANGES = {
    "address": "12 Main Boulevard",
    "city": "Lahore",
    "notifications": {"sms": True, "email": False},
    "low_stock_threshold": 5,
}

OPERATIONS: dict[str, Example] = {
    "public_merchant_login": Example({"mobile_number": demo.MERCHANT_NUMBER, "password": demo.PASSWORD}, _CHALLENGE),
    "public_merchant_verify_otp": Example(
        {"challenge_id": _CHALLENGE_ID, "otp": "123456"}, {**TOKENS, "merchant": _SHOP}
    ),
    "merchant_refresh": Example({"refresh": REFRESH}, TOKENS),
    "merchant_logout": Example(None, {}),
    "merchant_shop_settings": Example(None, _SETTINGS),
    "merchant_change_settings": Example(_CHANGES, {**_SETTINGS, **_CHANGES}),
    "merchant_change_password": Example({"old_password": demo.PASSWORD, "new_password": demo.NEW_PASSWORD}, {}),
    "merchant_change_mobile": Example({"new_mobile": demo.NEW_MERCHANT_NUMBER, "password": demo.PASSWORD}, _CHALLENGE),
    "merchant_verify_mobile_change": Example(
        {"challenge_id": _CHALLENGE_ID, "otp": "123456"}, {**_SHOP, "mobile_number": demo.NEW_MERCHANT_NUMBER}
    ),
}
