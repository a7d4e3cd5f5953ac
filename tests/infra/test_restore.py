"""`make restore`: a table of a minute ago with all that a stack needs; the lost hours leave no cursor behind."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.offline import feed
from chalicelib.domain.organizations import numbering
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import InvoiceSeries, LiveHead
from infra.rebuild import restore
from tests.support import cloud
from tests.support.factories import make_event, make_organization
from tests.support.ground import environment

pytestmark = pytest.mark.usefixtures("moto_cloud")
CLOUD = "https://dynamodb.us-east-1.amazonaws.com"
TARGET = "gatehouse-restored"


def stored(place: Any) -> dict[str, Any]:
    client: Any = operations.client()
    key = {"pk": {"S": place.pk}, "sk": {"S": place.sk}}
    raw: dict[str, Any] = client.get_item(TableName=TARGET, Key=key)["Item"]
    return raw


@contextmanager
def wire(client: Any) -> Iterator[list[str]]:
    """The names of the operations that a client sends."""
    sent: list[str] = []

    def note(model: Any, **_: Any) -> None:
        sent.append(model.name)

    client.meta.events.register("before-call.dynamodb", note)
    try:
        yield sent
    finally:
        client.meta.events.unregister("before-call.dynamodb", note)


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
        # Each of the next commands is for the same cloud.
        assert restore.main([*arguments, "--endpoint", CLOUD]) == 0
        steps = capsys.readouterr().out
        assert steps.count(f' --endpoint {CLOUD}"') == 3
        # Numbers that were issued after the minute.
        operations.record(operations.put(InvoiceSeries(*series, last=43)))
        with wire(client) as asked:
            assert restore.main([*arguments, "--finish"]) == 0
        # AWS refuses a change of a table while the one before is under way, which moto never is.
        changes = [number for number, name in enumerate(asked) if name in ("UpdateTable", "UpdateTimeToLive")]
        assert len(changes) == 2
        assert all(asked[number - 1] in ("DescribeTable", "DescribeTimeToLive") for number in changes)
        assert "DescribeTable" in asked[changes[0] : changes[1]]
    said = capsys.readouterr().out
    assert f"invoices {series.pk.rpartition('#')[2]} go on after number 43" in said
    assert stored(series)["last"] == {"N": "43"}

    described = client.describe_table(TableName=TARGET)["Table"]
    assert described["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    ttl = client.describe_time_to_live(TableName=TARGET)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    backups = client.describe_continuous_backups(TableName=TARGET)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    deploying = f'"--lose-data TableName={TARGET} TableStreamArn={described["LatestStreamArn"]}"'
    # Without its stage, the command would give the table to another one.
    assert f"make deploy STAGE=test ARGS={deploying}" in said
    raw = stored(offline.place)
    assert raw["generation"] == {"N": str(offline.generation + 1)}
    assert raw["fingerprint_key"]["B"] != offline.fingerprint_key
    assert int(stored(keys.live.head("event-1"))["last_id"]["N"]) > 1000
    # A local run cannot be pointed at another table, so no command of the last step is named.
    restore.finish(client, TARGET, stage="local")
    shown = capsys.readouterr().out
    assert f"{TARGET} is ready" in shown
    assert "make deploy" not in shown


@pytest.mark.parametrize(
    ("text", "why"), [("yesterday", "is no moment"), ("2026-11-28T08:30", "has no time zone")], ids=["word", "zone"]
)
def test_a_minute_is_a_moment_with_a_time_zone(text: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        restore.main(["--stage", "test", "--minute", text])
    assert why in capsys.readouterr().err


def test_another_second_is_another_table_and_the_next_command_names_it(capsys: pytest.CaptureFixture[str]) -> None:
    client: Any = operations.client()
    recovery = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName="gatehouse", PointInTimeRecoverySpecification=recovery)
    now = clock.now()
    made = {}
    with environment():
        for second in ("00", "07"):
            minute = f"{now:%Y-%m-%dT%H:%M}:{second}Z"
            assert restore.main(["--stage", "test", "--table", "gatehouse", "--minute", minute]) == 0
            said = capsys.readouterr().out
            assert "exists already" not in said
            (made[second],) = re.findall(r"^(\S+) is restored", said, re.MULTILINE)
    assert made == {"00": f"gatehouse-{now:%Y%m%d%H%M}", "07": f"gatehouse-{now:%Y%m%d%H%M}07"}
    assert f"MINUTE={minute} ARGS" in said


def test_ticket_numbers_go_on_after_those_that_were_printed_in_the_lost_hours(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client: Any = operations.client()
    admin = make_organization()
    assert admin.organization_id is not None
    organization_id = admin.organization_id

    def generate(prefix: str, quantity: int) -> None:
        wanted = numbering.GenerationInput(quantity, prefix)
        numbering.generate(organization_id, wanted, user_id=admin.account_id, operation_id=new_id("op"))

    generate("A", 3)
    cloud.create_table(client, TARGET)
    for raw in client.scan(TableName="gatehouse")["Items"]:
        client.put_item(TableName=TARGET, Item=raw)
    generate("A", 4)  # in the lost hours, as all of prefix B
    generate("B", 2)
    arguments = ["--stage", "test", "--table", "gatehouse", "--minute", "2026-11-28T08:30Z", "--target", TARGET]
    with environment():
        for moved in (2, 0):
            assert restore.main([*arguments, "--finish"]) == 0
            assert f"{moved} series of ticket numbers go on" in capsys.readouterr().out
    for prefix, last in (("A", 7), ("B", 2)):
        series = stored(keys.organizations.last_number(organization_id, prefix))
        assert (series["last"], series["firsts"]) == ({"N": str(last)}, {"M": {}})
