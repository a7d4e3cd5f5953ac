"""The examples of Tix: registration and log-in."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import TOKENS, Example

ORGANIZATION_ID = "ogn_01K9ZC0Y5T7W9A1C3E5G7J9M1P"
USER_ID = "usr_01K9ZC0Y5T7W9A1C3E5G7J9M1Q"
_USER: dict[str, Any] = {
    "id": USER_ID,
    "email": demo.TIX_EMAIL,
    "name": demo.TIX_NAME,
    "role": "admin",
    "organizationId": ORGANIZATION_ID,
}
_DONE = {"success": True}
_LOGGED_IN = {"token": TOKENS["access"], "user": _USER}
ORGANIZATION = {
    "id": ORGANIZATION_ID,
    "name": demo.ORGANIZATION,
    "timezone": demo.TIMEZONE,
    "ticket_prefix": "TIX",
    "logo_url": None,
}

OPERATIONS: dict[str, Example] = {
    "public_tix_register": Example(
        {
            "email": demo.NEW_TIX_EMAIL,
            "password": demo.NEW_PASSWORD,
            "name": demo.NEW_TIX_NAME,
            "organization": demo.NEW_ORGANIZATION,
        },
        {**_LOGGED_IN, "user": {**_USER, "email": demo.NEW_TIX_EMAIL, "name": demo.NEW_TIX_NAME}},
    ),
    "public_tix_login": Example({"email": demo.TIX_EMAIL, "password": demo.PASSWORD}, _LOGGED_IN),
    "tix_logout": Example(None, {}),
    "tix_me": Example(None, {**_USER, "email_verified": True, "organization": ORGANIZATION}),
    "tix_verify_email": Example({"email": demo.TIX_EMAIL, "code": "482913"}, _DONE),
    "public_tix_forgot_password": Example({"email": demo.TIX_EMAIL}, _DONE),
    "public_tix_reset_password": Example(
        {"email": demo.TIX_EMAIL, "code": "48291357", "new_password": demo.NEW_PASSWORD}, _DONE
    ),
    "tix_change_password": Example({"old_password": demo.PASSWORD, "new_password": demo.NEW_PASSWORD}, {}),
}
