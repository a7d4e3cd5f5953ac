"""The examples of the web app: accounts."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import REFRESH, TOKENS, Example

_CHALLENGE_ID = "chl_01K9ZC1B7Q3S5V8X0Z2M4P6R8T"
_CHALLENGE = {"otp_required": True, "challenge_id": _CHALLENGE_ID, "expires_in": 300}
_CONTACT = {"name": demo.RELATIVE_NAME, "mobile_number": demo.RELATIVE_NUMBER}
_CUSTOMER: dict[str, Any] = {
    "id": "cus_01K9ZC0Y5T7W9A1C3E5G7J9M1P",
    "mobile_number": demo.CUSTOMER_NUMBER,
    "name": demo.CUSTOMER_NAME,
    "email": None,
    "photo_url": None,
    "date_of_birth": None,
    "emergency_contact": None,
    "blood_type": None,
    "labels": [],
    "status": "active",
    "fee_paid": False,
    "created_at": "2026-11-21T08:30:00.000Z",
}
_ME = {**_CUSTOMER, "bank_account": None, "notifications": {"sms": True, "email": False}, "language": "en"}
_CHANGED = {
    **_CUSTOMER,
    "email": "ayesha@example.com",
    "emergency_contact": _CONTACT,
    "blood_type": "B+",
    "bank_account": {"title": demo.CUSTOMER_NAME, "iban": "PK36****************6702"},
    "notifications": {"sms": True, "email": True},
    "language": "ur",
}
_UPLOAD = {
    "url": "https://gatehouse-files.s3.amazonaws.com/",
    "fields": {"key": "uploads/cus_01K9ZC0Y5T7W9A1C3E5G7J9M1P/5f1d", "Content-Type": "image/jpeg", "policy": "…"},
    "expires_at": "2026-11-21T08:45:00.000Z",
    "key": "uploads/cus_01K9ZC0Y5T7W9A1C3E5G7J9M1P/5f1d",
}

OPERATIONS: dict[str, Example] = {
    "public_register": Example(
        {"mobile_number": demo.NEW_CUSTOMER_NUMBER, "password": demo.NEW_PASSWORD, "name": demo.NEW_CUSTOMER_NAME},
        _CHALLENGE,
    ),
    "public_verify_otp": Example(
        {"challenge_id": _CHALLENGE_ID, "otp": "123456"},
        {
            **TOKENS,
            "customer": {
                **_CUSTOMER,
                "mobile_number": demo.NEW_CUSTOMER_NUMBER,
                "name": demo.NEW_CUSTOMER_NAME,
            },
        },
    ),
    "public_login": Example({"mobile_number": demo.CUSTOMER_NUMBER, "password": demo.PASSWORD}, _CHALLENGE),
    "public_verify_login_otp": Example(
        {"challenge_id": _CHALLENGE_ID, "otp": "123456"}, {**TOKENS, "customer": _CUSTOMER}
    ),
    "public_resend_otp": Example({"challenge_id": _CHALLENGE_ID}, _CHALLENGE),
    "customer_refresh": Example({"refresh": REFRESH}, TOKENS),
    "customer_logout": Example(None, {}),
    "customer_me": Example(None, _ME),
    "customer_change_profile": Example(
        {
            "email": "ayesha@example.com",
            "emergency_contact": _CONTACT,
            "blood_type": "B+",
            "bank_account": {"title": demo.CUSTOMER_NAME, "iban": "PK36 SCBL 0000 0011 2345 6702"},
            "notifications": {"sms": True},
            "language": "ur",
            "photo": {"content_type": "image/jpeg", "size": 204800},
        },
        {**_CHANGED, "photo_upload": _UPLOAD},
    ),
    "customer_change_password": Example({"old_password": demo.PASSWORD, "new_password": demo.NEW_PASSWORD}, {}),
    "public_forgot_password": Example({"mobile_number": demo.CUSTOMER_NUMBER}, _CHALLENGE),
    "public_reset_password": Example(
        {"mobile_number": demo.CUSTOMER_NUMBER, "otp": "12345678", "new_password": demo.NEW_PASSWORD}, {}
    ),
}
