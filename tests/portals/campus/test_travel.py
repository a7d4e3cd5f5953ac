"""Nobody travels to or from an event that asks for no position and was sent none, such as a lecture by video."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from tests.support.campus import token_of
from tests.support.client import call
from tests.support.factories import at
from tests.support.lecture import Lecture
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
KARACHI = {"latitude": 24.8607, "longitude": 67.0011}
NEAR_KARACHI = {"latitude": 24.8608, "longitude": 67.0011, "accuracy": 8}
NEAR_LAHORE = {"latitude": 31.5205, "longitude": 74.3587, "accuracy": 8}
CASES = {
    "two halls": (True, True, True, ["impossible_travel"]),
    "from a lecture by video to a hall": (False, False, True, []),
    "from a hall to a lecture by video": (True, False, False, []),
    "from a hall to a position that nobody asked for": (True, True, False, ["impossible_travel"]),
}


@pytest.mark.parametrize("case", CASES)
def test_only_who_was_at_two_places_travelled(case: str) -> None:
    first_asks, sends_second, second_asks, flags = CASES[case]
    lecture, stream = Lecture(), StreamReader()
    account, begins = lecture.student().account, at("2026-11-27T10:00:00Z")
    times = {"starts_at": begins, "ends_at": begins + timedelta(hours=2)}
    events = [
        lecture.another(require_location=first_asks, **times),
        lecture.another(require_location=second_asks, **KARACHI, **times),
    ]
    sent: list[dict[str, Any]] = [
        NEAR_LAHORE if first_asks else {},
        NEAR_KARACHI if second_asks or sends_second else {},
    ]
    for number, (event, position) in enumerate(zip(events, sent, strict=True)):
        with clock.set_to(begins + timedelta(minutes=20 * number)):
            student = lecture.student(event, account=account)
            student.verify()
            answer = student.post("submit", {"event_id": event.event_id, **position})
            stream.drain()
    assert (answer.status, [flag["flag"] for flag in answer.json["flags"]]) == (201, flags)


@pytest.mark.parametrize(("decision", "flags"), [("verify", ["impossible_travel"]), ("reject", [])])
def test_nobody_travelled_from_where_staff_say_that_they_were_not(decision: str, flags: list[str]) -> None:
    lecture, stream = Lecture(), StreamReader()
    account, begins = lecture.student().account, at("2026-11-27T10:00:00Z")
    times = {"starts_at": begins, "ends_at": begins + timedelta(hours=2)}
    here, there = lecture.another(**times), lecture.another(**KARACHI, **times)
    with clock.set_to(begins):
        student = lecture.student(here, account=account)
        student.verify()
        attendance_id = student.post("submit", {"event_id": here.event_id, **NEAR_LAHORE}).json["attendance_id"]
        stream.drain()
        body = {"decision": decision, "note": "Seen by the lecturer."}
        path = f"/api/campus/attendance/{attendance_id}/verify/"
        assert call("POST", path, body, token=token_of(lecture.organizer)).status == 200
        stream.drain()
    with clock.set_to(begins + timedelta(minutes=20)):
        student = lecture.student(there, account=account)
        student.verify()
        answer = student.post("submit", {"event_id": there.event_id, **NEAR_KARACHI})
    assert [flag["flag"] for flag in answer.json["flags"]] == flags
