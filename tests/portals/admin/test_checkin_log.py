"""The check-in log of all events, and its export as CSV and XLSX."""

import csv
import io
import zipfile
from contextlib import suppress
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from chalicelib import clock
from chalicelib.clients import aws
from chalicelib.config import config
from chalicelib.domain.exports import export_runs
from chalicelib.domain.gate import checkin_log
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import Event, ExportRun, Scan
from chalicelib.vocabulary.gate import ConflictResolution
from chalicelib.vocabulary.work import JobStatus
from chalicelib.workers import jobs as jobs_worker
from tests.support import marked
from tests.support.asked import requests
from tests.support.client import Answer, call
from tests.support.factories import admin_token, make_card, make_event, make_ticket, make_usher, scan_id, usher_token
from tests.support.later import later
from tests.support.meanwhile import after, lost
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
LOG = "/api/logs/checkin/"
NAME = '=HYPERLINK("http://evil.example";"x")'


class Nights:
    """Two evenings with scans, and one without; `newest` begins later than `older`."""

    def __init__(self) -> None:
        self.stream = StreamReader()
        now = clock.now()
        make_event(title="Nobody comes", starts_at=now + timedelta(minutes=30))
        self.older: Event = make_event(starts_at=now - timedelta(hours=2))
        self.newest: Event = make_event(starts_at=now - timedelta(hours=1))
        self.token = admin_token()
        for event, name, username in ((self.older, NAME, "first"), (self.newest, "Zoë Müller", "second")):
            ticket = make_ticket(event, name=name)
            card = make_card(make_ticket(event, name="Omar Ahmed"))
            usher = usher_token(event, make_usher(event, username=username))
            for place, shown in enumerate(
                ({"ticket_id": ticket.ticket_id}, {"card_id": card.uid}, {"card_id": card.uid})
            ):
                with later(place):
                    call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **shown}, token=usher)
        self.stream.drain()

    def ask(self, query: str = "") -> Answer:
        return call("GET", f"{LOG}?{query}", token=self.token)

    def walk(self, query: str = "page_size=2") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor = ""
        for _ in range(20):
            answer = self.ask(f"{query}{cursor}").json
            found += answer["results"]
            if answer["next"] is None:
                return found
            cursor = f"&cursor={answer['next']}"
        raise AssertionError("the log does not end")

    def export(self, query: str) -> Any:
        answer = call("GET", f"{LOG}export/?{query}", token=self.token)
        assert answer.status == 200, answer.text
        return answer.json

    def file(self, query: str) -> bytes:
        job_id = self.export(query)["job_id"]
        jobs_worker.run_step(job_id)
        run = operations.get(keys.jobs.export(job_id))
        assert run is not None
        assert run.status == JobStatus.COMPLETE
        return stored_file(str(run.file))


def stored_file(key: str) -> bytes:
    content: bytes = aws.client("s3").get_object(Bucket=config().files_bucket, Key=key)["Body"].read()
    return content


def stored_keys() -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket=config().files_bucket).get("Contents", [])
    return [each["Key"] for each in found]


@pytest.fixture
def nights() -> Nights:
    return Nights()


def test_the_log_goes_event_by_event_newest_first_and_shows_each_scan_once(nights: Nights) -> None:
    found = nights.walk()
    assert [each["event_id"] for each in found] == [nights.newest.event_id] * 3 + [nights.older.event_id] * 3
    for event in (nights.newest, nights.older):
        mine = [each["id"] for each in found if each["event_id"] == event.event_id]
        assert mine == sorted(mine, reverse=True)
    assert {each["resolved"] for each in found} == {None}


@pytest.mark.parametrize("page_size", [1, 2, 3, 20])
def test_the_log_of_one_event_is_walked_in_pages_of_any_size(nights: Nights, page_size: int) -> None:
    found = nights.walk(f"event_id={nights.older.event_id}&page_size={page_size}")
    assert [each["id"] for each in found] == sorted({each["id"] for each in found}, reverse=True)
    assert len(found) == 3


def test_each_filter_shows_what_it_names(nights: Nights) -> None:
    assert {each["result"] for each in nights.walk("result=already_scanned")} == {"already_scanned"}
    assert [each["event_id"] for each in nights.walk("username=first")] == [nights.older.event_id] * 3
    by_card = nights.walk(f"card_id={nights.walk()[0]['card_id']}")
    assert len(by_card) == 2
    assert nights.walk("source=offline") == []
    assert len(nights.walk("source=online")) == 6
    attendee = nights.walk(f"event_id={nights.newest.event_id}&attendee=mull")
    assert [each["attendee_name"] for each in attendee] == ["Zoë Müller"]
    for words in ("attendee=mull", "search=zoe", "attendee=zoe&search=M%C3%BCl", "search=zoe&ordering=-scanned_at"):
        assert nights.walk(words) == attendee, words
    assert nights.walk("attendee=zoe&search=omar") == []
    assert nights.ask("ordering=scanned_at").status == 400
    assert nights.walk("date_to=2020-01-01") == []
    assert nights.ask("shoe=44").status == 400


def test_the_one_order_of_the_log_is_that_of_receipt(nights: Nights) -> None:
    token = usher_token(nights.newest, make_usher(nights.newest, username="late"))
    earlier = clock.to_text(clock.now() - timedelta(hours=1))
    record = {"scan_id": scan_id(), "uid": "04AABBCCDDEE99", "scanned_at": earlier, "offline": {"result": "not_found"}}
    with clock.set_to(clock.now() + timedelta(minutes=5)):
        sent = {"logs": [record], "device_time": clock.to_text(clock.now())}
        assert call("POST", "/api/usher/sync/logs/", sent, token=token).json["accepted"] == 1
    nights.stream.drain()
    first, *rest = nights.walk(f"event_id={nights.newest.event_id}&ordering=-received_at")
    assert first["scanned_at"] < min(each["scanned_at"] for each in rest)
    assert first["received_at"] >= max(each["received_at"] for each in rest)
    assert nights.ask("ordering=received_at").status == 400


def test_a_search_without_an_event_shows_the_same_scans_as_one_of_each_event(nights: Nights) -> None:
    # A card where it has no ticket, an unknown card, and an usher who was moved to another event since.
    stranger = make_card(make_ticket(nights.newest))
    moved = make_usher(nights.older, username="moved")
    token = usher_token(nights.older, moved)
    for uid in (stranger.uid, "04AABBCCDDEE77"):
        call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "card_id": uid}, token=token)
    change = {"event_ids": [nights.newest.event_id], "version": 1}
    assert call("PUT", f"/api/users/{moved.account_id}/", change, token=nights.token).status == 200
    nights.stream.drain()
    for query in (f"card_id={stranger.uid}", "card_id=04AABBCCDDEE77", "username=moved", "attendee=omar"):
        everywhere = nights.walk(query)
        each = [nights.walk(f"{query}&event_id={event.event_id}") for event in (nights.newest, nights.older)]
        assert everywhere == [entry for found in each for entry in found] != [], query
        assert nights.file(query).count(b"\n") == len(everywhere) + 1, query


def test_a_conflict_is_found_until_it_is_resolved(nights: Nights) -> None:
    entry = nights.walk()[0]
    scan = checkin_log.get(entry["event_id"], entry["id"]).scan
    marked.mark_conflict(scan, "double_admission")
    nights.stream.drain()
    shown = nights.walk("conflict=true")
    assert [(each["id"], each["conflict"], each["resolved"]) for each in shown] == [
        (entry["id"], "double_admission", False)
    ]
    assert len(nights.walk("conflict=false")) == 5
    assert [each["id"] for each in nights.walk(f"resolved=false&result={entry['result']}")] == [entry["id"]]
    assert nights.walk("conflict=false&resolved=false") == []
    closing = {"resolution": ConflictResolution.LET_IN, "note": "Asked both gates."}
    assert call("PUT", f"{LOG}{entry['id']}/", closing, token=nights.token).status == 200
    assert nights.walk("resolved=false") == []  # also before the stream has moved it to the closed ones
    nights.stream.drain()
    assert nights.walk("resolved=false") == []
    assert [each["resolved"] for each in nights.walk("resolved=true")] == [True]
    assert [each["id"] for each in nights.walk("conflict=true")] == [entry["id"]]


def test_a_page_of_conflicts_is_full_and_costs_the_same_however_long_the_log(nights: Nights) -> None:
    event = nights.newest
    found = [scan for scan in map(_scan_of, nights.walk()) if scan.event_id == event.event_id]
    for scan in found[:2]:
        marked.mark_conflict(scan, "double_admission")
    nights.stream.drain()
    nights.ask()  # the caller's session is read once
    costs = []
    for more in (0, 25):
        ticket, usher = make_ticket(event), usher_token(event, make_usher(event, username=f"usher-{more}"))
        for _ in range(more):  # newer than the conflicts
            call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}, token=usher)
        nights.stream.drain()
        for place in ("", f"&event_id={event.event_id}"):
            with requests() as sent:
                first = nights.ask(f"resolved=false&page_size=1{place}").json
            costs.append((place, len(sent), sum(sum(batch) for *_, batch, _size in sent)))
            assert [each["id"] for each in first["results"]] == [found[0].log_id]
            cursor = first["next"]
            second = nights.ask(f"resolved=false&page_size=1{place}&cursor={cursor}").json
            assert [each["id"] for each in second["results"]] == [found[1].log_id]
    assert costs[:2] == costs[2:]
    assert max(cost for _, cost, _ in costs) <= 7, costs


def _scan_of(entry: dict[str, Any]) -> Scan:
    return checkin_log.get(entry["event_id"], entry["id"]).scan


def test_a_page_of_one_event_costs_the_same_seven_requests_however_long_the_log(nights: Nights) -> None:
    nights.ask()  # the caller's session is read once
    for page_size in (1, 3, 20):
        with requests() as sent:
            assert nights.ask(f"event_id={nights.newest.event_id}&page_size={page_size}").status == 200
        names = [name for name, *_ in sent]
        # The shards of the log and its pages; the scans with the tickets that their keys name; the tickets of cards.
        assert (names.count("Query"), names.count("BatchGetItem"), len(names)) == (5, 2, 7)


def test_an_export_as_csv_has_a_row_for_each_scan_and_computes_nothing(nights: Nights) -> None:
    content = nights.file("format=csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["id"] for row in rows] == [each["id"] for each in nights.walk()]
    assert f"'{NAME}" in {row["attendee_name"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@\t\r" and cell]


def _column(cell: ElementTree.Element) -> str:
    return (cell.get("r") or "").rstrip("0123456789")


def test_an_export_as_xlsx_holds_every_text_as_a_text(nights: Nights) -> None:
    content = nights.file("format=xlsx")
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert package.testzip() is None
        sheet = ElementTree.fromstring(package.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # our own file
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    columns = {_column(cell): "".join(cell.itertext()) for cell in next(sheet.iter(f"{space}row"))}
    assert list(columns.values())[:2] == ["id", "event_id"]
    rows = [
        {columns[_column(cell)]: "".join(cell.itertext()) for cell in row}
        for row in list(sheet.iter(f"{space}row"))[1:]
    ]
    assert [row["id"] for row in rows] == [each["id"] for each in nights.walk()]
    assert NAME in {row.get("attendee_name") for row in rows}
    assert {cell.get("t") for cell in sheet.iter(f"{space}c") if len(cell)} == {"inlineStr"}
    assert list(sheet.iter(f"{space}f")) == []


def test_the_same_request_within_ten_minutes_is_the_same_job_and_gets_the_link(nights: Nights) -> None:
    first = nights.export("format=csv&result=valid")
    assert first == {"job_id": first["job_id"], "status": "open", "url": None}
    assert nights.export("format=xlsx&result=valid")["job_id"] != first["job_id"]
    jobs_worker.run_step(first["job_id"])
    again = nights.export("format=csv&result=Valid")
    assert (again["job_id"], again["status"]) == (first["job_id"], "complete")
    assert "X-Amz-Expires=900" in again["url"] or "Expires=" in again["url"]
    job = call("GET", f"/api/jobs/{first['job_id']}/", token=nights.token).json
    assert (job["status"], job["kind"], job["done"], job["total"]) == ("complete", "export", 4, 4)
    assert call("GET", f"/api/jobs/{first['job_id']}/", token=admin_token()).status == 404
    with clock.set_to(clock.now() + timedelta(minutes=11)):
        nights.token = admin_token()
    assert nights.export("format=csv&result=valid")["job_id"] != first["job_id"]  # another member of staff


@pytest.mark.parametrize("dies_after", range(6))
def test_a_step_that_dies_anywhere_is_done_again_and_leaves_one_file(nights: Nights, dies_after: int) -> None:
    job_id = nights.export("format=csv")["job_id"]
    acts = [None] * dies_after + [lost]
    try:
        with after(("GetItem", "UpdateItem"), *acts):
            jobs_worker.run_step(job_id)
    except (AssertionError, Exception):  # noqa: BLE001,S110  # how it dies does not matter
        pass
    jobs_worker.run_step(job_id)
    run = operations.get(keys.jobs.export(job_id))
    assert run is not None
    assert (run.status, run.done) == (JobStatus.COMPLETE, 6)
    assert stored_file(str(run.file)).count(b"\r\n") == 7
    assert [key for key in stored_keys() if key.endswith(".csv")] == [run.file]


def test_a_part_that_two_steps_read_is_entered_once(nights: Nights) -> None:
    job_id = nights.export("format=csv")["job_id"]

    def overtake() -> None:
        # It enters its part, and dies before it writes the file.
        with suppress(Unavailable), after("UpdateItem", lost):
            export_runs.run_step(job_id)

    with after("PutObject", overtake, service="s3"):
        jobs_worker.run_step(job_id)
    run = operations.get(keys.jobs.export(job_id))
    assert run is not None
    assert (run.status, run.done) == (JobStatus.COMPLETE, 6)
    assert stored_keys() == [run.file]


def test_a_workbook_that_would_have_too_many_rows_is_refused_with_the_reason(nights: Nights) -> None:
    job_id = nights.export("format=xlsx")["job_id"]
    place = keys.jobs.export(job_id)
    key = "exports/parts"
    operations.record(operations.change(place, [ExportRun.parts.set([key]), ExportRun.done.set(200_001)]))
    export_runs.run_step(job_id)
    job = call("GET", f"/api/jobs/{job_id}/", token=nights.token).json
    assert (job["status"], job["url"]) == ("failed", None)
    assert "Ask for CSV, or for fewer by a filter." in job["errors"][0]["message"]
