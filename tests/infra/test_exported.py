"""Questions to an export of the table, and the schedule that makes it."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from chalicelib.table import operations
from infra import template
from infra.local.console import CannotStart
from infra.rebuild import exported
from tests.support.client import call
from tests.support.factories import make_event, make_organizer, make_ticket, scan_id, usher_token
from tests.support.settled import buy, make_evening
from tests.support.streams import StreamReader

SQL = Path(exported.__file__).with_name("export.sql")


def export(folder: Path, *more: dict[str, Any]) -> None:
    """Write the table as DynamoDB exports it: lines of items, in several gzipped files."""
    client: Any = operations.client()
    found = [*client.scan(TableName="gatehouse")["Items"], *more]
    for number in range(3):
        with gzip.open(folder / f"part{number}.json.gz", "wt") as file:
            for raw in found[number::3]:
                file.write(json.dumps({"Item": raw}, default=lambda value: value.hex()) + "\n")


# Functions of Athena that DuckDB has under another name.
_OF_ATHENA = """
CREATE MACRO json_extract_scalar(json, path) AS json_extract_string(json, path);
CREATE MACRO sequence(first, last) AS generate_series(first, CAST(last AS BIGINT));
"""


def by_query(folder: Path) -> list[list[tuple[Any, ...]]]:
    """Return the answers of the queries of export.sql, whose table DuckDB reads as its definition says."""
    definition, *queries = [text for text in SQL.read_text(encoding="utf-8").split(";") if text.strip()]
    assert "gatehouse_export (line string)" in definition
    assert "TERMINATED BY '\\001'" in definition
    with duckdb.connect() as database:
        database.execute(_OF_ATHENA)
        lines = database.read_csv(
            str(folder / "*.json.gz"),
            header=False,
            sep="\x01",
            quotechar="",
            escapechar="",
            columns={"line": "VARCHAR"},
        )
        lines.create("gatehouse_export")
        return [database.execute(query).fetchall() for query in queries]


@pytest.mark.usefixtures("moto_cloud")
def test_an_export_answers_what_no_index_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stream = StreamReader()
    sold, standard, _ = make_evening(make_organizer())
    buy(standard)
    event = make_event()
    token = usher_token(event)
    for _ in range(2):
        shown = {"scan_id": scan_id(), "ticket_id": make_ticket(event).ticket_id}
        assert call("POST", "/api/usher/scan/result/", shown, token=token).status == 200
    stream.drain()
    export(tmp_path)
    capsys.readouterr()
    assert exported.main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    items = len(list(exported.read(tmp_path)))
    head = f"{items} items read, no manifest says how many there are\n0 journals do not sum to zero\n"
    assert said.startswith(head)
    assert f"journals of {sold.event_id}: {{'PKR': 0}}\n" in said
    assert f"admitted at {event.event_id}: 2 tickets, 2 counted\n" in said

    journals, admissions = by_query(tmp_path)
    sums = [f"journals of {event_id}: {{'{currency}': {amount}}}\n" for event_id, currency, amount in journals]
    counts = [
        f"admitted at {event_id}: {tickets} tickets, {counted} counted\n" for event_id, tickets, counted in admissions
    ]
    assert said == "".join([head, *sums, *counts])
    summary = tmp_path / "manifest-summary.json"
    for count, status in ((items, 0), (items + 1, 1), (items - 1, 1)):
        summary.write_text(json.dumps({"version": "2020-06-30", "itemCount": count}))
        assert exported.main([str(tmp_path)]) == status
        assert f"{items} items read, {count} by the manifest\n" in capsys.readouterr().out
    summary.unlink()

    lost = {"kind": {"S": "journal"}, "currency": {"S": "PKR"}, "entries": {"S": '[{"account": "a", "amount": 5}]'}}
    export(tmp_path, lost)
    assert exported.main([str(tmp_path), "--accounts"]) == 1
    assert "a PKR: 5\n" in capsys.readouterr().out
    assert ("no event", "PKR", 5) in by_query(tmp_path)[0]


def _admitted(event_id: str, *, tickets: int, counted: int | None) -> list[dict[str, Any]]:
    ticket = {"kind": {"S": "ticket"}, "event_id": {"S": event_id}, "admission": {"S": "{}"}}
    counters = {"kind": {"S": "counters"}, "pk": {"S": f"EVENT#{event_id}"}, "admitted": {"N": str(counted)}}
    return [ticket] * tickets + ([counters] if counted is not None else [])


@pytest.mark.parametrize(("tickets", "counted", "status"), [(2, 2, 0), (2, 1, 1), (0, 1, 1), (1, None, 1), (0, 0, 0)])
def test_numbers_of_an_event_that_differ_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tickets: int, counted: int | None, status: int
) -> None:
    files = tmp_path / "data"
    files.mkdir()
    rows = [{"kind": {"S": "event"}}, *_admitted("evt_a", tickets=tickets, counted=counted)]
    _write(files / "a.json.gz", "".join(json.dumps({"Item": raw}) + "\n" for raw in rows).encode())
    # The manifest is beside the folder of the files.
    (tmp_path / "manifest-summary.json").write_text(json.dumps({"itemCount": len(rows)}))
    for folder in (tmp_path, files):
        assert exported.main([str(folder)]) == status
        assert (" (differs)" in capsys.readouterr().out) is (status == 1)


def test_a_damaged_copy_and_two_exports_are_refused_in_one_line(tmp_path: Path) -> None:
    whole = json.dumps({"Item": {"kind": {"S": "event"}}}).encode() + b"\n"
    path = tmp_path / "a.json.gz"
    _write(path, whole)
    good = path.read_bytes()
    for damaged in (
        good[:-4],
        good[:12],
        b"no gzip",
        gzip.compress(b"no json"),
        gzip.compress(b"{}"),
        gzip.compress(b"[1]"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(CannotStart, match=r"a\.json\.gz is damaged"):
            exported.main([str(tmp_path)])
    path.write_bytes(good)
    (tmp_path / "manifest-summary.json").write_text("{")
    with pytest.raises(CannotStart, match="no manifest of an export"):
        exported.main([str(tmp_path)])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest-summary.json").write_text('{"itemCount": 1}')
    with pytest.raises(CannotStart, match="more than one export"):
        exported.main([str(tmp_path)])


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(gzip.compress(content))


def test_the_table_is_exported_each_week_into_a_bucket_that_ends_it() -> None:
    resources = template.load()["Resources"]
    target = resources["TableExport"]["Properties"]["Target"]
    assert target["Arn"]["Fn::Sub"].endswith("aws-sdk:dynamodb:exportTableToPointInTime")
    asked = json.loads(target["Input"]["Fn::Sub"][0])
    assert set(asked) == {"TableArn", "S3Bucket", "S3SseAlgorithm", "S3SseKmsKeyId", "ExportFormat"}
    rules = resources["Exports"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rules[0]["ExpirationInDays"] == 35
