"""Requests of the campus portal: photos and signatures."""

from collections.abc import Callable
from typing import Any

from chalicelib.vocabulary.campus import CampusRole
from tests.contract.request import Request
from tests.support.campus import make_campus_event, verify_code


def _submission(ground: Any) -> str:
    """Return the id of a submission of the student, at an event of its own."""
    event = make_campus_event(ground.campus, ground.campus_users[CampusRole.ORGANIZER])
    return verify_code(event, ground.campus_users[CampusRole.STUDENT]).submission_id


def _upload(ground: Any) -> Request:
    return Request({"submission_id": _submission(ground), "content_type": "image/jpeg"})


REQUESTS: dict[str, Callable[[Any], Request]] = {
    "campus_upload_front_photo": _upload,
    "campus_upload_back_photo": _upload,
    "campus_capture_signature": lambda ground: Request(
        {"submission_id": _submission(ground), "signature": "M10 40C20 10 30 10 40 40S60 70 80 20"}
    ),
}
