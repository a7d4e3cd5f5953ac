"""`make prewarm`: what it shows, refuses, asks of AWS, and takes back. AWS is moto, and where that ends, its wire."""

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import get_session

from chalicelib import clock
from chalicelib.config import config
from infra import prewarm
from infra.deploy.account import Account
from infra.local.console import CannotStart
from tests.support import cloud
from tests.support.ground import environment

pytestmark = pytest.mark.usefixtures("moto_cloud")
_TABLE, _GATES = "gatehouse-prod", "gatehouse-prod-gates"
_SERVICE = {"ServiceNamespace": "lambda"}


class Wire:
    """The account of the tests; the requests that moto lacks are answered as AWS answers it, and ends are noted."""

    def __init__(self) -> None:
        self.ended: list[str] = []
        self.account = Account(self.client, "123456789012", "us-east-1")

    def client(self, service: str) -> Any:
        made = get_session().create_client(service, region_name="us-east-1")
        if service == "lambda":
            made.meta.events.register_first("before-send.lambda.DeleteProvisionedConcurrencyConfig", self._end)
            made.meta.events.register_first("before-send.lambda.GetProvisionedConcurrencyConfig", self._show)
        return made

    def _show(self, request: Any, **_: Any) -> Any:
        """Containers of the gates are warm until they were ended."""
        if "-gates/" in request.url and not self.ended:
            return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(b"{}"))
        return _not_found(request)

    def _end(self, request: Any, **_: Any) -> Any:
        self.ended.append(request.url.partition("/functions/")[2])
        if "-gates/" in request.url:
            return AWSResponse(request.url, 204, HTTPHeaders(), _Raw(b""))
        return _not_found(request)


def _not_found(request: Any) -> AWSResponse:
    said = {"Type": "User", "message": "No Provisioned Concurrency Config found for this function"}
    headers = HTTPHeaders()
    headers["x-amzn-errortype"] = "ProvisionedConcurrencyConfigNotFoundException"
    return AWSResponse(request.url, 404, headers, _Raw(json.dumps(said).encode()))


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A deployed stage: its table, and both functions with their alias."""
    with environment():
        made = Wire()
        cloud.create_table(made.client("dynamodb"), _TABLE)
        role = made.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("app.py", "")
        functions = made.client("lambda")
        for name, memory in ((_GATES, 1024), ("gatehouse-prod", 512)):
            functions.create_function(
                FunctionName=name,
                Runtime="python3.13",
                Role=role,
                Handler="app.app",
                MemorySize=memory,
                Code={"ZipFile": archive.getvalue()},
            )
            version = functions.publish_version(FunctionName=name)["Version"]
            functions.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
        yield made
    config.cache_clear()


def window() -> tuple[str, list[str]]:
    begin = (clock.now() + timedelta(days=1)).replace(second=0, microsecond=0)
    until = begin + timedelta(hours=5, minutes=28)
    return f"{begin:%Y-%m-%dT%H:%M:%S}", ["--from", begin.isoformat(), "--until", until.isoformat()]


def warm(wire: Wire) -> list[tuple[int, int]]:
    described = wire.client("dynamodb").describe_table(TableName=_TABLE)["Table"]
    parts = [described, *described["GlobalSecondaryIndexes"]]
    found = [part["WarmThroughput"] for part in parts]
    return [(each["ReadUnitsPerSecond"], each["WriteUnitsPerSecond"]) for each in found]


def scheduled(wire: Wire) -> list[tuple[str, str, dict[str, int]]]:
    found = wire.client("application-autoscaling").describe_scheduled_actions(**_SERVICE)["ScheduledActions"]
    return [(each["ResourceId"], each["Schedule"], each["ScalableTargetAction"]) for each in found]


def test_it_shows_warms_schedules_and_takes_back(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    begin, times = window()
    asked: list[str] = []

    def decline(what: str) -> bool:
        asked.append(what)
        return False

    given = prewarm.parsed(["--stage", "prod", "--reads", "24000", "--writes", "9000", "--gates", "200", *times])
    before = warm(wire)
    assert not prewarm.prewarm(wire.account, given, decline)
    assert asked == ["Prewarm prod?"]
    assert (warm(wire), scheduled(wire)) == (before, [])
    said = capsys.readouterr().out
    assert "table: units a second, read 12,000 -> 24,000, write 4,000 -> 9,000" in said
    assert "index gsi2: units a second" in said
    # 200 containers of 1 GB for five and a half hours, at 0.0000033334 USD a GB-second.
    assert "13.20 USD" in said

    assert prewarm.prewarm(wire.account, given, lambda _: True)
    assert warm(wire) == [(24000, 9000)] * 3
    resource = f"function:{_GATES}:live"
    first, last = sorted(scheduled(wire))
    assert first == (resource, f"at({begin})", {"MinCapacity": 200, "MaxCapacity": 200})
    assert (last[0], last[2]) == (resource, {"MinCapacity": 0, "MaxCapacity": 0})
    targets = wire.client("application-autoscaling").describe_scalable_targets(**_SERVICE)["ScalableTargets"]
    assert [(each["ResourceId"], each["ScalableDimension"]) for each in targets] == [
        (resource, "lambda:function:ProvisionedConcurrency")
    ]

    lower = prewarm.parsed(["--stage", "prod", "--reads", "100", "--writes", "100"])
    with pytest.raises(CannotStart, match="nothing to change"):
        prewarm.prewarm(wire.account, lower, lambda _: True)
    undo = prewarm.parsed(["--stage", "prod", "--undo"])
    assert prewarm.take_back(wire.account, undo, lambda _: True)
    assert wire.client("application-autoscaling").describe_scalable_targets(**_SERVICE)["ScalableTargets"] == []
    assert wire.ended == [f"{_GATES}/provisioned-concurrency?Qualifier=live"]
    assert warm(wire) == [(24000, 9000)] * 3
    with pytest.raises(CannotStart, match="Nothing is scheduled"):
        prewarm.take_back(wire.account, undo, lambda _: True)


def test_what_would_fail_at_the_hour_is_refused_now(wire: Wire) -> None:
    wire.client("lambda").put_function_concurrency(FunctionName=_GATES, ReservedConcurrentExecutions=50)
    _, times = window()
    given = prewarm.parsed(["--stage", "prod", "--gates", "51", *times])
    with pytest.raises(CannotStart, match="GatesConcurrency=51"):
        prewarm.prewarm(wire.account, given, lambda _: True)
    wire.client("lambda").delete_alias(FunctionName="gatehouse-prod", Name="live")
    with pytest.raises(CannotStart, match="no alias live"):
        prewarm.prewarm(wire.account, prewarm.parsed(["--stage", "prod", "--api", "5", *times]), lambda _: True)
    assert scheduled(wire) == []


def test_the_command_asks_at_a_terminal_and_changes_nothing_without(
    wire: Wire, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prewarm.main(["--stage", "prod", "--reads", "30000"]) == 1
    assert "--yes" in capsys.readouterr().err
    assert warm(wire)[0] == (12000, 4000)
    assert prewarm.main(["--stage", "prod", "--reads", "30000", "--yes"]) == 0
    assert warm(wire)[0] == (30000, 4000)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--gates", "5"],
        ["--gates", "5", "--from", "2026-12-05T16:30", "--until", "2026-12-05T17:30"],
        ["--gates", "5", "--from", "2020-12-05T16:30Z", "--until", "2020-12-05T17:30Z"],
    ],
    ids=["no window", "no time zone", "in the past"],
)
def test_a_window_is_whole_and_to_come(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        prewarm.main(["--stage", "prod", *wrong])
    assert "error" in capsys.readouterr().err


def evening(days: int) -> list[str]:
    begin = (clock.now() + timedelta(days=days)).replace(second=0, microsecond=0)
    return ["--from", begin.isoformat(), "--until", (begin + timedelta(hours=5)).isoformat()]


def asked(wire: Wire, number: str, times: list[str]) -> None:
    given = prewarm.parsed(["--stage", "prod", "--gates", number, *times])
    assert prewarm.prewarm(wire.account, given, lambda _: True)


def test_two_events_are_warmed_each_and_windows_that_overlap_are_refused(wire: Wire) -> None:
    first, second = evening(1), evening(2)
    asked(wire, "200", first)
    asked(wire, "50", second)
    assert sorted(each["MaxCapacity"] for _, _, each in scheduled(wire)) == [0, 0, 50, 200]
    # What is warm for the first evening is not bounded by the second one's number.
    (target,) = wire.client("application-autoscaling").describe_scalable_targets(**_SERVICE)["ScalableTargets"]
    assert target["MaxCapacity"] == 200
    # The same window again, with other numbers, is that window changed.
    asked(wire, "120", second)
    assert sorted(each["MaxCapacity"] for _, _, each in scheduled(wire)) == [0, 0, 120, 200]
    within = prewarm.parsed(["--stage", "prod", "--gates", "5", "--from", first[3], "--until", evening(2)[3]])
    with pytest.raises(CannotStart, match=r"is warm from .* already"):
        prewarm.prewarm(wire.account, within, lambda _: True)
    assert len(scheduled(wire)) == 4


def test_what_is_warm_ends_also_where_the_run_that_took_it_back_was_killed(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(wire, "200", evening(1))
    undo = prewarm.parsed(["--stage", "prod", "--undo"])

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Wire, "_end", killed)
        with pytest.raises(KeyboardInterrupt):
            prewarm.take_back(wire.account, undo, lambda _: True)
    assert wire.client("application-autoscaling").describe_scalable_targets(**_SERVICE)["ScalableTargets"] == []
    assert prewarm.take_back(wire.account, undo, lambda _: True)
    assert wire.ended == [f"{_GATES}/provisioned-concurrency?Qualifier=live"]
