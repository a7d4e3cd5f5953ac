"""`make restore`: a table of a minute ago with all that a stack needs; the lost hours leave no cursor behind."""

from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.offline import feed
from chalicelib.table import keys, operations
from chalicelib.table.items import InvoiceSeries, LiveHead
from infra.rebuild import restore
from tests.support.factories import make_event
from tests.support.ground import environment

pytestmark = pytest.mark.usefixtures("moto_cloud")
TARGET = "gatehouse-restored"


def stored(place: Any) -> dict[str, Any]:
    client: Any = operations.client()
    key = {"pk": {"S": place.pk}, "sk": {"S": place.sk}}
    raw: dict[str, Any] = client.get_item(TableName=TARGET, Key=key)["Item"]
    return raw


def test_a_restored_table_gets_what_the_template_gives_and_ends_cursors(capsys: pytest.CaptureFixture[str]) -> None:
    client: Any = operations.client()
    recovery = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName="gatehouse", PointInTimeRecoverySpecification=recovery)
    event = make_event()
    offline = feed.begin(event.event_id)
    operations.record(operations.put(LiveHead(*keys.live.head("event-1"), channel="event-1", last_id=7)))
    series = keys.money.invoice_series(f"{clock.now():%Y}")
    operations.record(operations.put(InvoiceSeries(*series, last=40)))
    minute = f"{clock.now():%Y-%m-%dT%H:%MZ}"
    arguments = ["--stage", "test", "--table", "gatehouse", "--minute", minute, "--target", TARGET]
    with environment():
        assert restore.main(arguments) == 0
        assert restore.main(arguments) == 0  # it was killed while it waited
        steps = capsys.readouterr().out
        assert f'make rebuild STAGE=test ARGS="--table {TARGET}"' in steps
        assert f'ARGS="--finish --table gatehouse --target {TARGET}"' in steps
        # Numbers that were issued after the minute.
        operations.record(operations.put(InvoiceSeries(*series, last=43)))
        assert restore.main([*arguments, "--finish"]) == 0
    said = capsys.readouterr().out
    assert f"invoices {series.pk.rpartition('#')[2]} go on after number 43" in said
    assert stored(series)["last"] == {"N": "43"}

    described = client.describe_table(TableName=TARGET)["Table"]
    assert described["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    ttl = client.describe_time_to_live(TableName=TARGET)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    backups = client.describe_continuous_backups(TableName=TARGET)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert f"TableName={TARGET} TableStreamArn={described['LatestStreamArn']}" in said
    raw = stored(offline.place)
    assert raw["generation"] == {"N": str(offline.generation + 1)}
    assert raw["fingerprint_key"]["B"] != offline.fingerprint_key
    assert int(stored(keys.live.head("event-1"))["last_id"]["N"]) > 1000


@pytest.mark.parametrize(
    ("text", "why"), [("yesterday", "is no moment"), ("2026-11-28T08:30", "has no time zone")], ids=["word", "zone"]
)
def test_a_minute_is_a_moment_with_a_time_zone(text: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        restore.main(["--stage", "test", "--minute", text])
    assert why in capsys.readouterr().err
