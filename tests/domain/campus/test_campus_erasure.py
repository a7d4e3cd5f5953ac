"""Erasure and own export of one person: who they were is gone, and every count stays."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.background import jobs
from chalicelib.domain.campus import background
from chalicelib.domain.campus.attendance import attendance_ids
from chalicelib.domain.campus.privacy import campus_erasure, campus_people_places, own_export
from chalicelib.errors import NotFound
from chalicelib.identifiers import id_of_fact, new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, CampusEvent
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.campus import CampusRole
from chalicelib.vocabulary.work import JobStatus
from infra import campus_erase
from tests.support import client, meanwhile, sweeps, whole_store
from tests.support.attended import list_on_roster
from tests.support.campus import (
    LATITUDE,
    LONGITUDE,
    PASSWORD,
    make_campus,
    make_campus_event,
    make_campus_user,
    token_of,
    verify_code,
)
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
from tests.support.whole_store import spellings

pytestmark = pytest.mark.usefixtures("moto_cloud")
STATEMENT = "I sat in the third row"


class Attended:
    """Two students at one event, with all their evidence; the first one contests the record."""

    def __init__(self) -> None:
        self.campus, self.stream = make_campus(), StreamReader()
        self.organizer = make_campus_user(self.campus, role=CampusRole.ORGANIZER)
        self.event = make_campus_event(self.campus, self.organizer, require_photos=True)
        self.mine = make_campus_user(self.campus, first_name="Zubaida", last_name="Quraishi", student_id="ZQ-7071")
        self.other = make_campus_user(self.campus)
        self.records = [self._attend(person, number) for number, person in enumerate((self.mine, self.other))]
        self.stream.drain()
        for record in self.records:
            check(record)
        path = f"/api/campus/attendance/{self.records[0]}/appeal/"
        answer = client.call("POST", path, {"statement": STATEMENT}, token=token_of(self.mine))
        assert answer.status == 201, answer.text
        self.stream.drain()

    def _attend(self, student: Account, number: int) -> str:
        submission_id = begin_submission(self.event, student, device_mac=f"device-mac-{number}")
        for side in ("front", "back"):
            send_photo(
                student, submission_id, encoded(scene(500 + 10 * number + len(side), size=(160, 120))), side=side
            )
        sign(student, submission_id, f"M0 0L{50 + number} 40L9 9")
        return submit(student, submission_id)

    def counts(self) -> Any:
        path = f"/api/campus/events/{self.event.event_id}/analytics/"
        answer = client.call("GET", path, token=token_of(self.organizer))
        assert answer.status == 200, answer.text
        return {name: value for name, value in answer.json.items() if name != "generated_at"}


@contextmanager
def after_the_quiet() -> Iterator[None]:
    with clock.set_to(clock.now() + campus_erasure.QUIET + timedelta(seconds=1)):
        yield


def erase(person: Account) -> str:
    """Erase a person to the end; return the job's id."""
    job_id = campus_erasure.begin(person.account_id, by="an operator")
    with after_the_quiet():
        while campus_erasure.run_step(job_id):
            pass
    return job_id


def test_erasing_one_student_keeps_every_count_and_leaves_nobody() -> None:
    day = Attended()
    before, profile = day.counts(), operations.get(keys.campus_people.profile(day.mine.account_id))
    assert profile is not None
    known = [profile.username, profile.email, "Zubaida", "Quraishi", "ZQ-7071", "device-mac-0"]
    known += [str(photo_of(day.records[0], side).sha256) for side in ("front", "back")]
    everything = "\n".join(whole_store.dump())
    assert all(any(each in everything for each in spellings(text)) for text in known)
    erase(day.mine)
    day.stream.drain()
    assert day.counts() == before
    items = "\n".join(whole_store.dump())
    assert not [text for text in known if text in items]
    assert not [text for text in ("zubaida", "quraishi") if text in items]
    record = record_of(day.records[0])
    assert record.erased_at is not None
    assert (record.status, record.department) == ("present", "Physics")
    assert STATEMENT in items
    assert files.count_all(f"campus/{day.event.event_id}/") == 3  # the other student's
    shown = client.call("GET", f"/api/campus/attendance/{day.records[0]}/", token=token_of(day.organizer))
    assert shown.json["student"]["full_name"] == "Erased person"


def come(event: CampusEvent, student: Account) -> str:
    """Submit with the one phone that several people use; return the record's id."""
    return submit(student, begin_submission(event, student, device_mac="one-phone"))


@pytest.mark.parametrize("already", [2, 3])
def test_an_erased_person_still_counts_on_the_device_of_others(already: int) -> None:
    campus, stream = make_campus(), StreamReader()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    mine, *others = people = [make_campus_user(campus) for _ in range(3)]
    records = [come(event, person) for person in people[:already]]
    stream.drain()
    erase(mine)
    stream.drain()
    records += [come(event, person) for person in people[already:]]
    stream.drain()
    assert [record_of(record).flags.get("shared_device") for record in records[1:]] == [{"others": 2}] * 2
    trace = operations.get(keys.attendance.trace(event.event_id, "device", "one-phone"))
    assert trace is not None
    assert (mine.account_id in trace.users, len(trace.users)) == (False, 3)
    for person in others:
        erase(person)
    assert operations.get(trace.place) is None  # a device of erased people alone


def test_who_borrowed_the_phone_of_an_erased_person_is_not_flagged() -> None:
    campus, stream = make_campus(), StreamReader()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    mine, other = (make_campus_user(campus) for _ in range(2))
    come(event, mine)
    erase(mine)
    with clock.set_to(clock.now() + timedelta(minutes=1)):
        record = come(event, other)
        stream.drain()
    assert record_of(record).flags == {}


def test_the_place_of_the_last_event_does_not_come_back_by_a_late_stream() -> None:
    stream, campus = StreamReader(), make_campus()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    student = make_campus_user(campus)
    submit(student, begin_submission(event, student))
    stream.drain()
    place = keys.attendance.last_place(student.account_id)
    assert operations.get(place) is not None
    erase(student)
    stream.drain()
    assert operations.get(place) is None


def test_what_the_stream_brings_after_an_erasure_is_erased_as_well() -> None:
    stream, campus = StreamReader(), make_campus()
    event = make_campus_event(campus, make_campus_user(campus, role=CampusRole.ORGANIZER))
    student = make_campus_user(campus)
    stream.drain()
    attendance_id = submit(student, begin_submission(event, student, device_mac="device-mac-late"))
    # The batch with the submission is held back, or comes from the dead letters.
    job_id = erase(student)
    with clock.set_to(clock.now() + timedelta(hours=2)):
        stream.drain()
        sweeps.at_due(keys.campus_privacy.erasure(job_id))
        while campus_erasure.run_step(job_id):
            pass
        stream.drain()
    assert record_of(attendance_id).erased_at is not None
    assert "device-mac-late" not in "\n".join(whole_store.dump())
    assert campus_people_places.scans(student.account_id) == []
    assert operations.get(keys.attendance.draft(attendance_id)) is None
    job = operations.get(keys.campus_privacy.erasure(job_id))
    assert job is not None
    assert job.status is JobStatus.COMPLETE


def test_an_erased_person_cannot_log_in_and_their_token_ends() -> None:
    day = Attended()
    token = token_of(day.mine)
    login = operations.get(keys.campus_people.profile(day.mine.account_id))
    assert login is not None
    campus_erasure.begin(day.mine.account_id, by="an operator")
    body = {"username": login.username, "password": PASSWORD}
    assert client.call("GET", "/api/campus/auth/profile/", token=token).status == 401
    assert client.call("POST", "/api/campus/auth/login/", body).status in (401, 403)
    erase(day.mine)
    assert client.call("POST", "/api/campus/auth/login/", body).status == 401


def test_an_erased_person_is_not_changed_and_gets_no_new_record() -> None:
    day = Attended()
    admin, user_id = make_campus_user(day.campus, role=CampusRole.ADMIN), day.mine.account_id
    other = make_campus_event(day.campus, day.organizer)
    erase(day.mine)
    for method, path, body in (
        ("PUT", f"users/{user_id}", {"first_name": "Back", "is_active": True}),
        ("POST", f"users/{user_id}/verify", {}),
        ("POST", f"events/{other.event_id}/attendance", {"student_id": user_id, "status": "late", "reason": "seen"}),
    ):
        answer = client.call(method, f"/api/campus/{path}/", body, token=token_of(admin))
        assert (answer.status, "erased" in answer.json["error"]) == (404, True), answer.text
    profile = operations.get(keys.campus_people.profile(user_id))
    assert profile is not None
    assert (profile.first_name, profile.is_active, profile.is_verified) == ("Erased", False, False)
    assert operations.get(keys.attendance.record(attendance_ids.attendance_id(other.event_id, user_id))) is None
    # What there is of them is decided still: the statement waits for an answer.
    decision = {"decision": "correct", "status": "late", "note": "The third row was seen at five past."}
    path = f"/api/campus/attendance/{day.records[0]}/verify/"
    assert client.call("POST", path, decision, token=token_of(day.organizer)).json["status"] == "late"


def test_an_erasure_waits_runs_once_and_may_be_asked_for_again() -> None:
    day = Attended()
    job_id = campus_erasure.begin(day.mine.account_id, by="an operator")
    assert isinstance(campus_erasure.run_step(job_id), timedelta)
    assert campus_erasure.begin(day.mine.account_id, by="another") == job_id
    assert erase(day.mine) == job_id
    job = operations.get(keys.campus_privacy.erasure(job_id))
    assert job is not None
    assert (job.status, set(job.certificate)) == (JobStatus.COMPLETE, {"evidence", "traffic", "person"})
    with pytest.raises(NotFound):
        campus_erasure.begin("usr_01K9ZC3V8G0000400TC7B6KYQ6", by="an operator")


def test_the_operators_command_waits_and_says_what_was_erased(capsys: pytest.CaptureFixture[str]) -> None:
    user_id = Attended().mine.account_id
    job_id = id_of_fact("job", f"campus_erasure/{user_id}")

    def work(_: float) -> None:
        with after_the_quiet():
            jobs.run_step(job_id, background.JOB_KINDS)

    assert campus_erase.erase(user_id, by="an operator", waits=True, pause=work) == 0
    assert f"job {job_id}.\nErased: {{'evidence': 1," in capsys.readouterr().out
    assert campus_erase.erase("usr_01K9ZC3V8G0000400TC7B6KYQ6", by="x", waits=True, pause=work) == 1
    assert "no such person" in capsys.readouterr().err


def test_the_operators_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        campus_erase.main(["--help"])
    assert ended.value.code == 0
    assert "every count stays" in " ".join(capsys.readouterr().out.split())
    with pytest.raises(SystemExit) as ended:
        campus_erase.main(["--stage", "prod"])
    assert ended.value.code == 2


def export(person: Account) -> dict[str, bytes]:
    """Make the export of a person; return its files by name."""
    job_id = own_export.start(person.account_id, by=person.account_id, operation_id=new_id("req"))
    jobs.run_step(job_id, background.JOB_KINDS)
    job = operations.get(keys.campus_privacy.export(job_id))
    assert job is not None
    assert job.file_key is not None
    packed = zipfile.ZipFile(io.BytesIO(files.read(job.file_key, limit=10**7) or b""))
    return {name: packed.read(name) for name in packed.namelist()}


def test_an_own_export_has_everything_of_the_person_and_nothing_of_others() -> None:
    day = Attended()
    list_on_roster(day.event, day.mine, day.other)
    found = export(day.mine)
    known = json.loads(found["campus.json"])
    text = found["campus.json"].decode()
    assert all(each in text for each in ("Zubaida", "ZQ-7071", STATEMENT, day.records[0], "present"))
    assert not [each for each in (day.other.account_id, day.records[1], "device-mac", "password_hash") if each in text]
    assert known["user_id"] == day.mine.account_id
    assert [entry["event_id"] for entry in known["expected_at"]] == [day.event.event_id]
    assert sorted(name.rpartition(".")[2] for name in found) == ["jpg", "jpg", "json", "png"]


def test_the_same_request_for_an_export_is_one_job_and_its_starter_sees_the_link() -> None:
    person = Attended().mine
    user_id = person.account_id
    job_ids = {own_export.start(user_id, by=user_id, operation_id=new_id("req")) for _ in range(2)}
    assert len(job_ids) == 1
    jobs.run_step(job_ids.pop(), background.JOB_KINDS)
    other = make_campus_user(make_campus())
    job_id = own_export.start(user_id, by=user_id, operation_id=new_id("req"))
    shown = client.call("GET", f"/api/jobs/{job_id}/", token=token_of(person))
    assert (shown.json["status"], shown.json["kind"]) == ("complete", "campus_export")
    assert shown.json["url"]
    assert client.call("GET", f"/api/jobs/{job_id}/", token=token_of(other)).status == 404


def test_an_erasure_takes_the_files_of_exports_along() -> None:
    day = Attended()
    export(day.mine)
    erase(day.mine)
    assert files.count_all(own_export.folder(day.mine.account_id)) == 0
    with pytest.raises(NotFound):
        own_export.start(day.mine.account_id, by=day.mine.account_id, operation_id=new_id("req"))


@pytest.mark.parametrize("gone", ["nothing", "draft", "draft and readings"])
def test_evidence_of_a_code_that_was_never_submitted_is_erased(gone: str) -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, student = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    event = make_campus_event(campus, organizer, retention={"position_days": 30})
    submission_id = verify_code(event, student).submission_id
    attendance_id = attendance_ids.attendance_of(submission_id)
    position = {"submission_id": submission_id, "latitude": LATITUDE, "longitude": LONGITUDE, "accuracy": 9}
    path = "/api/campus/attendance/verify-location/"
    assert client.call("POST", path, position, token=token_of(student)).status == 200
    assert send_photo(student, submission_id, encoded(scene(3))).status == 200
    assert sign(student, submission_id, "M0 0L50 40L9 9").status == 200
    stream.drain()
    # By their TTLs: evidence is kept for up to ten years, and readings of codes for 90 days.
    if "draft" in gone:
        operations.record(operations.remove(keys.attendance.draft(attendance_id)))
    if "readings" in gone:
        operations.remove_many([scan.place for scan in campus_people_places.scans(student.account_id)])
    assert len(export(student)) == 3  # with photo and signature
    erase(student)
    assert operations.get(keys.attendance.position(attendance_id)) is None
    assert photo_of(attendance_id).erased_at is not None
    assert files.count_all(f"campus/{event.event_id}/") == 0


def test_nobody_gives_access_back_to_a_person_who_is_being_erased() -> None:
    campus = make_campus()
    admin, person = make_campus_user(campus, role=CampusRole.ADMIN), make_campus_user(campus)
    job_id = campus_erasure.begin(person.account_id, by="an operator")
    path = f"/api/campus/users/{person.account_id}/"
    answer = client.call("PUT", path, {"department": "Botany", "is_active": True}, token=token_of(admin))
    assert (answer.status, "erased" in answer.json["error"]) == (404, True), answer.text
    account = operations.get(keys.access.account(person.account_id))
    assert account is not None
    assert account.status is AccountStatus.ERASED
    assert campus_erasure.begin(person.account_id, by="an operator") == job_id


def test_a_roster_names_an_erased_person_no_more_and_none_lists_them() -> None:
    campus = make_campus()
    organizer, person = make_campus_user(campus, role=CampusRole.ORGANIZER), make_campus_user(campus)
    event, token = list_on_roster(make_campus_event(campus, organizer), person), token_of(organizer)
    erase(person)
    path = f"/api/campus/events/{event.event_id}/roster/"
    (shown,) = client.call("GET", path, token=token).json["results"]
    names = {name: shown[name] for name in ("id", "full_name", "student_id", "department")}
    assert names == {"id": person.account_id, "full_name": None, "student_id": None, "department": None}
    users = [person.account_id, make_campus_user(campus).account_id]
    listed = client.call("PUT", path, {"users": users}, token=token).json
    assert (listed["size"], listed["removed"], listed["unknown"][0]["message"]) == (1, 1, "is no student")


def test_an_export_that_is_written_during_the_erasure_is_not_kept() -> None:
    person = make_campus_user(make_campus())
    user_id = person.account_id
    job_id = own_export.start(user_id, by=user_id, operation_id=new_id("req"))

    with meanwhile.before("PutObject", lambda: erase(person), service="s3"):
        jobs.run_step(job_id, background.JOB_KINDS)
    job = operations.get(keys.campus_privacy.export(job_id))
    assert job is not None
    assert job.status is JobStatus.FAILED
    assert job.file_key is None
    assert files.count_all(own_export.folder(user_id)) == 0
