"""The check of photos in the background: who copied whom, which codes are shown, what is missing in the end."""

import io
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
import segno
from PIL import Image

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.attendance import photo_check_jobs, picture_index
from chalicelib.domain.campus.events import rotating_codes
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, CampusEvent, PhotoCheck
from chalicelib.vocabulary.campus import AttendanceStatus, CampusRole, VerificationStatus
from chalicelib.vocabulary.work import JobStatus
from tests.support import meanwhile, sweeps
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.evidence import (
    ask_upload,
    begin_submission,
    check,
    encoded,
    photo_of,
    record_of,
    scene,
    send_photo,
    submit,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


class Hall:
    """A campus with an event that asks for photos."""

    def __init__(self, **changes: Any) -> None:
        self.campus = make_campus()
        self.organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.event = self.another_event(**changes)
        self.stream = StreamReader()

    def another_event(self, **changes: Any) -> CampusEvent:
        return make_campus_event(self.campus, self.organizer, **{"require_photos": True, **changes})

    def attend(
        self, front: bytes, back: bytes, *, event: CampusEvent | None = None, student: Account | None = None
    ) -> str:
        """Let a student submit with two photos, as far as the answer; return the record's id."""
        person = student or make_campus_user(self.campus)
        submission_id = begin_submission(event or self.event, person)
        for side, content in (("front", front), ("back", back)):
            assert send_photo(person, submission_id, content, side=side).status == 200
        return submit(person, submission_id)

    def checked(self, *attendance_ids: str) -> None:
        """Check the photos of these records, in this order, until nothing is left to do."""
        self.stream.drain()
        for attendance_id in attendance_ids:
            assert check(attendance_id) is False


@cache
def camera(seed: int) -> bytes:
    """Return what a camera makes of a scene: soft edges and many shades."""
    return encoded(scene(seed, size=(320, 240)).resize((40, 30)).resize((320, 240), Image.Resampling.BICUBIC))


def again(content: bytes) -> bytes:
    """Return a photo as a messenger passes it on."""
    return encoded(Image.open(io.BytesIO(content)).resize((200, 150)), quality=60)


def turned(content: bytes) -> bytes:
    """Return a photo that is stored on its side, with metadata that turn it upright again."""
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    on_its_side = Image.open(io.BytesIO(content)).transpose(Image.Transpose.ROTATE_90)
    on_its_side.save(file, "JPEG", exif=exif, quality=90)
    return file.getvalue()


def findings(attendance_id: str, side: str = "front") -> dict[str, Any]:
    return dict(photo_of(attendance_id, side).findings or {})


def qr_code(text: str) -> Image.Image:
    drawn = io.BytesIO()
    segno.make(text, error="m").save(drawn, kind="png", scale=6)
    return Image.open(drawn).convert("RGB")


def wall(event: CampusEvent, born_at: Any, *, seed: int = 77) -> bytes:
    """Return a photo of a wall that shows the code of an event, made at a moment."""
    code = qr_code(rotating_codes.token(event, born_at))
    picture = scene(seed, size=(1200, 900)).resize((60, 45)).resize((1200, 900), Image.Resampling.BICUBIC)
    picture.paste(code, (300, 200))
    return encoded(picture)


def test_honest_photos_make_a_pending_record_verified() -> None:
    hall = Hall()
    record = hall.attend(camera(1), camera(2))
    assert record_of(record).verification_status == VerificationStatus.PENDING
    hall.checked(record)
    now = record_of(record)
    assert (now.verification_status, dict(now.flags)) == (VerificationStatus.VERIFIED, {})
    photo = photo_of(record)
    assert photo.checked_at is not None
    assert len(bytes(photo.picture_hash or b"")) == 32
    assert findings(record)["is_screenshot"] is False


@pytest.mark.parametrize("kind", ["whole", "re-encoded", "turned by its metadata"])
def test_one_picture_for_both_cameras_is_flagged(kind: str) -> None:
    hall, picture = Hall(), camera(8)
    back = {"whole": picture, "re-encoded": again(picture), "turned by its metadata": turned(picture)}[kind]
    record = hall.attend(picture, back)
    hall.checked(record)
    assert list(record_of(record).flags) == ["duplicate_photo"]
    assert record_of(record).status == AttendanceStatus.PRESENT
    # Of the two the later one is the copy.
    assert findings(record).get("same_bytes") is findings(record).get("nearest") is None
    assert findings(record, "back").get("same_bytes" if kind == "whole" else "nearest") is not None


@pytest.mark.parametrize("copier_first", [False, True])
@pytest.mark.parametrize("reencoded", [False, True])
@pytest.mark.by_day
def test_who_came_later_is_flagged_in_whichever_order_the_checks_run(
    copier_first: bool, reencoded: bool
) -> None:  # cases
    hall, picture = Hall(), camera(3)
    honest = hall.attend(picture, camera(4))
    with clock.set_to(clock.now() + timedelta(seconds=20)):
        copy = encoded(Image.open(io.BytesIO(picture)), quality=60)
        copier = hall.attend(copy if reencoded else picture, camera(5))
    hall.checked(*((copier, honest) if copier_first else (honest, copier)))
    flagged, clean = record_of(copier), record_of(honest)
    assert (flagged.verification_status, list(flagged.flags)) == (VerificationStatus.FLAGGED, ["duplicate_photo"])
    assert (clean.verification_status, dict(clean.flags)) == (VerificationStatus.VERIFIED, {})
    assert flagged.status == clean.status == AttendanceStatus.PRESENT
    # Staff find each in the other.
    named = findings(copier)["nearest_to" if reencoded else "same_as"]
    assert named == {"attendance_id": honest, "side": "front"}
    assert findings(honest)["copied_by"] == [{"attendance_id": copier, "side": "front"}]


def test_three_with_the_same_bytes_leave_the_earliest_clean_in_any_order() -> None:
    hall, picture, began = Hall(), camera(6), clock.now()
    records = []
    for number in range(3):
        with clock.set_to(began + timedelta(seconds=10 * number)):
            records.append(hall.attend(picture, camera(60 + number)))
    hall.checked(records[1], records[2], records[0])
    assert [list(record_of(each).flags) for each in records] == [[], ["duplicate_photo"], ["duplicate_photo"]]


def test_last_weeks_photo_is_found_and_a_photo_of_another_campus_is_not() -> None:
    hall, picture = Hall(), camera(8)
    student = make_campus_user(hall.campus)
    old = hall.attend(picture, camera(9), student=student)
    hall.checked(old)
    elsewhere = Hall()
    far = elsewhere.attend(picture, camera(10))
    elsewhere.checked(far)
    assert dict(record_of(far).flags) == {}
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        again = hall.attend(picture, camera(11), event=hall.another_event(), student=student)
        hall.checked(again)
    assert list(record_of(again).flags) == ["duplicate_photo"]


def test_pictures_of_one_shade_are_not_compared() -> None:
    hall = Hall()
    dark = [encoded(Image.new("RGB", (400, 300), (level, level, level))) for level in (8, 9)]
    first, second = hall.attend(dark[0], camera(13)), hall.attend(dark[1], camera(14))
    hall.checked(first, second)
    assert photo_of(first).picture_hash is None
    assert not record_of(second).flags.get("duplicate_photo")


def test_a_wall_with_the_code_of_the_room_is_honest() -> None:
    hall = Hall()
    record = hall.attend(camera(15), wall(hall.event, clock.now() - timedelta(seconds=20)))
    hall.checked(record)
    assert 19 < findings(record, "back")["shown_code_age"] < 60
    assert dict(record_of(record).flags) == {}


def test_a_wall_with_an_old_code_or_of_another_event_is_flagged() -> None:
    hall = Hall()
    old = hall.attend(camera(16), wall(hall.event, clock.now() - timedelta(minutes=9)))
    other = hall.attend(camera(17), wall(hall.another_event(), clock.now(), seed=79))
    hall.checked(old, other)
    assert list(record_of(old).flags) == ["other_code_shown"]
    assert list(record_of(other).flags) == ["other_code_shown"]
    assert findings(other, "back")["shows_other_code"] is True


def test_a_code_that_is_none_of_ours_says_nothing() -> None:
    hall = Hall()
    poster = scene(78, size=(1200, 900)).resize((60, 45)).resize((1200, 900), Image.Resampling.BICUBIC)
    poster.paste(qr_code("https://example.com/menu"), (300, 200))
    record = hall.attend(camera(18), encoded(poster))
    hall.checked(record)
    assert dict(record_of(record).flags) == {}


def test_a_photo_of_an_earlier_verification_is_flagged_and_kept() -> None:
    hall = Hall()
    student = make_campus_user(hall.campus)
    submission_id = begin_submission(hall.event, student)
    send_photo(student, submission_id, camera(19), side="front")
    begin_submission(hall.event, student)
    send_photo(student, submission_id, camera(20), side="back")
    record = submit(student, submission_id)
    hall.stream.drain()
    with clock.set_to(photo_check_jobs.deadline(record_of(record)) + timedelta(seconds=1)):
        assert check(record) is False
    assert "photo_not_bound" in record_of(record).flags
    assert files.count_all(photo_of(record).key or "") == 1
    assert record_of(record).status == AttendanceStatus.PRESENT


def job_of(attendance_id: str) -> PhotoCheck:
    job = operations.get(keys.attendance.photo_check(photo_check_jobs.job_id_of(attendance_id)))
    assert job is not None
    return job


def test_photos_that_never_come_are_flagged_by_the_sweep_after_ten_minutes() -> None:
    hall = Hall()
    student = make_campus_user(hall.campus)
    record = submit(student, begin_submission(hall.event, student))
    hall.stream.drain()
    assert check(record) is False
    assert record_of(record).verification_status == VerificationStatus.PENDING
    job = job_of(record)
    assert job.status == JobStatus.OPEN
    sweeps.at_due(job.place)
    with clock.set_to(photo_check_jobs.deadline(record_of(record)) + timedelta(minutes=1)):
        assert check(record) is False
    now = record_of(record)
    assert (now.verification_status, list(now.flags)) == (VerificationStatus.FLAGGED, ["no_photo"])
    assert now.status == AttendanceStatus.PRESENT
    assert job_of(record).status == JobStatus.COMPLETE


def test_an_upload_that_nobody_confirms_is_found_by_the_check() -> None:
    hall = Hall()
    student = make_campus_user(hall.campus)
    submission_id = begin_submission(hall.event, student)
    uploads = {side: ask_upload(student, submission_id, side=side).json["upload"]["key"] for side in ("front", "back")}
    files.write(uploads["front"], camera(21), content_type="image/jpeg")
    record = submit(student, submission_id)
    hall.stream.drain()
    assert check(record) == timedelta(seconds=30)
    assert photo_of(record).checked_at is not None
    files.write(uploads["back"], camera(22), content_type="image/jpeg")
    assert check(record) is False
    now = record_of(record)
    assert (now.verification_status, dict(now.flags)) == (VerificationStatus.VERIFIED, {})
    assert all(files.count_all(key) == 0 for key in uploads.values())


def test_an_upload_that_the_client_confirms_during_the_check_is_kept_once() -> None:
    hall = Hall()
    student = make_campus_user(hall.campus)
    submission_id = begin_submission(hall.event, student)
    send_photo(student, submission_id, camera(31), side="back")
    key = ask_upload(student, submission_id).json["upload"]["key"]
    attendance_id = submit(student, submission_id)
    hall.stream.drain()
    files.write(key, camera(32), content_type="image/jpeg")

    def confirm() -> None:
        assert ask_upload(student, submission_id, uploaded=key).status == 200

    with meanwhile.before("TransactWriteItems", confirm, matches=lambda sent: "attendance_photo" in str(sent)):
        check(attendance_id)
    assert check(attendance_id) is False
    assert record_of(attendance_id).verification_status is VerificationStatus.VERIFIED
    assert files.count_all(f"campus/{hall.event.event_id}/") == 2


def test_an_upload_that_nobody_needs_any_more_is_not_waited_for() -> None:
    hall = Hall()
    student = make_campus_user(hall.campus)
    submission_id = begin_submission(hall.event, student)
    for number, side in enumerate(("front", "back")):
        assert ask_upload(student, submission_id, side=side).status == 200
        assert send_photo(student, submission_id, camera(41 + number), side=side).status == 200
    assert ask_upload(student, submission_id).status == 200
    attendance_id = submit(student, submission_id)
    hall.checked(attendance_id)
    assert record_of(attendance_id).verification_status is VerificationStatus.VERIFIED
    assert photo_of(attendance_id).upload_key is None


def test_an_upload_that_is_no_photo_counts_as_missing() -> None:
    hall = Hall()
    student = make_campus_user(hall.campus)
    submission_id = begin_submission(hall.event, student)
    send_photo(student, submission_id, camera(23), side="back")
    key = ask_upload(student, submission_id).json["upload"]["key"]
    files.write(key, b"<html>", content_type="image/jpeg")
    record = submit(student, submission_id)
    hall.stream.drain()
    assert check(record) is False
    with clock.set_to(photo_check_jobs.deadline(record_of(record)) + timedelta(minutes=1)):
        assert check(record) is False
    assert list(record_of(record).flags) == ["no_photo"]
    assert files.count_all(key) == 0


def test_a_photo_after_the_submission_is_checked_and_lifts_the_wait() -> None:
    hall = Hall()
    student = make_campus_user(hall.campus)
    submission_id = begin_submission(hall.event, student)
    send_photo(student, submission_id, camera(24), side="front")
    record = submit(student, submission_id)
    hall.checked(record)
    assert record_of(record).verification_status == VerificationStatus.PENDING
    assert send_photo(student, submission_id, camera(25), side="back").status == 200
    assert check(record) is False
    assert record_of(record).verification_status == VerificationStatus.VERIFIED


def test_an_event_without_photos_starts_a_check_only_for_those_who_sent_some() -> None:
    hall = Hall(require_photos=False)
    without, student = make_campus_user(hall.campus), make_campus_user(hall.campus)
    none = submit(without, begin_submission(hall.event, without))
    submission_id = begin_submission(hall.event, student)
    send_photo(student, submission_id, camera(26))
    some = submit(student, submission_id)
    hall.stream.drain()
    assert operations.get(keys.attendance.photo_check(photo_check_jobs.job_id_of(none))) is None
    assert check(some) is False
    assert job_of(some).status == JobStatus.COMPLETE


def test_a_check_may_run_again_at_any_time() -> None:
    hall, picture = Hall(), camera(27)
    honest = hall.attend(picture, camera(28))
    with clock.set_to(clock.now() + timedelta(seconds=20)):
        copier = hall.attend(picture, camera(29))
    hall.checked(copier, honest)
    before = [(dict(record_of(each).flags), findings(each)) for each in (honest, copier)]
    for each in (honest, copier):
        photo_check_jobs.start(each, user_id="usr_1")
        assert check(each) is False
    assert [(dict(record_of(each).flags), findings(each)) for each in (honest, copier)] == before


def test_the_index_forgets_a_photo_by_key() -> None:
    hall, picture = Hall(), camera(30)
    first = hall.attend(picture, camera(31))
    hall.checked(first)
    for side in ("front", "back"):
        picture_index.forget(photo_of(first, side), campus_id=hall.event.campus_id)
    with clock.set_to(clock.now() + timedelta(seconds=20)):
        second = hall.attend(picture, camera(32))
        hall.checked(second)
    assert dict(record_of(second).flags) == {}
