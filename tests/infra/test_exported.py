"""Questions to an export of the table, and the schedule that makes it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.table import operations
from infra import template
from infra.rebuild import exported
from tests.support.client import call
from tests.support.factories import make_event, make_organizer, make_ticket, scan_id, usher_token
from tests.support.settled import buy, make_evening
from tests.support.streams import StreamReader


def export(folder: Path, *more: dict[str, Any]) -> None:
    """Write the table as DynamoDB exports it: lines of items, in several gzipped files."""
    client: Any = operations.client()
    found = [*client.scan(TableName="gatehouse")["Items"], *more]
    for number in range(3):
        with gzip.open(folder / f"part{number}.json.gz", "wt") as file:
            for raw in found[number::3]:
                file.write(json.dumps({"Item": raw}, default=lambda value: value.hex()) + "\n")


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

    lost = {"kind": {"S": "journal"}, "currency": {"S": "PKR"}, "entries": {"S": '[{"account": "a", "amount": 5}]'}}
    export(tmp_path, lost)
    assert exported.main([str(tmp_path), "--accounts"]) == 1
    assert "a PKR: 5\n" in capsys.readouterr().out


def test_the_table_is_exported_each_week_into_a_bucket_that_ends_it() -> None:
    resources = template.load()["Resources"]
    target = resources["TableExport"]["Properties"]["Target"]
    assert target["Arn"]["Fn::Sub"].endswith("aws-sdk:dynamodb:exportTableToPointInTime")
    asked = json.loads(target["Input"]["Fn::Sub"][0])
    assert set(asked) == {"TableArn", "S3Bucket", "S3SseAlgorithm", "S3SseKmsKeyId", "ExportFormat"}
    rules = resources["Exports"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert rules[0]["ExpirationInDays"] == 35
