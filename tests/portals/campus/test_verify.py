"""Codes and positions: what a verified code answers and is good for, and how each bad one is refused and logged."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.campus.attendance import retention_days
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent
from chalicelib.vocabulary.campus import AttendanceMethod, CampusRole
from tests.support.campus import LATITUDE, LONGITUDE, make_campus_user, unknown_code
from tests.support.client import Answer, call
from tests.support.lecture import ATTENDANCE, NEARBY, Attendee, Lecture
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
INVALID, REQUIRED = "Invalid QR code", "QR token required"


@pytest.fixture
def lecture(moto_cloud: None) -> Lecture:  # noqa: ARG001  # the ground under it
    return Lecture()


def assert_refused(answer: Answer, text: str, field: str | None = None) -> None:
    assert answer.status == 400, answer.text
    assert answer.json["error"] == answer.json["message"] == text
    if field is not None:
        assert [detail["field"] for detail in answer.json["details"]] == [field]
        assert answer.json["details"][0]["message"]


def flipped(token: str, place: int) -> str:
    other = "A" if token[place] != "A" else "B"
    return token[:place] + other + token[place + 1 :]


def test_a_verified_code_answers_event_student_and_next_step(lecture: Lecture) -> None:
    student, event = lecture.student(), lecture.event
    answer = student.verify(**NEARBY)
    assert answer.status == 200, answer.text
    assert answer.json == {
        "event": {
            "id": event.event_id,
            "title": event.title,
            "location": event.location,
            "start_time": clock.to_text(event.starts_at),
            "end_time": clock.to_text(event.ends_at),
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
            "location_radius": 50,
        },
        "student": {
            "student_id": answer.json["student"]["student_id"],
            "full_name": student.account.name,
            "email": student.account.email,
            "department": "Physics",
            "year_level": "2",
            "profile_photo_url": None,
        },
        "next_step": "location_verification",
        "submission_id": student.submission_id,
    }
    draft = student.draft
    assert draft is not None
    assert (draft.method, draft.expires_at - draft.verified_at) == (AttendanceMethod.QR, timedelta(minutes=10))
    assert draft.distance_m == pytest.approx(11.1, abs=0.1)


@pytest.mark.parametrize("body", [{}, {"qr_token": None}, {"qr_token": ""}, {"qr_token": "  "}, {"event_id": "cev_1"}])
def test_without_a_code_the_answer_says_that_it_is_required(lecture: Lecture, body: dict[str, Any]) -> None:
    assert_refused(lecture.student().post("verify-qr", body), REQUIRED, "qr_token")


@pytest.mark.parametrize("text", ["null", "undefined", ""])
def test_a_form_without_a_code_is_one_without_a_code(lecture: Lecture, text: str) -> None:
    assert_refused(lecture.student().send_form("verify-qr", {"qr_token": text}), REQUIRED, "qr_token")


def test_eight_digits_need_their_event(lecture: Lecture) -> None:
    answer = lecture.student().post("verify-qr", {"code": "12345678"})
    assert answer.status == 400
    assert [detail["field"] for detail in answer.json["details"]] == ["event_id"]


def test_the_eight_digits_are_as_good_as_the_token(lecture: Lecture) -> None:
    student = lecture.student()
    digits = rotating_codes.code(lecture.event, clock.now())
    answer = student.post("verify-qr", {"code": digits, "event_id": lecture.event.event_id})
    assert answer.status == 200, answer.text
    assert student.draft is not None
    assert student.draft.method is AttendanceMethod.CODE
    assert student.submit().status == 201


def test_what_scanners_and_hands_add_to_a_code_does_not_matter(lecture: Lecture) -> None:
    student, digits = lecture.student(), rotating_codes.code(lecture.event, clock.now())
    for spelled in (f"{digits[:4]} {digits[4:]}", f"{digits[:4]}-{digits[4:]}\n"):
        answer = student.post("verify-qr", {"code": spelled, "event_id": lecture.event.event_id})
        assert answer.status == 200, (spelled, answer.text)
    for spelled in (f"  {student.code()}\r\n", f"\x02{student.code()}\x03", f"{student.code()}\u200b"):
        assert student.verify(spelled).status == 200, spelled


def test_after_five_wrong_codes_even_the_right_one_is_refused_for_this_student_alone(lecture: Lecture) -> None:
    student, event = lecture.student(), lecture.event
    right = rotating_codes.code(event, clock.now())
    wrong = unknown_code(event, clock.now())
    for _ in range(5):
        assert_refused(student.post("verify-qr", {"code": wrong, "event_id": event.event_id}), INVALID, "code")
    assert_refused(student.post("verify-qr", {"code": right, "event_id": event.event_id}), INVALID, "code")
    assert student.scans[-1].reason == "too_many_tries"
    assert student.verify().status == 200
    neighbour = lecture.student()
    assert neighbour.post("verify-qr", {"code": right, "event_id": event.event_id}).status == 200


def test_a_text_that_is_no_token_is_refused_and_logged(lecture: Lecture) -> None:
    student = lecture.student()
    assert_refused(student.verify("https://example.com/lecture"), INVALID, "qr_token")
    (scan,) = student.scans
    assert (scan.reason, scan.address_hint) == ("unknown", "127.0.0.0/24")
    assert "event_id" not in scan.attribute_values


def test_one_changed_bit_is_refused(lecture: Lecture) -> None:
    student, token = lecture.student(), lecture.student().code()
    for place in range(0, len(token), 7):
        assert_refused(student.verify(flipped(token, place)), INVALID, "qr_token")
    assert student.draft is None


def test_a_code_of_another_event_is_refused_for_the_event_that_is_named(lecture: Lecture) -> None:
    student, other = lecture.student(), lecture.another()
    token = rotating_codes.token(other, clock.now())
    assert_refused(student.verify(token, event_id=lecture.event.event_id), INVALID, "qr_token")
    assert [scan.reason for scan in student.scans] == ["other_event"]


def test_a_code_two_steps_old_is_refused_and_its_age_is_logged(lecture: Lecture) -> None:
    student, now = lecture.student(), clock.now()
    token = rotating_codes.token(lecture.event, now - timedelta(seconds=60))
    with clock.set_to(now):
        assert_refused(student.verify(token, **NEARBY), INVALID, "qr_token")
    (scan,) = student.scans
    assert (scan.reason, scan.event_id) == ("expired", lecture.event.event_id)
    assert scan.age_seconds == pytest.approx(60, abs=1)
    assert scan.distance_m == pytest.approx(11.1, abs=0.1)


def test_a_refresh_voids_the_code_of_a_moment_ago(lecture: Lecture) -> None:
    student, token = lecture.student(), lecture.student().code()
    operations.record(operations.change(lecture.event.place, [CampusEvent.qr_epoch.add(1)]))
    assert_refused(student.verify(token), INVALID, "qr_token")
    assert [scan.reason for scan in student.scans] == ["old_epoch"]


def test_a_refresh_leaves_a_code_that_is_verified(lecture: Lecture) -> None:
    student = lecture.student()
    assert student.verify().status == 200
    operations.record(operations.change(lecture.event.place, [CampusEvent.qr_epoch.add(1)]))
    assert student.submit().status == 201


def test_after_the_event_its_period_has_ended(lecture: Lecture) -> None:
    over = lecture.another(ends_at=clock.now() - timedelta(minutes=1))
    answer = lecture.student(over).verify()
    assert_refused(answer, "Event attendance period has ended")
    assert "closed at" in answer.json["timing"]


def test_after_its_closing_an_event_that_goes_on_takes_no_code(lecture: Lecture) -> None:
    closed = lecture.another(closes_at=clock.now() - timedelta(minutes=1))
    assert_refused(lecture.student(closed).verify(), "Event attendance period has ended")


def test_a_scan_before_the_event_opens_does_not_spoil_the_later_one(lecture: Lecture) -> None:
    opens_at = clock.now() + timedelta(minutes=5)
    later = lecture.another(starts_at=opens_at)
    student = lecture.student(later)
    early = student.verify()
    assert_refused(early, "Event attendance period has not begun")
    assert "opens at" in early.json["timing"]
    assert student.draft is None
    with clock.set_to(opens_at + timedelta(seconds=1)):
        assert student.verify().status == 200
        assert student.submit().status == 201


def test_an_event_that_is_switched_off_or_deleted_takes_no_code(lecture: Lecture) -> None:
    assert_refused(lecture.student(lecture.another(is_active=False)).verify(), "This event is not active")
    assert_refused(lecture.student(lecture.another(deleted_at=clock.now())).verify(), INVALID, "qr_token")


def test_the_second_window_of_an_event_takes_codes_too(lecture: Lecture) -> None:
    now = clock.now()
    event = lecture.another(
        closes_at=now - timedelta(minutes=5),
        second_window={
            "start": clock.to_text(now - timedelta(minutes=1)),
            "end": clock.to_text(now + timedelta(minutes=9)),
        },
    )
    student = lecture.student(event)
    assert student.verify().status == 200
    assert student.submit().status == 201


def test_a_second_verification_replaces_the_draft_with_a_fresh_nonce(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    first = student.draft
    student.verify()
    second = student.draft
    assert first is not None
    assert second is not None
    assert first.nonce != second.nonce


def test_a_code_verified_again_after_the_submission_leaves_the_submissions_draft(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    assert student.submit().status == 201
    before = student.draft
    assert student.verify().status == 200
    after = student.draft
    assert before is not None
    assert after is not None
    assert (after.nonce, after.submitted_at) == (before.nonce, before.submitted_at)
    assert after.submitted_at is not None


def test_an_accepted_reading_is_logged_once_however_often_the_stream_says_so(lecture: Lecture) -> None:
    student, stream = lecture.student(), StreamReader()
    student.verify(**NEARBY)
    again = stream.fork()
    stream.drain()
    again.drain()
    (scan,) = student.scans
    assert (scan.event_id, scan.agent) == (lecture.event.event_id, "Unknown device")
    assert "reason" not in scan.attribute_values
    assert scan.distance_m == pytest.approx(11.1, abs=0.1)


def test_the_keys_of_a_device_are_stored_as_a_hash(lecture: Lecture) -> None:
    student, key = lecture.student(), "3f8a2c1e-device-of-the-student"
    student.verify(device_key=key)
    assert student.draft is not None
    assert student.draft.device_mac is not None
    raws = operations.query(keys.attendance.draft(student.attendance_id).pk, consistent=True)
    assert key not in str(raws)


# Positions. Each is refused by the field that is wrong, in a body and in a form.
BAD_NUMBERS = ["NaN", "Infinity", "-Infinity", "1e400", "true", '"31.52"', "[31.5]", "{}"]
BAD = [
    ("latitude", "91"),
    ("latitude", "-90.0001"),
    ("longitude", "180.5"),
    ("accuracy", "-1"),
    *(("latitude", value) for value in BAD_NUMBERS),
    *(("accuracy", value) for value in BAD_NUMBERS),
]
BAD_TEXTS = [
    ("latitude", "91"),
    ("latitude", "here"),
    ("latitude", "NaN"),
    ("latitude", "inf"),
    ("latitude", "1e400"),
    ("accuracy", "-1"),
    ("accuracy", "true"),
]


@pytest.mark.parametrize("route", ["verify-location", "submit", "verify-qr"])
def test_a_bad_number_is_refused_by_its_field(lecture: Lecture, route: str) -> None:
    student = lecture.student()
    for field, value in BAD:
        sent = {"latitude": "31.5", "longitude": "74.3", field: value}
        numbers = ",".join(f'"{name}":{number}' for name, number in sent.items())
        raw = f'{{"event_id":"{lecture.event.event_id}","qr_token":"x",{numbers}}}'.encode()
        answer = call("POST", f"{ATTENDANCE}/{route}/", raw=raw, token=student.token)
        assert answer.status == 400, (field, value, answer.text)
        assert [detail["field"] for detail in answer.json["details"]] == [field], (field, value, answer.text)


@pytest.mark.parametrize("route", ["verify-location", "submit", "verify-qr"])
def test_a_bad_number_of_a_form_is_refused_by_its_field(lecture: Lecture, route: str) -> None:
    student = lecture.student()
    for field, text in BAD_TEXTS:
        texts = {"event_id": lecture.event.event_id, "latitude": "31.5", "longitude": "74.3", field: text}
        answer = student.send_form(route, texts)
        assert answer.status == 400, (field, text, answer.text)
        assert [detail["field"] for detail in answer.json["details"]] == [field], (field, text, answer.text)


@pytest.mark.parametrize("route", ["submit", "verify-qr"])
def test_half_a_position_is_refused(lecture: Lecture, route: str) -> None:
    body = {"event_id": lecture.event.event_id, "latitude": 31.5}
    answer = lecture.student().post(route, body)
    assert answer.status == 400
    assert "longitude" in answer.json["error"]


def test_a_position_is_checked_against_radius_and_accuracy(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    by_distance = {
        0.0001: (8, True),
        0.0006: (8, False),  # 66 m away
        0.00061: (20, True),
    }
    for degrees, (accuracy, is_there) in by_distance.items():
        body = {
            "submission_id": student.submission_id,
            "latitude": LATITUDE + degrees,
            "longitude": LONGITUDE,
            "accuracy": accuracy,
        }
        answer = student.post("verify-location", body)
        assert answer.status == 200, answer.text
        assert answer.json["radius_m"] == 50
        assert answer.json["distance_m"] == pytest.approx(degrees * 110_860, rel=0.01)
        assert answer.json["location_verified"] is is_there


def test_a_checked_position_counts_for_a_submission_without_one(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    student.send_form("verify-location", {"event_id": lecture.event.event_id, "latitude": "31.6", "longitude": "74.3"})
    answer = student.post("submit", {"submission_id": student.submission_id})
    assert answer.status == 201, answer.text
    assert answer.json["location_verified"] is False
    assert [flag["flag"] for flag in answer.json["flags"]] == ["outside_radius"]


def test_coordinates_are_not_stored_where_the_event_keeps_none(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify(**NEARBY)
    student.post("verify-location", {"event_id": lecture.event.event_id, **NEARBY})
    student.submit()
    raws = operations.query(keys.attendance.record(student.attendance_id).pk, consistent=True)
    assert len(raws) == 2
    assert str(NEARBY["latitude"]) not in str(raws)


def test_coordinates_are_an_item_of_their_own_where_the_event_keeps_them(lecture: Lecture) -> None:
    event = lecture.another(retention={"position_days": 7})
    student = lecture.student(event)
    student.verify()
    student.submit()
    kept = operations.get(keys.attendance.position(student.attendance_id))
    assert kept is not None
    assert (kept.latitude, kept.longitude) == (NEARBY["latitude"], NEARBY["longitude"])
    assert kept.ttl == int((event.ends_at + timedelta(days=7) + retention_days.COMPLETION).timestamp())


def test_the_submission_of_another_student_is_not_found(lecture: Lecture) -> None:
    owner, other = lecture.student(), lecture.student()
    owner.verify()
    for route in ("verify-location", "submit"):
        for named in ({}, {"event_id": lecture.event.event_id}):
            answer = other.post(route, {"submission_id": owner.submission_id, **named, **NEARBY})
            assert answer.status == 404, (route, named, answer.text)
            assert answer.json["error"] == answer.json["message"]
    assert owner.record is None


def test_a_position_needs_a_code_of_the_last_ten_minutes(lecture: Lecture) -> None:
    student: Attendee = lecture.student()
    body = {"event_id": lecture.event.event_id, **NEARBY}
    assert_refused(student.post("verify-location", body), REQUIRED, "qr_token")
    student.verify()
    with clock.set_to(clock.now() + timedelta(minutes=10)):
        assert_refused(student.post("verify-location", body), REQUIRED, "qr_token")


def test_a_position_after_the_submission_changes_nothing(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    student.submit()
    answer = student.post("verify-location", {"event_id": lecture.event.event_id, "latitude": 0, "longitude": 0})
    assert answer.status == 400
    assert answer.json["duplicate"] is True


def test_a_position_at_an_unknown_event_is_not_found(lecture: Lecture) -> None:
    answer = lecture.student().post("verify-location", {"event_id": "cev_unknown", **NEARBY})
    assert (answer.status, answer.json["error"]) == (404, "Event not found")


def test_the_form_is_filled_from_the_profile(lecture: Lecture) -> None:
    student = lecture.student(account=make_campus_user(lecture.campus, role=CampusRole.STUDENT, year_level=None))
    answer = call("GET", f"{ATTENDANCE}/student-autofill/", token=student.token)
    assert answer.status == 200
    assert answer.json["full_name"] == student.account.name
    assert answer.json["year_level"] is None
