"""The examples of Tix: registration and log-in."""

from typing import Any

from chalicelib.schemas.examples.shared import TOKENS, Example

ORGANIZATION_ID = "ogn_01K9ZC0Y5T7W9A1C3E5G7J9M1P"
USER_ID = "usr_01K9ZC0Y5T7W9A1C3E5G7J9M1Q"
_EMAIL = "owner@tix.example.com"
_WHO = {"email": _EMAIL, "password": "a long enough password"}
_USER: dict[str, Any] = {
    "id": USER_ID,
    "email": _EMAIL,
    "name": "Sana Malik",
    "role": "admin",
    "organizationId": ORGANIZATION_ID,
}
_LOGGED_IN = {"token": TOKENS["access"], "user": _USER}
ORGANIZATION = {
    "id": ORGANIZATION_ID,
    "name": "Lahore Marathon",
    "timezone": "Asia/Karachi",
    "ticket_prefix": "RUN",
    "logo_url": None,
}

OPERATIONS: dict[str, Example] = {
    "public_tix_register": Example({**_WHO, "name": "Sana Malik", "organization": "Lahore Marathon"}, _LOGGED_IN),
    "public_tix_login": Example(_WHO, _LOGGED_IN),
    "tix_logout": Example(None, {}),
    "tix_me": Example(None, {**_USER, "organization": ORGANIZATION}),
}
