"""Mail to students: once for each correction, rejection or answered appeal, and for nothing else."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

import app
from chalicelib import clock
from chalicelib.clients import aws
from chalicelib.clients.bus import Published
from chalicelib.config import config
from chalicelib.domain.background.changes import change_of
from chalicelib.domain.campus.attendance import record_notices
from chalicelib.domain.campus.attendance.attendance_ids import attendance_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, Campus, CampusEvent, CampusProfile
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from chalicelib.vocabulary.messages import Fact
from tests.support import notices
from tests.support.attendance import make_record
from tests.support.attended import list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.codes import texts
from tests.support.log_lines import collected
from tests.support.streams import StreamReader, project
from tests.workers.test_alert_mail import taken_from

pytestmark = pytest.mark.usefixtures("moto_cloud")
WHOM = 'the organizer, "Amna Malik", or the attendance office of "North Campus"'


@dataclass(frozen=True)
class Case:
    """A student's record of an event with its organizer, and the stream from there on."""

    campus: Campus
    organizer: Account
    student: Account
    event: CampusEvent
    stream: StreamReader

    @property
    def id(self) -> str:
        return attendance_id(self.event.event_id, self.student.account_id)

    @property
    def address(self) -> str:
        profile = operations.get(keys.campus_people.profile(self.student.account_id))
        assert profile is not None
        return str(profile.email)

    def decide(self, decision: str, **body: Any) -> None:
        path = f"/api/campus/attendance/{self.id}/verify/"
        said({"decision": decision, **body}, path, self.organizer)

    def appeal(self, **body: Any) -> None:
        said({"statement": "I was there.", **body}, f"/api/campus/attendance/{self.id}/appeal/", self.student)

    def mark(self, **body: Any) -> None:
        path = f"/api/campus/events/{self.event.event_id}/attendance/"
        said({"student_id": self.student.account_id, **body}, path, self.organizer)

    def facts(self, *, times: int = 1) -> list[Published]:
        """Project what is new, the batch so many times; return the facts of one time."""
        records, facts = self.stream.read(), list[Published]()
        for _ in range(times):
            assert project(records) == {"batchItemFailures": []}
            facts = record_notices.follow([change_of(record) for record in records])
        return facts

    def mails(self, facts: list[Published] | None = None, *, times: int = 1) -> list[notices.Sent]:
        """Pass facts on so many times, by default those of what is new; return what this student received."""
        found = self.facts() if facts is None else facts
        for _ in range(times):
            assert app.alerts(notices.envelopes(found), None) == {"batchItemFailures": []}
        notices.send_waiting(times=times)
        return notices.received(self.address)


def said(body: dict[str, Any], path: str, by: Account) -> Answer:
    answer = call("POST", path, body, token=token_of(by))
    assert answer.status in {200, 201}, answer.text
    return answer


@pytest.fixture
def case(moto_cloud: object) -> Case:  # noqa: ARG001  # the table
    texts()
    campus = make_campus(name="North Campus")
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER, first_name="Amna", last_name="Malik")
    event = make_campus_event(campus, organizer, title="Optics 2")
    stream = StreamReader()
    stream.skip()
    return Case(campus, organizer, make_campus_user(campus), event, stream)


def record_of(case: Case, **changes: Any) -> AttendanceRecord:
    made = make_record(case.event, case.student, **changes)
    case.stream.skip()
    return made


def test_a_corrected_student_reads_event_old_and_new_status_and_whom_to_ask(case: Case) -> None:
    record_of(case, status=AttendanceStatus.LATE)
    case.decide("correct", status="left_early", note="Free text of staff is never sent.")
    (mail,) = case.mails()
    assert mail.subject == '[Gatehouse] Your attendance at "Optics 2" was changed by staff'
    assert mail.body.splitlines() == [
        'Gatehouse: staff changed your attendance at "Optics 2".',
        "Status before: late",
        "Status now: left early",
        "The reason is in the history of your record.",
        f"If you have questions, ask {WHOM}. If this is wrong, you may appeal in the app.",
    ]


def test_batches_facts_and_messages_that_come_twice_are_one_mail_and_another_version_is_another(case: Case) -> None:
    record_of(case)
    case.decide("correct", status="late", note="Came at ten.")
    facts = case.facts(times=2)
    assert len(case.mails(facts, times=2)) == 1
    assert len(case.mails(facts)) == 1
    case.decide("correct", status="present", note="No, at nine.")
    assert len(case.mails()) == 2


def on_the_bus() -> list[dict[str, Any]]:
    """Take every fact of decisions that the bus passed to the alerts queue."""
    return [json.loads(record["body"]) for record in taken_from(config().alerts_queue_name)["Records"]]


def test_from_stream_and_bus_to_the_mailbox_with_a_batch_that_comes_twice(case: Case) -> None:
    events, bus = aws.client("events"), config().event_bus_name
    pattern = json.dumps({"detail-type": [Fact.ATTENDANCE_DECIDED]})
    events.put_rule(Name="decisions", EventBusName=bus, EventPattern=pattern)
    queue = f"arn:aws:sqs:us-east-1:{DEFAULT_ACCOUNT_ID}:{config().alerts_queue_name}"
    events.put_targets(Rule="decisions", EventBusName=bus, Targets=[{"Id": "alerts", "Arn": queue}])
    record_of(case)
    case.decide("correct", status="late", note="Came at ten.")
    case.facts(times=2)
    first, second = on_the_bus()
    assert first["detail"] == second["detail"]
    assert {name: first["detail"][name] for name in first["detail"] if name != "occurred_at"} == {
        "fact_id": f"{case.id}/2",
        "attendance_id": case.id,
        "was": "present",
        "was_rejected": False,
        "status": "late",
        "is_rejected": False,
        "answer": None,
    }
    batch = [{"messageId": str(n), "body": json.dumps(fact)} for n, fact in enumerate((first, second))]
    assert app.alerts({"Records": batch}, None) == {"batchItemFailures": []}
    assert len(case.mails([])) == 1


def test_a_rejection_and_its_end_are_written_about(case: Case) -> None:
    record_of(case)
    case.decide("reject", note="Nobody saw you.")
    (mail,) = case.mails()
    assert "Status before: present\nStatus now: present, but rejected by staff\n" in mail.body
    case.decide("verify")
    assert "Status before: present, but rejected by staff\nStatus now: present\n" in case.mails()[1].body


@pytest.mark.parametrize(
    ("decision", "body", "words"),
    [
        (
            "verify",
            {"note": "The list says late."},
            "Your record stays as it was.\nStatus before: late\nStatus now: late",
        ),
        (
            "correct",
            {"status": "present", "note": "Right."},
            "Your record was corrected.\nStatus before: late\nStatus now: present",
        ),
    ],
)
def test_an_answered_appeal_is_one_mail(case: Case, decision: str, body: dict[str, str], words: str) -> None:
    record_of(case, status=AttendanceStatus.LATE)
    case.appeal()
    assert case.mails() == []
    case.decide(decision, **body)
    (mail,) = case.mails()
    assert mail.subject == '[Gatehouse] Your appeal about "Optics 2" was answered'
    assert f'Gatehouse: staff answered your appeal about "Optics 2". {words}\n' in mail.body


def test_an_appeal_without_a_record_was_of_an_absent_person(case: Case) -> None:
    list_on_roster(case.event, case.student)
    over = clock.now()
    operations.record(
        operations.change(case.event.place, [CampusEvent.ends_at.set(over), CampusEvent.closes_at.set(over)])
    )
    case.appeal(event_id=case.event.event_id)
    assert case.mails() == []
    case.decide("correct", status="excused", note="A letter of the doctor.")
    (mail,) = case.mails()
    assert "Your record was corrected.\nStatus before: absent\nStatus now: excused\n" in mail.body


def test_nobody_is_written_to_of_what_is_no_correction(case: Case) -> None:
    case.mark(status="present", reason="Seen in the hall.")
    assert case.mails() == []
    # The same status again is another version, and no change of the person's standing.
    case.mark(status="present", reason="Seen by another one.")
    assert case.mails() == []
    case.mark(status="late", reason="Came at ten.")
    assert len(case.mails()) == 1


def test_verifying_a_flagged_record_is_no_correction(case: Case) -> None:
    record_of(case, flags={"old_qr": {}}, verification_status=VerificationStatus.FLAGGED)
    case.decide("verify")
    assert case.mails() == []


@pytest.mark.parametrize("stage", ["closed", "records", "person"])
def test_an_erased_person_gets_no_mail_at_any_stage_of_the_erasure(case: Case, stage: str) -> None:
    record, address = record_of(case), case.address
    case.decide("correct", status="late", note="Came at ten.")
    facts = case.facts()
    assert len(facts) == 1
    change = {
        "closed": (keys.access.account(case.student.account_id), Account.status.set(AccountStatus.ERASED)),
        "records": (record.place, AttendanceRecord.erased_at.set(clock.now())),
        "person": (keys.campus_people.profile(case.student.account_id), CampusProfile.email.set("")),
    }[stage]
    operations.record(operations.change(change[0], [change[1]]))
    app.alerts(notices.envelopes(facts), None)
    assert notices.send_waiting() == 0
    assert notices.received(address) == []


def test_an_erased_organizer_is_not_named(case: Case) -> None:
    record_of(case)
    case.decide("correct", status="late", note="Came at ten.")
    gone = operations.change(keys.campus_people.profile(case.organizer.account_id), [CampusProfile.email.set("")])
    operations.record(gone)
    (mail,) = case.mails()
    assert 'ask the attendance office of "North Campus".' in mail.body
    assert "Amna" not in mail.body


def test_a_title_is_quoted_without_links_and_the_log_names_nobody(case: Case) -> None:
    title = CampusEvent.title.set("Win https://evil.example/a\nnow")
    operations.record(operations.change(case.event.place, [title]))
    record_of(case)
    with collected() as lines:
        case.decide("correct", status="late", note="Came at ten.")
        (mail,) = case.mails()
    assert mail.subject == '[Gatehouse] Your attendance at "Win now" was changed by staff'
    assert "student notified of a decision" in {line["message"] for line in lines.all()}
    personal = (case.address, "Amna", "Malik", "Sana", "Win", "Came at ten")
    assert [each for each in personal if each in lines.text] == []
