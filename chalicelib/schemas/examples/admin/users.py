"""The examples of the staff's portal: users of every kind."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ADMIN_ID, ULID, USHER_ID, Example, page

_NAME, _NUMBER, _EMAIL = demo.NEW_ORGANIZER_NAME, demo.NEW_ORGANIZER_NUMBER, demo.NEW_ORGANIZER_EMAIL
_CREATED: dict[str, Any] = {
    "id": f"org_{ULID}",
    "type": "organizer",
    "name": _NAME,
    "email": _EMAIL,
    "mobile_number": _NUMBER,
    "username": None,
    "role": None,
    "roles": [],
    "event_ids": [],
    "status": "active",
    "verified": False,
    "verified_at": None,
    "second_factor": False,
    "created_at": "2026-11-01T09:00:00.000Z",
    "version": 1,
}

_USHER = {
    **_CREATED,
    "id": USHER_ID,
    "type": "usher",
    "name": demo.USHER_NAME,
    "email": None,
    "mobile_number": None,
    "username": demo.USHER_USERNAME,
    "roles": ["ushering", "leave_desk"],
    "event_ids": [demo.EVENT_ID],
    "assignments": [{"event_id": demo.EVENT_ID, "title": demo.EVENT_TITLE, "starts_at": "2026-11-20T18:00:00.000Z"}],
}
_ORGANIZER = {
    **_CREATED,
    "name": demo.ORGANIZER_NAME,
    "email": None,
    "mobile_number": demo.ORGANIZER_NUMBER,
    "verified": True,
    "verified_at": "2026-11-02T09:00:00.000Z",
    "version": 2,
}
_MERCHANT = {
    **_ORGANIZER,
    "id": f"mer_{ULID}",
    "type": "merchant",
    "name": demo.MERCHANT_NAME,
    "mobile_number": demo.MERCHANT_NUMBER,
}
_ADMIN = {
    **_CREATED,
    "id": ADMIN_ID,
    "type": "admin",
    "name": demo.ADMIN_NAME,
    "email": demo.ADMIN_EMAIL,
    "mobile_number": None,
    "role": "super_admin",
}

OPERATIONS: dict[str, Example] = {
    "admin_users": Example(answer=page(_ORGANIZER), query={"type": "organizer"}),
    "admin_organizers": Example(answer=page(_ORGANIZER)),
    "admin_merchants": Example(answer=page(_MERCHANT)),
    "admin_ushers": Example(answer=page(_USHER)),
    "admin_admins": Example(answer=page(_ADMIN)),
    "admin_create_user": Example(
        {"type": "organizer", "name": _NAME, "contact_mobile": _NUMBER, "email": _EMAIL}, _CREATED
    ),
    "admin_user": Example(answer=_ORGANIZER),
    "admin_change_user": Example({"name": _NAME, "version": 1}, _CREATED),
    "admin_deactivate_user": Example(),
    "admin_verify_user": Example(
        answer={**_CREATED, "verified": True, "verified_at": "2026-11-02T09:00:00.000Z", "version": 2}
    ),
}
