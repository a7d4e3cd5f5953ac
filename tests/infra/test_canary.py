"""A release gets traffic gradually, after the functions that read what it writes, and a faulty one is rolled back."""

import copy
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from typing import Any

import pytest

from infra.local.resources import Cloud
from infra.package import canary, shares
from infra.package.hooks import before_traffic
from tests.contract.shared_ground import cloud_with_ground
from tests.infra import reading
from tests.infra.conftest import Made
from tests.support import engines
from tests.support.client import call

Template = dict[str, Any]
_FUNCTIONS = (shares.API, shares.GATES)


def _version(template: Template, function: str) -> str:
    alias = template["Resources"][canary.alias_of(function)]["Properties"]
    assert (alias["FunctionName"], alias["Name"]) == ({"Ref": function}, "live")
    version, attribute = alias["FunctionVersion"]["Fn::GetAtt"]
    assert attribute == "Version"
    assert template["Resources"][version] == {
        "Type": "AWS::Lambda::Version",
        "Properties": {"FunctionName": {"Ref": function}},
    }
    return str(version)


@pytest.mark.xdist_group("package")
class TestTemplate:
    """What the template says; that CodeDeploy does it is AWS's word and was never tried."""

    def test_the_gateway_calls_aliases_and_may_before_it_does(self, template: Template) -> None:
        (api,) = reading.of_type(template, "AWS::ApiGateway::RestApi").values()
        text = json.dumps(api["Body"])
        permissions = reading.of_type(template, "AWS::Lambda::Permission")
        (deployment,) = (
            part for part in template["Resources"].values() if part["Type"] == "AWS::ApiGateway::Deployment"
        )
        for function in _FUNCTIONS:
            assert f"${{{canary.alias_of(function)}}}/invocations" in text
            assert f"${{{function}.Arn}}" not in text
            permission = f"{function}InvokePermission"
            assert permissions[permission]["FunctionName"] == {"Ref": canary.alias_of(function)}
            assert permission in deployment["DependsOn"]

    def test_readers_have_the_new_code_before_writers_have_traffic(self, template: Template) -> None:
        readers = set(reading.of_type(template, "AWS::Lambda::Function")) - {*_FUNCTIONS, "CanaryHook"}
        assert {"Stream", "Live", "Jobs", "Payments", "Alerts", "Messages", "Sweep"} <= readers
        for function in _FUNCTIONS:
            assert readers <= set(template["Resources"][canary.alias_of(function)]["DependsOn"])
        # Nor may a reader wait for them, which would turn the order around.
        assert not any("Alias" in json.dumps(template["Resources"][name]) for name in readers)

    def test_gates_follow_when_the_apis_release_is_whole(self, template: Template) -> None:
        after = template["Resources"][canary.alias_of(shares.GATES)]["DependsOn"]
        assert canary.alias_of(shares.API) in after

    @pytest.mark.parametrize(("function", "short"), [(shares.API, "Api"), (shares.GATES, "Gates")])
    def test_hook_and_alarm_can_end_a_release(self, template: Template, function: str, short: str) -> None:
        policy = template["Resources"][canary.alias_of(function)]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert policy == {
            "ApplicationName": {"Ref": "Releases"},
            "DeploymentGroupName": {"Ref": f"{short}Deployments"},
            "BeforeAllowTrafficHook": {"Ref": "CanaryHook"},
        }
        group = template["Resources"][f"{short}Deployments"]["Properties"]
        # An alarm that is on stops a deployment, also the one that ends it: the way back does not ask.
        assert group["AlarmConfiguration"] == {
            "Enabled": {"Fn::If": ["IsGradual", True, False]},
            "Alarms": [{"Name": {"Ref": f"{short}CanaryAlarm"}}],
        }
        assert {"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"} <= set(group["AutoRollbackConfiguration"]["Events"])
        assert group["DeploymentConfigName"]["Fn::If"][0] == "IsGradual"
        alarm = template["Resources"][f"{short}CanaryAlarm"]
        stats = {entry["Id"]: entry["MetricStat"]["Metric"] for entry in alarm["Properties"]["Metrics"][1:]}
        executed = {entry["Name"]: entry["Value"] for entry in stats["failed"]["Dimensions"]}["ExecutedVersion"]
        assert executed == {"Fn::GetAtt": [_version(template, function), "Version"]}
        assert f"{short}CanaryAlarm" in template["Resources"][canary.alias_of(function)]["DependsOn"]

    def test_production_releases_gradually_and_other_stages_at_once(self, make_template: Made) -> None:
        assert make_template("prod")["Parameters"]["Canary"]["Default"] == "on"
        assert make_template("dev")["Parameters"]["Canary"]["Default"] == "off"
        (group,) = {
            json.dumps(part["DeploymentConfigName"])
            for part in reading.of_type(make_template("dev"), "AWS::CodeDeploy::DeploymentGroup").values()
        }
        _, gradually, at_once = json.loads(group)["Fn::If"]
        assert (gradually, at_once) == (
            "CodeDeployDefault.LambdaCanary10Percent5Minutes",
            "CodeDeployDefault.LambdaAllAtOnce",
        )

    def test_the_hook_asks_the_versions_that_are_released(self, template: Template) -> None:
        hook = template["Resources"]["CanaryHook"]["Properties"]
        assert hook["Environment"]["Variables"] == {
            "API_VERSION": {"Ref": _version(template, shares.API)},
            "GATES_VERSION": {"Ref": _version(template, shares.GATES)},
        }
        assert {check[0] for check in before_traffic.CHECKS} == set(hook["Environment"]["Variables"])
        # AWS CloudFormation: "AWS::Lambda::Function Code", ZipFile.
        assert len(hook["Code"]["ZipFile"]) <= 4096
        compile(hook["Code"]["ZipFile"], "index.py", "exec")

    @pytest.mark.parametrize(
        ("changed", "function", "is_another"),
        [
            ({"Currency": "USD"}, shares.GATES, True),
            ({"CodeKey": "gatehouse/other.zip"}, shares.API, True),
            # The gates have an archive of their own.
            ({"CodeKey": "gatehouse/other.zip"}, shares.GATES, False),
            # A table of another name reaches the environment through a condition.
            ({"TableName": "gatehouse-restored", "TableStreamArn": "arn:other"}, shares.API, True),
            ({"CodeBucket": "elsewhere", "ApiConcurrency": "7", "AlarmEmail": "a@b"}, shares.API, False),
        ],
    )
    def test_another_version_is_published_when_its_function_changes_and_only_then(
        self, packaged: Template, changed: dict[str, str], function: str, *, is_another: bool
    ) -> None:
        before = canary.stamped(packaged, {"Stage": "dev"})
        after = canary.stamped(packaged, {"Stage": "dev", **changed})
        assert (_version(before, function) != _version(after, function)) is is_another
        assert canary.stamped(after, {"Stage": "dev"}) == before

    def test_another_archive_of_the_gates_is_another_version_of_them_alone(self, packaged: Template) -> None:
        other = copy.deepcopy(packaged)
        other["Resources"][shares.GATES]["Properties"]["Code"]["S3Key"] = "gatehouse/others.zip"
        before, after = canary.stamped(packaged, {}), canary.stamped(other, {})
        assert _version(before, shares.GATES) != _version(after, shares.GATES)
        assert _version(before, shares.API) == _version(after, shares.API)


# --- the hook ---------------------------------------------------------------------------------------------------------


def test_the_platform_answers_the_hooks_requests_as_it_expects() -> None:
    with cloud_with_ground():
        for _, method, path, body, status in before_traffic.CHECKS:
            assert call(method, path, body).status == status, path
            of_gates = shares.function_of(path) == shares.GATES
            assert of_gates is (_ == "GATES_VERSION"), path


class _CodeDeploy:
    """What CodeDeploy takes from a hook, over HTTP, and what it does then with an alias."""

    def __init__(self) -> None:
        self.reports: list[dict[str, str]] = []
        reports = self.reports

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # its name in the base class
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reports.append({"target": self.headers["X-Amz-Target"].rpartition(".")[2], **body})
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps({"lifecycleEventHookExecutionId": "hook"}).encode())

            def log_message(self, *_: Any) -> None:
                """Write nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def release(self, client: Any, name: str, version: str) -> str:
        """Move an alias to a version if the hook says so; return the version that has the traffic then."""
        before_traffic.handler({"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "hook"}, None)
        assert self.reports[-1]["target"] == "PutLifecycleEventHookExecutionStatus"
        assert (self.reports[-1]["deploymentId"], self.reports[-1]["lifecycleEventHookExecutionId"]) == ("d-1", "hook")
        if self.reports[-1]["status"] == "Succeeded":
            client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
        return str(client.get_alias(FunctionName=name, Name="live")["FunctionVersion"])


_GOOD = """
STATUSES = %r
def handler(event, context):
    return {"statusCode": STATUSES[event["path"]], "headers": {}, "body": "{}"}
"""
# Each answers all but one kind of request as it must, or none at all.
_FAULTS = {
    "an answer of 5xx": _GOOD.replace('STATUSES[event["path"]]', "500"),
    "an exception": "def handler(event, context):\n    raise KeyError('a seeded fault')\n",
    "an import that fails": "import not_in_the_archive\n",
}


def _zipped(source: str) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        packed.writestr("index.py", source)
    return content.getvalue()


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with engines.endpoints() as found:
        yield found


@pytest.mark.ministack
@pytest.mark.xdist_group("ministack")
@pytest.mark.by_day
def test_a_package_with_a_seeded_fault_gets_no_traffic_and_a_good_one_does(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client, codedeploy = cloud.client("lambda"), _CodeDeploy()
    monkeypatch.setenv("AWS_ENDPOINT_URL_CODEDEPLOY", codedeploy.url)
    statuses = {path: status for _, _, path, _, status in before_traffic.CHECKS}
    good = _GOOD % statuses

    def publish(name: str, source: str) -> str:
        client.update_function_code(FunctionName=name, ZipFile=_zipped(source))
        published = client.publish_version(FunctionName=name)
        monkeypatch.setenv(f"{name.upper()}_VERSION", published["FunctionArn"])
        return str(published["Version"])

    for name in ("api", "gates"):
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="index.handler",
            Role="arn:aws:iam::000000000000:role/none",
            Code={"ZipFile": _zipped("def handler(event, context):\n    return None\n")},
        )
        client.create_alias(FunctionName=name, Name="live", FunctionVersion=publish(name, good))
    try:
        running = str(client.get_alias(FunctionName="gates", Name="live")["FunctionVersion"])
        for fault, source in _FAULTS.items():
            refused = publish("gates", source if "%r" not in source else source % statuses)
            assert codedeploy.release(client, "gates", refused) == running, fault
            assert "new version refused" in capsys.readouterr().out
        repaired = publish("gates", good + "# repaired\n")
        assert codedeploy.release(client, "gates", repaired) == repaired != running
    finally:
        codedeploy.close()
    assert [report["status"] for report in codedeploy.reports] == ["Failed"] * len(_FAULTS) + ["Succeeded"]
