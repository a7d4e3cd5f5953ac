"""A photo and a signature that come with the submission: what is refused, by which field, and that nothing is left."""

import base64
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from chalicelib.clients import files
from chalicelib.table import keys, operations
from tests.support import meanwhile
from tests.support.client import Answer
from tests.support.evidence import data_url, encoded
from tests.support.lecture import NEARBY, Attendee, Lecture

pytestmark = pytest.mark.usefixtures("moto_cloud")
PATH = "M10 40C20 10 30 10 40 40S60 70 80 20L120 35"
HTML = b"<!doctype html><script>alert(1)</script>"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"


@pytest.fixture(scope="module")
def huge() -> bytes:
    """A PNG of 20,000 x 20,000 pixels, of which only the header is right."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.fixture
def student(moto_cloud: None) -> Attendee:  # noqa: ARG001  # the ground under it
    found = Lecture().student()
    assert found.verify().status == 200
    return found


def photo() -> bytes:
    return encoded(Image.effect_noise((320, 240), 80).convert("RGB"), "JPEG")


def url(content: bytes, kind: str = "jpeg") -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def by_form(student: Attendee, content: bytes) -> Answer:
    texts = {"event_id": student.event.event_id, **{name: str(value) for name, value in NEARBY.items()}}
    return student.send_form("submit", texts, {"selfie_image": content})


def by_json(student: Attendee, content: bytes) -> Answer:
    return student.submit(selfie_image=url(content))


def assert_nothing_is_left(student: Attendee) -> None:
    assert student.record is None
    assert operations.get(keys.attendance.photo(student.attendance_id, "front")) is None
    assert operations.get(keys.attendance.signature(student.attendance_id)) is None
    assert files.count_all("campus/") == 0
    # The student is not locked out by it.
    assert student.submit().status == 201


@pytest.mark.parametrize("send", [by_form, by_json])
def test_a_selfie_that_is_html_or_too_many_pixels_is_refused_by_its_field(
    student: Attendee, huge: bytes, send: Callable[[Attendee, bytes], Answer]
) -> None:
    for content in (HTML, huge, b"%PDF-1.7", photo()[:200]):
        answer = send(student, content)
        assert answer.status == 400, answer.text
        assert [each["field"] for each in answer.json["details"]] == ["selfie_image"]
        assert answer.json["error"] == answer.json["message"]
    assert_nothing_is_left(student)


@pytest.mark.parametrize("send", [by_form, by_json])
def test_a_selfie_as_heic_is_refused_with_what_is_taken(
    student: Attendee, send: Callable[[Attendee, bytes], Answer]
) -> None:
    answer = send(student, HEIC)
    assert answer.status == 415
    assert "JPEG, PNG or WebP" in answer.json["error"]
    assert_nothing_is_left(student)


def test_a_selfie_of_nine_megabytes_is_too_large_in_a_form_and_in_json(student: Attendee) -> None:
    large = b"\xff\xd8\xff" + bytes(9 * 1024 * 1024)
    assert (by_form(student, large).status, by_json(student, large).status) == (413, 413)
    assert_nothing_is_left(student)


@pytest.mark.parametrize("text", ["", "null", "undefined", "  "])
def test_a_selfie_that_is_an_empty_text_is_none(student: Attendee, text: str) -> None:
    assert student.submit(selfie_image=text).status == 201
    assert operations.get(keys.attendance.photo(student.attendance_id, "front")) is None


def test_a_selfie_in_plain_base64_is_taken_and_bound_to_the_code(student: Attendee) -> None:
    assert student.submit(selfie_image=base64.b64encode(photo()).decode()).status == 201
    kept = operations.get(keys.attendance.photo(student.attendance_id, "front"))
    assert kept is not None
    assert student.record is not None
    assert kept.nonce == student.record.nonce


REFUSED: dict[str, tuple[Any, int]] = {
    "2 MB": (url(bytes(1_500_000), "png"), 413),
    "SVG with a script": (f'<svg><script>alert(1)</script><path d="{PATH}"/></svg>', 400),
    "empty drawing": (data_url(Image.new("RGBA", (300, 100), (0, 0, 0, 0))), 400),
    "path without ink": ("M10 10", 400),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_signature_of_a_submission_is_refused_and_nothing_is_kept(student: Attendee, kind: str) -> None:
    signature, status = REFUSED[kind]
    answer = student.submit(signature=signature)
    assert answer.status == status, answer.text
    if status == 400:
        assert [each["field"] for each in answer.json["details"]] == ["signature"]
    assert_nothing_is_left(student)


def test_a_signature_comes_with_the_submission_and_is_bound_to_the_code(student: Attendee) -> None:
    answer = student.submit(signature=PATH)
    assert answer.status == 201, answer.text
    kept = operations.get(keys.attendance.signature(student.attendance_id))
    assert kept is not None
    assert student.record is not None
    assert kept.nonce == student.record.nonce


def test_of_two_submissions_with_files_at_once_one_is_a_duplicate_and_one_set_of_files_is_kept(
    student: Attendee,
) -> None:
    answers: list[int] = []

    def other() -> None:
        answers.append(student.submit(selfie_image=url(photo()), signature=PATH).status)

    # The first one has read that nothing is submitted, and is about to keep its photo.
    with meanwhile.before("TransactWriteItems", other):
        late = student.submit(selfie_image=url(photo()), signature="M0 0L50 50")
    assert answers == [201]
    assert (late.status, late.json["duplicate"]) == (400, True)
    kept = operations.get(keys.attendance.photo(student.attendance_id, "front"))
    signed = operations.get(keys.attendance.signature(student.attendance_id))
    assert kept is not None
    assert signed is not None
    assert files.count_all("campus/") == 2
