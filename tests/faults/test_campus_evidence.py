"""Photos and their erasure where processes die at each request, or do the same at the same moment."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.attendance import evidence_files, photo_check_jobs, photo_checks, retention_days
from chalicelib.domain.campus.privacy import retention
from chalicelib.errors import InvalidState
from chalicelib.table import keys, operations
from chalicelib.table.items import CampusEvent, EvidenceErasure, PhotoCheck
from chalicelib.vocabulary.campus import CampusRole, ErasedKind, PhotoSide
from chalicelib.vocabulary.work import JobStatus
from tests.support.at_once import at_once
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.deaths import deaths, dying, mortal, requests_of
from tests.support.evidence import begin_submission, check, encoded, photo_of, record_of, scene, send_photo, submit
from tests.support.sizes import size_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_campus_evidence"), pytest.mark.timeout(900)]
SIZE = (160, 120)
# Of the day's share, since each takes a whole submission.
PLACES = size_of("EVIDENCE_DEATHS", small=2, full=1000)


class Copied:
    """An honest student, and one who sends the same picture twenty seconds later; neither is checked yet."""

    def __init__(self) -> None:
        campus = make_campus()
        self.event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER), require_photos=True)
        now = clock.now()
        self.records = []
        for number in range(2):
            student = make_campus_user(campus)
            with clock.set_to(now + timedelta(seconds=20 * number)):
                submission_id = begin_submission(self.event, student)
                send_photo(student, submission_id, encoded(scene(1, size=SIZE)))
                send_photo(student, submission_id, encoded(scene(10 + number, size=SIZE)), side="back")
                self.records.append(submit(student, submission_id))
            photo_check_jobs.start(self.records[-1], user_id=student.account_id)
        self.honest, self.copier = self.records

    def finish(self) -> None:
        """Deliver the checks again, as the queue and the sweep do."""
        for record in self.records:
            while check(record):
                pass
            place = keys.attendance.photo_check(photo_check_jobs.job_id_of(record))
            job: PhotoCheck | None = operations.get(place)
            assert job is not None
            assert job.status == JobStatus.COMPLETE

    def require_right(self) -> None:
        """Require that only the copier is flagged, and that both name each other."""
        assert dict(record_of(self.honest).flags) == {}
        assert list(record_of(self.copier).flags) == ["duplicate_photo"]
        named = {"attendance_id": self.honest, "side": "front"}
        assert (photo_of(self.copier).findings or {})["same_as"] == named
        named = {"attendance_id": self.copier, "side": "front"}
        assert (photo_of(self.honest).findings or {})["copied_by"] == [named]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("first", ["honest", "copier"])
def test_a_check_that_dies_at_any_request_is_done_as_a_whole_by_the_next_one(first: str, after: bool) -> None:  # a case
    counted = Copied()
    with mortal():
        count = requests_of(lambda: check(getattr(counted, first)))
    for place in deaths(count, after=after)[:PLACES]:
        day = Copied()
        with mortal():
            dying(lambda day=day: check(getattr(day, first)), place=place, after=after)  # type: ignore[misc]
        day.finish()
        day.require_right()


def test_two_checks_at_the_same_moment_flag_the_copier_alone() -> None:
    for _ in range(size_of("EVIDENCE_RACES", small=1, full=20)):
        day = Copied()
        acts: list[Callable[[], object]] = [
            lambda record=record: photo_checks.run_step(photo_check_jobs.job_id_of(record))  # type: ignore[misc]
            for record in (*day.records, *day.records)
        ]
        assert at_once(acts)["done"] == 4
        day.finish()
        day.require_right()


def test_photos_sent_at_the_same_moment_leave_one_file() -> None:
    campus = make_campus()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    student = make_campus_user(campus)
    submission_id = begin_submission(event, student)
    content = [encoded(scene(number, size=SIZE)) for number in range(4)]
    acts: list[Callable[[], object]] = [
        lambda sent=sent: send_photo(student, submission_id, sent)  # type: ignore[misc]
        for sent in content
    ]
    at_once(acts)
    record = submit(student, submission_id)
    kept = photo_of(record).key
    assert kept is not None
    assert files.count_all(kept) == 1
    assert files.count_all(evidence_files.prefixes(event.event_id, ErasedKind.PHOTOS)[0]) == 1
    assert send_photo(student, submission_id, content[0]).code == InvalidState.code


def erase(event: CampusEvent) -> bool:
    return retention.run_step(retention.job_id_of(event.event_id, ErasedKind.PHOTOS))


@pytest.mark.parametrize("after", [False, True])
def test_an_erasure_that_dies_at_any_request_is_completed_by_the_next_one(after: bool) -> None:  # a case
    def checked() -> Copied:
        day = Copied()
        retention.schedule(day.event)
        day.finish()
        return day

    counted = checked()
    due = retention_days.ends_at(counted.event, ErasedKind.PHOTOS) + timedelta(minutes=1)
    with mortal(), clock.set_to(due):
        count = requests_of(lambda: erase(counted.event))
    for place in deaths(count, after=after)[:PLACES]:
        day = checked()
        with clock.set_to(due):
            with mortal(), clock.set_to(due):
                dying(lambda day=day: erase(day.event), place=place, after=after)  # type: ignore[misc]
            while erase(day.event):
                pass
        job: EvidenceErasure | None = operations.get(
            keys.attendance.evidence_erasure(retention.job_id_of(day.event.event_id, ErasedKind.PHOTOS))
        )
        assert job is not None
        assert job.status == JobStatus.COMPLETE
        for record in day.records:
            for side in PhotoSide:
                photo = photo_of(record, side)
                assert not any((photo.key, photo.sha256, photo.picture_hash))
                assert photo.erased_at is not None
        assert files.count_all(f"campus/{day.event.event_id}/") == 0
        bands = operations.query(keys.attendance.evidence_of_event(day.event.event_id).pk, index="gsi1")
        assert bands == []
