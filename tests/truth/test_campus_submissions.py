"""Submissions of a crowd on an exact engine: one record for each student, however often and together they are sent.

`CAMPUS_STUDENTS=1000` for the full size.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.vocabulary.campus import VerificationStatus
from tests.support import engines
from tests.support.caches import forget_caches
from tests.support.campus import LATITUDE, token_of
from tests.support.client import Answer, call
from tests.support.lecture import ATTENDANCE, NEARBY, Attendee, Lecture
from tests.support.sizes import size_of
from tests.support.streams import StreamReader

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("numbering"), pytest.mark.timeout(900)]
STUDENTS = size_of("CAMPUS_STUDENTS", small=40, full=1000)
CALLERS = size_of("CAMPUS_CALLERS", small=16, full=32)
# As many functions as answer at the same moment.
_HANDS = 16
KEY = "a-key-that-many-phones-have"


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


@pytest.fixture
def lecture() -> Lecture:
    return Lecture()


def asked(act: Callable[[], Answer]) -> Answer:
    """Ask again as long as the answer is 503, as a client does."""
    answer = act()
    for _ in range(60):
        if answer.status != 503:
            break
        answer = act()
    return answer


def at_once(acts: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Do all of these at the same moment."""
    together = threading.Barrier(len(acts))

    def do(act: Callable[[], Answer]) -> Answer:
        together.wait(60)
        return asked(act)

    with ThreadPoolExecutor(len(acts)) as callers:
        return list(callers.map(do, acts))


def outcomes(answers: Sequence[Answer]) -> Counter[str]:
    """Count submissions, duplicates, and all other answers by their text."""
    return Counter(
        "submitted" if answer.status == 201 else "duplicate" if answer.json.get("duplicate") else answer.text
        for answer in answers
    )


def listed(lecture: Lecture) -> list[dict[str, Any]]:
    """Read the whole list of an event's records, as its organizer does."""
    token, entries, cursor = token_of(lecture.organizer), [], ""
    while True:
        page = call("GET", f"{ATTENDANCE}/?event={lecture.event.event_id}&page_size=100{cursor}", token=token).json
        entries += page["results"]
        if page["next"] is None:
            return entries
        cursor = f"&cursor={page['next']}"


def analytics(lecture: Lecture) -> dict[str, Any]:
    path = f"/api/campus/events/{lecture.event.event_id}/analytics/"
    answer: dict[str, Any] = call("GET", path, token=token_of(lecture.organizer)).json
    return answer


def test_a_crowd_of_which_some_submit_twice_has_one_record_each_and_its_list_and_totals_say_so(
    lecture: Lecture,
) -> None:
    stream, students = StreamReader(), [lecture.student() for _ in range(STUDENTS)]
    stream.skip()
    # Every fifth sends everything twice, from two tabs of one log-in.
    senders = [student for n, student in enumerate(students) for _ in range(2 if n % 5 == 0 else 1)]

    def attend(place: int, student: Attendee) -> Answer:
        assert asked(student.verify).status == 200
        return asked(lambda: student.submit(latitude=LATITUDE + place / 10_000_000))

    with ThreadPoolExecutor(_HANDS) as hands:
        answers = list(hands.map(attend, range(len(senders)), senders))
    found = outcomes(answers)
    assert found["submitted"] == STUDENTS
    # A second tab that verified again just before the first one submitted is refused as well.
    assert found["duplicate"] == len(senders) - STUDENTS, found
    stream.drain()
    entries = listed(lecture)
    assert sorted(entry["student"]["id"] for entry in entries) == sorted(s.account.account_id for s in students)
    totals = analytics(lecture)
    assert totals["submitted"] == STUDENTS
    assert sum(totals["by_status"].values()) == STUDENTS
    for student in students:
        record, draft = student.record, student.draft
        assert record is not None
        assert draft is not None
        assert (draft.nonce, draft.submitted_at) == (record.nonce, record.submitted_at)


def test_one_draft_that_is_submitted_by_many_callers_gives_one_record(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    answers = at_once([student.submit] * CALLERS)
    assert outcomes(answers) == {"submitted": 1, "duplicate": CALLERS - 1}


def test_verifying_and_submitting_together_leaves_a_draft_that_is_the_records(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    acts = [student.verify if n % 2 else student.submit for n in range(CALLERS)]
    answers = at_once(acts)
    submitted = outcomes(answers[0::2])
    assert submitted == {"submitted": 1, "duplicate": CALLERS // 2 - 1}
    assert {answer.status for answer in answers[1::2]} == {200}
    record, draft = student.record, student.draft
    assert record is not None
    assert draft is not None
    # A verification that came later has not opened the submission again.
    assert (draft.nonce, draft.submitted_at) == (record.nonce, record.submitted_at)


def test_one_key_at_the_same_moment_gets_one_answer(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    body = {"event_id": lecture.event.event_id, **NEARBY}

    def submit() -> Answer:
        answer = student.post("submit", body, idempotency_key="one")
        while answer.status == 409:  # the first is still running
            answer = student.post("submit", body, idempotency_key="one")
        return answer

    answers = at_once([submit] * CALLERS)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1


def test_everybody_on_one_device_at_the_same_moment_is_counted_and_in_the_end_flagged(lecture: Lecture) -> None:
    stream, students = StreamReader(), [lecture.student() for _ in range(8)]
    stream.skip()
    for student in students:
        student.verify(device_key=KEY)
    answers = at_once(
        [
            lambda place=place, student=student: student.submit(  # type: ignore[misc]  # bound in the loop
                device_key=KEY, latitude=LATITUDE + place / 1_000_000
            )
            for place, student in enumerate(students)
        ]
    )
    assert outcomes(answers) == {"submitted": 8}
    stream.drain()
    for student in students:
        record = student.record
        assert record is not None
        assert record.flags["shared_device"] == {"others": 7}
        assert record.verification_status is VerificationStatus.FLAGGED
