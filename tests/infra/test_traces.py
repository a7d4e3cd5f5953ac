"""What functions and gateways log is counted, raises alarms, and holds nothing of a request but its route."""

import json
import re
from typing import Any

import pytest

from chalicelib import errors
from infra.deploy import retained
from infra.package import functions
from tests.infra import reading

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
# Functions that answer callers.
ASKED = ("APIHandler", "GatesHandler", "WebsocketConnect", "WebsocketMessage")
FIELDS = {"code", "portal", "responseType"}


def _filters(template: Template) -> dict[str, dict[str, Any]]:
    """Return the filters of the security log and of the gateways' access logs."""
    found = reading.of_type(template, "AWS::Logs::MetricFilter")
    return {name: part for name, part in found.items() if "Gatehouse/security" in _metric(part)[0]}


def _metric(part: dict[str, Any]) -> tuple[str, str]:
    (transformation,) = part["MetricTransformations"]
    return json.dumps(transformation["MetricNamespace"]), transformation["MetricName"]


def test_the_refusals_of_every_function_that_answers_callers_are_counted(template: Template) -> None:
    counted = {
        reading.logical_name(part["LogGroupName"])
        for part in _filters(template).values()
        if part["FilterPattern"] == '{ $.security = "refusal" }'
    }
    assert counted == {functions.PLACES[name].log for name in ASKED}


def test_a_metrics_dimensions_are_codes_and_portals_only(template: Template) -> None:
    for name, part in _filters(template).items():
        (transformation,) = part["MetricTransformations"]
        assert {each["Value"].removeprefix("$.") for each in transformation["Dimensions"]} <= FIELDS, name


def test_each_alarm_on_the_security_log_watches_a_metric_that_a_filter_makes(template: Template) -> None:
    made = {_metric(part) for part in _filters(template).values()}
    watched = {
        name: (json.dumps(alarm["Namespace"]), alarm["MetricName"])
        for name, alarm in reading.of_type(template, "AWS::CloudWatch::Alarm").items()
        if "security" in json.dumps(alarm.get("Namespace"))
    }
    assert set(watched.values()) == made
    assert len(watched) > 8


def test_the_codes_that_alarms_watch_are_codes_of_refusals(template: Template) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Refusal)]
    codes = {kind.traced_as or kind.code for kind in kinds}
    watched = {
        each["Value"]
        for alarm in reading.of_type(template, "AWS::CloudWatch::Alarm").values()
        for each in alarm.get("Dimensions", [])
        if each["Name"] == "code"
    }
    assert {"UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND", "RATE_LIMITED", "BAD_SIGNATURE", "OTP_INVALID"} <= watched
    assert watched <= codes


def _access_logs(template: Template) -> dict[str, dict[str, Any]]:
    (rest,) = reading.of_type(template, "AWS::ApiGateway::Stage").values()
    (sockets,) = reading.of_type(template, "AWS::ApiGatewayV2::Stage").values()
    return {"rest": rest["AccessLogSetting"], "sockets": sockets["AccessLogSettings"]}


@pytest.mark.parametrize("gateway", ["rest", "sockets"])
def test_a_gateways_access_log_has_the_route_and_no_path_query_or_header(template: Template, gateway: str) -> None:
    setting = _access_logs(template)[gateway]
    group = re.findall(r"log-group:\$\{(\w+)\}$", setting["DestinationArn"]["Fn::Sub"])
    assert 0 < template["Resources"][group[0]]["Properties"]["RetentionInDays"] <= 90
    fields = set(json.loads(setting["Format"]).values())
    assert {"$context.requestId", "$context.status"} <= fields
    assert fields & {"$context.resourcePath", "$context.routeKey"}
    assert not [field for field in fields if re.search(r"\.path|query|header|userAgent|authorizer", field)]


def test_the_gateways_have_a_role_for_their_logs_before_their_stages(template: Template) -> None:
    # A reference makes the stage wait; `DependsOn` cannot name a resource with a condition.
    waits = {"Fn::If": ["SetsGatewayRole", {"Ref": "GatewayAccount"}, "kept"]}
    assert template["Resources"]["ApiStage"]["Properties"]["Variables"]["logRole"] == waits
    assert template["Resources"]["WebsocketAPIStage"]["Properties"]["StageVariables"]["logRole"] == waits
    account = template["Resources"]["GatewayAccount"]
    assert account["Condition"] == template["Resources"]["GatewayLogRole"]["Condition"] == "SetsGatewayRole"
    assert account["Properties"]["CloudWatchRoleArn"] == {"Fn::GetAtt": ["GatewayLogRole", "Arn"]}


def test_the_role_that_all_gateways_of_the_account_write_under_outlives_its_stage(template: Template) -> None:
    # The account's setting goes on to name it, also where another stage needs it (aws-cdk issues 10878 and 12769).
    for name in ("GatewayLogRole", "GatewayAccount"):
        part = template["Resources"][name]
        assert (part["DeletionPolicy"], part["UpdateReplacePolicy"]) == ("Retain", "Retain")
        # It has no data: the end of a stage with its data leaves it to the others.
        found = [{"LogicalResourceId": name, "PhysicalResourceId": "x", "ResourceType": part["Type"]}]
        assert retained.of(template, found) == []


def test_every_stage_logs_the_lines_of_the_security_log(template: Template) -> None:
    assert template["Parameters"]["LogLevel"]["AllowedValues"] == ["DEBUG", "INFO"]
