"""The examples of the ushers' portal: log-in."""

from chalicelib.schemas.examples.shared import EVENT_ID, REFRESH, TOKENS, USHER_ID, Example
from chalicelib.schemas.examples.usher.events import EVENT

_USHER = {"id": USHER_ID, "username": "usher1", "name": "Demo Usher", "roles": ["ushering", "leave_desk"]}

OPERATIONS: dict[str, Example] = {
    "usher_login": Example(
        {"event_id": EVENT_ID, "username": "usher1", "password": "demo-Usher-2026"},
        {**TOKENS, "usher": _USHER, "event": EVENT},
    ),
    "usher_refresh": Example({"refresh": REFRESH}, TOKENS),
    "usher_logout": Example(answer={}),
}
