"""The examples of campus attendance: people for the office, and the campuses."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.campus.accounts import PROFILE
from chalicelib.schemas.examples.shared import Example, page

_USER: dict[str, Any] = {**PROFILE, "is_active": True, "card_uid": None}
_LOG_INS = page(
    {
        "id": "lgn_01K9ZC0Y5T7W9A1C3E5G7J9M1S",
        "at": "2026-11-20T08:00:00.000Z",
        "result": "success",
        "device": "Chrome on Android",
        "address_hint": "203.0.113.0/24",
    }
)

OPERATIONS: dict[str, Example] = {
    "campus_list_users": Example(
        None, page(_USER), {"role": "student", "campus": demo.CAMPUS, "search": demo.STUDENT_LAST_NAME}
    ),
    "campus_user": Example(None, {**_USER, "audit": _LOG_INS}, {"audit": "true"}),
    "campus_change_user": Example(
        {"department": demo.OTHER_DEPARTMENT, "card_uid": demo.NEW_STUDENT_CARD},
        {**_USER, "department": demo.OTHER_DEPARTMENT, "card_uid": demo.NEW_STUDENT_CARD},
    ),
    "campus_verify_user": Example(None, _USER),
    "campus_campuses": Example(None, page({"id": demo.CAMPUS_ID, "name": demo.CAMPUS, "timezone": demo.TIMEZONE})),
}
