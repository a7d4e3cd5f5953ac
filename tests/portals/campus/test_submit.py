"""A student submits attendance: once, in its time, with flags that refuse nothing."""

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from chalicelib import clock
from chalicelib.domain.campus.attendance import resubmission
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendancePhoto, AttendanceRecord, CampusEvent
from chalicelib.vocabulary.campus import AttendanceStatus, EvidenceFlag, VerificationStatus
from tests.support.campus import LATITUDE, LONGITUDE
from tests.support.client import Answer, call
from tests.support.evidence import send_photo
from tests.support.lecture import ATTENDANCE, NEARBY, Attendee, Lecture
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
DUPLICATE = "Attendance already submitted for this event"
ENDED = "Attendance submission period has ended"
REQUIRED = "QR token required"
KEY = "a-key-of-a-phone"


@pytest.fixture
def lecture(moto_cloud: None) -> Lecture:  # noqa: ARG001  # the ground under it
    return Lecture()


def flags(answer: Answer) -> list[str]:
    assert answer.status == 201, answer.text
    return [flag["flag"] for flag in answer.json["flags"]]


def submitted(student: Attendee, *, device_key: str | None = None, **more: Any) -> Answer:
    """Verify the code and submit."""
    device = {"device_key": device_key} if device_key else {}
    assert student.verify(**device).status == 200
    return student.submit(**more, **device)


def photo() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((320, 240), 80).convert("RGB").save(file, "JPEG")
    return file.getvalue()


def record_of(student: Attendee) -> AttendanceRecord:
    record = student.record
    assert record is not None
    return record


def test_a_student_who_verified_the_code_and_submits_has_a_record(lecture: Lecture) -> None:
    student = lecture.student()
    answer = submitted(student)
    assert answer.json == {
        "message": "Attendance submitted successfully",
        "attendance_id": student.attendance_id,
        "verification_status": "verified",
        "next_steps": ["You are counted. You need not do anything."],
        "status": "present",
        "location_verified": True,
        "flags": [],
    }
    record = record_of(student)
    assert (record.event_id, record.user_id) == (lecture.event.event_id, student.account.account_id)
    assert (record.status, record.verification_status) == (AttendanceStatus.PRESENT, VerificationStatus.VERIFIED)
    assert (record.campus_id, record.organizer_id) == (lecture.campus.campus_id, lecture.organizer.account_id)
    assert record.distance_m == pytest.approx(11.1, abs=0.1)


@pytest.mark.parametrize("name", ["event", "event_id", "submission_id"])
def test_the_event_is_named_in_each_of_three_ways(lecture: Lecture, name: str) -> None:
    student = lecture.student()
    student.verify()
    value = student.submission_id if name == "submission_id" else lecture.event.event_id
    assert student.post("submit", {name: value, **NEARBY}).status == 201


def test_a_submission_names_its_event(lecture: Lecture) -> None:
    answer = lecture.student().post("submit", NEARBY)
    assert answer.status == 400
    assert [detail["field"] for detail in answer.json["details"]] == ["event_id"]
    unknown = lecture.student().post("submit", {"event_id": "cev_unknown"})
    assert (unknown.status, unknown.json["error"]) == (404, "Event not found")
    two = lecture.student().post("submit", {"event_id": lecture.event.event_id, "event": "cev_other"})
    assert (two.status, two.json["error"]) == (400, "event: names another event than `event_id`: send one of them")


@pytest.mark.parametrize(("sent", "missing"), [("latitude", "longitude"), ("longitude", "latitude")])
@pytest.mark.parametrize("route", ["verify-qr", "submit"])
def test_half_a_position_is_refused_by_the_name_of_the_other_half(
    lecture: Lecture, route: str, sent: str, missing: str
) -> None:
    student = lecture.student()
    student.verify()
    answer = student.post(route, {"event_id": lecture.event.event_id, "qr_token": student.code(), sent: 31.5})
    assert (answer.status, [each["field"] for each in answer.json["details"]]) == (400, [missing])
    assert answer.json["error"] == f"{missing}: is needed with `{sent}`: send both coordinates or neither"
    assert student.record is None


def test_a_second_submission_is_refused_as_a_duplicate(lecture: Lecture) -> None:
    student = lecture.student()
    submitted(student)
    before = record_of(student).attribute_values
    student.verify()
    for body in ({"event_id": lecture.event.event_id}, {"submission_id": student.submission_id}):
        answer = student.post("submit", {**body, "latitude": 0, "longitude": 0})
        assert answer.status == 400
        assert answer.json["error"] == answer.json["message"] == DUPLICATE
        assert answer.json["duplicate"] is True
        assert answer.json["attendance_id"] == student.attendance_id
    assert record_of(student).attribute_values == before


def test_the_same_key_gets_the_first_answer_again(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    first = student.post("submit", {"event_id": lecture.event.event_id, **NEARBY}, idempotency_key="one")
    again = student.post("submit", {"event_id": lecture.event.event_id, **NEARBY}, idempotency_key="one")
    assert (first.status, again.status) == (201, 201)
    assert again.json == first.json
    assert again.headers["idempotent-replayed"] == "true"
    other = student.post("submit", {"event_id": lecture.event.event_id, **NEARBY}, idempotency_key="two")
    assert (other.status, other.json["duplicate"]) == (400, True)


def test_a_retry_after_a_lost_answer_finds_its_own_record(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    body = {"event_id": lecture.event.event_id, **NEARBY}
    first = student.post("submit", body, idempotency_key="one")
    # What a function that was killed after the commit leaves: the record, and no stored answer.
    answers = [raw for raw in _all_items() if raw["pk"]["S"].startswith("IDEMPOTENCY#")]
    assert len(answers) == 1
    operations.remove_many(map(operations.key_of, answers))
    again = student.post("submit", body, idempotency_key="one")
    assert again.status == 201, again.text
    assert again.json == first.json


def _all_items() -> list[dict[str, Any]]:
    client: Any = operations.client()
    return list(client.scan(TableName=CampusEvent.Meta.table_name)["Items"])


def test_without_a_verified_code_the_answer_says_what_to_do(lecture: Lecture) -> None:
    answer = lecture.student().submit()
    assert answer.status == 400
    assert answer.json["error"] == answer.json["message"] == REQUIRED
    assert "scan the QR code" in answer.json["details"][0]["message"]


def test_a_verified_code_is_good_for_ten_minutes(lecture: Lecture) -> None:
    now = clock.now()
    in_time, late = lecture.student(), lecture.student()
    with clock.set_to(now):
        in_time.verify()
        late.verify()
    with clock.set_to(now + timedelta(minutes=10, milliseconds=-1)):
        assert in_time.submit().status == 201
    with clock.set_to(now + timedelta(minutes=10)):
        answer = late.submit()
        assert (answer.status, answer.json["error"]) == (400, REQUIRED)
        assert "ten minutes ago" in answer.json["details"][0]["message"]
        assert late.verify().status == 200
        assert late.submit().status == 201


def test_a_code_that_one_student_verified_is_no_other_students(lecture: Lecture) -> None:
    owner, other = lecture.student(), lecture.student()
    owner.verify()
    assert other.submit().json["error"] == REQUIRED
    assert other.post("submit", {"submission_id": owner.submission_id, **NEARBY}).status == 404


def test_the_time_window_is_checked_again_at_the_submission(lecture: Lecture) -> None:
    now = clock.now()
    student = lecture.student(lecture.another(ends_at=now + timedelta(minutes=3)))
    with clock.set_to(now):
        student.verify()
    with clock.set_to(now + timedelta(minutes=3, seconds=1)):
        answer = student.submit()
    assert answer.status == 400
    assert answer.json["error"] == answer.json["message"] == ENDED
    assert "closed at" in answer.json["timing"]
    assert student.record is None


def test_after_late_until_a_submission_is_late_and_counts(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(late_until=clock.now() - timedelta(minutes=2)))
    answer = submitted(student)
    assert (answer.json["status"], answer.json["verification_status"]) == ("late", "verified")


def test_outside_the_radius_is_recorded_and_flagged(lecture: Lecture) -> None:
    student = lecture.student()
    answer = submitted(student, latitude=LATITUDE + 0.01, accuracy=8)
    assert flags(answer) == ["outside_radius"]
    assert answer.json["verification_status"] == "flagged"
    assert answer.json["location_verified"] is False
    assert answer.json["status"] == "present"
    assert answer.json["flags"][0]["message"] == "Location does not match event venue"
    assert answer.json["flags"][0]["evidence"]["distance"] == pytest.approx(1109, abs=2)


@pytest.mark.parametrize(
    ("sent", "flag"),
    [
        ({"is_mock": True}, EvidenceFlag.MOCK_POSITION),
        ({"latitude": None, "longitude": None}, EvidenceFlag.NO_POSITION),
        ({"accuracy": 0}, EvidenceFlag.MOCK_POSITION),
    ],
)
def test_what_looks_wrong_of_a_position_is_a_flag(lecture: Lecture, sent: dict[str, Any], flag: EvidenceFlag) -> None:
    answer = submitted(lecture.student(), **sent)
    assert flags(answer) == [flag]
    assert answer.json["status"] == "present"


def test_a_code_that_arrives_old_is_a_flag(lecture: Lecture) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    student = lecture.student()
    with clock.set_to(now):
        token = student.code()
    with clock.set_to(now + timedelta(seconds=58)):
        assert student.verify(token).status == 200
        answer = student.submit()
    assert flags(answer) == ["old_qr"]
    assert answer.json["flags"][0]["evidence"]["age"] == 58
    assert record_of(student).code_age == 58


def test_a_form_with_empty_and_null_parts_is_a_submission_without_them(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    texts = {
        "event_id": lecture.event.event_id,
        "submission_id": "undefined",
        "latitude": str(NEARBY["latitude"]),
        "longitude": str(NEARBY["longitude"]),
        "accuracy": "",
        "selfie_image": "null",
        "signature": "null",
        "is_mock": "false",
    }
    answer = student.send_form("submit", texts)
    assert flags(answer) == []
    assert operations.get(keys.attendance.photo(student.attendance_id, "front")) is None


def test_a_form_without_its_boundary_is_refused(lecture: Lecture) -> None:
    headers = {"content-type": "multipart/form-data"}
    answer = call("POST", f"{ATTENDANCE}/submit/", raw=b"x", headers=headers, token=lecture.student().token)
    assert answer.status == 415


def test_the_selfie_of_a_form_is_the_front_photo(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(require_photos=True))
    student.verify()
    texts = {"event_id": student.event.event_id, **{name: str(value) for name, value in NEARBY.items()}}
    answer = student.send_form("submit", texts, {"selfie_image": photo()})
    assert flags(answer) == []
    assert answer.json["verification_status"] == "pending"
    kept = operations.get(keys.attendance.photo(student.attendance_id, "front"))
    assert kept is not None
    assert student.draft is not None
    assert kept.nonce == student.draft.nonce == record_of(student).nonce


def test_the_selfie_of_a_json_body_is_a_data_url(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    data = "data:image/jpeg;base64," + base64.b64encode(photo()).decode()
    assert student.submit(selfie_image=data).status == 201
    assert operations.get(keys.attendance.photo(student.attendance_id, "front")) is not None


@pytest.mark.parametrize("selfie", ["data:image/jpeg;base64,PGh0bWw+", "no base64!"])
def test_a_selfie_that_is_no_photo_is_refused_by_its_field_and_nothing_is_submitted(
    lecture: Lecture, selfie: str
) -> None:
    student = lecture.student()
    student.verify()
    answer = student.submit(selfie_image=selfie)
    assert answer.status == 400
    assert [detail["field"] for detail in answer.json["details"]] == ["selfie_image"]
    assert student.record is None
    assert student.submit().status == 201


def test_a_photo_that_may_still_come_leaves_the_record_pending(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(require_photos=True))
    answer = submitted(student)
    assert (answer.json["verification_status"], flags(answer)) == ("pending", [])
    assert "missing photos" in answer.json["next_steps"][0]
    assert not resubmission.rejudge(student.attendance_id)
    with clock.set_to(clock.now() + timedelta(minutes=10, seconds=1)):
        assert resubmission.rejudge(student.attendance_id)
        assert not resubmission.rejudge(student.attendance_id)
    record = record_of(student)
    assert record.verification_status is VerificationStatus.FLAGGED
    assert record.flags == {"no_photo": {"missing": 2}}
    assert record.status is AttendanceStatus.PRESENT


def test_photos_that_were_checked_verify_the_record(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(require_photos=True))
    submitted(student)
    nonce = record_of(student).nonce
    assert nonce is not None
    for side in ("front", "back"):
        item = AttendancePhoto(
            *keys.attendance.photo(student.attendance_id, side),
            attendance_id=student.attendance_id,
            event_id=student.event.event_id,
            user_id=student.account.account_id,
            side=side,
            nonce=nonce if side == "front" else "another",
            sha256="0" * 64,
            uploaded_at=clock.now(),
            checked_at=clock.now(),
            findings={},
        )
        operations.record(operations.put(item))
    assert resubmission.rejudge(student.attendance_id)
    assert record_of(student).flags == {"photo_not_bound": {"photos": 1}}
    operations.record(
        operations.change(keys.attendance.photo(student.attendance_id, "back"), [AttendancePhoto.nonce.set(nonce)])
    )
    assert resubmission.rejudge(student.attendance_id)
    assert record_of(student).verification_status is VerificationStatus.VERIFIED


def test_a_later_judgement_leaves_what_staff_decided(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(require_photos=True))
    submitted(student)
    decided = [
        AttendanceRecord.verified_by.set(lecture.organizer.account_id),
        AttendanceRecord.verification_status.set(VerificationStatus.REJECTED),
        AttendanceRecord.status.set(AttendanceStatus.EXCUSED),
    ]
    operations.record(operations.change(keys.attendance.record(student.attendance_id), decided))
    with clock.set_to(clock.now() + timedelta(hours=1)):
        assert resubmission.rejudge(student.attendance_id)
    record = record_of(student)
    assert (record.verification_status, record.status) == (VerificationStatus.REJECTED, AttendanceStatus.EXCUSED)
    assert list(record.flags) == ["no_photo"]


def test_the_third_person_on_one_device_flags_all_three_and_refuses_none(lecture: Lecture) -> None:
    now, stream = clock.now(), StreamReader()
    students = [lecture.student() for _ in range(3)]
    answers = []
    for place, student in enumerate(students):
        with clock.set_to(now + timedelta(minutes=place)):
            answers.append(submitted(student, device_key=KEY, longitude=LONGITUDE + place / 10_000))
    assert [flags(answer) for answer in answers] == [[], [], ["shared_device"]]
    with clock.set_to(now + timedelta(minutes=4)):
        stream.drain()
    for student in students:
        record = record_of(student)
        assert record.flags == {"shared_device": {"others": 2}}
        assert record.verification_status is VerificationStatus.FLAGGED
        assert record.status is AttendanceStatus.PRESENT


def test_a_later_judgement_keeps_what_was_erased_or_has_changed_since(lecture: Lecture) -> None:
    now, stream = clock.now(), StreamReader()
    students = [lecture.student() for _ in range(3)]
    for place, student in enumerate(students):
        with clock.set_to(now + timedelta(minutes=place)):
            submitted(student, device_key=KEY, longitude=LONGITUDE + place / 10_000)
    stream.drain()
    before = record_of(students[0])
    mac = before.device_mac
    assert mac is not None
    operations.record(operations.remove(keys.attendance.trace(lecture.event.event_id, "device", mac)))
    changes = [
        CampusEvent.late_until.set(now - timedelta(minutes=5)),
        CampusEvent.require_signature.set(True),
        CampusEvent.location_radius.set(5),
    ]
    operations.record(operations.change(lecture.event.place, changes))
    assert not resubmission.rejudge(students[0].attendance_id)
    after = record_of(students[0])
    assert after.flags == {"shared_device": {"others": 2}}
    assert after.factors == before.factors
    assert after.status is AttendanceStatus.PRESENT


def test_two_people_on_one_device_within_seconds_flag_the_second_for_good(lecture: Lecture) -> None:
    now, stream = clock.now(), StreamReader()
    first, second = lecture.student(), lecture.student()
    with clock.set_to(now):
        assert flags(submitted(first, device_key=KEY)) == []
    with clock.set_to(now + timedelta(seconds=5)):
        answer = submitted(second, device_key=KEY, longitude=LONGITUDE + 0.0001)
    assert flags(answer) == ["burst"]
    stream.drain()
    assert record_of(second).flags == {"burst": {"seconds": 5, "limit": 20}}
    assert record_of(first).flags == {}


def test_without_a_device_key_the_log_in_is_the_device(lecture: Lecture) -> None:
    student = lecture.student()
    submitted(student)
    neighbour = lecture.student()
    submitted(neighbour, latitude=LATITUDE + 0.0002)
    macs = {record_of(student).device_mac, record_of(neighbour).device_mac}
    assert None not in macs
    assert len(macs) == 2


def test_three_at_exactly_one_position_are_all_flagged(lecture: Lecture) -> None:
    stream, students = StreamReader(), [lecture.student() for _ in range(3)]
    assert [flags(submitted(student)) for student in students] == [[], [], ["frozen_position"]]
    stream.drain()
    for student in students:
        assert record_of(student).flags == {"frozen_position": {"others": 2}}


def test_a_far_event_half_an_hour_ago_is_a_flag(lecture: Lecture) -> None:
    now, stream = clock.now(), StreamReader()
    account = lecture.student().account
    here = lecture.student(account=account)
    karachi = lecture.another(latitude=24.8607, longitude=67.0011)
    with clock.set_to(now):
        assert flags(submitted(here)) == []
    stream.drain()
    with clock.set_to(now + timedelta(minutes=30)):
        there = lecture.student(karachi, account=account)
        answer = submitted(there, latitude=24.8608, longitude=67.0011)
    assert flags(answer) == ["impossible_travel"]
    # The place of this event counts from now on only once staff verified it.
    stream.drain()
    last = operations.get(keys.attendance.last_place(account.account_id))
    assert last is not None
    assert last.event_id == lecture.event.event_id
    # A judgement after the place has moved on keeps the flag.
    verified = [AttendanceRecord.verification_status.set(VerificationStatus.VERIFIED)]
    operations.record(operations.change(keys.attendance.record(there.attendance_id), verified))
    stream.drain()
    resubmission.rejudge(there.attendance_id)
    assert list(record_of(there).flags) == ["impossible_travel"]


def test_a_deleted_event_takes_no_submission(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    operations.record(operations.change(lecture.event.place, [CampusEvent.deleted_at.set(clock.now())]))
    assert student.submit().status == 404


def test_photos_of_an_earlier_reading_of_the_code_are_asked_for_again(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(require_photos=True))
    student.verify()
    for side in ("front", "back"):
        assert send_photo(student.account, student.submission_id, photo(), side=side).status == 200
    answer = submitted(student)
    assert flags(answer) == ["photo_not_bound"]
    assert "missing photos" in answer.json["next_steps"][0]
