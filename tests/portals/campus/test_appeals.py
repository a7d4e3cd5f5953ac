"""Appeals: a student contests, staff uphold or correct, and the statement stays."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance.attendance_ids import attendance_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, Campus, CampusEvent
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus, CampusRole, VerificationStatus
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.lecture import Attendee
from tests.support.meanwhile import before
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
STATEMENT = "I sat in the third row.\nMy phone was empty."


@dataclass(frozen=True)
class Case:
    """A rejected record of a student, and the organizer of its event."""

    campus: Campus
    organizer: Account
    student: Account
    event: CampusEvent
    record: AttendanceRecord

    @property
    def path(self) -> str:
        return f"/api/campus/attendance/{self.record.attendance_id}"

    def appeal(self, statement: Any = STATEMENT, *, by: Account | None = None) -> Answer:
        return call("POST", f"{self.path}/appeal/", {"statement": statement}, token=token_of(by or self.student))

    def decide(self, decision: str, **body: Any) -> Answer:
        body = {"decision": decision, **body}
        return call("POST", f"{self.path}/verify/", body, token=token_of(self.organizer))

    def history(self) -> Any:
        return call("GET", f"{self.path}/history/", token=token_of(self.student)).json


@pytest.fixture
def case(moto_cloud: object) -> Case:  # noqa: ARG001  # the table
    StreamReader().skip()
    campus = make_campus()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    event = make_campus_event(campus, organizer)
    rejected = VerificationStatus.REJECTED
    record = make_record(event, student, status=AttendanceStatus.LATE, verification_status=rejected)
    return Case(campus, organizer, student, event, record)


def listed(account: Account, query: str = "") -> Any:
    answer = call("GET", f"/api/campus/appeals/?{query}", token=token_of(account))
    assert answer.status == 200, answer.text
    return answer.json["results"]


def test_a_student_contests_their_record_with_a_statement(case: Case) -> None:
    answer = case.appeal()
    assert answer.status == 201, answer.text
    said = answer.json
    assert (said["attendance_id"], said["statement"], said["status"]) == (case.record.attendance_id, STATEMENT, "open")
    assert (said["answer"], said["answered_by"], said["answered_at"]) == (None, None, None)
    record = call("GET", f"{case.path}/", token=token_of(case.student)).json
    assert said["record"] == record
    assert (record["appeal"]["statement"], record["appeal"]["status"]) == (STATEMENT, "open")
    assert (record["status"], record["verification_status"]) == ("late", "rejected")


def test_one_appeal_is_open_at_a_time_and_the_same_one_twice_is_one(case: Case) -> None:
    first, second = case.appeal(), case.appeal()
    assert (first.status, first.json) == (second.status, second.json)
    other = case.appeal("Another statement")
    assert (other.status, other.code) == (409, "INVALID_STATE")
    assert [each["statement"] for each in case.history()["appeals"]] == [STATEMENT]


@pytest.mark.parametrize("statement", ["", "  ", "x" * 2001, "a\u202eb", None, 5])
def test_a_bad_statement_names_its_field(case: Case, statement: Any) -> None:
    answer = case.appeal(statement)
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "statement")


def test_nobody_contests_the_record_of_another(case: Case) -> None:
    for other in (make_campus_user(case.campus), case.organizer, make_campus_user(case.campus, role=CampusRole.ADMIN)):
        answer = case.appeal(by=other)
        assert (answer.status, answer.code) == (404, "NOT_FOUND")
    assert case.history()["appeals"] == []


@pytest.mark.parametrize(
    ("decision", "status", "outcome"),
    [
        ("reject", None, AppealStatus.UPHELD),
        ("verify", None, AppealStatus.CORRECTED),
        ("correct", "late", AppealStatus.CORRECTED),
        ("correct", "present", AppealStatus.CORRECTED),
    ],
)
def test_a_decision_answers_the_open_appeal(
    case: Case, decision: str, status: str | None, outcome: AppealStatus
) -> None:
    case.appeal()
    body = {"note": "We asked your neighbour.", **({"status": status} if status else {})}
    answer = case.decide(decision, **body)
    assert answer.status == 200, answer.text
    appeal = answer.json["appeal"]
    assert (appeal["status"], appeal["answer"]) == (outcome, "We asked your neighbour.")
    assert (appeal["answered_by"], appeal["statement"]) == (case.organizer.account_id, STATEMENT)
    (kept,) = case.history()["appeals"]
    assert (kept["statement"], kept["status"], kept["answer"]) == (STATEMENT, outcome, "We asked your neighbour.")


def test_an_appeal_is_not_answered_without_a_reason(case: Case) -> None:
    case.appeal()
    answer = case.decide("verify")
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "note")
    assert case.history()["appeals"][0]["status"] == "open"


def test_after_an_answer_the_student_may_contest_again_and_every_statement_stays(case: Case) -> None:
    case.appeal("First")
    case.decide("reject", note="No.")
    assert case.appeal("Second").status == 201
    case.decide("correct", status="present", note="Yes.")
    case.decide("correct", status="excused", note="Later.")
    assert [(each["statement"], each["status"], each["answer"]) for each in case.history()["appeals"]] == [
        ("First", "upheld", "No."),
        ("Second", "corrected", "Yes."),
    ]


def test_staff_list_the_open_appeals_of_their_events(case: Case) -> None:
    stream, second = StreamReader(), make_campus_user(case.campus)
    other_event = make_campus_event(case.campus, make_campus_user(case.campus, role=CampusRole.ORGANIZER))
    elsewhere = make_record(other_event, second)
    first_id = case.appeal().json["id"]
    other = call(
        "POST",
        f"/api/campus/attendance/{elsewhere.attendance_id}/appeal/",
        {"statement": "Mine"},
        token=token_of(second),
    )
    stream.drain()
    supervisor = make_campus_user(case.campus, role=CampusRole.SUPERVISOR)
    stranger = make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    assert [each["id"] for each in listed(case.organizer)] == [first_id]
    assert [each["id"] for each in listed(supervisor)] == [other.json["id"], first_id]
    assert listed(stranger) == []
    assert [each["id"] for each in listed(supervisor, f"event={case.event.event_id}")] == [first_id]
    assert listed(supervisor, "status=upheld") == []
    case.decide("reject", note="No.")
    stream.drain()
    assert [each["id"] for each in listed(supervisor)] == [other.json["id"]]
    assert [each["id"] for each in listed(supervisor, "status=Upheld")] == [first_id]
    student = call("GET", "/api/campus/appeals/", token=token_of(case.student))
    assert (student.status, student.json["error"]) == (403, "Permission denied")


@dataclass(frozen=True)
class Absent:
    """A person on the roster of an event that is over, without a record."""

    case: Case
    student: Account
    attendance_id: str

    def appeal(self, **body: Any) -> Answer:
        sent = {"statement": STATEMENT, "event_id": self.case.event.event_id, **body}
        path = f"/api/campus/attendance/{self.attendance_id}/appeal/"
        return call("POST", path, sent, token=token_of(self.student))

    def decide(self, **body: Any) -> Answer:
        path = f"/api/campus/attendance/{self.attendance_id}/verify/"
        return call("POST", path, body, token=token_of(self.case.organizer))

    def record(self) -> AttendanceRecord | None:
        return operations.get(keys.attendance.record(self.attendance_id))


@pytest.fixture
def absent(case: Case) -> Absent:
    event, student = case.event, make_campus_user(case.campus)
    path = f"/api/campus/events/{event.event_id}/roster/"
    listed = call("PUT", path, {"users": [student.account_id]}, token=token_of(case.organizer))
    assert listed.status == 200, listed.text
    over = CampusEvent.ends_at.set(clock.now() - timedelta(minutes=1))
    operations.record(operations.change(event.place, [over]))
    return Absent(case, student, attendance_id(event.event_id, student.account_id))


def test_a_person_without_a_record_contests_their_absence(absent: Absent) -> None:
    answer = absent.appeal()
    assert answer.status == 201, answer.text
    assert (answer.json["attendance_id"], answer.json["record"]) == (absent.attendance_id, None)
    assert absent.record() is None  # an appeal alone stores no absence


def test_a_contested_absence_is_shown_as_contested_to_both_until_it_is_answered(absent: Absent) -> None:
    student, organizer = token_of(absent.student), token_of(absent.case.organizer)
    event_id = absent.case.event.event_id
    paths = {
        f"/api/campus/attendance/?missing=true&event={event_id}": student,
        f"/api/campus/events/{event_id}/attendance/?missing=true": organizer,
    }

    def shown() -> list[Any]:
        found = [call("GET", path, token=token).json["results"] for path, token in paths.items()]
        [mine], staff = found
        [theirs] = [each for each in staff if each["id"] == mine["id"]]
        assert mine == theirs
        summary = call("GET", "/api/campus/analytics/dashboard/", token=student).json["summary"]
        return [mine["appeal"], summary["open_appeals"]]

    StreamReader().drain()
    assert shown() == [None, 0]
    filed = absent.appeal().json
    brief = {"statement": STATEMENT, "at": filed["filed_at"], "status": "open"}
    unanswered = {"answer": None, "answered_at": None, "answered_by": None}
    assert shown() == [brief | unanswered, 1]
    absent.decide(decision="correct", status="absent", note="We asked around.")
    for path, token in paths.items():
        assert absent.attendance_id not in {each["id"] for each in call("GET", path, token=token).json["results"]}
    assert call("GET", "/api/campus/analytics/dashboard/", token=student).json["summary"]["open_appeals"] == 0


@pytest.mark.parametrize(("status", "outcome"), [("present", "corrected"), ("absent", "upheld")])
def test_staff_answer_an_absence_by_an_explicit_status(absent: Absent, status: str, outcome: str) -> None:
    absent.appeal()
    for decision in ("verify", "reject"):
        refused = absent.decide(decision=decision, note="No.")
        assert (refused.status, refused.code) == (409, "INVALID_STATE")
    answer = absent.decide(decision="correct", status=status, note="We asked around.")
    assert answer.status == 200, answer.text
    assert (answer.json["status"], answer.json["method"]) == (status, "manual")
    assert (answer.json["appeal"]["status"], answer.json["appeal"]["statement"]) == (outcome, STATEMENT)
    path = f"/api/campus/attendance/{absent.attendance_id}/history/"
    history = call("GET", path, token=token_of(absent.student)).json
    assert [each["status"] for each in history["versions"]] == [status]
    assert [each["statement"] for each in history["appeals"]] == [STATEMENT]


def test_who_submits_after_all_keeps_their_open_appeal(absent: Absent) -> None:
    absent.appeal()
    event_id = absent.case.event.event_id
    longer = {"end_datetime": clock.to_text(clock.now() + timedelta(hours=1))}
    answer = call("PUT", f"/api/campus/events/{event_id}/update/", longer, token=token_of(absent.case.organizer))
    assert answer.status == 200, answer.text
    student = Attendee(absent.case.event, absent.student)
    assert (student.verify().status, student.submit().status) == (200, 201)
    StreamReader().drain()
    [mine] = call("GET", "/api/campus/attendance/", token=student.token).json["results"]
    assert (mine["status"], mine["appeal"]["status"], mine["appeal"]["statement"]) == ("present", "open", STATEMENT)
    [listed_] = listed(absent.case.organizer)
    assert (listed_["record"], listed_["status"]) == (mine, "open")
    summary = call("GET", "/api/campus/analytics/dashboard/", token=student.token).json["summary"]
    assert summary["open_appeals"] == 1
    assert absent.decide(decision="verify", note="You are counted.").json["appeal"]["status"] == "upheld"


@pytest.mark.parametrize("same", [False, True])
def test_of_two_who_answer_an_absence_at_once_one_is_told_that_another_did(absent: Absent, *, same: bool) -> None:
    absent.appeal()
    first = make_campus_user(absent.case.campus, role=CampusRole.ADMIN)
    path = f"/api/campus/attendance/{absent.attendance_id}/verify/"
    answers: list[Answer] = []

    def answer() -> None:
        by = absent.case.organizer if same else first
        body = {"decision": "correct", "status": "present" if same else "absent", "note": "We asked around."}
        answers.append(call("POST", path, body, token=token_of(by)))

    with before("TransactWriteItems", answer):
        second = absent.decide(decision="correct", status="present", note="We asked around.")
    record = absent.record()
    assert record is not None
    assert [each.status for each in answers] == [200]
    # The same person's same decision, sent twice at once, is one.
    assert (second.status, record.status, record.version) == ((200, "present", 1) if same else (409, "absent", 1))


def test_a_mark_by_hand_answers_the_appeal_as_well(absent: Absent) -> None:
    absent.appeal()
    path = f"/api/campus/events/{absent.case.event.event_id}/attendance/"
    body = {"student_id": absent.student.account_id, "status": "present", "reason": "On the list on paper"}
    answer = call("POST", path, body, token=token_of(absent.case.organizer))
    assert (answer.status, answer.json["appeal"]["status"]) == (201, "corrected")


def test_an_absence_is_contested_by_the_expected_person_after_the_event_alone(absent: Absent) -> None:
    case = absent.case
    unexpected = make_campus_user(case.campus)
    path = f"/api/campus/attendance/{attendance_id(case.event.event_id, unexpected.account_id)}/appeal/"
    body = {"statement": STATEMENT, "event_id": case.event.event_id}
    assert call("POST", path, body, token=token_of(unexpected)).status == 404
    # Under the id of another person, or without the event, nothing is found.
    assert call("POST", path, body, token=token_of(absent.student)).status == 404
    assert absent.appeal(event_id=None).status == 404
    operations.record(
        operations.change(case.event.place, [CampusEvent.ends_at.set(clock.now() + timedelta(minutes=1))])
    )
    early = absent.appeal()
    assert (early.status, early.code) == (409, "INVALID_STATE")
