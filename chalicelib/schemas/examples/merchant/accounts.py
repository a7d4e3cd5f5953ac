"""The examples of the merchants' portal: log-in, settings, change of number."""

from typing import Any

from chalicelib.schemas.examples.shared import REFRESH, TOKENS, Example

_CHALLENGE_ID = "chl_01K9ZC1B7Q3S5V8X0Z2M4P6R8T"
_NUMBER, _NEW_NUMBER = "+923001000002", "+923001000052"
_PASSWORD = "a long enough password"  # noqa: S105  # an example
_CHALLENGE = {"otp_required": True, "challenge_id": _CHALLENGE_ID, "expires_in": 300}
_SHOP: dict[str, Any] = {
    "id": "mer_01K9ZC0Y5T7W9A1C3E5G7J9M1P",
    "name": "Liberty Books",
    "mobile_number": _NUMBER,
    "email": "shop@example.com",
    "address": "12 Main Boulevard",
    "city": "Lahore",
    "status": "active",
    "card_fee": {"amount": "500.00", "currency": "PKR"},
}
_SETTINGS = {
    **{name: _SHOP[name] for name in ("name", "email", "address", "city")},
    "notifications": {"sms": True, "email": False},
    "low_stock_threshold": 10,
}

OPERATIONS: dict[str, Example] = {
    "public_merchant_login": Example({"mobile_number": _NUMBER, "password": _PASSWORD}, _CHALLENGE),
    "public_merchant_verify_otp": Example(
        {"challenge_id": _CHALLENGE_ID, "otp": "123456"}, {**TOKENS, "merchant": _SHOP}
    ),
    "merchant_refresh": Example({"refresh": REFRESH}, TOKENS),
    "merchant_logout": Example(None, {}),
    "merchant_shop_settings": Example(None, _SETTINGS),
    "merchant_change_settings": Example(_SETTINGS, _SETTINGS),
    "merchant_change_password": Example({"old_password": _PASSWORD, "new_password": "another long password"}, {}),
    "merchant_change_mobile": Example({"new_mobile": _NEW_NUMBER, "password": _PASSWORD}, _CHALLENGE),
    "merchant_verify_mobile_change": Example(
        {"challenge_id": _CHALLENGE_ID, "otp": "123456"}, {**_SHOP, "mobile_number": _NEW_NUMBER}
    ),
}
