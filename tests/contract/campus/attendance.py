"""Requests of the campus portal: attendance."""

from collections.abc import Callable
from typing import Any

from chalicelib import clock
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import CampusRole
from tests.contract.request import Request
from tests.support.campus import LATITUDE, LONGITUDE, make_campus_event, verify_code

_POSITION = {"latitude": LATITUDE, "longitude": LONGITUDE, "accuracy": 10}


def _event(ground: Any) -> CampusEvent:
    return make_campus_event(ground.campus, ground.campus_users[CampusRole.ORGANIZER])


def _code(ground: Any) -> Request:
    return Request({"qr_token": rotating_codes.token(_event(ground), clock.now())})


def _verified(ground: Any) -> str:
    """Return the id of a submission of the student, at an event of its own, whose code is verified."""
    return verify_code(_event(ground), ground.campus_users[CampusRole.STUDENT]).submission_id


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_verify_code": _code,
    "campus_verify_location": lambda ground: Request({"submission_id": _verified(ground), **_POSITION}),
    "campus_verification_feedback": lambda ground: Request(query=f"submission_id={_verified(ground)}"),
    "campus_student_autofill": lambda _: Request(),
    "campus_submit_attendance": lambda ground: Request({"submission_id": _verified(ground), **_POSITION}),
}
