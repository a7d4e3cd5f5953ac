"""Any declared list is exported by the job of exports, with its filters, in its ordering."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.clients import aws
from chalicelib.config import config
from chalicelib.domain.exports import export_runs, list_files, list_rows
from chalicelib.domain.lists import follower
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.lists.venues import VENUES
from chalicelib.table import keys, operations
from chalicelib.table.items import KnownVenue
from chalicelib.vocabulary.work import ExportFormat, JobStatus

pytestmark = pytest.mark.usefixtures("moto_cloud")
START = datetime(2026, 11, 1, tzinfo=UTC)


def _make_venues(numbers: range) -> None:
    for number in numbers:
        venue_id = f"ven_{number:026d}"
        made = KnownVenue(
            *keys.events.venue(venue_id),
            venue_id=venue_id,
            name=f"=Hall {number:03}",
            city="Lahore" if number % 2 else None,
            created_at=START + timedelta(minutes=number),
        )
        operations.record(operations.put(made))
        follower.write([made])


def test_a_list_is_exported_with_its_filters_and_ranges_in_its_ordering() -> None:
    _make_venues(range(130))
    asked = Asked(
        caller_id="adm_1",
        ordering="-created_at",
        search="hall",
        filters={"city": "Láhore"},
        ranges={"created_at": (START + timedelta(minutes=4), None)},
    )
    export = export_runs.begin(list_rows.source_of(VENUES), asked, wanted=ExportFormat.CSV, starter_id="adm_1")
    assert export_runs.run_step(export.job_id) is False
    run = operations.get(keys.jobs.export(export.job_id))
    assert run is not None
    stored = aws.client("s3").get_object(Bucket=config().files_bucket, Key=run.file)["Body"].read()
    rows = list(csv.DictReader(io.StringIO(stored.decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == [f"'=Hall {number:03}" for number in range(129, 4, -2)]
    assert {row["city"] for row in rows} == {"Lahore"}
    assert rows[0]["created_at"] == "2026-11-01T02:09:00.000Z"


def test_an_export_whose_search_became_too_wide_meanwhile_fails_with_the_reason() -> None:
    _make_venues(range(2))
    asked = Asked(caller_id="adm_1", search="hall", ordering="name")
    export = list_files.begin(VENUES, asked, wanted=ExportFormat.CSV, role="admin")
    _make_venues(range(2, 1_002))
    assert export_runs.run_step(export.job_id) is False
    run = operations.get(keys.jobs.export(export.job_id))
    assert run is not None
    assert run.status == JobStatus.FAILED
    assert [each.row for each in export_runs.result(run).errors] == [1]
    assert "type more letters" in export_runs.result(run).errors[0].message
