"""Submissions in progress, pictures and signatures for tests of the evidence of attendance."""

import base64
import io
import itertools
import json
import random
from datetime import timedelta
from typing import Any

from PIL import Image, ImageDraw

from chalicelib import clock
from chalicelib.domain.campus.attendance import attendance_ids, photo_check_jobs, photo_checks
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, AttendanceDraft, AttendancePhoto, AttendanceRecord, CampusEvent
from chalicelib.vocabulary.campus import AttendanceMethod
from tests.support import client
from tests.support.campus import LATITUDE, LONGITUDE, token_of
from tests.support.client import Answer

BOUNDARY = "gatehouse-test-boundary"
_numbers = itertools.count(1)
PHOTOS = "/api/campus/attendance/upload-{side}-photo/"


def begin_submission(event: CampusEvent, student: Account, **changes: Any) -> str:
    """Store the submission of a student who has verified the code just now; return its id."""
    attendance_id = attendance_ids.attendance_id(event.event_id, student.account_id)
    now = clock.now()
    draft = AttendanceDraft(
        *keys.attendance.draft(attendance_id),
        **{
            "user_id": student.account_id,
            "event_id": event.event_id,
            "nonce": new_id("non"),
            "method": AttendanceMethod.QR,
            "verified_at": now,
            "born_at": now,
            "expires_at": now + timedelta(minutes=10),
            **changes,
        },
    )
    operations.record(operations.put(draft))
    return attendance_ids.submission_id(event.event_id, student.account_id)


def scene(seed: int, *, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """Return a picture with much in it, another one for each seed."""
    picture, dice = Image.new("RGB", size, "grey"), random.Random(seed)  # noqa: S311  # a picture, not a secret
    pen = ImageDraw.Draw(picture)
    for _ in range(40):
        corner = [dice.randrange(-40, size[axis]) for axis in (0, 1)]
        far = [corner[axis] + dice.randrange(20, 160) for axis in (0, 1)]
        pen.rectangle((*corner, *far), fill=tuple(dice.randrange(256) for _ in range(3)))
    return picture


def encoded(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """Return a picture as a file."""
    made = io.BytesIO()
    picture.save(made, form, **options)
    return made.getvalue()


def form_of(texts: dict[str, str], content: bytes | None, *, filename: str = "photo.png") -> bytes:
    """Return a form with texts and a photo."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}'.encode() for name, text in texts.items()]
    if content is not None:
        head = f'Content-Disposition: form-data; name="photo"; filename="{filename}"\r\nContent-Type: image/png'
        parts.append(head.encode() + b"\r\n\r\n" + content)
    edge = f"--{BOUNDARY}".encode()
    return b"".join(edge + b"\r\n" + part + b"\r\n" for part in parts) + edge + b"--\r\n"


def send_photo(
    student: Account, submission_id: str, content: bytes | None, *, side: str = "front", **texts: str
) -> Answer:
    """Send a photo in a form."""
    raw = form_of({"submission_id": submission_id, **texts}, content)
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    return client.call("POST", PHOTOS.format(side=side), raw=raw, token=token_of(student), headers=headers)


def ask_upload(student: Account, submission_id: str, *, side: str = "front", **body: Any) -> Answer:
    """Ask for an upload of a photo to the bucket, or say that it is complete."""
    sent = {"submission_id": submission_id, **(body or {"content_type": "image/jpeg"})}
    return client.call("POST", PHOTOS.format(side=side), sent, token=token_of(student))


def data_url(picture: Image.Image, form: str = "PNG") -> str:
    """Return a picture as a data URL of a PNG."""
    return "data:image/png;base64," + base64.b64encode(encoded(picture, form)).decode()


def sign(student: Account, submission_id: str, signature: Any) -> Answer:
    """Send a signature."""
    body = json.dumps({"submission_id": submission_id, "signature": signature}).encode()
    headers = {"content-type": "application/json"}
    return client.call(
        "POST", "/api/campus/attendance/capture-signature/", raw=body, token=token_of(student), headers=headers
    )


def submit(student: Account, submission_id: str) -> str:
    """Submit attendance at the centre of the events of tests; return the record's id."""
    # No two at exactly the same position.
    latitude = LATITUDE + 0.0001 + next(_numbers) * 1e-7
    body = {"submission_id": submission_id, "latitude": latitude, "longitude": LONGITUDE, "accuracy": 12}
    answer = client.call("POST", "/api/campus/attendance/submit/", body, token=token_of(student))
    assert answer.status == 201, answer.text
    return str(answer.json["attendance_id"])


def record_of(attendance_id: str) -> AttendanceRecord:
    """Return a record as it is now."""
    record = operations.get(keys.attendance.record(attendance_id))
    assert record is not None
    return record


def photo_of(attendance_id: str, side: str = "front") -> AttendancePhoto:
    """Return a photo as it is now."""
    photo = operations.get(keys.attendance.photo(attendance_id, side))
    assert photo is not None
    return photo


def check(attendance_id: str) -> Any:
    """Run the next step of the check of a record's photos, as the worker does."""
    return photo_checks.run_step(photo_check_jobs.job_id_of(attendance_id))
