"""The examples of the ushers' portal: log-in."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import REFRESH, TOKENS, USHER_ID, Example
from chalicelib.schemas.examples.usher.events import EVENT

_USHER = {"id": USHER_ID, "username": demo.USHER_USERNAME, "name": demo.USHER_NAME, "roles": ["ushering", "leave_desk"]}

OPERATIONS: dict[str, Example] = {
    "usher_login": Example(
        {"event_id": demo.EVENT_ID, "username": demo.USHER_USERNAME, "password": demo.PASSWORD},
        {**TOKENS, "usher": _USHER, "event": EVENT},
    ),
    "usher_refresh": Example({"refresh": REFRESH}, TOKENS),
    "usher_logout": Example(answer={}),
}
