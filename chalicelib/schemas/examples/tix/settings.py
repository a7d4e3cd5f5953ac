"""The examples of Tix: settings."""

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import Example
from chalicelib.schemas.examples.tix.accounts import ORGANIZATION

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
    **ORGANIZATION,
    "max_users": 10,
    "members": 1,
    "paper": _PAPER,
    "invite_code": "AGJ5YUA7JOQ6PXJK2PUHJXJQWYAAC2LJ6QK2R3ZVLPK6OZ3D",
    "invite_expires_at": "2026-11-27T09:00:00.000Z",
    "invite_uses": 10,
}


OPERATIONS: dict[str, Example] = {
    "tix_settings": Example(None, _SETTINGS),
    "tix_change_settings": Example(
        {"ticket_prefix": demo.PREFIX, "paper": {"columns": 3, "rows": 8}}, {**_SETTINGS, "ticket_prefix": demo.PREFIX}
    ),
}
