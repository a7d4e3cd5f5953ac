"""The privacy clock: what is erased when, that nothing of it is left in table or bucket, and that records stay."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.clients.aws import client
from chalicelib.config import config
from chalicelib.domain.campus.attendance import attendance_ids, evidence_files, retention_days
from chalicelib.domain.campus.privacy import retention
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent, EvidenceErasure
from chalicelib.vocabulary.campus import CampusRole, ErasedKind, PhotoSide
from chalicelib.vocabulary.work import JobStatus
from tests.support import sweeps, whole_store
from tests.support.campus import LATITUDE, LONGITUDE, make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.evidence import (
    begin_submission,
    check,
    encoded,
    photo_of,
    record_of,
    scene,
    send_photo,
    sign,
    submit,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
# Kept for one day: position is stored with coordinates only then.
DAYS = {"photos_days": 3, "signature_days": 5, "position_days": 1, "device_days": 2}
ORDER = (ErasedKind.POSITION, ErasedKind.DEVICE, ErasedKind.PHOTOS, ErasedKind.SIGNATURE)


class Day:
    """A day with an event of two students, whose evidence is complete and checked."""

    def __init__(self, **changes: Any) -> None:
        self.campus = make_campus()
        organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.stream = StreamReader()
        self.event = make_campus_event(self.campus, organizer, **{"require_photos": True, "retention": DAYS, **changes})
        self.records = [self._attend(number) for number in (1, 2)]
        self.stream.drain()
        for record in self.records:
            check(record)
        self.stream.drain()

    def _attend(self, number: int) -> str:
        student = make_campus_user(self.campus)
        submission_id = begin_submission(self.event, student, device_mac=f"device-mac-{number}")
        for side in ("front", "back"):
            picture = scene(100 * number + len(side), size=(160, 120))
            # A replaced photo leaves a version behind the first deletion.
            for quality in (80, 90) if number == 1 else (85,):
                assert send_photo(student, submission_id, encoded(picture, quality=quality), side=side).status == 200
        assert sign(student, submission_id, f"M0 0L{50 * number} 40L9 9").status == 200
        return submit(student, submission_id)


def erase(event: CampusEvent, kind: ErasedKind) -> int:
    """Run the job of one kind to its end; return its steps."""
    steps = 1
    while retention.run_step(retention.job_id_of(event.event_id, kind)):
        steps += 1
    return steps


def job_of(event: CampusEvent, kind: ErasedKind) -> EvidenceErasure:
    job = operations.get(keys.attendance.evidence_erasure(retention.job_id_of(event.event_id, kind)))
    assert job is not None
    return job


def everything() -> str:
    """Return everything that is in table, bucket and queues, with all versions."""
    return "\n".join(whole_store.dump())


def as_text(content: bytes) -> str:
    """Return bytes as `everything` spells them."""
    return base64.b64encode(content).decode()


def bucket() -> list[str]:
    """Return the keys of all versions in the bucket."""
    found = client("s3").list_object_versions(Bucket=config().files_bucket, Prefix="")
    return [each["Key"] for each in (*found.get("Versions", ()), *found.get("DeleteMarkers", ()))]


def secrets_of(day: Day) -> dict[ErasedKind, list[str]]:
    """Return what of the day must be gone after each kind was erased, as the table spells it."""
    records = [record_of(each) for each in day.records]
    photos = [photo_of(each, side) for each in day.records for side in ("front", "back")]
    signatures = [operations.get(keys.attendance.signature(each)) for each in day.records]
    return {
        ErasedKind.POSITION: [str(LONGITUDE), *(str(record.position_mac) for record in records)],
        ErasedKind.DEVICE: [str(record.device_mac) for record in records],
        ErasedKind.PHOTOS: [
            *(str(photo.sha256) for photo in photos),
            *(str(photo.key) for photo in photos),
            *(as_text(bytes(photo.picture_hash or b"")) for photo in photos),
            *(as_text(files.read(str(photo.key), limit=10**6) or b"") for photo in photos),
        ],
        ErasedKind.SIGNATURE: [
            *(str(signed.key) for signed in signatures if signed is not None),
            *(as_text(files.read(str(signed.key), limit=10**6) or b"") for signed in signatures if signed is not None),
        ],
    }


def test_after_the_clock_runs_out_neither_table_nor_bucket_has_anything_of_the_day() -> None:
    client("s3").put_bucket_versioning(Bucket=config().files_bucket, VersioningConfiguration={"Status": "Enabled"})
    day = Day()
    # The event's own place is its centre, not a person's.
    centre = operations.get(keys.campus_events.event(day.event.event_id))
    assert centre is not None
    operations.record(operations.change(centre.place, [CampusEvent.longitude.set(0), CampusEvent.latitude.set(0)]))
    forget_last_places(day)
    # As a process leaves it that dies before it names its file.
    orphan = evidence_files.new_photo(day.event.event_id, day.records[0], PhotoSide.FRONT)
    for content in (b"first", b"second"):
        files.write(orphan, content, content_type="image/jpeg")
    known = secrets_of(day)
    before = everything()
    for kind in ORDER:
        assert known[kind]
        assert all(text in before for text in known[kind]), kind
        with clock.set_to(retention_days.ends_at(day.event, kind) + timedelta(seconds=1)):
            erase(day.event, kind)
        left = everything()
        assert not [text for text in known[kind] if text in left], kind
        prefixes = evidence_files.prefixes(day.event.event_id, kind)
        assert not [key for key in bucket() if key.startswith(prefixes)] or not prefixes
        assert job_of(day.event, kind).status == JobStatus.COMPLETE
    assert not [key for key in bucket() if day.event.event_id in key]
    for record in map(record_of, day.records):
        assert record.status == "present"
        assert record.distance_m is not None
        assert record.location_verified is True
        assert record.factors["front_photo"][0] is True


def forget_last_places(day: Day) -> None:
    """Remove where the students' last event was, which is a place of an event too."""
    for record in map(record_of, day.records):
        operations.record(operations.remove(keys.attendance.last_place(record.user_id)))


def test_one_kind_leaves_the_others() -> None:
    day = Day()
    known = secrets_of(day)
    with clock.set_to(retention_days.ends_at(day.event, ErasedKind.PHOTOS)):
        erase(day.event, ErasedKind.PHOTOS)
    left = everything()
    kept = (ErasedKind.SIGNATURE, ErasedKind.DEVICE)
    assert all(text in left for kind in kept for text in known[kind])
    folder = evidence_files.prefixes(day.event.event_id, ErasedKind.SIGNATURE)[0]
    assert files.count_all(folder) == 2


def test_nothing_is_erased_before_its_time() -> None:
    day = Day()
    before = bucket()
    with clock.set_to(retention_days.ends_at(day.event, ErasedKind.PHOTOS) - timedelta(seconds=1)):
        assert erase(day.event, ErasedKind.PHOTOS) == 1
    assert bucket() == before
    assert job_of(day.event, ErasedKind.PHOTOS).status == JobStatus.OPEN


def test_the_sweep_queues_an_erasure_when_it_is_due() -> None:
    day = Day()
    job = job_of(day.event, ErasedKind.SIGNATURE)
    assert job.due_on == retention_days.ends_at(day.event, ErasedKind.SIGNATURE)
    sweeps.at_due(job.place)
    assert job_of(day.event, ErasedKind.SIGNATURE).revivals == 1


def test_an_event_without_days_has_those_of_the_stage() -> None:
    event = CampusEvent(starts_at=clock.now(), ends_at=clock.now(), retention={"photos_days": 0})
    assert {kind: retention_days.days(event, kind) for kind in ErasedKind} == {
        ErasedKind.PHOTOS: 0,
        ErasedKind.SIGNATURE: 365,
        ErasedKind.POSITION: 0,
        ErasedKind.DEVICE: 30,
    }


def test_a_later_end_or_other_days_move_the_erasure_also_after_it_ran() -> None:
    day = Day()
    kind = ErasedKind.SIGNATURE
    with clock.set_to(retention_days.ends_at(day.event, kind)):
        erase(day.event, kind)
    later = day.event.ends_at + timedelta(days=9)
    place = keys.campus_events.event(day.event.event_id)
    operations.record(operations.change(place, [CampusEvent.ends_at.set(later)]))
    day.stream.drain()
    job = job_of(day.event, kind)
    assert (job.status, job.due_on) == (JobStatus.OPEN, later + timedelta(days=5, hours=1))
    operations.record(operations.change(place, [CampusEvent.retention.set({"signature_days": 0})]))
    day.stream.drain()
    assert job_of(day.event, kind).due_on == later + timedelta(hours=1)


def test_a_photo_that_comes_after_staff_moved_the_end_to_the_past_is_erased_as_well() -> None:
    campus, stream, kind = make_campus(), StreamReader(), ErasedKind.PHOTOS
    event = make_campus_event(
        campus,
        make_campus_user(campus, role=CampusRole.ORGANIZER),
        require_photos=True,
        starts_at=clock.now() - timedelta(hours=5),
        retention={"photos_days": 0},
    )
    student = make_campus_user(campus)
    submission_id = begin_submission(event, student)
    submit(student, submission_id)
    moved = CampusEvent.ends_at.set(clock.now() - timedelta(hours=3))
    operations.record(operations.change(event.place, [moved]))
    stream.drain()
    place, moment = keys.attendance.evidence_erasure(retention.job_id_of(event.event_id, kind)), clock.now()
    with clock.set_to(moment + timedelta(minutes=9)):
        assert send_photo(student, submission_id, encoded(scene(3)), side="front").status == 200
    job = operations.get(place)
    assert job is not None
    assert str(job.gsi2pk).split("#")[1] > keys.jobs.minute(moment + timedelta(minutes=10))
    sweeps.at_due(place)
    with clock.set_to(moment + timedelta(minutes=15)):
        erase(event, kind)
    assert not [key for key in bucket() if event.event_id in key]


def test_the_second_window_counts_as_the_end() -> None:
    now = clock.now()
    second = {"start": clock.to_text(now + timedelta(hours=5)), "end": clock.to_text(now + timedelta(hours=6))}
    event = CampusEvent(starts_at=now, ends_at=now + timedelta(hours=1), second_window=second, retention={})
    due = retention_days.ends_at(event, ErasedKind.POSITION)
    assert clock.to_text(due) == clock.to_text(now + timedelta(hours=7))


@pytest.mark.by_day
def test_an_erasure_may_run_again_and_goes_on_where_it_was() -> None:
    day = Day()
    for kind in ORDER:
        with clock.set_to(retention_days.ends_at(day.event, kind)):
            retention.run_step(retention.job_id_of(day.event.event_id, kind))
            erase(day.event, kind)
            done = everything()
            retention.schedule(day.event)
            assert erase(day.event, kind) == 1
            assert everything() == done


def test_what_the_stream_brings_after_the_clock_ran_out_is_erased_as_well() -> None:
    campus, stream = make_campus(), StreamReader()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER), retention=DAYS)
    student = make_campus_user(campus)
    stream.drain()
    record = submit(student, begin_submission(event, student, device_mac="device-mac-late"))
    known = [str(record_of(record).position_mac), "device-mac-late"]
    for kind in (ErasedKind.POSITION, ErasedKind.DEVICE):
        with clock.set_to(retention_days.ends_at(event, kind)):
            erase(event, kind)
    with clock.set_to(retention_days.ends_at(event, ErasedKind.DEVICE) + timedelta(hours=3)):
        # The batch with the submission was held back, or comes from the dead letters.
        stream.drain()
        assert all(text in everything() for text in known)
        for kind in (ErasedKind.POSITION, ErasedKind.DEVICE):
            sweeps.at_due(keys.attendance.evidence_erasure(retention.job_id_of(event.event_id, kind)))
            erase(event, kind)
            assert job_of(event, kind).status is JobStatus.COMPLETE
    assert not [text for text in known if text in everything()]


def test_pictures_of_an_event_that_moved_to_another_campus_are_erased() -> None:
    kind = ErasedKind.PHOTOS
    day, admin = Day(), make_campus_user(make_campus(), role=CampusRole.ADMIN)
    path, moved = f"/api/campus/events/{day.event.event_id}/update/", {"campus": make_campus().campus_id}
    assert call("PUT", path, moved, token=token_of(admin)).status == 200
    day.stream.drain()
    known = secrets_of(day)[kind]
    with clock.set_to(retention_days.ends_at(day.event, kind)):
        erase(day.event, kind)
    left = everything()
    assert not [text for text in known if text in left]


def test_coordinates_of_a_code_that_was_never_submitted_go_with_the_others() -> None:
    campus, stream = make_campus(), StreamReader()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER), retention=DAYS)
    student = make_campus_user(campus)
    submission_id = begin_submission(event, student)
    position = {"submission_id": submission_id, "latitude": LATITUDE, "longitude": LONGITUDE, "accuracy": 9}
    answer = call("POST", "/api/campus/attendance/verify-location/", position, token=token_of(student))
    assert answer.status == 200, answer.text
    stream.drain()
    place = keys.attendance.position(attendance_ids.attendance_of(submission_id))
    with clock.set_to(retention_days.ends_at(event, ErasedKind.POSITION) - timedelta(seconds=1)):
        erase(event, ErasedKind.POSITION)
        assert operations.get(place) is not None
    with clock.set_to(retention_days.ends_at(event, ErasedKind.POSITION)):
        erase(event, ErasedKind.POSITION)
        assert operations.get(place) is None
