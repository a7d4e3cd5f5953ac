"""Fairness: evidence, time and appeals never change a status; staff do, in words, and every original stays."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.domain.campus.attendance import (
    attendance_appeals,
    attendance_marks,
    record_decisions,
    record_history,
    resubmission,
)
from chalicelib.domain.campus.attendance.attendance_marks import Mark
from chalicelib.domain.campus.attendance.record_decisions import Review
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.errors import InvalidState
from chalicelib.identifiers import unkeyed_operation_id
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord
from chalicelib.vocabulary.campus import (
    AttendanceStatus,
    CampusRole,
    EvidenceFlag,
    ReviewDecision,
    VerificationStatus,
)
from tests.support.campus import make_campus, make_campus_event, make_campus_user, principal_of, token_of
from tests.support.client import call
from tests.support.explore import explore

pytestmark = pytest.mark.usefixtures("moto_cloud")
# What staff write is a status by their own hand; all else is evidence, time, checks and appeals.
BLIND = ("flag", "all flags", "time", "check", "verify", "reject", "appeal")
EXPLICIT = tuple(f"{how} {status}" for how in ("correct", "mark") for status in AttendanceStatus)
# Every number that a flag may state.
NUMBERS = {
    "age": 70,
    "limit": 45,
    "accuracy": 9,
    "distance": 900,
    "minutes": 3,
    "speed": 900,
    "others": 2,
    "bits": 4,
    "seconds": 3,
    "missing": 1,
    "photos": 1,
    "radius": 50,
}
_notes = itertools.count(1)


class Story:
    """A submission over the wire, and what happens to its record; `statuses` are those it must have had."""

    def __init__(self) -> None:
        campus = make_campus()
        self.teacher = make_campus_user(campus, role=CampusRole.ORGANIZER)
        self.student = make_campus_user(campus)
        self.event = make_campus_event(campus, self.teacher, require_photos=True, require_signature=True)
        self.begun, self.passed = clock.now(), timedelta()
        token = token_of(self.student)
        scanned = {"qr_token": rotating_codes.token(self.event, clock.now())}
        verified = call("POST", "/api/campus/attendance/verify-qr/", scanned, token=token).json
        body = {"submission_id": verified["submission_id"]}
        answer = call("POST", "/api/campus/attendance/submit/", body, token=token)
        assert answer.status == 201, answer.text
        self.attendance_id = answer.json["attendance_id"]
        self.original = self.record()
        self.statuses = [self.original.status]

    def record(self) -> AttendanceRecord:
        record = operations.get(keys.attendance.record(self.attendance_id))
        assert record is not None
        return record

    def act(self, name: str) -> None:
        verb, _, status = name.partition(" ")
        with clock.set_to(self.begun + self.passed):
            match verb:
                case "flag":
                    self._flag(EvidenceFlag.OLD_QR)
                case "all":
                    self._flag(*EvidenceFlag)
                case "time":
                    self.passed += timedelta(minutes=25)
                case "check":
                    resubmission.rejudge(self.attendance_id)
                case "appeal":
                    self._appeal()
                case "mark":
                    self._mark(AttendanceStatus(status))
                case _:
                    self._decide(ReviewDecision(verb), AttendanceStatus(status) if status else None)

    def _flag(self, *flags: EvidenceFlag) -> None:
        """Flag the record as a check of its evidence does."""
        changes = [
            AttendanceRecord.flags.set({flag.value: NUMBERS for flag in flags}),
            AttendanceRecord.verification_status.set(VerificationStatus.FLAGGED),
        ]
        operations.record(operations.change(self.record().place, changes))

    def _appeal(self) -> None:
        statement = f"I was there {next(_notes)}"
        try:
            attendance_appeals.file(principal_of(self.student), self.attendance_id, statement=statement)
        except InvalidState:
            assert self.record().appeal_status == "open"

    def _decide(self, decision: ReviewDecision, status: AttendanceStatus | None) -> None:
        review = Review(decision, status=status, note=f"Note {next(_notes)}")
        record_decisions.decide(
            principal_of(self.teacher), self.attendance_id, review, operation_id=unkeyed_operation_id()
        )
        self.statuses.append(status or self.statuses[-1])

    def _mark(self, status: AttendanceStatus) -> None:
        wanted = Mark(student=self.student.account_id, status=status, reason=f"Note {next(_notes)}")
        event_id = self.event.event_id
        attendance_marks.mark(principal_of(self.teacher), event_id, wanted, operation_id=unkeyed_operation_id())
        self.statuses.append(status)

    def assert_fair(self) -> None:
        assert self.record().status == self.statuses[-1]
        history = record_history.show(principal_of(self.student), self.attendance_id)
        assert [each.status for each in history.versions] == self.statuses
        original = history.versions[0]
        assert (original.method, original.submitted_at) == (self.original.method, self.original.submitted_at)
        assert original.is_original
        assert all(each.reason and each.replaced_by and each.replaced_at for each in history.versions[:-1])
        assert all(each.statement for each in history.appeals)


@explore(most=60, fewest=3)
@given(acts=st.lists(st.sampled_from(BLIND), max_size=10))
def test_no_evidence_time_check_verdict_or_appeal_changes_a_status(moto_cloud: object, acts: list[str]) -> None:
    del moto_cloud
    story = Story()
    for act in acts:
        story.act(act)
        assert story.record().status == story.original.status != AttendanceStatus.ABSENT
    story.assert_fair()


@explore(most=60, fewest=3)
@given(acts=st.lists(st.sampled_from((*BLIND, *EXPLICIT)), max_size=10))
def test_a_status_is_the_last_that_staff_wrote_and_every_earlier_version_is_readable(
    moto_cloud: object, acts: list[str]
) -> None:
    del moto_cloud
    story = Story()
    for act in acts:
        story.act(act)
        assert story.record().status == story.statuses[-1]
    story.assert_fair()
