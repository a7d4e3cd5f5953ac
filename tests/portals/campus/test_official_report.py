"""The official PDF: rendered, read as a person reads it, and its code read back by a camera's reader."""

import hashlib
import io
import re
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.reports.report_pictures import thumbnail
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendancePhoto, AttendanceRecord, AttendanceSignature, CampusEvent
from chalicelib.vocabulary.campus import AttendanceMethod, AttendanceStatus, CampusRole, PhotoSide
from chalicelib.workers import jobs as worker
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.factories import at
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
_BASE = "/api/campus/reports/"
_NAMES = (
    ("Sana", "Khan"),
    ("عائشہ", "صدیقی"),
    ("小明", "王"),
    ("Wolfeschlegelsteinhausenbergerdorff " * 2, "Oberwaldhausen the Third of His Name"),
    ("Zoë 🎓", "O-Brien"),
)


class Lecture:
    """An event with a record of each name; the stream is drained."""

    def __init__(self) -> None:
        self.campus = make_campus(name="University of the Punjab")
        self.teacher = make_campus_user(self.campus, role=CampusRole.ORGANIZER, first_name="Imran", last_name="Sheikh")
        self.event: CampusEvent = make_campus_event(self.campus, self.teacher, location="Hall 1")
        stream = StreamReader()
        self.records: list[AttendanceRecord] = []
        for first, last in _NAMES:
            student = make_campus_user(self.campus, first_name=first, last_name=last)
            minutes = timedelta(minutes=3 * len(self.records))
            self.records.append(make_record(self.event, student, submitted_at=clock.now() - minutes))
        stream.drain()


@pytest.fixture
def lecture() -> Lecture:
    return Lecture()


def report(account: Account, event: CampusEvent, path: str = "official-format/", more: str = "") -> Answer:
    return call("GET", f"{_BASE}{path}?event={event.event_id}{more}", token=token_of(account))


def opened(content: bytes) -> pypdfium2.PdfDocument:
    return pypdfium2.PdfDocument(content)


def text_of(content: bytes) -> str:
    return "\n".join(page.get_textpage().get_text_bounded() for page in opened(content))


def picture_of(content: bytes, page: int = 0, scale: float = 2) -> Image.Image:
    image: Image.Image = opened(content)[page].render(scale=scale).to_pil()
    return image


def checked(report_id: str, content: bytes) -> dict[str, Any]:
    sha = hashlib.sha256(content).hexdigest()
    found: dict[str, Any] = call("GET", f"{_BASE}verify/{report_id}/?sha256={sha}").json
    return found


def scrawl() -> bytes:
    image = Image.new("RGBA", (600, 200), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(20, 150), (200, 30), (320, 170), (580, 60)], fill=(0, 0, 90, 255), width=9)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def photo(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (800, 600), colour).save(file, "JPEG")
    return file.getvalue()


def sign(record: AttendanceRecord) -> str:
    key = f"campus/{record.attendance_id}.png"
    files.write(key, scrawl(), content_type="image/png")
    place = keys.attendance.signature(record.attendance_id)
    known: dict[str, Any] = {
        "event_id": record.event_id,
        "user_id": record.user_id,
        "attendance_id": record.attendance_id,
    }
    operations.record(operations.put(AttendanceSignature(*place, **known, nonce="n", key=key, captured_at=clock.now())))
    return key


def photographed(record: AttendanceRecord, side: PhotoSide, colour: str | None, *, has_come: bool = True) -> None:
    """Store a photo; without a colour one whose file was erased, or one that was offered and has not come."""
    key = f"campus/{record.attendance_id}-{side}.jpg" if colour else None
    if key is not None and colour is not None:
        files.write(key, photo(colour), content_type="image/jpeg")
    known: dict[str, Any] = {
        "event_id": record.event_id,
        "user_id": record.user_id,
        "attendance_id": record.attendance_id,
    }
    erased_at = clock.now() if colour is None and has_come else None
    photo_of = AttendancePhoto(
        *keys.attendance.photo(record.attendance_id, side),
        **known,
        side=side,
        nonce="n",
        key=key,
        uploaded_at=clock.now(),
        erased_at=erased_at,
    )
    operations.record(operations.put(photo_of))


def dark_pixels(image: Image.Image) -> int:
    return sum(image.convert("L").histogram()[:100])


def test_a_page_shows_letterhead_people_and_signatories_and_its_code_is_found_valid(lecture: Lecture) -> None:
    answer = report(lecture.teacher, lecture.event)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    text = text_of(answer.content)
    report_id = answer.headers["x-report-id"]
    for words in (
        "University of the Punjab",
        "Attendance record",
        "Quantum mechanics I",
        "Hall 1",
        "Sana Khan",
        "Organizer: Imran Sheikh",
        "Head of department",
        "Submissions by time",
        "Page 1 of 1",
        report_id,
    ):
        assert words in text, words
    [code] = zxingcpp.read_barcodes(picture_of(answer.content))
    assert code.text.endswith(f"/api/campus/reports/verify/{report_id}/")
    found = checked(report_id, answer.content)
    assert (found["valid"], found["kind"], found["event_title"], found["rows"]) == (
        True,
        "official",
        "Quantum mechanics I",
        len(_NAMES),
    )
    changed = bytearray(answer.content)
    changed[len(changed) // 2] ^= 1
    assert checked(report_id, bytes(changed))["valid"] is False


def test_the_totals_of_the_page_are_those_of_the_data(lecture: Lecture) -> None:
    totals = call("GET", f"{_BASE}attendance/?event={lecture.event.event_id}", token=token_of(lecture.teacher)).json
    lines = text_of(report(lecture.teacher, lecture.event).content).splitlines()
    shown = {label: int(lines[lines.index(label) - 1]) for label in ("records", "present", "late", "excused")}
    by_status = totals["totals"]["by_status"]
    assert shown == {
        "records": totals["totals"]["records"],
        **{name: by_status[name] for name in ("present", "late", "excused")},
    }


@pytest.mark.parametrize(
    ("submitted_at", "bars"),
    [
        # Europe/Berlin sets its clock back at three: 02:40, 02:50 and, for the second time, 02:10.
        (
            ("2026-10-25T00:40:00Z", "2026-10-25T00:50:00Z", "2026-10-25T01:10:00Z"),
            "02:40 1, 02:45 0, 02:50 1, 02:55 0, 02:00 0, 02:05 0, 02:10 1",
        ),
        # And ahead at two: 01:50 and 03:20.
        (
            ("2027-03-28T00:50:00Z", "2027-03-28T01:20:00Z"),
            "01:50 1, 01:55 0, 03:00 0, 03:05 0, 03:10 0, 03:15 0, 03:20 1",
        ),
        # Days, one of which has 25 hours.
        (
            ("2026-10-23T10:00:00Z", "2026-10-25T22:30:00Z", "2026-10-29T10:00:00Z"),
            "23.10. 1, 24.10. 0, 25.10. 1, 26.10. 0, 27.10. 0, 28.10. 0, 29.10. 1",
        ),
        # An evening that goes on after midnight, and three days.
        (
            ("2026-10-20T21:50:00Z", "2026-10-20T22:20:00Z"),
            "23:50 20.10. 1, 23:55 0, 00:00 21.10. 0, 00:05 0, 00:10 0, 00:15 0, 00:20 1",
        ),
        (
            ("2026-10-19T22:30:00Z", "2026-10-20T16:00:00Z", "2026-10-22T07:00:00Z"),
            "00:00 20.10. 1, 08:00 0, 16:00 1, 00:00 21.10. 0, 08:00 0, 16:00 0, 00:00 22.10. 0, 08:00 1",
        ),
    ],
)
def test_the_bars_are_equal_steps_of_time_also_where_clocks_are_set(submitted_at: tuple[str, ...], bars: str) -> None:
    campus = make_campus(timezone="Europe/Berlin")
    teacher, moments = make_campus_user(campus, role=CampusRole.ORGANIZER), [at(each) for each in submitted_at]
    with clock.set_to(moments[0]):
        stream, event = StreamReader(), make_campus_event(campus, teacher)
        for moment in moments:
            make_record(event, make_campus_user(campus), submitted_at=moment)
        stream.drain()
    with clock.set_to(moments[-1]):
        _, _, chart = text_of(report(teacher, event).content).partition("Submissions by time")
    found = re.findall(r"(\d+)\s+(\d\d:\d\d(?:\s+\d\d\.\d\d\.)?|\d\d\.\d\d\.)", chart)
    assert ", ".join(f"{' '.join(label.split())} {number}" for number, label in found) == bars


@pytest.mark.by_day
def test_people_are_expected_only_with_a_roster_and_absent_only_where_staff_said_so(lecture: Lecture) -> None:
    lines = text_of(report(lecture.teacher, lecture.event).content).splitlines()
    assert "expected" not in lines
    assert "absent" not in lines
    place = keys.campus_events.event(lecture.event.event_id)
    operations.record(operations.change(place, [CampusEvent.roster_size.set(9)]))
    lines = text_of(report(lecture.teacher, lecture.event).content).splitlines()
    assert lines[lines.index("expected") - 1] == "9"


def test_the_people_that_a_rule_expects_are_printed_as_the_figures_have_them(lecture: Lecture) -> None:
    rule = {"expected": {"department": "Physics", "campus": lecture.campus.name}}
    path = f"/api/campus/events/{lecture.event.event_id}/update/"
    assert call("PUT", path, rule, token=token_of(lecture.teacher)).status == 200
    figures = call("GET", f"/api/campus/events/{lecture.event.event_id}/analytics/", token=token_of(lecture.teacher))
    assert figures.json["expected"] == len(_NAMES)
    lines = text_of(report(lecture.teacher, lecture.event).content).splitlines()
    assert lines[[line.strip() for line in lines].index("expected") - 1].strip() == str(len(_NAMES))


def test_the_columns_with_known_words_break_none_of_them(lecture: Lecture) -> None:
    record = lecture.records[0]
    place = keys.attendance.record(record.attendance_id)
    changes = [
        AttendanceRecord.status.set(AttendanceStatus.LEFT_EARLY),
        AttendanceRecord.method.set(AttendanceMethod.MANUAL),
    ]
    operations.record(operations.change(place, changes))
    lines = text_of(report(lecture.teacher, lecture.event).content).splitlines()
    assert any("left early" in line and "manual" in line for line in lines), lines


def test_a_record_that_staff_rejected_is_printed_as_rejected(lecture: Lecture) -> None:
    assert "rejected" not in text_of(report(lecture.teacher, lecture.event).content)
    record = lecture.records[0]
    path, decision = (
        f"/api/campus/attendance/{record.attendance_id}/verify/",
        {"decision": "reject", "note": "Not there"},
    )
    assert call("POST", path, decision, token=token_of(lecture.teacher)).status == 200
    status = f"{record.status.value.replace('_', ' ')}, rejected"
    for more in ("", "&redacted=true"):
        text = " ".join(text_of(report(lecture.teacher, lecture.event, more=more).content).split())
        assert status in text, text
        assert "1 of them rejected" in text, text
    own = call("GET", f"/api/campus/reports/individual/{record.user_id}/?format=pdf", token=token_of(lecture.teacher))
    assert status in " ".join(text_of(own.content).split())


def test_times_have_their_day_where_not_all_are_of_the_day_on_which_the_event_begins() -> None:
    campus, stream = make_campus(), StreamReader()
    teacher = make_campus_user(campus, role=CampusRole.ORGANIZER)
    begins, ends = at("2026-11-25T17:00:00Z"), at("2026-11-25T21:00:00Z")
    event = make_campus_event(campus, teacher, starts_at=begins, ends_at=ends)
    make_record(event, make_campus_user(campus), submitted_at=at("2026-11-25T17:30:00Z"))
    stream.drain()
    assert "present 22:30 qr" in text_of(report(teacher, event).content)
    make_record(event, make_campus_user(campus), submitted_at=at("2026-11-25T19:30:00Z"))
    stream.drain()
    for version in ("", "&redacted=true"):
        text = text_of(report(teacher, event, more=version).content)
        assert ("present 25 Nov, 22:30 qr" in text, "present 26 Nov, 00:30 qr" in text) == (True, True), text


@pytest.mark.by_day
def test_no_name_leaves_its_cell(lecture: Lecture) -> None:
    image = picture_of(report(lecture.teacher, lecture.event).content)
    # A4 at 2 pixels a point: nothing is drawn in the margins, where a long name would end.
    margin = image.convert("L").crop((int(image.width * 0.935), 0, image.width, int(image.height * 0.9)))
    assert sum(margin.histogram()[:200]) == 0
    text = text_of(report(lecture.teacher, lecture.event).content)
    assert "…" in text
    assert "王" in text


def test_signatures_are_drawn_and_the_twin_has_none(lecture: Lecture) -> None:
    before = dark_pixels(picture_of(report(lecture.teacher, lecture.event).content))
    for record in lecture.records:
        sign(record)
    full = report(lecture.teacher, lecture.event)
    assert dark_pixels(picture_of(full.content)) > before + 500
    report_id = full.headers["x-report-id"]
    twin = report(lecture.teacher, lecture.event, more=f"&redacted=true&report_id={report_id}")
    text = text_of(twin.content)
    assert "Person 1" in text
    assert "masked" in text
    assert "Sana" not in text
    assert "Imran" not in text
    assert [image for page in opened(twin.content) for image in page.get_objects(filter=[3])] == []
    assert checked(report_id, twin.content)["matches"] == "redacted"


@pytest.mark.by_day
def test_a_report_with_photos_is_a_job_and_says_what_was_erased(lecture: Lecture) -> None:
    for record, colour in zip(lecture.records, ("red", "green", None), strict=False):
        photographed(record, PhotoSide.FRONT, colour)
    photographed(lecture.records[3], PhotoSide.BACK, None, has_come=False)
    answer = report(lecture.teacher, lecture.event, "export-with-photos/")
    assert answer.status == 202
    worker.run_step(answer.json["job_id"])
    assert report(lecture.teacher, lecture.event, "export-with-photos/").json["status"] == "complete"
    run = operations.get(keys.campus_reports.run(answer.json["job_id"]))
    assert run is not None
    assert run.file is not None
    content = files.read(run.file, limit=10**7) or b""
    assert "or cannot be read: 1" in text_of(content)
    assert len([image for page in opened(content) for image in page.get_objects(filter=[3])]) == 2
    assert checked(run.report_id, content)["matches"] == "full"
    twin = report(lecture.teacher, lecture.event, more=f"&redacted=true&report_id={run.report_id}")
    assert checked(run.report_id, twin.content)["matches"] == "redacted"
    assert "Sana" not in text_of(twin.content)


@pytest.mark.by_day
def test_a_report_verifies_after_its_pictures_were_erased(lecture: Lecture) -> None:
    keys_of_signatures = [sign(record) for record in lecture.records]
    answer = report(lecture.teacher, lecture.event)
    for key, record in zip(keys_of_signatures, lecture.records, strict=True):
        files.delete(key)
        place = keys.attendance.signature(record.attendance_id)
        erased = [AttendanceSignature.key.remove(), AttendanceSignature.erased_at.set(clock.now())]
        operations.record(operations.change(place, erased))
    assert checked(answer.headers["x-report-id"], answer.content)["valid"] is True
    assert "or cannot be read: 5" in text_of(report(lecture.teacher, lecture.event).content)


@pytest.mark.by_day
def test_a_large_document_is_a_job(lecture: Lecture) -> None:
    with configured(LIMIT_REPORT_PRINTED=4):
        answer = report(lecture.teacher, lecture.event)
    assert answer.status == 202
    worker.run_step(answer.json["job_id"])
    done = call("GET", f"/api/jobs/{answer.json['job_id']}/", token=token_of(lecture.teacher)).json
    assert (done["status"], done["total"]) == ("complete", len(_NAMES))


def test_an_individual_pdf_names_the_person_and_their_events(lecture: Lecture) -> None:
    person = lecture.records[0].user_id
    answer = call("GET", f"{_BASE}individual/{person}/?format=pdf", token=token_of(lecture.teacher))
    text = text_of(answer.content)
    assert "Sana Khan" in text
    assert "Quantum mechanics I" in text
    assert checked(answer.headers["x-report-id"], answer.content)["valid"] is True


def test_an_empty_event_has_a_document_without_rows() -> None:
    campus = make_campus()
    teacher = make_campus_user(campus, role=CampusRole.ORGANIZER)
    answer = report(teacher, make_campus_event(campus, teacher))
    assert answer.status == 200
    assert "Submissions by time" not in text_of(answer.content)


def test_another_teachers_event_is_not_found_and_a_student_is_refused(lecture: Lecture) -> None:
    colleague, student = make_campus_user(lecture.campus, role=CampusRole.ORGANIZER), make_campus_user(lecture.campus)
    for path in ("official-format/", "export-with-photos/"):
        assert report(colleague, lecture.event, path).status == 404
        refused = report(student, lecture.event, path)
        assert (refused.status, refused.json["error"]) == (403, "Permission denied")
    missing = call("GET", f"{_BASE}official-format/", token=token_of(colleague))
    assert (missing.status, missing.json["details"][0]["field"]) == (400, "event")


@pytest.mark.parametrize("content", [b"", b"<html></html>", scrawl()[:40], photo("red")[:200]])
def test_what_is_no_picture_is_left_out(content: bytes) -> None:
    assert thumbnail(content) is None
