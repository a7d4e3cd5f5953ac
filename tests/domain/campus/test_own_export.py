"""A person's own export: everything is in the file, and its maker holds one file at a time."""

import hashlib
import io
import json
import secrets
import tracemalloc
import zipfile
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.access import sessions
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.domain.campus.privacy import own_export
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendancePhoto
from chalicelib.vocabulary.campus import CampusRole, PhotoSide
from chalicelib.vocabulary.work import JobStatus
from tests.support import meanwhile
from tests.support.attended import attend, list_on_roster
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
EVENTS, PHOTO_BYTES = 4, 500_000


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.by_day
def test_the_export_has_all_photos_and_is_never_in_memory_as_a_whole() -> None:
    campus = make_campus()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    photos: dict[str, str] = {}
    for number in range(EVENTS):
        begins = clock.now() - timedelta(hours=2, days=number)
        event = list_on_roster(make_campus_event(campus, organizer, starts_at=begins), student)
        record = attend(event, student)
        for side in PhotoSide:
            key = f"campus/{event.event_id}/photos/{record.attendance_id}/{side}.jpg"
            # Bytes that do not get smaller.
            content = secrets.token_bytes(PHOTO_BYTES)
            photos[f"files/{key.removeprefix('campus/')}"] = digest(content)
            files.write(key, content, content_type="image/jpeg")
            photo = AttendancePhoto(
                *keys.attendance.photo(record.attendance_id, side),
                attendance_id=record.attendance_id,
                event_id=event.event_id,
                user_id=student.account_id,
                side=side,
                nonce="n",
                key=key,
                uploaded_at=clock.now(),
            )
            operations.record(operations.put(photo))
    StreamReader().drain()
    answer = call("GET", f"/api/campus/reports/individual/{student.account_id}/?format=zip", token=token_of(student))
    assert answer.status == 202, answer.text
    held: list[int] = []
    tracemalloc.start()
    try:
        with meanwhile.before("PutObject", lambda: held.append(tracemalloc.get_traced_memory()[1]), service="s3"):
            own_export.run_step(answer.json["job_id"])
    finally:
        tracemalloc.stop()
    assert held[0] < len(photos) * PHOTO_BYTES
    job = operations.get(keys.campus_privacy.export(answer.json["job_id"]))
    assert job is not None
    assert (job.status, bool(job.file_key)) == (JobStatus.COMPLETE, True)
    with zipfile.ZipFile(io.BytesIO(files.read(str(job.file_key), limit=10**9) or b"")) as packed:
        said = json.loads(packed.read("campus.json"))
        assert {name: digest(packed.read(name)) for name in packed.namelist() if name != "campus.json"} == photos
    assert (len(said["attendance"]), len(said["expected_at"])) == (EVENTS, EVENTS)
    assert {item["what"] for items in said["attendance"] for item in items} == {"AttendanceRecord", "AttendancePhoto"}
    assert [item["what"] for item in said["person"]] == ["Account", "CampusProfile"]


def test_the_export_has_an_appeal_against_an_absence_and_the_log_ins_that_go_on() -> None:
    campus, stream = make_campus(), StreamReader()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    student, other = (make_campus_user(campus) for _ in range(2))
    begins = clock.now() - timedelta(hours=2)
    over = make_campus_event(campus, organizer, starts_at=begins, ends_at=begins + timedelta(hours=1))
    list_on_roster(over, student, other)
    for person, statement in ((student, "I sat behind the pillar"), (other, "I was there as well")):
        path = f"/api/campus/attendance/{attendance_ids.attendance_id(over.event_id, person.account_id)}/appeal/"
        body = {"statement": statement, "event_id": over.event_id}
        assert call("POST", path, body, token=token_of(person)).status == 201
    stream.drain()
    session = sessions.start(student, visitor=Visitor("203.0.113.7", "Mozilla/5.0 (Android 15) Firefox/140.0"))
    job_id = own_export.start(student.account_id, by=student.account_id, operation_id=secrets.token_hex(8))
    assert own_export.run_step(job_id) is False
    job = operations.get(keys.campus_privacy.export(job_id))
    assert job is not None
    assert job.file_key is not None
    text = zipfile.ZipFile(io.BytesIO(files.read(job.file_key, limit=10**7) or b"")).read("campus.json").decode()
    said = json.loads(text)
    (items,) = said["attendance"]
    assert [(each["what"], each["statement"]) for each in items] == [("AttendanceAppeal", "I sat behind the pillar")]
    assert {each["device"] for each in said["sessions"] if "device" in each} == {"Firefox on Android"}
    assert not [each for each in ("I was there as well", "token_hash", session.refresh) if each in text]
