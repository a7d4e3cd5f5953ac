"""Races about one record on an exact engine: decisions, marks, submissions and appeals at the same moment."""

from collections.abc import Iterator
from functools import partial

import pytest

from chalicelib.domain.campus.attendance import (
    attendance_appeals,
    attendance_marks,
    record_decisions,
    record_history,
    submissions,
)
from chalicelib.domain.campus.attendance.attendance_marks import Mark
from chalicelib.domain.campus.attendance.record_decisions import Review
from chalicelib.domain.campus.attendance.submissions import SubmissionInput
from chalicelib.identifiers import unkeyed_operation_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, Campus, CampusEvent
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus, CampusRole, ReviewDecision
from tests.support import engines
from tests.support.at_once import at_once
from tests.support.attendance import make_record
from tests.support.caches import forget_caches
from tests.support.campus import make_campus, make_campus_event, make_campus_user, principal_of, verify_code
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("ledger"), pytest.mark.timeout(900)]
CALLERS = 32
ROUNDS = size_of("CAMPUS_MARK_ROUNDS", small=2, full=20)


@pytest.fixture(scope="module", autouse=True)
def exact_cloud() -> Iterator[None]:
    with engines.cloud():
        forget_caches()
        yield
    forget_caches()


class Hall:
    """An event with its organizer, a hr member and a student."""

    def __init__(self) -> None:
        self.campus: Campus = make_campus()
        self.teacher: Account = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.student: Account = make_campus_user(self.campus)
        self.event: CampusEvent = make_campus_event(self.campus, self.teacher)

    def record(self, attendance_id: str) -> AttendanceRecord:
        record = operations.get(keys.attendance.record(attendance_id))
        assert record is not None
        return record

    def mark(self, status: AttendanceStatus, reason: str, *, operation_id: str | None = None) -> str:
        wanted = Mark(student=self.student.account_id, status=status, reason=reason)
        operation_id = operation_id or unkeyed_operation_id()
        teacher = principal_of(self.teacher)
        return attendance_marks.mark(teacher, self.event.event_id, wanted, operation_id=operation_id).id

    def decide(self, attendance_id: str, status: AttendanceStatus, note: str) -> None:
        review = Review(ReviewDecision.CORRECT, status=status, note=note)
        teacher = principal_of(self.teacher)
        record_decisions.decide(teacher, attendance_id, review, operation_id=unkeyed_operation_id())

    def statuses(self, attendance_id: str) -> list[str]:
        history = record_history.show(principal_of(self.student), attendance_id)
        assert [each.version for each in history.versions] == list(range(1, len(history.versions) + 1))
        return [each.status for each in history.versions]


def test_of_different_decisions_at_once_none_is_lost_and_the_others_are_refused() -> None:
    hall = Hall()
    record = make_record(hall.event, hall.student)
    statuses = [AttendanceStatus.LATE, AttendanceStatus.EXCUSED, AttendanceStatus.LEFT_EARLY, AttendanceStatus.ABSENT]
    notes = [f"Reason {number}" for number in range(CALLERS)]
    acts = [partial(hall.decide, record.attendance_id, statuses[number % 4], note) for number, note in enumerate(notes)]
    answers = at_once(acts)
    history = record_history.show(principal_of(hall.student), record.attendance_id)
    assert answers["done"] >= 1
    assert answers["done"] + answers["Conflict"] == CALLERS
    # Each decision that was taken is one version with its own reason, and none overwrote another.
    assert len(history.versions) == answers["done"] + 1
    reasons = [each.reason for each in history.versions[:-1]]
    assert len(set(reasons)) == answers["done"]
    assert history.versions[0].status == AttendanceStatus.PRESENT
    assert hall.statuses(record.attendance_id)[-1] == hall.record(record.attendance_id).status


def test_the_same_decision_of_many_callers_at_once_is_one_version() -> None:
    hall = Hall()
    record = make_record(hall.event, hall.student)
    answers = at_once([partial(hall.decide, record.attendance_id, AttendanceStatus.LATE, "Came at ten")] * CALLERS)
    assert answers == {"done": CALLERS}
    assert hall.statuses(record.attendance_id) == ["present", "late"]


def test_the_same_mark_of_many_callers_at_once_is_one_record() -> None:
    hall = Hall()
    ids: set[str] = set()
    answers = at_once([lambda: ids.add(hall.mark(AttendanceStatus.PRESENT, "On the list"))] * CALLERS)
    assert answers == {"done": CALLERS}
    (attendance_id,) = ids
    assert hall.statuses(attendance_id) == ["present"]


def test_a_submission_and_a_mark_at_once_make_one_record_with_the_mark_in_it() -> None:
    for _ in range(ROUNDS):
        hall = Hall()
        draft = verify_code(hall.event, hall.student)
        student = principal_of(hall.student)
        given = SubmissionInput(submission_id=draft.submission_id)
        answers = at_once(
            [
                partial(submissions.submit, given, principal=student, operation_id=unkeyed_operation_id()),
                partial(hall.mark, AttendanceStatus.EXCUSED, "Letter of the doctor"),
            ]
        )
        assert answers["done"] + answers["AlreadySubmitted"] == 2
        attendance_id = hall.mark(AttendanceStatus.EXCUSED, "Letter of the doctor")
        expected = ["excused"] if answers["AlreadySubmitted"] else ["present", "excused"]
        assert hall.statuses(attendance_id) == expected


def test_of_many_appeals_at_once_one_is_open_and_a_decision_never_loses_it() -> None:
    hall = Hall()
    record = make_record(hall.event, hall.student)
    student, attendance_id = principal_of(hall.student), record.attendance_id
    filing = [
        partial(attendance_appeals.file, student, attendance_id, statement=f"Statement {number % 2}")
        for number in range(CALLERS - 1)
    ]
    answers = at_once([*filing, partial(hall.decide, attendance_id, AttendanceStatus.LATE, "Came at ten")])
    appeals = attendance_appeals.every(attendance_id)
    assert answers["done"] + answers["InvalidState"] + answers["Conflict"] == CALLERS
    # The decision answered an appeal that it saw; another may have been filed after it.
    assert len(appeals) in (1, 2)
    assert sum(each.status == AppealStatus.OPEN for each in appeals) <= 1
    shown = hall.record(attendance_id).appeal
    assert shown is not None
    assert (shown["statement"], shown["status"]) == (appeals[-1].statement, appeals[-1].status)
