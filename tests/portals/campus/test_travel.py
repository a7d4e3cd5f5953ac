"""Nobody travels to or from an event that asks for no position and was sent none, such as a lecture by video."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
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
