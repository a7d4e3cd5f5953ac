"""The examples of Tix: registration, log-in, settings."""

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
_ORGANIZATION = {
    "id": ORGANIZATION_ID,
    "name": "Lahore Marathon",
    "timezone": "Asia/Karachi",
    "ticket_prefix": "RUN",
    "logo_url": None,
}
_PAPER = {
    "size": "A4",
    "orientation": "portrait",
    "columns": 3,
    "rows": 8,
    "margin": 10,
    "gap": 2,
    "show_name": True,
    "show_number": True,
    "show_extra": True,
}
_SETTINGS = {
    **_ORGANIZATION,
    "max_users": 10,
    "members": 3,
    "paper": _PAPER,
    "invite_code": "AGJ5YUA7JOQ6PXJK2PUHJXJQWYAAC2LJ6QK2R3ZVLPK6OZ3D",
}

OPERATIONS: dict[str, Example] = {
    "public_tix_register": Example({**_WHO, "name": "Sana Malik", "organization": "Lahore Marathon"}, _LOGGED_IN),
    "public_tix_login": Example(_WHO, _LOGGED_IN),
    "tix_logout": Example(None, {}),
    "tix_me": Example(None, {**_USER, "organization": _ORGANIZATION}),
    "tix_settings": Example(None, _SETTINGS),
    "tix_change_settings": Example({"ticket_prefix": "RUN", "paper": {"columns": 3, "rows": 8}}, _SETTINGS),
}
