"""What is deployed keeps the rules: least privilege, partial failures, our envelope from the gateway itself."""

import ast
import inspect
import json
import os
import re
import stat
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import config
from chalicelib.errors import NotFound, TooLarge
from chalicelib.portals.http import envelope
from infra.local.console import CannotStart
from infra.package import archive, builder, console, functions, gateway, merge, shares, targets, throttles
from tests.infra import reading

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: part["Properties"] for name, part in template["Resources"].items() if part["Type"] == kind}


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for role, properties in of_type(template, "AWS::IAM::Role").items():
        for policy in properties.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield role, statement


def role_named(template: Template, role: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for name, statement in statements(template) if name == role}


@pytest.mark.by_day
def test_the_template_has_no_macro_and_passes_cfn_lint(template: Template, template_file: Path) -> None:
    assert "Transform" not in template
    assert merge.lint(template_file) == []


def test_cfn_lints_errors_stop_the_package(template: Template, tmp_path: Path) -> None:
    broken = {name: part for name, part in template.items() if name != "Outputs"}
    # One resource is enough to be refused; the whole template takes seconds.
    broken["Resources"] = {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Nothing"}}}}
    merge.write(broken, tmp_path / "template.json")
    with pytest.raises(CannotStart, match="Nothing"):
        merge.lint(tmp_path / "template.json")


def test_every_function_has_a_role_of_its_own(template: Template) -> None:
    roles = [json.dumps(f["Role"]) for f in reading.functions(template).values()]
    assert len(roles) == len(set(roles)) == len(functions.PLACES)


def test_no_action_is_a_wildcard(template: Template) -> None:
    found = list(statements(template))
    assert len(found) > 20
    for role, statement in found:
        actions = statement["Action"]
        assert isinstance(actions, list)
        assert not [action for action in actions if "*" in action], (role, statement["Sid"])


def test_only_traces_have_no_resource(template: Template) -> None:
    unscoped = {
        (action, statement.get("Resource", "not topics"))
        for _, statement in statements(template)
        if "NotResource" in statement or statement["Resource"] == "*"
        for action in statement["Action"]
    }
    # X-Ray has no resources to name; an SMS has no ARN, and topics are excluded.
    assert unscoped == {
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
        ("dynamodb:ListStreams", "*"),
        ("sns:Publish", "not topics"),
        # The spend limit of SMS belongs to the account.
        ("sns:SetSMSAttributes", "*"),
    }


def test_each_function_may_do_its_own_work_only(template: Template) -> None:
    def services(role: str) -> set[str]:
        return {a.split(":")[0] for s in role_named(template, role).values() for a in s["Action"]} - {"logs", "xray"}

    assert services("ApiHandlerRole") == {"dynamodb", "secretsmanager", "kms", "s3", "sqs"}
    assert services("LiveRole") == {"dynamodb", "execute-api", "s3", "kms"}
    # It reads the snapshots of offline gates.
    assert services("GatesHandlerRole") == {"dynamodb", "secretsmanager", "kms", "s3", "sqs"}
    assert services("WebsocketMessageRole") == {"dynamodb", "execute-api", "secretsmanager", "kms"}
    assert services("WebsocketConnectRole") == {"dynamodb", "secretsmanager", "kms"}
    assert services("WebsocketDisconnectRole") == {"dynamodb", "kms"}
    # It queues the checks of photos that a submission binds.
    assert services("StreamRole") == {"dynamodb", "events", "s3", "sqs", "kms"}
    assert services("PaymentsRole") == {"dynamodb", "secretsmanager", "kms", "sqs"}
    assert services("SweepRole") == {"dynamodb", "secretsmanager", "kms", "sqs"}
    # Erasure returns a balance to its source: it asks the payment provider, whose key is a secret.
    assert services("JobsRole") == {"dynamodb", "secretsmanager", "kms", "sqs", "s3"}
    assert services("AlertsRole") == {"dynamodb", "sqs", "ses", "secretsmanager", "kms"}
    assert services("MessagesRole") == {"sqs", "ses", "sns", "kms", "dynamodb"}
    assert services("SealAuditLogRole") == {"dynamodb", "kms"}
    assert services("WatchDevicesRole") == {"dynamodb", "events", "kms"}


def test_a_function_writes_to_its_own_log_and_its_key_serves_through_services_only(template: Template) -> None:
    for name, properties in reading.functions(template).items():
        role = role_named(template, properties["Role"]["Fn::GetAtt"][0])
        log = functions.PLACES[name].log
        assert role["OwnLog"]["Resource"] == {"Fn::GetAtt": [log, "Arn"]}
        assert properties["LoggingConfig"]["LogGroup"] == {"Ref": log}
        group = template["Resources"][log]["Properties"]["LogGroupName"]["Fn::Sub"]
        assert group == "/aws/lambda/" + properties["FunctionName"]["Fn::Sub"]
        assert role["Key"]["Condition"]["StringEquals"]["kms:ViaService"]


def test_functions_run_as_meant(template: Template) -> None:
    for name, properties in reading.functions(template).items():
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == ["arm64"]
        # AWS: with 1,769 MB a function has a whole vCPU. Documents of a job are drawn in one go.
        assert properties["MemorySize"] == (1769 if name == "Jobs" else 1024)
        timeout = properties["Timeout"]
        seconds = timeout["Fn::If"][2] if isinstance(timeout, dict) else timeout
        is_waited_for = name in (shares.API, shares.GATES) or name.startswith("Websocket")
        assert seconds == (28 if is_waited_for else {"Jobs": 120}.get(name, 30))
        # A workbook's rows are in files until it is complete: about 1.3 KB a row, twice.
        size = 4096 if name == "Jobs" else 512
        assert properties.get("EphemeralStorage", {"Size": 512}) == {"Size": size}


def test_the_environment_is_what_the_config_reads(template: Template) -> None:
    read = {
        node.args[0].value
        for node in ast.walk(ast.parse(inspect.getsource(config)))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("env", "_number", "_amounts")
        and isinstance(node.args[0], ast.Constant)
    }
    assert read
    for properties in reading.functions(template).values():
        variables = properties["Environment"]["Variables"]
        assert set(variables) == read
        assert all(isinstance(value, dict) or value == "" for value in variables.values()), (
            "a literal would be some stage's"
        )


def test_every_source_reports_partial_failures(template: Template) -> None:
    sources = of_type(template, "AWS::Lambda::EventSourceMapping")
    assert set(sources) == {f"{name}Source" for name in ("Stream", "Live", "Alerts", "Messages", "Payments", "Jobs")}
    assert all(source["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for source in sources.values())


def test_the_senders_of_sms_and_mail_are_bounded_by_their_queues(template: Template) -> None:
    bounded = {
        name: source["ScalingConfig"]["MaximumConcurrency"]
        for name, source in of_type(template, "AWS::Lambda::EventSourceMapping").items()
        if "ScalingConfig" in source
    }
    assert bounded == {name: {"Ref": "MessagesConcurrency"} for name in ("AlertsSource", "MessagesSource")}
    assert 2 <= template["Parameters"]["MessagesConcurrency"]["Default"] <= 10


@pytest.mark.parametrize("reader", ["Stream", "Live"])
def test_the_stream_gives_up_on_records_never_on_batches(template: Template, reader: str) -> None:
    source = of_type(template, "AWS::Lambda::EventSourceMapping")[f"{reader}Source"]
    assert source["BisectBatchOnFunctionError"] is True
    assert 0 < source["MaximumRetryAttempts"] <= 100
    assert 0 < source["MaximumRecordAgeInSeconds"] < 86400
    assert source["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": [f"{reader}Letters", "Arn"]}
    role = role_named(template, f"{reader}Role")
    assert role["DeadLetters"]["Resource"] == {"Fn::Sub": f"${{{reader}Letters.Arn}}/*"}


def test_a_streams_two_readers_are_all_that_it_may_have(template: Template) -> None:
    sources = of_type(template, "AWS::Lambda::EventSourceMapping").values()
    assert sum(source["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]} for source in sources) == 2


def test_sockets_are_served_by_the_apps_own_handlers_and_deployed_anew_when_they_change(template: Template) -> None:
    routes = {r["RouteKey"]: r["Target"]["Fn::Join"][1][1]["Ref"] for r in of_type(template, _ROUTE).values()}
    integrations = of_type(template, "AWS::ApiGatewayV2::Integration")
    served = {key: json.dumps(integrations[name]["IntegrationUri"]) for key, name in routes.items()}
    assert set(served) == {"$connect", "$disconnect", "$default"}
    for key, function in (("$connect", "Connect"), ("$disconnect", "Disconnect"), ("$default", "Message")):
        assert f'"Websocket{function}"' in served[key]
    stage = of_type(template, "AWS::ApiGatewayV2::Stage")["WebsocketAPIStage"]
    deployed = template["Resources"][stage["DeploymentId"]["Ref"]]
    assert set(deployed["DependsOn"]) == set(of_type(template, _ROUTE))
    assert template["Outputs"]["LiveUrl"]["Value"]["Fn::Sub"].endswith(f"/{stage['StageName']}")
    allowed = [s["Resource"] for _, s in statements(template) if s["Sid"] == "Sockets"]
    assert len(allowed) == 2
    assert all(f"{{WebsocketAPI}}/{stage['StageName']}/" in one["Fn::Sub"] for each in allowed for one in each)


_ROUTE = "AWS::ApiGatewayV2::Route"


def test_messages_come_back_after_their_function_has_ended(template: Template) -> None:
    for source in of_type(template, "AWS::Lambda::EventSourceMapping").values():
        queue, _ = source["EventSourceArn"]["Fn::GetAtt"]
        if queue == "Table":
            continue
        name = source["FunctionName"]["Ref"]
        _, local, deployed = template["Resources"][name]["Properties"]["Timeout"]["Fn::If"]
        _, local_visibility, visibility = template["Resources"][queue]["Properties"]["VisibilityTimeout"]["Fn::If"]
        assert visibility >= 6 * deployed
        assert local_visibility >= local


# --- the gateway -----------------------------------------------------------------------------------------------------


def body_of(template: Template) -> dict[str, Any]:
    body: dict[str, Any] = of_type(template, "AWS::ApiGateway::RestApi")["RestAPI"]["Body"]
    return body


def test_every_route_of_the_app_is_there(template: Template) -> None:
    import app

    paths = body_of(template)["paths"]
    for path, methods in app.app.routes.items():
        assert {method.lower() for method in methods} <= paths[path].keys()
    assert of_type(template, "AWS::ApiGateway::RestApi")["RestAPI"]["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


def test_a_page_answers_head_by_the_function_and_at_the_rate_of_its_get(template: Template) -> None:
    from chalicelib.portals.http.route import ROUTES

    paths = body_of(template)["paths"]
    stage = of_type(template, "AWS::ApiGateway::Stage")["ApiStage"]
    rates = {
        (setting["ResourcePath"], setting["HttpMethod"]): (
            setting["ThrottlingRateLimit"],
            setting["ThrottlingBurstLimit"],
        )
        for setting in stage["MethodSettings"]
    }
    pages = [route for route in ROUTES if "HEAD" in route.methods]
    assert pages
    for route in pages:
        got, headed = (paths[route.path][method] for method in ("get", "head"))
        assert headed["x-amazon-apigateway-integration"] == got["x-amazon-apigateway-integration"]
        place = throttles.resource_path(route.path)
        assert rates.get((place, "HEAD")) == rates.get((place, "GET"))
    assert sum("head" in methods for methods in paths.values()) == len(pages)


def test_the_preflights_list_is_the_parameter(template: Template) -> None:
    stage = of_type(template, "AWS::ApiGateway::Stage")["ApiStage"]
    variables = {name: value for name, value in stage["Variables"].items() if name not in ("logRole", "edgeSecret")}
    assert variables == {"corsOrigins": {"Ref": "CorsOrigins"}, "adminOrigin": {"Ref": "AdminOrigin"}}
    listed = re.compile(template["Parameters"]["CorsOrigins"]["AllowedPattern"])
    assert listed.fullmatch("https://a.example,https://b.example:8443")
    assert not listed.fullmatch("*")
    assert not listed.fullmatch("")


def test_the_gateways_own_refusals_wear_our_envelope(template: Template) -> None:
    refusals = body_of(template)["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE", "THROTTLED"} <= set(
        refusals
    )
    for kind, refusal in refusals.items():
        (text,) = refusal["responseTemplates"].values()
        answer = json.loads(text)
        error = answer.pop("error")
        assert set(error) == {"code", "message", "request_id"}, kind
        # What clients of campus and Tix read.
        assert answer == error, kind
        assert error["request_id"] == "$context.requestId"
        told = {name.removeprefix("gatewayresponse.header."): v for name, v in refusal["responseParameters"].items()}
        assert told["X-Request-Id"] == "context.requestId"
        assert {name: told[name].strip("'") for name in envelope.ANSWER_HEADERS} == envelope.ANSWER_HEADERS
        if refusal.get("statusCode") in (429, 500, 503):
            assert "Retry-After" in told, kind
    unknown = refusals["MISSING_AUTHENTICATION_TOKEN"]
    assert (unknown["statusCode"], NotFound.code) == (404, "NOT_FOUND")
    assert NotFound.code in unknown["responseTemplates"]["application/json"]
    assert refusals["REQUEST_TOO_LARGE"]["statusCode"] == TooLarge.status


def test_another_api_is_another_deployment(template: Template) -> None:
    def deployment(title: str) -> str:
        body = json.loads(json.dumps(body_of(template)))
        body["info"]["title"] = title
        made = gateway.expand({"Resources": {"RestAPI": {"Properties": {"DefinitionBody": body}}}})
        (name,) = (name for name, part in made.items() if part["Type"] == "AWS::ApiGateway::Deployment")
        return name

    assert deployment("one") == deployment("one") != deployment("two")


# --- the archive -----------------------------------------------------------------------------------------------------


def test_every_service_that_the_code_calls_is_packed() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (targets.ROOT / "chalicelib").rglob("*.py"))
    called = set(re.findall(r'client\(\s*"([a-z0-9-]+)"', code))
    assert {"dynamodb", "sqs", "secretsmanager"} <= called
    assert called <= archive.BOTOCORE_SERVICES


def test_the_archive_is_the_same_whenever_it_is_packed(tmp_path: Path) -> None:
    digests = []
    for mtime in (1_000_000_000, 1_700_000_000):
        folder = tmp_path / str(mtime)
        (folder / "inner").mkdir(parents=True)
        for name in ("b.py", "a.py", "inner/c.py"):
            (folder / name).write_text(f"name = {name!r}\n")
            os.utime(folder / name, (mtime, mtime))
        digests.append(archive.pack(folder, tmp_path / f"{mtime}.zip"))
    assert digests[0] == digests[1]
    with zipfile.ZipFile(tmp_path / "1000000000.zip") as packed:
        assert packed.namelist() == ["a.py", "b.py", "inner/c.py"]


def test_compiled_files_never_look_at_their_sources(tmp_path: Path) -> None:
    python = targets.interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert python is not None
    (tmp_path / "module.py").write_text("answer = 42\n")
    assert archive.compile_all(python, tmp_path) == 1
    (compiled,) = tmp_path.rglob("*.pyc")
    # PEP 552: bit 0 says hash-based, bit 1 that the source is checked.
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01


def test_a_module_that_does_not_compile_stops_the_package(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("def broken(:\n")
    python = targets.interpreter(f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert python is not None
    with pytest.raises(CannotStart, match=r"module\.py"):
        archive.compile_all(python, tmp_path)


def test_production_is_never_packaged_uncompiled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # No interpreter here is of this version, and uv cannot fetch one.
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho no such version >&2\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("UV", str(uv))
    target = targets.Target(runtime="python3.99", architecture="arm64", uv_options=(), compiler=None)
    with pytest.raises(CannotStart, match=r"no such version\nInstall Python 3\.99"):
        builder._compile("prod", target, tmp_path)


def test_an_unknown_function_is_refused_with_what_to_do() -> None:
    chalice = {"Resources": {"Novel": {"Type": "AWS::Serverless::Function", "Properties": {}}}}
    with pytest.raises(ValueError, match=r"Novel.*\.chalice"):
        functions.expand(chalice, targets.aws(), gates_key="gatehouse/gates.zip")


def test_a_name_of_both_halves_is_a_fault() -> None:
    with pytest.raises(CannotStart, match="Table"):
        merge._joined("Resources", {"Table": {}}, {"Table": {}})


def test_a_share_of_the_requests_is_traced_and_no_more_at_a_quiet_gate(template: Template) -> None:
    (rule,) = of_type(template, "AWS::XRay::SamplingRule").values()
    sampling = rule["SamplingRule"]
    assert (sampling["ReservoirSize"], sampling["FixedRate"]) == (0, 0.01)
    assert sampling["ResourceARN"]["Fn::Sub"].endswith("/restapis/${RestAPI}/stages/live")
    assert all(sampling[name] == "*" for name in ("Host", "HTTPMethod", "URLPath", "ServiceName"))


def test_a_folder_with_other_things_in_it_is_never_built_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("the only copy")
    with pytest.raises(CannotStart, match="holds no package"):
        builder.build("dev", targets.Target("python3.13", "arm64", (), None), tmp_path)
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "the only copy"


def test_a_console_that_does_not_build_stops_the_package_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = tmp_path / "sh"
    shell.write_text("#!/bin/sh\nexit 1\n")
    shell.chmod(shell.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotStart, match="console cannot be built"):
        console.pack(tmp_path / "out", scratch=tmp_path, built=tmp_path / "built")
