"""The examples of campus attendance: registration, log-in, the own profile."""

from typing import Any

from chalicelib.schemas.examples import demo
from chalicelib.schemas.examples.shared import ACCESS, REFRESH, Example

_PAIR = {"refresh": REFRESH, "access": ACCESS}
USER: dict[str, Any] = {
    "id": demo.STUDENT_ID,
    "username": demo.STUDENT_USERNAME,
    "email": demo.STUDENT_EMAIL,
    "role": "student",
    "department": demo.DEPARTMENT,
    "campus": demo.CAMPUS,
    "is_verified": True,
}
PROFILE: dict[str, Any] = {
    **USER,
    "first_name": demo.STUDENT_FIRST_NAME,
    "last_name": demo.STUDENT_LAST_NAME,
    "student_id": demo.STUDENT_NUMBER,
    "campus_id": demo.CAMPUS_ID,
    "year_level": demo.YEAR_LEVEL,
    "profile_photo_url": None,
    "created_at": "2026-11-20T08:00:00.000Z",
}

OPERATIONS: dict[str, Example] = {
    "campus_register": Example(
        {
            "username": demo.NEW_STUDENT_USERNAME,
            "email": demo.NEW_STUDENT_EMAIL,
            "password": demo.NEW_PASSWORD,
            "first_name": "Omar",
            "last_name": "Saeed",
            "student_id": demo.NEW_STUDENT_NUMBER,
            "department": demo.DEPARTMENT,
            "campus": demo.CAMPUS,
            "year_level": demo.YEAR_LEVEL,
        },
        {
            "message": "Registration successful",
            "user": {
                "id": "usr_01K9ZC0Y5T7W9A1C3E5G7J9M1R",
                "username": demo.NEW_STUDENT_USERNAME,
                "email": demo.NEW_STUDENT_EMAIL,
                "role": "student",
            },
            "tokens": _PAIR,
        },
    ),
    "campus_login": Example({"username": demo.STUDENT_USERNAME, "password": demo.PASSWORD}, {**_PAIR, "user": USER}),
    "campus_refresh": Example({"refresh": REFRESH}, {"access": ACCESS}),
    "campus_logout": Example(None, {}),
    "campus_change_password": Example({"old_password": demo.PASSWORD, "new_password": demo.NEW_PASSWORD}, {}),
    "campus_password_reset": Example({"email": demo.STUDENT_EMAIL}, {}),
    "campus_password_reset_confirm": Example(
        {"email": demo.STUDENT_EMAIL, "code": "48291357", "new_password": demo.NEW_PASSWORD}, {}
    ),
    "campus_profile": Example(None, PROFILE),
    "campus_update_profile": Example(
        {"year_level": demo.NEW_YEAR_LEVEL}, {**PROFILE, "year_level": demo.NEW_YEAR_LEVEL}
    ),
}
