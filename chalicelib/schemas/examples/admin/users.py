"""The examples of the staff's portal: users of every kind."""

from chalicelib.schemas.examples.shared import ULID, Example

_NAME, _NUMBER, _EMAIL = "Multan Nights", "+923001000047", "nights@example.com"
_CREATED = {
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

OPERATIONS: dict[str, Example] = {
    "admin_create_user": Example(
        {"type": "organizer", "name": _NAME, "contact_mobile": _NUMBER, "email": _EMAIL}, _CREATED
    ),
    "admin_user": Example(answer=_CREATED),
    "admin_change_user": Example({"name": _NAME, "version": 1}, _CREATED),
    "admin_deactivate_user": Example(),
    "admin_verify_user": Example(
        answer={**_CREATED, "verified": True, "verified_at": "2026-11-02T09:00:00.000Z", "version": 2}
    ),
}
