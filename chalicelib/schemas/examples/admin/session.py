"""The examples of the staff's portal: log-in."""

from chalicelib.schemas.examples.shared import ADMIN_ID, REFRESH, TOKENS, Example

_ADMIN = {
    "id": ADMIN_ID,
    "email": "admin@example.com",
    "name": "Demo Admin",
    "role": "usher_manager",
    "permissions": ["devices", "ushers"],
}

OPERATIONS: dict[str, Example] = {
    "admin_login": Example(
        {"email": "admin@example.com", "password": "demo-Admin-2026"}, {**TOKENS, "csrf_token": None, "admin": _ADMIN}
    ),
    "admin_refresh": Example({"refresh": REFRESH}, {**TOKENS, "csrf_token": None}),
    "admin_logout": Example(answer={}),
    "admin_change_password": Example(
        {"old_password": "demo-Admin-2026", "new_password": "a longer and better one"}, {}
    ),
    "admin_me": Example(answer=_ADMIN),
}
