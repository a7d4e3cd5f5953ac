"""Questions to an export of the table, and the schedule that makes it."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from chalicelib.table import operations
from infra import template
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
    definition, *queries = [text for text in SQL.read_text().split(";") if text.strip()]
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
    assert said.startswith("0 journals do not sum to zero\n")
    assert f"journals of {sold.event_id}: {{'PKR': 0}}\n" in said
    assert f"admitted at {event.event_id}: 2 tickets, 2 counted\n" in said

    journals, admissions = by_query(tmp_path)
    sums = [f"journals of {event_id}: {{'{currency}': {amount}}}\n" for event_id, currency, amount in journals]
    counts = [
        f"admitted at {event_id}: {tickets} tickets, {counted} counted\n" for event_id, tickets, counted in admissions
    ]
    assert said == "".join(["0 journals do not sum to zero\n", *sums, *counts])

    lost = {"kind": {"S": "journal"}, "currency": {"S": "PKR"}, "entries": {"S": '[{"account": "a", "amount": 5}]'}}
    export(tmp_path, lost)
    assert exported.main([str(tmp_path), "--accounts"]) == 1
    assert "a PKR: 5\n" in capsys.readouterr().out
    assert ("no event", "PKR", 5) in by_query(tmp_path)[0]


def test_the_table_is_exported_each_week_into_a_bucket_that_ends_it() -> None:
    resources = template.load()["Resources"]
    target = resources["TableExport"]["Properties"]["Target"]
    assert target["Arn"]["Fn::Sub"].endswith("aws-sdk:dynamodb:exportTableToPointInTime")
    asked = json.loads(target["Input"]["Fn::Sub"][0])
    assert set(asked) == {"TableArn", "S3Bucket", "S3SseAlgorithm", "S3SseKmsKeyId", "ExportFormat"}
    rules = resources["Exports"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rules[0]["ExpirationInDays"] == 35
