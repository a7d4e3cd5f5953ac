"""Rules that only a real account enforces: loops, traces, log lines, conditions of permissions, alarms."""

import json
import logging
import re
from datetime import datetime
from typing import Any

import pytest

from chalicelib.observability import logger
from infra.deploy import regional
from infra.package import recursion
from infra.package.__main__ import COMMANDS
from tests.infra import reading
from tests.infra.conftest import Made

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
# Functions that a caller waits for.
_ASKED = {"APIHandler", "GatesHandler", "WebsocketConnect", "WebsocketMessage", "WebsocketDisconnect"}


def _functions(template: Template) -> dict[str, dict[str, Any]]:
    return reading.functions(template)


def _may_send_to(template: Template, function: str) -> set[str]:
    """Return the queues that a function's role may send to."""
    role = reading.logical_name(_functions(template)[function]["Role"])
    return {
        reading.logical_name(statement["Resource"])
        for name, statement in reading.statements(template)
        if name == role and "sqs:SendMessage" in statement["Action"]
    }


def test_a_function_that_may_send_to_its_own_queue_is_not_stopped_as_a_loop(template: Template) -> None:
    own = {
        mapping["FunctionName"]["Ref"]
        for mapping in reading.of_type(template, "AWS::Lambda::EventSourceMapping").values()
        if reading.logical_name(mapping["EventSourceArn"]) in _may_send_to(template, mapping["FunctionName"]["Ref"])
    }
    assert own == {"Jobs", "Messages"}
    allowed = {name for name, function in _functions(template).items() if function.get("RecursiveLoop") == "Allow"}
    assert allowed == own
    # Where no loop is meant, Lambda still stops one.
    assert all("RecursiveLoop" not in function for name, function in _functions(template).items() if name not in own)


def test_a_loop_over_two_functions_is_found_too() -> None:
    def role(queue: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": {"Fn::GetAtt": [queue, "Arn"]}}
        return {"Type": "AWS::IAM::Role", "Properties": {"Policies": [{"PolicyDocument": {"Statement": [statement]}}]}}

    def function(name: str) -> dict[str, Any]:
        return {"Type": "AWS::Lambda::Function", "Properties": {"Role": {"Fn::GetAtt": [name, "Arn"]}}}

    def source(name: str, queue: str) -> dict[str, Any]:
        arn = {"Fn::GetAtt": [queue, "Arn"]}
        properties = {"FunctionName": {"Ref": name}, "EventSourceArn": arn}
        return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}

    resources = {
        **{f"{name}Role": role(f"{to}Queue") for name, to in (("One", "Two"), ("Two", "One"), ("Three", "One"))},
        **{name: function(f"{name}Role") for name in ("One", "Two", "Three")},
        **{f"{name}Source": source(name, f"{name}Queue") for name in ("One", "Two", "Three")},
    }
    assert recursion.loops(resources) == {"One", "Two"}


def test_work_that_nobody_waits_for_begins_no_trace(template: Template) -> None:
    modes = {name: function["TracingConfig"]["Mode"] for name, function in _functions(template).items()}
    assert {name for name, mode in modes.items() if mode == "Active"} == _ASKED
    assert set(modes.values()) == {"Active", "PassThrough"}


def test_functions_log_json_and_system_lines_from_warnings_on(template: Template) -> None:
    for name, function in _functions(template).items():
        settings = function["LoggingConfig"]
        assert (settings["LogFormat"], settings["SystemLogLevel"]) == ("JSON", "WARN"), name
        # Lambda drops lines below it, so it must be the level that the stage asks for.
        assert settings["ApplicationLogLevel"] == {"Ref": "LogLevel"}
    # Lambda's own words for levels.
    assert set(template["Parameters"]["LogLevel"]["AllowedValues"]) <= {
        "TRACE",
        "DEBUG",
        "INFO",
        "WARN",
        "ERROR",
        "FATAL",
    }


def test_a_log_line_has_the_level_and_the_time_that_lambda_reads_from_it() -> None:
    record = logging.LogRecord("gatehouse", logging.WARNING, __file__, 1, "call", None, None)
    line = json.loads(logger.registered_formatter.format(record))
    assert line["level"] == "WARNING"
    # RFC 3339, or Lambda would give the line the level INFO and a time of its own.
    assert datetime.fromisoformat(line["timestamp"]).tzinfo is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+-]\d\d:\d\d", line["timestamp"])


# The actions for which AWS has a condition key (Service Authorization Reference). A statement with another action never
# applies under such a condition.
_KEYS_OF_CONDITIONS = {
    "s3:prefix": {"s3:ListBucketVersions"},
    "kms:ViaService": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "kms:EncryptionContext:owner": {"kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"},
    "ses:FromAddress": {"ses:SendEmail", "ses:SendRawEmail"},
}


def test_a_condition_names_a_key_that_its_actions_have(template: Template) -> None:
    tried = 0
    for role, statement in reading.statements(template):
        for keys in statement.get("Condition", {}).values():
            for key in keys:
                tried += 1
                assert set(statement["Action"]) <= _KEYS_OF_CONDITIONS[key], (role, statement["Sid"])
    assert tried > 10


# What a service says of itself where it uses a key for somebody; under another condition its statement never applies.
# EventBridge says nothing (AWS SNS: "Key management").
_KEYS_OF_SERVICES: dict[str, set[str]] = {
    "cloudwatch.amazonaws.com": {"aws:SourceAccount"},
    "events.amazonaws.com": set(),
}


def test_a_service_may_use_the_key_under_conditions_that_it_meets(template: Template) -> None:
    using: set[str] = set()
    for key in reading.of_type(template, "AWS::KMS::Key").values():
        for statement in key["KeyPolicy"]["Statement"]:
            service = statement["Principal"].get("Service")
            if service is None:
                continue
            using.add(service)
            assert {"kms:Decrypt", "kms:GenerateDataKey"} == set(statement["Action"])
            asked = {name for keys in statement.get("Condition", {}).values() for name in keys}
            assert asked <= _KEYS_OF_SERVICES[service], statement["Sid"]
    # All that sends to an encrypted queue or topic.
    assert using == {"events.amazonaws.com", "cloudwatch.amazonaws.com"}


def test_rules_alone_send_to_the_queues_of_facts(template: Template) -> None:
    # The key trusts EventBridge as a whole, so each queue names the rules from which it takes.
    sources: dict[str, Any] = {}
    for policy in reading.of_type(template, "AWS::SQS::QueuePolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Allow":
                assert statement["Principal"] == {"Service": "events.amazonaws.com"}
                source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
                sources |= {reading.logical_name(queue): source for queue in policy["Queues"]}
    targets = {
        reading.logical_name(arn)
        for rule in reading.of_type(template, "AWS::Events::Rule").values()
        for target in rule["Targets"]
        for arn in (target["Arn"], target.get("DeadLetterConfig", {}).get("Arn"))
        if arn is not None
    }
    assert targets & set(reading.of_type(template, "AWS::SQS::Queue")) == set(sources)
    assert all(sources.values())


# China and the government's regions have no CloudFront of this form; isolated ones have none at all.
_CLOSED_REGIONS = ("cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-")


def test_a_template_has_only_what_its_regions_cloudformation_has(make_template: Made) -> None:
    # One type that it does not know, and it refuses the whole template, also under a condition that is false.
    from cfnlint.helpers import REGIONS  # a second of CPU, which each worker would pay at collection

    prod = make_template("prod")
    open_regions = [region for region in REGIONS if not region.startswith(_CLOSED_REGIONS)]
    assert len(open_regions) > 20
    for region in open_regions:
        made = {part["Type"] for part in regional.fitted(prod, region)["Resources"].values()}
        assert made - regional.known(region) == set(), region
    left_out = prod["Resources"].keys() - regional.fitted(prod, "me-central-1")["Resources"].keys()
    assert left_out == {"MonthlyBudget"}
    # Nothing else refers to it, and where it is known it stays.
    assert "MonthlyBudget" not in json.dumps(regional.fitted(prod, "me-central-1"))
    assert regional.fitted(prod, "us-east-1") == prod


def test_a_missing_file_is_missing_and_not_forbidden(template: Template) -> None:
    readers = {role for role, statement in reading.statements(template) if "s3:GetObject" in statement["Action"]}
    assert readers
    for role in readers:
        # S3 looks for the permission to list when a key is not there; a prefix is no part of a GetObject.
        lists = [
            statement
            for name, statement in reading.statements(template)
            if name == role and "s3:ListBucket" in statement["Action"]
        ]
        assert lists, role
        assert all("Condition" not in statement for statement in lists)


@pytest.mark.parametrize("action", ["dynamodb:ListStreams"])
def test_an_action_without_resources_is_allowed_on_all(template: Template, action: str) -> None:
    found = [statement for _, statement in reading.statements(template) if action in statement["Action"]]
    assert len(found) == 2
    assert all(statement["Resource"] == "*" and statement["Action"] == [action] for statement in found)


def test_alarms_of_production_reach_an_address_that_its_owner_must_name(
    make_template: Made, template: Template
) -> None:
    prod = make_template("prod")
    address = prod["Parameters"]["AlarmEmail"]
    assert "Default" not in address
    assert re.fullmatch(address["AllowedPattern"], "night@example.com")
    assert not re.fullmatch(address["AllowedPattern"], "")
    # The printed command names all that has no default.
    asked_for = {name for name, declared in prod["Parameters"].items() if "Default" not in declared}
    assert [name for name in asked_for if f" {name}=" not in COMMANDS.replace("\n", " ")] == []
    # A stage to try things may go without.
    assert template["Parameters"]["AlarmEmail"]["Default"] == ""
    assert prod["Conditions"]["HasAlarmEmail"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}
    subscribed = set()
    for name in ("AlarmsByMail", "PagesByMail"):
        subscription = prod["Resources"][name]
        assert subscription["Condition"] == "HasAlarmEmail"
        assert subscription["Properties"]["Endpoint"] == {"Ref": "AlarmEmail"}
        subscribed.add(reading.logical_name(subscription["Properties"]["TopicArn"]))
    topics = {
        reading.logical_name(action)
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for alarm in reading.of_type(prod, kind).values()
        for action in alarm.get("AlarmActions", [])
    }
    assert topics == subscribed


def test_a_pager_service_gets_pages_where_it_is_named(template: Template) -> None:
    pager = template["Resources"]["PagesByPager"]
    assert (pager["Condition"], pager["Properties"]["Protocol"]) == ("HasPager", "https")
    assert reading.logical_name(pager["Properties"]["TopicArn"]) == "Pages"
    declared = template["Parameters"]["PagerUrl"]
    assert re.fullmatch(declared["AllowedPattern"], "https://events.example.com/integration/1/enqueue")
    assert not re.fullmatch(declared["AllowedPattern"], "http://events.example.com/")


def test_answers_of_more_than_a_packet_are_compressed_for_clients_that_ask(template: Template) -> None:
    (api,) = reading.of_type(template, "AWS::ApiGateway::RestApi").values()
    # AWS: from 0 to 10 MB.
    assert 1000 <= api["Body"]["x-amazon-apigateway-minimum-compression-size"] <= 10 * 1024
