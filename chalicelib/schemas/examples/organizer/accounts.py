"""The examples of the organizers' portal: log-in, forgotten password, profile."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import REFRESH, TOKENS, Example

_CHALLENGE_ID = "chl_01K9ZC1B7Q3S5V8X0Z2M4P6R8T"
_ORGANIZER_ID = "org_01K9ZC0Y5T7W9A1C3E5G7J9M1P"
_CHALLENGE = {"otp_required": True, "challenge_id": _CHALLENGE_ID, "expires_in": 300}
_ORGANIZER: dict[str, Any] = {
    "id": _ORGANIZER_ID,
    "name": demo.ORGANIZER_NAME,
    "contact_mobile": demo.ORGANIZER_NUMBER,
    "email": "",
    "company_name": None,
    "address": None,
    "tax_number": None,
    "bank_account": None,
    "image_url": None,
    "status": "active",
}
_COMPANY = f"{demo.ORGANIZER_NAME} (Private) Limited"
_UPLOAD = {
    "url": "https://gatehouse-files.s3.amazonaws.com/",
    "fields": {"key": f"uploads/{_ORGANIZER_ID}/5f1d", "Content-Type": "image/png", "policy": "…"},
    "expires_at": "2026-11-21T08:45:00.000Z",
    "key": f"uploads/{_ORGANIZER_ID}/5f1d",
}

OPERATIONS: dict[str, Example] = {
    "public_organizer_login": Example({"contact_mobile": demo.ORGANIZER_NUMBER, "password": demo.PASSWORD}, _CHALLENGE),
    "public_organizer_verify_otp": Example(
        {"challenge_id": _CHALLENGE_ID, "otp": "123456"}, {**TOKENS, "organizer": _ORGANIZER}
    ),
    "public_organizer_forgot_password": Example({"contact_mobile": demo.ORGANIZER_NUMBER}, _CHALLENGE),
    "public_organizer_reset_password": Example(
        {"contact_mobile": demo.ORGANIZER_NUMBER, "otp": "12345678", "new_password": demo.NEW_PASSWORD}, {}
    ),
    "organizer_refresh": Example({"refresh": REFRESH}, TOKENS),
    "organizer_logout": Example(None, {}),
    "organizer_me": Example(None, _ORGANIZER),
    "organizer_profile": Example(None, _ORGANIZER),
    "organizer_change_profile": Example(
        {
            "company_name": _COMPANY,
            "bank_account": {"title": demo.ORGANIZER_NAME, "iban": "PK36 SCBL 0000 0011 2345 6702"},
            "image": {"content_type": "image/png", "size": 204800},
        },
        {
            **_ORGANIZER,
            "company_name": _COMPANY,
            "bank_account": {"title": demo.ORGANIZER_NAME, "iban": "PK36****************6702"},
            "image_upload": _UPLOAD,
        },
    ),
    "organizer_change_password": Example({"old_password": demo.PASSWORD, "new_password": demo.NEW_PASSWORD}, {}),
}
