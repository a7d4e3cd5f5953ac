"""Reports of attendance as data and spreadsheets: what they hold, for whom, and as jobs."""

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pypdfium2
import pytest
import rfc8785

from chalicelib import clock
from chalicelib.clients import files
from chalicelib.domain.campus.reports import report_runs
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Campus, CampusEvent
from chalicelib.vocabulary.campus import AttendanceMethod, AttendanceStatus, CampusRole, VerificationStatus
from chalicelib.workers import jobs as worker
from tests.support.attendance import make_record
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import Answer, call
from tests.support.settings import configured
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
_BASE = "/api/campus/reports/"


class Hall:
    """A campus with two teachers, an event each, and three students; records are listed once the stream is drained."""

    def __init__(self) -> None:
        self.campus: Campus = make_campus()
        self.teacher, self.colleague = (make_campus_user(self.campus, role=CampusRole.ORGANIZER) for _ in range(2))
        self.event: CampusEvent = make_campus_event(self.campus, self.teacher)
        self.other: CampusEvent = make_campus_event(self.campus, self.colleague, title="Optics")
        self.stream = StreamReader()
        self.students: list[Account] = [
            make_campus_user(self.campus, first_name="=2+3", last_name="Ayesha, B.", student_id="S-700001"),
            make_campus_user(self.campus, first_name="عائشہ", last_name="خان", department="Chemistry"),
            make_campus_user(self.campus, first_name="Wei", last_name="王小明"),
        ]

    def attended(self) -> "Hall":
        first, second, third = self.students
        make_record(self.event, first)
        late = {"status": AttendanceStatus.LATE, "verification_status": VerificationStatus.FLAGGED}
        make_record(self.event, second, **late, flags={"outside_radius": {"distance_m": 90, "radius_m": 50}})
        by_hand = {"status": AttendanceStatus.EXCUSED, "method": AttendanceMethod.MANUAL, "note": "seen in the hall"}
        make_record(self.event, third, **by_hand, distance_m=None, location_verified=None, corrected=True)
        make_record(self.other, first)
        self.stream.drain()
        return self


@pytest.fixture
def hall() -> Hall:
    return Hall().attended()


def report(account: Account, query: str = "", path: str = "attendance/") -> Answer:
    return call("GET", f"{_BASE}{path}{query}", token=token_of(account))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def checked(report_id: str, sha: str) -> dict[str, Any]:
    found: dict[str, Any] = call("GET", f"{_BASE}verify/{report_id}/?sha256={sha}").json
    return found


def finished(answer: Answer, account: Account) -> dict[str, Any]:
    """Run the job that an answer names, and return its progress."""
    assert answer.status == 202, answer.text
    worker.run_step(answer.json["job_id"])
    done: dict[str, Any] = call("GET", f"/api/jobs/{answer.json['job_id']}/", token=token_of(account)).json
    return done


def file_of(job_id: str) -> bytes:
    run = operations.get(keys.campus_reports.run(job_id))
    assert run is not None
    assert run.file is not None
    content = files.read(run.file, limit=10**8)
    assert content is not None
    return content


def of_canonical(body: dict[str, Any]) -> str:
    return sha256(rfc8785.dumps({name: value for name, value in body.items() if name not in ("sha256", "signature")}))


def test_a_report_is_what_the_lists_show_and_its_totals_are_theirs(hall: Hall) -> None:
    body = report(hall.teacher, f"?event={hall.event.event_id}").json
    path = f"/api/campus/events/{hall.event.event_id}/attendance/"
    listed = call("GET", path, token=token_of(hall.teacher)).json["results"]
    assert sorted(body["rows"], key=lambda row: row["id"]) == sorted(listed, key=lambda row: row["id"])
    totals = body["totals"]
    assert (totals["records"], totals["people"], totals["events"]) == (3, 3, 1)
    assert totals["by_status"] == {"present": 1, "late": 1, "left_early": 0, "excused": 1, "absent": 0}
    assert totals["by_verification"] == {"verified": 2, "pending": 0, "flagged": 1, "rejected": 0}
    assert totals["by_method"] == {"qr": 2, "code": 0, "nfc": 0, "manual": 1}
    assert (totals["flagged"], totals["corrected"], totals["open_appeals"]) == (1, 1, 0)
    for name in ("status", "verification_status", "method"):
        word = {"verification_status": "by_verification"}.get(name, f"by_{name}")
        counted = {each: sum(row[name] == each for row in listed) for each in totals[word]}
        assert totals[word] == counted
    assert body["filters"] == {"event": hall.event.event_id}


def test_the_hash_is_of_the_canonical_json_and_a_changed_byte_fails(hall: Hall) -> None:
    body = report(hall.teacher).json
    assert body["sha256"] == of_canonical(body)
    assert checked(body["report_id"], of_canonical(body))["valid"] is True
    body["rows"][0]["status"] = "absent"
    assert checked(body["report_id"], of_canonical(body))["valid"] is False


def test_a_csv_is_safe_from_formulas_and_registered_by_its_bytes(hall: Hall) -> None:
    answer = report(hall.teacher, f"?format=csv&event={hall.event.event_id}")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["full_name"] for row in rows] == ["'=2+3 Ayesha, B.", "عائشہ خان", "Wei 王小明"]
    assert [row["status"] for row in rows] == ["present", "late", "excused"]
    assert rows[1]["flags"] == "outside_radius"
    assert answer.headers["x-report-sha256"] == sha256(answer.content)
    found = checked(answer.headers["x-report-id"], sha256(answer.content))
    assert (found["valid"], found["matches"], found["rows"]) == (True, "full", 3)
    assert checked(answer.headers["x-report-id"], sha256(answer.content + b" "))["valid"] is False


def test_a_workbook_holds_the_same_rows(hall: Hall) -> None:
    answer = report(hall.teacher, "?format=xlsx")
    sheet = zipfile.ZipFile(io.BytesIO(answer.content)).read("xl/worksheets/sheet1.xml").decode()
    assert "عائشہ خان" in sheet
    assert "<f>" not in sheet
    assert checked(answer.headers["x-report-id"], sha256(answer.content))["valid"] is True


@pytest.mark.parametrize("wanted", ["json", "csv", "xlsx"])
def test_the_redacted_twin_names_nobody_and_verifies_under_the_same_report(hall: Hall, wanted: str) -> None:
    full = report(hall.teacher, f"?format={wanted}")
    report_id = full.json["report_id"] if wanted == "json" else full.headers["x-report-id"]
    twin = report(hall.teacher, f"?format={wanted}&redacted=true&report_id={report_id}")
    assert twin.status == 200, twin.text
    content = twin.content
    if wanted == "xlsx":
        content = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    shown = content.decode()
    assert "Person 1" in shown
    for secret in ("Ayesha", "S-700001", "عائشہ", "王小明", "seen in the hall", *(s.account_id for s in hall.students)):
        assert secret not in shown
    sha = of_canonical(twin.json) if wanted == "json" else sha256(twin.content)
    found = checked(report_id, sha)
    assert (found["valid"], found["matches"]) == (True, "redacted")
    assert checked(report_id, "0" * 64)["valid"] is False


def test_a_redacted_report_is_asked_for_directly_and_of_a_colleagues_report_not_at_all(hall: Hall) -> None:
    twin = report(hall.teacher, "?redacted=true").json
    assert {row["student"]["full_name"] for row in twin["rows"]} == {"Person 1", "Person 2", "Person 3"}
    assert checked(twin["report_id"], of_canonical(twin))["matches"] == "redacted"
    assert report(hall.colleague, f"?redacted=true&report_id={twin['report_id']}").status == 404
    full = report(hall.teacher, f"?report_id={twin['report_id']}")
    assert (full.status, full.json["error"]) == (
        400,
        "report_id: the full version is not kept; ask with redacted=true",
    )


def test_each_role_sees_its_own_part(hall: Hall) -> None:
    elsewhere = make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    supervisor, admin = (make_campus_user(hall.campus, role=r) for r in (CampusRole.SUPERVISOR, CampusRole.ADMIN))
    counts = [report(each).json["totals"]["records"] for each in (hall.teacher, hall.colleague, supervisor, elsewhere)]
    assert counts == [3, 1, 4, 0]
    assert report(admin, f"?event={hall.other.event_id}").json["totals"]["records"] == 1
    assert report(hall.teacher, "?department=chemistry").json["totals"]["records"] == 1
    assert report(hall.teacher, f"?event={hall.other.event_id}").status == 404
    assert report(elsewhere, f"?event={hall.event.event_id}").status == 404
    refused = report(hall.students[0])
    assert (refused.status, refused.json["error"]) == (403, "Permission denied")


@pytest.mark.usefixtures("one_day")
def test_days_bound_a_report(hall: Hall) -> None:
    today = clock.now().date()
    assert (
        report(hall.teacher, f"?date_from={today}&date_to={today + timedelta(days=1)}").json["totals"]["records"] == 3
    )
    assert report(hall.teacher, f"?date_to={today - timedelta(days=1)}").json["totals"]["records"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?format=pdf", "format"),
        ("?format=exe", "format"),
        ("?date_from=2026-05-02&date_to=2026-05-01", "date_from"),
        ("?date_from=2001-01-01", "date_from"),
        ("?date_from=2026-13-01", "date_from"),
        ("?redacted=maybe", "redacted"),
    ],
)
def test_a_wrong_query_is_refused_by_its_field(query: str, field: str) -> None:
    answer = report(make_campus_user(make_campus(), role=CampusRole.ADMIN), query)
    assert (answer.status, answer.json["details"][0]["field"]) == (400, field)


def test_a_large_report_is_a_job_whose_file_verifies(hall: Hall) -> None:
    path = f"?event={hall.event.event_id}"
    with configured(LIMIT_REPORT_ROWS=2):
        answer = report(hall.teacher, path)
        assert report(hall.teacher, path).json["job_id"] == answer.json["job_id"]
    done = finished(answer, hall.teacher)
    assert (done["status"], done["kind"], done["done"]) == ("complete", "campus_report", 3)
    content = file_of(answer.json["job_id"])
    body = json.loads(content)
    assert rfc8785.dumps(body) == content
    assert body["totals"]["records"] == len(body["rows"]) == 3
    assert checked(body["report_id"], sha256(content))["matches"] == "full"
    with configured(LIMIT_REPORT_ROWS=2):
        assert report(hall.teacher, path).json["url"].startswith("http")
    assert call("GET", f"/api/jobs/{answer.json['job_id']}/", token=token_of(hall.colleague)).status == 404


def test_an_individual_report_is_for_the_person_and_their_staff(hall: Hall) -> None:
    student = hall.students[0]
    own = report(student, path=f"individual/{student.account_id}/").json
    assert {row["event"]["title"] for row in own["rows"]} == {hall.event.title, "Optics"}
    assert own["sha256"] == of_canonical(own)
    of_teacher = report(hall.teacher, path=f"individual/{student.account_id}/").json
    assert [row["event"]["id"] for row in of_teacher["rows"]] == [hall.event.event_id]
    stranger, elsewhere = hall.students[1], make_campus_user(make_campus(), role=CampusRole.SUPERVISOR)
    outsider = make_campus_user(hall.campus, role=CampusRole.ORGANIZER)
    for other in (stranger, elsewhere, outsider):
        assert report(other, path=f"individual/{student.account_id}/").status == 404
    admin = make_campus_user(hall.campus, role=CampusRole.ADMIN)
    assert report(admin, path="individual/usr_unknown/").status == 404
    assert report(admin, path=f"individual/{student.account_id}/").json["totals"]["records"] == 2


@pytest.mark.parametrize("wanted", ["json", "pdf"])
def test_the_redacted_report_of_a_person_does_not_name_them(hall: Hall, wanted: str) -> None:
    student = hall.students[0]
    answer = report(student, path=f"individual/{student.account_id}/?format={wanted}&redacted=true")
    shown = answer.text
    if wanted == "pdf":
        pages = pypdfium2.PdfDocument(answer.content)
        shown = "".join(page.get_textpage().get_text_bounded() for page in pages)
    assert "Person 1" in shown
    assert "Optics" in shown
    for secret in (student.account_id, "Ayesha", "S-700001"):
        assert secret not in shown


def test_everything_of_a_person_is_packed_for_them_and_the_office_alone(hall: Hall) -> None:
    student = hall.students[0]
    path = f"individual/{student.account_id}/?format=zip"
    answer = report(student, path=path)
    assert finished(answer, student)["status"] == "complete"
    assert report(student, path=path).json["url"].startswith("http")
    assert report(hall.students[1], path=path).status == 404
    refused = report(hall.teacher, path=path)
    assert (refused.status, refused.json["error"]) == (403, "Permission denied")
    assert report(make_campus_user(hall.campus, role=CampusRole.HR), path=path).status == 202


@pytest.mark.by_day
def test_two_steps_at_once_make_one_report(hall: Hall) -> None:
    job_id = report(hall.teacher, f"?event={hall.event.event_id}", path="export-with-photos/").json["job_id"]
    run = operations.get(keys.campus_reports.run(job_id))
    assert run is not None
    worker.run_step(job_id)
    first = file_of(job_id)
    # As a step that read the run before the other one ended.
    operations.record(operations.put(run))
    worker.run_step(job_id)
    assert checked(run.report_id, sha256(first))["valid"] is True
    assert checked(run.report_id, sha256(file_of(job_id)))["valid"] is True


def test_a_report_that_holds_too_much_fails_with_the_bound(hall: Hall) -> None:
    request = {"kind": "official", "format": "pdf", "filters": {"event": hall.event.event_id}, "scope": {}}
    job_id = report(hall.teacher, f"?event={hall.event.event_id}", path="export-with-photos/").json["job_id"]
    run = operations.get(keys.campus_reports.run(job_id))
    assert run is not None
    run.request = {**run.request, **request}
    run.done = report_runs.MOST_PRINTED
    operations.record(operations.put(run))
    worker.run_step(job_id)
    done = call("GET", f"/api/jobs/{job_id}/", token=token_of(hall.teacher)).json
    assert (done["status"], done["url"]) == ("failed", None)
    assert str(report_runs.MOST_PRINTED) in done["errors"][0]["message"]
