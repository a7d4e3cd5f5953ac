"""What a student's attendance costs: requests and write units of verify-qr and submit, and the size of a record."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from chalicelib import clock
from chalicelib.domain.access import lock_outs
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.table import keys, operations
from infra.local.meter import Meter
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.client import Answer
from tests.support.lecture import Attendee, Lecture

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("cost")]
VERIFY, SUBMIT, TYPED, CROWDED = "verify-qr", "submit", "eight digits", "submit of the fifteenth at one position"
# By its digits a try is counted before, and given back after.
MOST_REQUESTS = {VERIFY: 3, SUBMIT: 4, TYPED: 5, CROWDED: 4}
MOST_WRITE_UNITS = 10
KILOBYTE = 1024


@dataclass(frozen=True)
class Usage:
    """Of one request, without what the stream does afterwards."""

    requests: float
    write_units: float


@dataclass
class Till:
    """Counts single requests; the cache of lock-outs is empty before each, as in a fresh container."""

    meter: Meter

    def charge(self, act: Callable[[], Answer], *, status: int) -> Usage:
        lock_outs.forget()
        self.meter.reset()
        with self.meter.request("one"):
            answer = act()
        assert answer.status == status, answer.text
        used = self.meter.report()["requests"]["one"]
        return Usage(used["dynamodb_requests"], used["write_units"])


@dataclass(frozen=True)
class Found:
    usage: dict[str, Usage]
    record_bytes: int


@pytest.fixture(scope="module")
def found() -> Iterator[Found]:
    meter = Meter().attach()
    try:
        with engines.cloud():
            forget_caches()
            lecture, till = Lecture(), Till(meter)
            student = lecture.student()
            key = {"device_key": "a-key-that-the-phone-keeps"}
            usage = {VERIFY: till.charge(lambda: student.verify(**key), status=200)}
            usage[SUBMIT] = till.charge(lambda: student.submit(**key), status=201)
            usage[TYPED] = _typed(till, lecture.student())
            for _ in range(13):
                _submitted(lecture.student())
            last = lecture.student()
            last.verify()
            usage[CROWDED] = till.charge(last.submit, status=201)
            print(usage, _size(student))
            yield Found(usage, _size(student))
    finally:
        meter.detach()
        forget_caches()


def _typed(till: Till, student: Attendee) -> Usage:
    event = student.event
    body = {"event_id": event.event_id, "code": rotating_codes.code(event, clock.now())}
    return till.charge(lambda: student.post("verify-qr", body), status=200)


def _submitted(student: Attendee) -> None:
    student.verify()
    assert student.submit().status == 201


def _size(student: Attendee) -> int:
    """Return the bytes of a record as AWS counts them: names and values."""
    (raw,) = [
        raw
        for raw in operations.query(keys.attendance.record(student.attendance_id).pk, consistent=True)
        if raw["sk"]["S"] == "ATTENDANCE"
    ]
    return sum(len(name.encode()) + len(str(*value.values()).encode()) for name, value in raw.items())


@pytest.mark.parametrize("name", MOST_REQUESTS)
def test_a_request_asks_the_table_so_often_at_most(found: Found, name: str) -> None:
    assert found.usage[name].requests <= MOST_REQUESTS[name]


def test_verification_and_submission_together_stay_within_their_write_units(found: Found) -> None:
    assert found.usage[VERIFY].write_units + found.usage[SUBMIT].write_units <= MOST_WRITE_UNITS


def test_a_crowd_at_one_position_costs_no_more_than_anybody(found: Found) -> None:
    assert found.usage[CROWDED].write_units <= found.usage[SUBMIT].write_units


def test_an_ordinary_record_fits_into_one_write_unit(found: Found) -> None:
    assert found.record_bytes <= KILOBYTE
