"""Attendance by hand and by NFC card: no phone, no camera, no position."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance.attendance_ids import attendance_id
from chalicelib.domain.campus.people import campus_cards
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceRecord, Campus, CampusEvent, CampusProfile
from chalicelib.vocabulary.campus import AttendanceMethod, AttendanceStatus, CampusRole, VerificationStatus
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call

pytestmark = pytest.mark.usefixtures("moto_cloud")
CARD = "04A1B2C3D4E5F6"


@dataclass(frozen=True)
class Hall:
    """A running event, its organizer, and a student with a card."""

    campus: Campus
    organizer: Account
    student: Account
    event: CampusEvent

    def mark(self, body: dict[str, Any], *, by: Account | None = None, **more: Any) -> Answer:
        path = f"/api/campus/events/{self.event.event_id}/attendance/"
        return call("POST", path, body, token=token_of(by or self.organizer), **more)

    def record(self) -> AttendanceRecord | None:
        return operations.get(keys.attendance.record(attendance_id(self.event.event_id, self.student.account_id)))


def profile_of(account: Account) -> CampusProfile:
    profile = operations.get(keys.campus_people.profile(account.account_id))
    assert profile is not None
    return profile


@pytest.fixture
def hall(moto_cloud: object) -> Hall:  # noqa: ARG001  # the table
    campus = make_campus()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    operations.record(campus_cards.binding(CARD, student.account_id))
    return Hall(campus, organizer, student, make_campus_event(campus, organizer))


def by_hand(hall: Hall, status: str, reason: str = "On the list on paper") -> dict[str, str]:
    return {"student_id": hall.student.account_id, "status": status, "reason": reason}


@pytest.mark.parametrize("status", list(AttendanceStatus))
def test_every_status_is_reachable_by_hand(hall: Hall, status: AttendanceStatus) -> None:
    answer = hall.mark(by_hand(hall, status))
    assert answer.status == 201, answer.text
    said = answer.json
    assert (said["status"], said["verification_status"], said["method"]) == (status, "verified", "manual")
    assert (said["note"], said["verified_by"]) == ("On the list on paper", hall.organizer.account_id)
    assert (said["location_verified"], said["distance_m"], said["flags"], said["factors"]) == (None, None, [], [])
    record = hall.record()
    assert record is not None
    assert (record.marked_by, record.version, record.corrected) == (hall.organizer.account_id, 1, False)


def test_a_student_is_named_by_their_number_as_well(hall: Hall) -> None:
    number = profile_of(hall.student).student_id or ""
    answer = hall.mark({**by_hand(hall, "present"), "student_id": number.lower()})
    assert answer.status == 201, answer.text
    assert answer.json["student"]["id"] == hall.student.account_id


@pytest.mark.parametrize("unseen", ["\u200b", "\ufeff", "\u200e", "\u00ad"])
def test_a_number_that_is_pasted_with_letters_that_nobody_sees_is_found(hall: Hall, unseen: str) -> None:
    number = profile_of(hall.student).student_id or ""
    answer = hall.mark({**by_hand(hall, "late"), "student_id": f"{unseen}{number[:2]}{unseen}{number[2:]}"})
    assert (answer.status, answer.json["student"]["id"]) == (201, hall.student.account_id), answer.text


def test_a_card_marks_by_the_times_of_the_event_and_needs_no_reason(hall: Hall) -> None:
    late_until = clock.now() + timedelta(minutes=5)
    operations.record(operations.change(hall.event.place, [CampusEvent.late_until.set(late_until)]))
    answer = hall.mark({"card_uid": "04:a1:b2:c3:d4:e5:f6"})
    assert answer.status == 201, answer.text
    assert (answer.json["status"], answer.json["method"]) == ("present", "nfc")
    # A second tap after the limit does not make the person late.
    with clock.set_to(late_until + timedelta(minutes=1)):
        again = hall.mark({"card_uid": CARD})
        assert (again.status, again.json) == (201, answer.json)
        other = make_campus_user(hall.campus)
        operations.record(campus_cards.binding("04FFFFFFFFFFFF", other.account_id))
        assert hall.mark({"card_uid": "04FFFFFFFFFFFF"}).json["status"] == "late"


def test_a_card_corrects_only_with_a_reason(hall: Hall) -> None:
    make_record(hall.event, hall.student)
    refused = hall.mark({"card_uid": CARD, "status": "left_early"})
    assert (refused.status, refused.json["details"][0]["field"]) == (400, "reason")
    answer = hall.mark({"card_uid": CARD, "status": "left_early", "reason": "Tapped out at the door"})
    assert (answer.status, answer.json["status"], answer.json["method"]) == (201, "left_early", "qr")


def test_a_tap_of_an_excused_person_asks_for_the_reason_of_the_correction(hall: Hall) -> None:
    hall.mark(by_hand(hall, "excused", "Letter of the doctor"))
    bare = hall.mark({"card_uid": CARD})
    assert (bare.status, bare.json["details"][0]["field"]) == (400, "reason")
    answer = hall.mark({"card_uid": CARD, "reason": "Came all the same"})
    assert (answer.status, answer.json["status"], answer.json["corrected"]) == (201, "present", True)


def test_a_mark_of_a_submitted_record_is_a_correction_with_a_version(hall: Hall) -> None:
    flags = {"old_qr": {"age": 70, "limit": 45}}
    record = make_record(hall.event, hall.student, flags=flags, verification_status=VerificationStatus.FLAGGED)
    answer = hall.mark(by_hand(hall, "left_early", "Left at noon"))
    assert answer.status == 201, answer.text
    assert (answer.json["id"], answer.json["status"], answer.json["corrected"]) == (
        record.attendance_id,
        "left_early",
        True,
    )
    version = operations.get(keys.attendance.version(record.attendance_id, 1))
    assert version is not None
    assert (version.content["status"], version.content["flags"], version.reason) == ("present", flags, "Left at noon")


def test_the_same_mark_twice_is_one_record_with_the_first_answer(hall: Hall) -> None:
    first, second = hall.mark(by_hand(hall, "present")), hall.mark(by_hand(hall, "present"))
    assert (first.status, first.json) == (second.status, second.json)
    record = hall.record()
    assert record is not None
    assert record.version == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "present", "reason": "Seen"}, "student_id"),
        ({"student_id": "S-1", "card_uid": CARD, "status": "present", "reason": "Seen"}, "student_id"),
        ({"student_id": "usr_x", "reason": "Seen"}, "status"),
        ({"student_id": "usr_x", "status": "here", "reason": "Seen"}, "status"),
        ({"student_id": "{student}", "status": "present"}, "reason"),
        ({"student_id": "{student}", "status": "present", "reason": "null"}, "reason"),
        ({"card_uid": "04A1"}, "card_uid"),
        ({"card_uid": 4}, "card_uid"),
    ],
)
def test_a_bad_mark_names_its_field(hall: Hall, body: dict[str, Any], field: str) -> None:
    sent = {name: hall.student.account_id if value == "{student}" else value for name, value in body.items()}
    answer = hall.mark(sent)
    assert (answer.status, answer.json["details"][0]["field"]) == (400, field), answer.text
    assert field in answer.json["message"]
    assert hall.record() is None


def test_unknown_people_and_cards_are_404(hall: Hall) -> None:
    for who in ({"student_id": "S-unknown"}, {"student_id": "usr_unknown"}, {"card_uid": "04FFFFFFFFFFFF"}):
        answer = hall.mark({**who, "status": "present", "reason": "Seen"})
        assert answer.status == 404
        assert next(iter(who)) in answer.json["error"]


def test_before_the_event_only_excused_is_marked_and_after_it_staff_mend(hall: Hall) -> None:
    with clock.set_to(hall.event.starts_at - timedelta(seconds=1)):
        for status in AttendanceStatus:
            answer = hall.mark(by_hand(hall, status, "Letter of the doctor"))
            assert answer.status == (201 if status is AttendanceStatus.EXCUSED else 400), status
    with clock.set_to(hall.event.ends_at + timedelta(days=2)):
        token = token_of(hall.organizer)
        path = f"/api/campus/events/{hall.event.event_id}/attendance/"
        assert call("POST", path, by_hand(hall, "late", "Found on the list"), token=token).status == 201
        other = make_campus_user(hall.campus)
        operations.record(campus_cards.binding("04FFFFFFFFFFFF", other.account_id))
        bare = call("POST", path, {"card_uid": "04FFFFFFFFFFFF"}, token=token)
        assert (bare.status, bare.json["details"][0]["field"]) == (400, "status")


def test_only_staff_of_the_event_mark_and_nobody_themselves(hall: Hall) -> None:
    body = by_hand(hall, "present")
    student = hall.mark(body, by=hall.student)
    assert (student.status, student.json["error"]) == (403, "Permission denied")
    colleague = make_campus_user(hall.campus, role=CampusRole.ORGANIZER)
    stranger = make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    answers = [hall.mark(body, by=each) for each in (colleague, stranger)]
    assert [(each.status, each.json["error"]) for each in answers] == [(404, "Event not found")] * 2
    assert hall.record() is None
    own = hall.mark({**body, "student_id": hall.organizer.account_id})
    assert own.status == 403
    for role in (CampusRole.SUPERVISOR, CampusRole.HR, CampusRole.ADMIN):
        assert hall.mark(body, by=make_campus_user(hall.campus, role=role)).status == 201


def test_a_mark_at_a_deleted_event_is_404(hall: Hall) -> None:
    operations.record(operations.change(hall.event.place, [CampusEvent.deleted_at.set(clock.now())]))
    assert hall.mark(by_hand(hall, "present")).status == 404


def test_a_retry_with_its_key_has_no_second_effect(hall: Hall) -> None:
    key = {"idempotency-key": "mark-000001"}
    first = hall.mark(by_hand(hall, "late"), headers=key)
    assert hall.mark(by_hand(hall, "present", "A mistake")).status == 201
    assert hall.mark(by_hand(hall, "late"), headers=key).json == first.json
    record = hall.record()
    assert record is not None
    assert (record.status, record.version, record.method) == (AttendanceStatus.PRESENT, 2, AttendanceMethod.MANUAL)
