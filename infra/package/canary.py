"""Gradual releases of the functions that answer callers: versions, aliases, and CodeDeploy between them (D-REL-01).

The gateway calls the alias `live`. A release publishes a version; CodeDeploy asks a hook whether it answers, gives it a
tenth of the traffic, and after five minutes all. An alarm or the hook ends the deployment: the alias is as it was, the
stack's update fails, and CloudFormation brings the rest back.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.package import shares
from infra.package.application import Template
from infra.package.hooks import before_traffic
from infra.package.targets import Target

Resources = dict[str, Any]

ALIAS = "live"
# By the function's logical name: the beginning of its alarm's name, and its log group.
_RELEASED = {shares.API: ("Api", "ApiLog"), shares.GATES: ("Gates", "GatesLog")}
# The variable of the hook that has the version of each.
_ASKED = {shares.API: "API_VERSION", shares.GATES: "GATES_VERSION"}
_APPLICATION, _ROLE, _HOOK, _HOOK_ROLE, _HOOK_LOG = (
    *("Releases", "ReleasesRole", "CanaryHook"),
    *("CanaryHookRole", "CanaryHookLog"),
)
_GRADUALLY, _AT_ONCE = "CodeDeployDefault.LambdaCanary10Percent5Minutes", "CodeDeployDefault.LambdaAllAtOnce"
PARAMETERS: dict[str, dict[str, Any]] = {
    "Canary": {
        "Type": "String",
        "Default": "off",
        "AllowedValues": ["on", "off"],
        "Description": "on: a release gets a tenth of the traffic for five minutes; off: all of it at once",
    }
}
CONDITIONS = {"IsGradual": {"Fn::Equals": [{"Ref": "Canary"}, "on"]}}
# What a version does not hold, so that no new one can be published for it.
_NOT_OF_VERSIONS = ("FunctionName", "ReservedConcurrentExecutions", "RecursiveLoop", "Tags")


def alias_of(function: str) -> str:
    """Return the logical name of a function's alias."""
    return f"{function}Alias"


def expand(resources: Resources, target: Target) -> Resources:
    """Return the resources with aliases in front of the functions that answer the gateway's callers."""
    if not _RELEASED.keys() <= resources.keys():
        return resources
    changed = {name: _calling_aliases(name, part) for name, part in resources.items()}
    versions = {function: _version_name(function, resources[function]["Properties"]) for function in _RELEASED}
    # Readers before writers: what reads the stream, queues and sockets has the new code before the first writer of
    # new kinds of items has traffic.
    readers = [
        name for name, part in resources.items() if part["Type"] == "AWS::Lambda::Function" and name not in _RELEASED
    ]
    made: Resources = {
        _APPLICATION: {"Type": "AWS::CodeDeploy::Application", "Properties": {"ComputePlatform": "Lambda"}},
        _ROLE: _role(),
        **_hook(versions, target),
    }
    before: list[str] = []
    for function, version in versions.items():
        made |= _released(function, version, after=[*readers, *before])
        # The gates follow once the API's release is whole.
        before = [alias_of(function)]
    return {**changed, **made}


def _released(function: str, version: str, *, after: list[str]) -> Resources:
    short, log = _RELEASED[function]
    alarm, group, lines = f"{short}CanaryAlarm", f"{short}Deployments", f"{short}FaultLines"
    return {
        version: {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": function}}},
        alias_of(function): {
            "Type": "AWS::Lambda::Alias",
            "DependsOn": [*after, alarm],
            "UpdatePolicy": {
                "CodeDeployLambdaAliasUpdate": {
                    "ApplicationName": {"Ref": _APPLICATION},
                    "DeploymentGroupName": {"Ref": group},
                    "BeforeAllowTrafficHook": {"Ref": _HOOK},
                }
            },
            "Properties": {
                "FunctionName": {"Ref": function},
                "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
                "Name": ALIAS,
            },
        },
        group: {
            "Type": "AWS::CodeDeploy::DeploymentGroup",
            "Properties": {
                "ApplicationName": {"Ref": _APPLICATION},
                "ServiceRoleArn": {"Fn::GetAtt": [_ROLE, "Arn"]},
                "DeploymentConfigName": {"Fn::If": ["IsGradual", _GRADUALLY, _AT_ONCE]},
                "DeploymentStyle": {"DeploymentType": "BLUE_GREEN", "DeploymentOption": "WITH_TRAFFIC_CONTROL"},
                "AutoRollbackConfiguration": {
                    "Enabled": True,
                    "Events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
                },
                # All at once is also the way back from a release that the alarm already reports: an alarm that is on
                # would stop it (AWS, "CreateDeployment", overrideAlarmConfiguration).
                "AlarmConfiguration": {
                    "Enabled": {"Fn::If": ["IsGradual", True, False]},
                    "Alarms": [{"Name": {"Ref": alarm}}],
                },
            },
        },
        lines: {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": log},
                "FilterPattern": '{ $.message = "request" && $.status >= 500 }',
                "MetricTransformations": [{**_faults(function), "MetricValue": "1"}],
            },
        },
        alarm: _alarm(function, version),
    }


def _faults(function: str) -> dict[str, Any]:
    return {"MetricNamespace": {"Fn::Sub": "Gatehouse/canary-${Stage}"}, "MetricName": f"{function}Faults"}


def _alarm(function: str, version: str) -> dict[str, Any]:
    """Return the alarm that ends a deployment: failed calls of the new version, or 5xx of the function.

    Three in a minute at least, and over one percent of all calls of the alias: a version that always fails has a tenth.
    """
    of_function = [{"Name": "FunctionName", "Value": {"Ref": function}}]
    of_alias = [*of_function, {"Name": "Resource", "Value": {"Fn::Sub": f"${{{function}}}:{ALIAS}"}}]
    # AWS: "Types of metrics for Lambda functions", dimension ExecutedVersion: of two versions of an alias, one.
    of_version = [*of_alias, {"Name": "ExecutedVersion", "Value": {"Fn::GetAtt": [version, "Version"]}}]
    faults = _faults(function)
    metrics = {
        "failed": {"Namespace": "AWS/Lambda", "MetricName": "Errors", "Dimensions": of_version},
        "faults": {"Namespace": faults["MetricNamespace"], "MetricName": faults["MetricName"]},
        "calls": {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": of_alias},
    }
    bad = "(FILL(failed, 0) + FILL(faults, 0))"
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Metadata": {"Kind": "canary", "Area": "gates" if function == shares.GATES else "platform", "Pages": False},
        "Properties": {
            "AlarmDescription": f"Over 1 % of the calls of {function} fail; a release in progress is rolled back",
            "Metrics": [
                {
                    "Id": "value",
                    "Expression": f"IF({bad} >= 3, 100 * {bad} / FILL(calls, 1), 0)",
                    "Label": "failed share, %",
                    "ReturnData": True,
                },
                *(
                    {"Id": name, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}
                    for name, metric in metrics.items()
                ),
            ],
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alarms"}],
        },
    }


def _role() -> dict[str, Any]:
    """Return the role of CodeDeploy: what its managed policy AWSCodeDeployRoleForLambda allows, on what is ours."""
    aliases = [{"Fn::Sub": f"${{{function}.Arn}}:{ALIAS}"} for function in _RELEASED]
    functions = [{"Fn::GetAtt": [function, "Arn"]} for function in _RELEASED]
    alarms = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"
    return _role_of(
        "codedeploy.amazonaws.com",
        _allowed("Alarms", ["cloudwatch:DescribeAlarms"], [{"Fn::Sub": alarms}]),
        _allowed(
            "Aliases",
            ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"],
            [*aliases, *functions],
        ),
        _allowed("Hook", ["lambda:InvokeFunction"], [{"Fn::GetAtt": [_HOOK, "Arn"]}]),
    )


def _hook(versions: Mapping[str, str], target: Target) -> Resources:
    deployments = "arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:${Releases}/*"
    return {
        _HOOK_LOG: {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": {"Fn::Sub": "/aws/lambda/gatehouse-${Stage}-canary_hook"},
                "RetentionInDays": 30,
            },
        },
        _HOOK_ROLE: _role_of(
            "lambda.amazonaws.com",
            _allowed("OwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [{"Fn::GetAtt": [_HOOK_LOG, "Arn"]}]),
            _allowed(
                "Versions",
                ["lambda:InvokeFunction"],
                [{"Fn::Sub": f"${{{function}.Arn}}:*"} for function in _RELEASED],
            ),
            _allowed("Report", ["codedeploy:PutLifecycleEventHookExecutionStatus"], [{"Fn::Sub": deployments}]),
        ),
        _HOOK: {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": {"Fn::Sub": "gatehouse-${Stage}-canary_hook"},
                "Runtime": target.runtime,
                "Architectures": [target.architecture],
                "Handler": "index.handler",
                "Code": {"ZipFile": Path(before_traffic.__file__).read_text(encoding="utf-8")},
                "Role": {"Fn::GetAtt": [_HOOK_ROLE, "Arn"]},
                "MemorySize": 256,
                # Six requests, the first two of them cold starts.
                "Timeout": 120,
                "LoggingConfig": {"LogGroup": {"Ref": _HOOK_LOG}, "LogFormat": "JSON"},
                "Environment": {
                    "Variables": {variable: {"Ref": versions[function]} for function, variable in _ASKED.items()}
                },
            },
        },
    }


def _role_of(service: str, *statements: dict[str, Any]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {"PolicyName": "Own", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}
            ],
        },
    }


def _allowed(sid: str, actions: list[str], on: list[Any]) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": on}


def _calling_aliases(name: str, part: dict[str, Any]) -> dict[str, Any]:
    """Return the gateway's API, its deployments and permissions with aliases in place of functions."""
    if part["Type"] == "AWS::ApiGateway::RestApi":
        text = json.dumps(part)
        for function in _RELEASED:
            text = text.replace(f"${{{function}.Arn}}/invocations", f"${{{alias_of(function)}}}/invocations")
        changed: dict[str, Any] = json.loads(text)
        return changed
    if part["Type"] == "AWS::ApiGateway::Deployment":
        # The gateway calls an alias as soon as it is deployed, so it must be allowed to.
        return {**part, "DependsOn": [f"{function}InvokePermission" for function in _RELEASED]}
    if part["Type"] == "AWS::Lambda::Permission" and name in {f"{function}InvokePermission" for function in _RELEASED}:
        function = part["Properties"]["FunctionName"]["Ref"]
        return {**part, "Properties": {**part["Properties"], "FunctionName": {"Ref": alias_of(function)}}}
    return part


def stamped(template: Template, parameters: Mapping[str, str]) -> Template:
    """Return a template whose versions are named by all that their functions run with, parameters included.

    A version is a snapshot of code and environment. Under the same name CloudFormation would keep the old one, and a
    changed parameter would never reach the alias; under another name for the same function Lambda refuses it.
    """
    text = json.dumps(template)
    for name, part in template["Resources"].items():
        if part["Type"] == "AWS::Lambda::Version":
            function = part["Properties"]["FunctionName"]["Ref"]
            own = template["Resources"][function]["Properties"]
            text = text.replace(name, _version_name(function, own, _values(template, own, parameters)))
    found: Template = json.loads(text)
    return found


def _version_name(function: str, properties: dict[str, Any], values: Mapping[str, str] | None = None) -> str:
    kept = {name: value for name, value in properties.items() if name not in _NOT_OF_VERSIONS}
    # Where the code is does not change it.
    kept["Code"] = properties["Code"].get("S3Key")
    digest = hashlib.sha256(json.dumps([kept, values or {}], sort_keys=True).encode()).hexdigest()[:12]
    return f"{function}Version{digest}"


def _values(template: Template, properties: dict[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Return the values of the parameters that a function's properties depend on, also by conditions."""
    declared, conditions = template["Parameters"], template.get("Conditions", {})
    kept = {name: value for name, value in properties.items() if name not in _NOT_OF_VERSIONS}
    kept["Code"] = properties["Code"].get("S3Key")
    seen: set[str] = set()
    waiting = [json.dumps(kept)]
    while waiting:
        names = set(re.findall(r'"Ref": "(\w+)"|\$\{(\w+)[.}]|"Fn::If": \["(\w+)"|"Condition": "(\w+)"', waiting.pop()))
        found = {name for each in names for name in each if name} - seen
        seen |= found
        waiting += [json.dumps(conditions[name]) for name in found if name in conditions]
    values = {name: given.get(name, str(declared[name].get("Default", ""))) for name in seen if name in declared}
    return dict(sorted(values.items()))
