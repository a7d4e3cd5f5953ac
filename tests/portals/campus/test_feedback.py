"""Feedback on each factor: before the submission from the draft, afterwards from the record, and for whom."""

import pytest

from chalicelib.vocabulary.campus import CampusRole, EvidenceFactor
from tests.support.campus import LATITUDE, LONGITUDE, make_campus, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.lecture import ATTENDANCE, NEARBY, Lecture

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def lecture(moto_cloud: None) -> Lecture:  # noqa: ARG001  # the ground under it
    return Lecture()


def feedback(token: str, **query: str) -> Answer:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return call("GET", f"{ATTENDANCE}/verification-feedback/?{asked}", token=token)


def passed(answer: Answer) -> dict[str, bool | None]:
    assert answer.status == 200, answer.text
    assert all(factor["message"] for factor in answer.json["factors"])
    return {factor["factor"]: factor["passed"] for factor in answer.json["factors"]}


def test_before_the_submission_the_draft_is_judged(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(require_signature=True))
    student.verify()
    before = feedback(student.token, submission_id=student.submission_id)
    assert list(passed(before)) == list(EvidenceFactor)
    assert passed(before) == {
        "qr": True,
        "location": False,
        "front_photo": None,
        "back_photo": None,
        "signature": False,
        "time": True,
    }
    assert before.json["overall"] == "flagged"
    student.post("verify-location", {"submission_id": student.submission_id, **NEARBY})
    after = feedback(student.token, submission_id=student.submission_id)
    assert passed(after)["location"] is True
    assert student.record is None


@pytest.mark.parametrize("name", ["submission_id", "attendance_id"])
def test_after_the_submission_the_record_is_shown(lecture: Lecture, name: str) -> None:
    student = lecture.student()
    student.verify()
    student.submit(latitude=LATITUDE + 0.01)
    answer = feedback(student.token, **{name: getattr(student, name)})
    assert passed(answer)["location"] is False
    assert answer.json["overall"] == "flagged"
    location = next(factor for factor in answer.json["factors"] if factor["factor"] == "location")
    assert "does not match" in location["message"]


def test_missing_photos_that_may_still_come_are_pending(lecture: Lecture) -> None:
    student = lecture.student(lecture.another(require_photos=True))
    student.verify(**NEARBY)
    answer = feedback(student.token, submission_id=student.submission_id)
    assert answer.json["overall"] == "pending"
    assert passed(answer)["front_photo"] is False


def test_the_feedback_of_another_student_is_not_found(lecture: Lecture) -> None:
    owner, other = lecture.student(), lecture.student()
    owner.verify()
    assert feedback(other.token, submission_id=owner.submission_id).status == 404
    owner.submit()
    assert feedback(other.token, submission_id=owner.submission_id).status == 404
    assert feedback(other.token, attendance_id=owner.attendance_id).status == 404


def test_the_staff_of_the_event_see_it_and_those_of_others_do_not(lecture: Lecture) -> None:
    student = lecture.student()
    student.verify()
    stranger = make_campus_user(lecture.campus, role=CampusRole.ORGANIZER)
    supervisor = make_campus_user(lecture.campus, role=CampusRole.SUPERVISOR)
    elsewhere = make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    for _ in range(2):
        for account, status in ((lecture.organizer, 200), (supervisor, 200), (stranger, 404), (elsewhere, 404)):
            assert feedback(token_of(account), submission_id=student.submission_id).status == status
        student.submit(longitude=LONGITUDE)


def test_a_record_or_a_submission_is_named(lecture: Lecture) -> None:
    student, other = lecture.student(), lecture.student()
    answer = feedback(student.token)
    assert answer.status == 400
    assert [detail["field"] for detail in answer.json["details"]] == ["attendance_id"]
    student.verify()
    both = {"submission_id": student.submission_id, "attendance_id": other.attendance_id}
    assert feedback(student.token, **both).status == 404
    for unknown in ({"submission_id": "sub_unknown"}, {"submission_id": "att_x"}, {"attendance_id": "att_unknown"}):
        assert feedback(student.token, **unknown).status == 404
