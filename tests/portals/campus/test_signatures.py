"""Signatures: PNG or path, drawn again; all else is refused."""

import base64
import io
from typing import Any

import pytest
from PIL import Image, ImageDraw

from chalicelib.clients import files
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceSignature
from chalicelib.vocabulary.campus import CampusRole
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.evidence import begin_submission, data_url, sign
from tests.support.lecture import Lecture

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "M10 40C20 10 30 10 40 40S60 70 80 20L120 35"
_OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 80" width="200">'


def ground() -> tuple[Any, Any, str]:
    campus = make_campus()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    student = make_campus_user(campus)
    return event, student, begin_submission(event, student)


def stored(submission_id: str) -> AttendanceSignature | None:
    return operations.get(keys.attendance.signature(attendance_ids.attendance_of(submission_id)))


def picture_of(submission_id: str) -> Image.Image:
    signature = stored(submission_id)
    assert signature is not None
    assert signature.key is not None
    return Image.open(io.BytesIO(files.read(signature.key, limit=100_000) or b""))


def scribble(mode: str, background: Any, ink: Any) -> Image.Image:
    picture = Image.new(mode, (400, 150), background)
    ImageDraw.Draw(picture).line([(20, 100), (90, 30), (160, 120), (300, 40)], fill=ink, width=4)
    return picture


def as_svg_url(text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


TAKEN = {
    "PNG, black on white": data_url(scribble("RGB", "white", "black")),
    "PNG, black on nothing": data_url(scribble("RGBA", (0, 0, 0, 0), (0, 0, 0, 255))),
    "PNG, white on nothing": data_url(scribble("RGBA", (255, 255, 255, 0), (255, 255, 255, 255))),
    "PNG, pale blue on white": data_url(scribble("RGB", "white", (150, 170, 255))),
    "path data": PATH,
    "path data of arcs": "M10 80A45 45 0 0 0 125 125L125 80Z",
    "path of a horizontal line": "M10 10H200",
    "SVG": f'{_OPEN}<path d="{PATH}" stroke="black" fill="none"/></svg>',
    "SVG with a group and a dot": f'{_OPEN}<g><path d="{PATH}"></path><circle cx="5" cy="5" r="2"/></g></svg>',
    "SVG as a data URL": as_svg_url(f'<?xml version="1.0"?>{_OPEN}<path d="{PATH}"/></svg>'),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_signature_is_stored_as_a_small_picture_of_its_ink(kind: str) -> None:
    _, student, submission_id = ground()
    answer = sign(student, submission_id, TAKEN[kind])
    assert answer.status == 200, answer.text
    picture = picture_of(submission_id)
    assert picture.format == "PNG"
    assert picture.width <= 600
    assert picture.height <= 200
    grey = picture.convert("L")
    assert grey.getextrema() == (0, 255) or grey.getextrema()[0] < 200  # type: ignore[operator]  # one channel
    assert grey.getpixel((0, 0)) == 255  # the margin stays free
    assert not picture.info.get("exif")


def entity_bomb() -> str:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 8))
    return f'<!DOCTYPE svg [<!ENTITY e0 "M0 0L9 9">{entities}]>{_OPEN}<path d="&e7;"/></svg>'


REFUSED = {
    "2 MB": ("data:image/png;base64," + "A" * 2_000_000, 413),
    "SVG with a script": (f'{_OPEN}<script>alert(1)</script><path d="{PATH}"/></svg>', 400),
    "SVG with a handler": (f'{_OPEN}<path d="{PATH}" onclick="alert(1)"/></svg>', 400),
    "SVG with a picture": (f'{_OPEN}<image href="https://example.com/x.png"/></svg>', 400),
    "SVG with a foreign object": (f"{_OPEN}<foreignObject><p>x</p></foreignObject></svg>", 400),
    "SVG with an entity": (
        f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>{_OPEN}<path d="&x;"/></svg>',
        400,
    ),
    "SVG of many entities": (entity_bomb(), 400),
    "SVG that does not end": (f'{_OPEN}<path d="{PATH}"/>', 400),
    "SVG without a path": (f"{_OPEN}</svg>", 400),
    "empty PNG": (data_url(Image.new("RGB", (300, 100), "white")), 400),
    "transparent PNG": (data_url(Image.new("RGBA", (300, 100), (0, 0, 0, 0))), 400),
    "black PNG": (data_url(Image.new("RGB", (300, 100), "black")), 400),
    "data URL that is a JPEG": (data_url(scribble("RGB", "white", "black"), "JPEG"), 400),
    "data URL that is text": ("data:image/png;base64," + base64.b64encode(b"<html>").decode(), 400),
    "data URL that is no base64": ("data:image/png;base64,%%%", 400),
    "data URL of HTML": ("data:text/html;base64,PGI+", 400),
    "PNG of many pixels": (data_url(Image.new("1", (20_000, 1_000), 1)), 400),
    "path of one point": ("M10 10L10 10Z", 400),
    "path that moves alone": ("M10 10", 400),
    "path that moves to several points": ("M1 1M2 2M50 50", 400),
    "SVG whose paths only move": ("<svg><path d='M0 0'/><path d='m40 30m9 9'/></svg>", 400),
    "path of huge numbers": ("M0 0L1e300 1e300", 400),
    "path that is words": ("hello", 400),
    "path of an arc that divides by zero": ("M1e999 9a1e-320 100 -0 1 1e5 100", 400),
    "path of an arc with too few numbers": ("M1 1a1 2 3", 400),
    "path with a script": (f"{PATH}<script>", 400),
    "path without numbers": ("M", 400),
    "path that breaks off": ("M10 10L20", 400),
    "empty text": ("", 400),
    "blank text": ("   ", 400),
    "a number": (7, 400),
    "null": (None, 400),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_signature_is_refused(kind: str) -> None:
    signature, status = REFUSED[kind]
    _, student, submission_id = ground()
    answer = sign(student, submission_id, signature)
    assert answer.status == status, answer.text
    if status == 400:
        assert answer.json["details"][0]["field"] == "signature"
    assert stored(submission_id) is None


def test_another_students_submission_is_not_found() -> None:
    _, _, submission_id = ground()
    assert sign(make_campus_user(make_campus()), submission_id, PATH).status == 404


def test_a_second_signature_replaces_the_first_and_its_file() -> None:
    _, student, submission_id = ground()
    sign(student, submission_id, PATH)
    first = stored(submission_id)
    assert sign(student, submission_id, "M0 0L50 50").status == 200
    assert first is not None
    assert first.key is not None
    assert files.count_all(first.key) == 0


@pytest.mark.parametrize("nothing", ["", "  ", "null", "undefined", None])
def test_a_submission_with_an_empty_field_for_the_signature_has_none(nothing: str | None) -> None:
    lecture = Lecture()
    student = lecture.student(lecture.another(require_signature=True))
    student.verify()
    answer = student.submit(signature=nothing, selfie_image=nothing)
    assert (answer.status, [flag["flag"] for flag in answer.json["flags"]]) == (201, ["no_signature"]), answer.text
    assert operations.get(keys.attendance.signature(student.attendance_id)) is None


def test_a_signature_that_comes_after_the_submission_counts_and_cannot_be_replaced() -> None:
    lecture = Lecture()
    student = lecture.student(lecture.another(require_signature=True))
    student.verify()
    assert [flag["flag"] for flag in student.submit().json["flags"]] == ["no_signature"]
    signed = {"submission_id": student.submission_id, "signature": PATH}
    first, again = (student.post("capture-signature", signed) for _ in range(2))
    # The same one again is a request whose answer was lost.
    assert (first.status, again.status, again.json) == (200, 200, first.json)
    assert student.post("capture-signature", {**signed, "signature": "M10 10H200"}).status == 409
    assert files.count_all(f"campus/{student.event.event_id}/signature/") == 1
    record = student.record
    assert record is not None
    assert (record.flags, record.factors["signature"], record.verification_status) == ({}, [True], "verified")
