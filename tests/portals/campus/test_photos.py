"""Photos of a submission: what is taken, what is refused and how, and whose submission it is."""

import io
import struct
import zlib
from datetime import timedelta

import pytest
from PIL import Image

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.attendance import attendance_ids, offered_uploads, photo_uploads
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceDraft, AttendancePhoto, CampusEvent
from chalicelib.vocabulary.campus import CampusRole, VerificationStatus
from tests.support import client, evidence, meanwhile
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer
from tests.support.evidence import (
    PHOTOS,
    ask_upload,
    begin_submission,
    encoded,
    form_of,
    scene,
    send_photo,
    sign,
)
from tests.support.lecture import Lecture
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
SMALL = scene(1)
GPS = 0x8825
ORIENTATION = 0x0112


def ground() -> tuple[CampusEvent, Account, str]:
    """Return an event, a student, and the student's submission in progress."""
    campus = make_campus()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    student = make_campus_user(campus)
    return event, student, begin_submission(event, student)


def stored(submission_id: str, side: str = "front") -> AttendancePhoto | None:
    return operations.get(keys.attendance.photo(attendance_ids.attendance_of(submission_id), side))


def picture_of(submission_id: str, side: str = "front") -> Image.Image:
    photo = stored(submission_id, side)
    assert photo is not None
    assert photo.key is not None
    return Image.open(io.BytesIO(files.read(photo.key, limit=photo_uploads.MAX_BYTES) or b""))


def put_upload(key: str, content: bytes) -> None:
    """Do what the bucket does with the form of an upload."""
    files.write(key, content, content_type="image/jpeg")


def grey_of_16_bits() -> bytes:
    rows = b"".join((y * 256).to_bytes(2, "little") for y in range(256) for _ in range(64))
    return encoded(Image.frombytes("I;16", (64, 256), rows), "PNG")


def animation(form: str) -> bytes:
    others = [Image.new("RGB", SMALL.size, colour) for colour in ("blue", "green")]
    return encoded(SMALL, form, save_all=True, append_images=others)


def bomb_of_frames() -> bytes:
    """Return an APNG whose second frame says that it is huge."""
    plain = encoded(SMALL, "PNG")
    head, rest = plain[:33], plain[33:]
    controls = struct.pack(">II", 2, 0)
    frame = struct.pack(">IIIIIHHBB", 0, 60_000, 60_000, 0, 0, 1, 10, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in ((b"acTL", controls), (b"fcTL", frame))
    )
    return head + chunks + rest


TAKEN = {
    "JPEG": encoded(SMALL),
    "PNG": encoded(SMALL, "PNG"),
    "WebP": encoded(SMALL, "WEBP"),
    "CMYK": encoded(SMALL.convert("CMYK")),
    "PNG with transparency": encoded(SMALL.convert("RGBA"), "PNG"),
    "PNG of 16 bits": grey_of_16_bits(),
    "animated PNG": animation("PNG"),
    "animated WebP": animation("WEBP"),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_photo_of_any_accepted_kind_is_stored_as_a_plain_jpeg(kind: str) -> None:
    _, student, submission_id = ground()
    answer = send_photo(student, submission_id, TAKEN[kind])
    assert (answer.status, answer.json["stored"], answer.json["upload"]) == (200, True, None), answer.text
    picture = picture_of(submission_id)
    assert (picture.format, picture.mode) == ("JPEG", "RGB")
    extrema = picture.convert("L").getextrema()
    assert extrema[1] - extrema[0] > 100  # type: ignore[operator]  # one channel


def oversized() -> bytes:
    """Return a PNG of 20,000 x 20,000 pixels, of which only the header is right."""
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


REFUSED = {
    "HTML named PNG": (b"<!doctype html><script>alert(1)</script>", 400, "photo"),
    "20,000 x 20,000 pixels": (oversized(), 400, "photo"),
    "9 MB": (b"\xff\xd8\xff" + bytes(9 * 1024 * 1024), 413, None),
    "HEIC": (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", 415, None),
    "AVIF": (b"\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1avif", 415, None),
    "GIF": (encoded(SMALL.convert("P"), "GIF"), 415, None),
    "TIFF": (encoded(SMALL, "TIFF"), 415, None),
    "BMP": (encoded(SMALL, "BMP"), 415, None),
    "PNG of 13.2 million pixels": (encoded(Image.new("1", (4000, 3300), 1), "PNG"), 400, "photo"),
    "PDF": (b"%PDF-1.7 ...", 400, "photo"),
    "empty": (b"", 400, "photo"),
    "truncated JPEG": (encoded(SMALL)[:-3000], 400, "photo"),
    "truncated JPEG: its header alone": (encoded(SMALL)[:200], 400, "photo"),
    "truncated PNG": (encoded(SMALL, "PNG")[:-100], 400, "photo"),
    "truncated WebP": (encoded(SMALL, "WEBP")[:-1000], 400, "photo"),
    "APNG with a frame beyond its picture": (bomb_of_frames(), 400, "photo"),
    "missing": (None, 400, "photo"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_photo_is_refused_with_its_status_and_field(kind: str) -> None:
    content, status, field = REFUSED[kind]
    _, student, submission_id = ground()
    answer = send_photo(student, submission_id, content)
    assert answer.status == status, answer.text
    assert answer.json["error"] == answer.json["message"]
    assert [each["field"] for each in answer.json.get("details", [])] == ([field] if field else [])
    if status == 415:
        assert "JPEG, PNG or WebP" in answer.json["error"]
    if status == 413:
        assert "bucket" in answer.json["error"]
    # A bad network cuts off what was the right kind of picture.
    assert kind.startswith("truncated") == ("cut off" in answer.json["error"])
    assert stored(submission_id) is None


def test_the_stored_photo_has_no_metadata_and_is_upright() -> None:
    _, student, submission_id = ground()
    marks = Image.Exif()
    marks[ORIENTATION] = 6
    marks.get_ifd(GPS)[2] = (31.0, 31.0, 13.4)
    assert send_photo(student, submission_id, encoded(scene(2, size=(300, 200)), exif=marks)).status == 200
    picture = picture_of(submission_id)
    assert picture.size == (200, 300)
    assert not dict(picture.getexif())
    assert "exif" not in picture.info


def test_a_large_photo_is_scaled_down() -> None:
    _, student, submission_id = ground()
    assert send_photo(student, submission_id, encoded(scene(3, size=(2600, 1300)))).status == 200
    assert picture_of(submission_id).size == (1280, 640)


def test_a_form_without_boundary_gets_415() -> None:
    _, student, submission_id = ground()
    raw = form_of({"submission_id": submission_id}, encoded(SMALL))
    headers = {"content-type": "multipart/form-data"}
    answer = client.call("POST", PHOTOS.format(side="back"), raw=raw, token=token_of(student), headers=headers)
    assert (answer.status, stored(submission_id, "back")) == (415, None)


@pytest.mark.parametrize("value", ["null", "undefined", ""])
def test_empty_fields_beside_a_photo_count_as_left_out(value: str) -> None:
    _, student, submission_id = ground()
    answer = send_photo(student, submission_id, encoded(SMALL), content_type=value, uploaded=value)
    assert (answer.status, answer.json["stored"]) == (200, True)


@pytest.mark.parametrize("value", ["null", ""])
def test_a_photo_that_is_the_text_null_is_none(value: str) -> None:
    _, student, submission_id = ground()
    answer = send_photo(student, submission_id, None, photo=value)
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "photo")


def test_a_form_without_submission_names_the_field() -> None:
    _, student, _ = ground()
    headers = {"content-type": "multipart/form-data; boundary=x"}
    raw = form_of({}, encoded(SMALL)).replace(b"gatehouse-test-boundary", b"x")
    answer = client.call("POST", PHOTOS.format(side="front"), raw=raw, token=token_of(student), headers=headers)
    assert (answer.status, answer.json["details"][0]["field"]) == (400, "submission_id")


def test_another_students_submission_and_upload_are_not_found() -> None:
    event, student, submission_id = ground()
    other = make_campus_user(make_campus())
    assert send_photo(other, submission_id, encoded(SMALL)).status == 404
    assert ask_upload(other, submission_id).status == 404
    key = ask_upload(student, submission_id).json["upload"]["key"]
    put_upload(key, encoded(SMALL))
    mine = begin_submission(event, other)
    assert ask_upload(other, submission_id, uploaded=key).status == 404
    assert ask_upload(other, mine, uploaded=key).status == 404
    assert stored(mine) is None
    assert send_photo(student, "sub_01K9ZC3V8G0000400TC7B6KYQ6", encoded(SMALL)).status == 404


def test_the_key_of_one_camera_is_no_upload_of_the_other() -> None:
    _, student, submission_id = ground()
    key = ask_upload(student, submission_id, side="front").json["upload"]["key"]
    put_upload(key, encoded(SMALL))
    assert ask_upload(student, submission_id, side="back", uploaded=key).status == 404


def test_an_expired_submission_says_what_to_do() -> None:
    _, student, submission_id = ground()
    with clock.set_to(clock.now() + timedelta(minutes=10, seconds=1)):
        for answer in (send_photo(student, submission_id, encoded(SMALL)), ask_upload(student, submission_id)):
            assert answer.status == 400
            assert "Scan the code again" in answer.json["error"]
            assert answer.json["details"][0]["field"] == "submission_id"


def test_a_late_submission_has_the_ten_minutes_of_its_record_for_photos_and_signature() -> None:
    lecture = Lecture()
    event = lecture.another(require_photos=True, require_signature=True)
    student, scanned_at = lecture.student(event), clock.now()
    assert student.verify().status == 200
    with clock.set_to(scanned_at + timedelta(minutes=9)):
        assert student.submit().json["next_steps"][0] == "Upload the missing photos within ten minutes."
    with clock.set_to(scanned_at + timedelta(minutes=18)):
        assert send_photo(student.account, student.submission_id, encoded(SMALL)).status == 200
        key = ask_upload(student.account, student.submission_id, side="back").json["upload"]["key"]
        put_upload(key, encoded(evidence.scene(7)))
        assert ask_upload(student.account, student.submission_id, side="back", uploaded=key).status == 200
        assert evidence.sign(student.account, student.submission_id, "M10 40C20 10 30 10 40 40L120 35").status == 200
    with clock.set_to(scanned_at + timedelta(minutes=20)):
        evidence.check(student.attendance_id)
        assert student.record is not None
        assert (student.record.flags, student.record.verification_status) == ({}, VerificationStatus.VERIFIED)
        answer = send_photo(student.account, student.submission_id, encoded(SMALL))
        assert answer.status == 400
        assert "Scan the code" not in answer.text


def test_an_upload_is_offered_and_taken_once_it_is_complete() -> None:
    _, student, submission_id = ground()
    offered = ask_upload(student, submission_id)
    assert (offered.status, offered.json["stored"]) == (200, False)
    upload = offered.json["upload"]
    assert upload["fields"]["key"] == upload["key"]
    assert upload["max_bytes"] == 8 * 1024 * 1024
    early = ask_upload(student, submission_id, uploaded=upload["key"])
    assert (early.status, early.json["details"][0]["field"]) == (400, "uploaded")
    put_upload(upload["key"], encoded(SMALL))
    taken = ask_upload(student, submission_id, uploaded=upload["key"])
    assert (taken.status, taken.json["stored"]) == (200, True)
    assert picture_of(submission_id).size == SMALL.size
    assert files.count_all(upload["key"]) == 0


def test_an_upload_that_is_no_photo_is_refused_and_not_kept() -> None:
    _, student, submission_id = ground()
    key = ask_upload(student, submission_id).json["upload"]["key"]
    put_upload(key, b"<html>")
    assert ask_upload(student, submission_id, uploaded=key).status == 400
    assert files.count_all(key) == 0
    photo = stored(submission_id)
    assert photo is not None
    assert photo.key is None
    assert photo.upload_key is None


@pytest.mark.parametrize("arrives", ["before the second offer", "after it"])
@pytest.mark.parametrize("ends", ["by the client", "by the check"])
def test_an_upload_is_taken_though_another_one_was_offered_that_never_ends(arrives: str, ends: str) -> None:
    _, student, submission_id = ground()
    first = ask_upload(student, submission_id).json["upload"]["key"]
    if arrives == "before the second offer":
        put_upload(first, encoded(SMALL))
    second = ask_upload(student, submission_id).json["upload"]["key"]
    if arrives == "after it":
        put_upload(first, encoded(SMALL))
    if ends == "by the client":
        taken = ask_upload(student, submission_id, uploaded=first)
        assert (taken.status, taken.json["stored"]) == (200, True)
        # The second may still replace it.
        put_upload(second, encoded(scene(9, size=(200, 100))))
        assert ask_upload(student, submission_id, uploaded=second).status == 200
        assert picture_of(submission_id).size == (200, 100)
    else:
        attendance_id = evidence.submit(student, submission_id)
        StreamReader().drain()
        evidence.check(attendance_id)
        assert picture_of(submission_id).size == SMALL.size
        # It has its photo, so the check does not wait for the other upload.
        evidence.check(attendance_id)
    assert [files.count_all(key) for key in (first, second)] == [0, 0]


def test_of_many_offered_uploads_the_newest_stay_open() -> None:
    _, student, submission_id = ground()
    offered = [ask_upload(student, submission_id).json["upload"]["key"] for _ in range(offered_uploads.MOST + 1)]
    for key in offered:
        put_upload(key, encoded(SMALL))
    assert ask_upload(student, submission_id, uploaded=offered[0]).status == 404
    assert ask_upload(student, submission_id, uploaded=offered[1]).status == 200
    photo = stored(submission_id)
    assert photo is not None
    assert [each.key for each in offered_uploads.of(photo)] == offered[:1:-1]


@pytest.mark.parametrize("content_type", ["image/heic", "text/html", "image/gif"])
def test_an_upload_of_another_kind_is_not_offered(content_type: str) -> None:
    _, student, submission_id = ground()
    answer = ask_upload(student, submission_id, content_type=content_type)
    assert answer.status == 415
    assert "JPEG, PNG or WebP" in answer.json["error"]


def test_a_second_photo_replaces_the_first_and_its_file() -> None:
    _, student, submission_id = ground()
    send_photo(student, submission_id, encoded(SMALL))
    first = stored(submission_id)
    assert send_photo(student, submission_id, encoded(scene(9, size=(200, 100)))).status == 200
    assert first is not None
    assert first.key is not None
    assert files.count_all(first.key) == 0
    assert picture_of(submission_id).size == (200, 100)


def submit(submission_id: str) -> None:
    place = keys.attendance.draft(attendance_ids.attendance_of(submission_id))
    operations.record(operations.change(place, [AttendanceDraft.submitted_at.set(clock.now())]))


def test_after_the_submission_a_photo_is_taken_only_where_it_is_missing() -> None:
    _, student, submission_id = ground()
    send_photo(student, submission_id, encoded(SMALL))
    submit(submission_id)
    again = send_photo(student, submission_id, encoded(scene(9)))
    assert (again.status, again.json["error"]) == (409, "This record has its photo already.")
    assert ask_upload(student, submission_id).status == 409
    assert send_photo(student, submission_id, encoded(SMALL), side="back").status == 200
    event_prefix = f"campus/{(stored(submission_id) or AttendancePhoto()).event_id}/"
    assert files.count_all(event_prefix) == 2


@pytest.mark.parametrize("way", ["form", "upload"])
def test_a_photo_whose_answer_was_lost_is_sent_again_and_answered_alike(way: str) -> None:
    _, student, submission_id = ground()
    key = ask_upload(student, submission_id).json["upload"]["key"] if way == "upload" else ""
    if key:
        put_upload(key, encoded(SMALL))

    def send() -> Answer:
        if key:
            return ask_upload(student, submission_id, uploaded=key)
        return send_photo(student, submission_id, encoded(SMALL))

    first, second = send(), send()
    assert first.status == second.status == 200, second.text
    submit(submission_id)
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        third = send()
    assert third.status == 200, third.text
    assert third.json == second.json
    assert files.count_all(f"campus/{(stored(submission_id) or AttendancePhoto()).event_id}/") == 1
    # Another photo takes the place of none.
    assert send_photo(student, submission_id, encoded(scene(9))).status == 409
    assert ask_upload(student, submission_id, uploaded=key + "0").status == 404


def test_an_upload_that_the_check_took_first_is_confirmed_all_the_same() -> None:
    _, student, submission_id = ground()
    key = ask_upload(student, submission_id).json["upload"]["key"]
    put_upload(key, encoded(SMALL))
    attendance_id = evidence.submit(student, submission_id)
    StreamReader().drain()
    evidence.check(attendance_id)
    assert ask_upload(student, submission_id, uploaded=key).json["stored"] is True


def test_a_photo_carries_the_nonce_of_the_submission_it_was_sent_for() -> None:
    event, student, submission_id = ground()
    send_photo(student, submission_id, encoded(SMALL))
    before = stored(submission_id)
    key = ask_upload(student, submission_id, side="back").json["upload"]["key"]
    put_upload(key, encoded(SMALL))
    begin_submission(event, student)
    assert ask_upload(student, submission_id, side="back", uploaded=key).status == 200
    draft = operations.get(keys.attendance.draft(attendance_ids.attendance_of(submission_id)))
    front, back = stored(submission_id), stored(submission_id, "back")
    assert draft is not None
    assert front is not None
    assert back is not None
    assert before is not None
    assert front.key == before.key  # kept, though it does not count
    assert draft.nonce not in (front.nonce, back.nonce)
    assert front.nonce == back.nonce


@pytest.mark.parametrize("kind", ["attendance_photo", "attendance_signature"])
def test_what_was_stored_has_its_file_also_where_the_answer_was_lost(kind: str) -> None:
    _, student, submission_id = ground()
    attendance_id = attendance_ids.attendance_of(submission_id)
    with meanwhile.after("TransactWriteItems", meanwhile.lost, matches=lambda sent: kind in str(sent)):
        answer = (
            send_photo(student, submission_id, encoded(SMALL))
            if kind == "attendance_photo"
            else sign(student, submission_id, "M0 0L50 40L9 9")
        )
    assert answer.status == 503
    place = keys.attendance.photo(attendance_id, "front")
    item = operations.get(place) or operations.get(keys.attendance.signature(attendance_id))
    assert item is not None
    assert files.count_all(str(item.key)) == 1
