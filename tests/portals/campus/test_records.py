"""Records of attendance, as their owners and the staff of their events read them."""

import pytest

from chalicelib.vocabulary.campus import CampusRole
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def test_a_student_lists_their_own_records_newest_first() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    student, other = make_campus_user(campus), make_campus_user(campus)
    events = [make_campus_event(campus, organizer) for _ in range(3)]
    records = [make_record(event, student) for event in events]
    make_record(events[0], other)
    stream.drain()
    answer = call("GET", "/api/campus/attendance/", token=token_of(student))
    assert answer.status == 200, answer.text
    assert [each["id"] for each in answer.json["results"]] == [each.attendance_id for each in reversed(records)]
