"""Chalice's functions as plain CloudFormation: names, environment, roles, triggers with their failure handling.

The template has no macro, so what is reviewed is what is created, and cfn-lint checks all of it.
"""

import json
from dataclasses import dataclass
from typing import Any

from infra.package import filters, recursion, shares, sockets
from infra.package.application import Template
from infra.package.parameters import ENVIRONMENT
from infra.package.targets import Target

Resources = dict[str, Any]
# Live messages older than an hour are dropped.
_LIVE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Place:
    """A function's log group in infra/resources, and the queue that triggers it.

    `local_seconds` is the function's timeout in a local stage.
    """

    log: str
    name_ending: str = ""
    queue: str | None = None
    local_seconds: int = 25
    # The parameter with the most containers that its queue may occupy.
    concurrency: str | None = None
    # More than Lambda's own 512 MB for files (AWS Lambda: "Configure ephemeral storage").
    storage_mb: int | None = None


# By the logical name of the function in Chalice's template.
PLACES = {
    shares.API: Place(log="ApiLog"),
    shares.GATES: Place(log="GatesLog", name_ending="-gates"),
    "Stream": Place(log="StreamLog", name_ending="-stream"),
    "Live": Place(log="LiveLog", name_ending="-live"),
    "WebsocketConnect": Place(log="WebsocketConnectLog", name_ending="-websocket_connect"),
    "WebsocketMessage": Place(log="WebsocketMessageLog", name_ending="-websocket_message"),
    "WebsocketDisconnect": Place(log="WebsocketDisconnectLog", name_ending="-websocket_disconnect"),
    "Alerts": Place(log="AlertsLog", name_ending="-alerts", queue="AlertsQueue", concurrency="MessagesConcurrency"),
    "Messages": Place(
        log="MessagesLog", name_ending="-messages", queue="MessagesQueue", concurrency="MessagesConcurrency"
    ),
    "Payments": Place(log="PaymentsLog", name_ending="-payments", queue="PaymentsQueue"),
    "Jobs": Place(log="JobsLog", name_ending="-jobs", queue="JobsQueue", local_seconds=60, storage_mb=4096),
    "Sweep": Place(log="SweepLog", name_ending="-sweep"),
    "SealAuditLog": Place(log="SealAuditLogLog", name_ending="-seal_audit_log"),
    "WatchDevices": Place(log="WatchDevicesLog", name_ending="-watch_devices"),
}


def expand(chalice: Template, target: Target, *, gates_key: str) -> Resources:
    """Return the functions, roles, triggers and permissions of Chalice's template, without its APIs."""
    made: Resources = {}
    for name, resource in shares.with_gates(chalice)["Resources"].items():
        kind = resource["Type"]
        if kind == "AWS::Serverless::Function":
            made[name] = _function(name, resource["Properties"], target, gates_key)
            for trigger in resource["Properties"].get("Events", {}).values():
                made |= _trigger(name, trigger)
        elif kind not in ("AWS::Serverless::Api", *sockets.TYPES):
            made[name] = resource
    return recursion.allowed(made)


def _function(name: str, declared: dict[str, Any], target: Target, gates_key: str) -> dict[str, Any]:
    if name not in PLACES:
        raise ValueError(
            f"app.py has a function that infra/package does not know: {name}. "
            "Give it a log group and an alarm in infra/resources, a policy in .chalice/ and a place in "
            "infra/package/functions.py."
        )
    place = PLACES[name]
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": {"Fn::Sub": f"gatehouse-${{Stage}}{place.name_ending}"},
            "Runtime": target.runtime,
            "Architectures": [target.architecture],
            "Handler": declared["Handler"],
            # The archive of the gates is named by the template itself, so that a release needs one parameter for code.
            "Code": {
                "S3Bucket": {"Ref": "CodeBucket"},
                "S3Key": gates_key if name == shares.GATES else {"Ref": "CodeKey"},
            },
            "Role": declared["Role"],
            "MemorySize": declared["MemorySize"],
            "Timeout": _timeout(place, declared["Timeout"]),
            # Work that nobody waits for continues the trace of its sender, and begins none: a trace costs more than it.
            "TracingConfig": {"Mode": declared["Tracing"] if _answers_callers(name) else "PassThrough"},
            "LoggingConfig": {
                "LogGroup": {"Ref": place.log},
                "LogFormat": "JSON",
                "ApplicationLogLevel": {"Ref": "LogLevel"},
                # Without three lines a call on its start, end and cost, which CloudWatch has as metrics.
                "SystemLogLevel": "WARN",
            },
            "Environment": {"Variables": ENVIRONMENT},
            **({"EphemeralStorage": {"Size": place.storage_mb}} if place.storage_mb else {}),
            **shares.reserved(name),
        },
    }


def _answers_callers(name: str) -> bool:
    return name in (shares.API, shares.GATES) or name.startswith("Websocket")


def _timeout(place: Place, seconds: int) -> Any:
    # Lambda refuses a queue whose visibility timeout is below the function's timeout. Local queues retry soon.
    return {"Fn::If": ["IsLocal", place.local_seconds, seconds]} if place.queue else seconds


def _trigger(name: str, trigger: dict[str, Any]) -> Resources:
    declared = trigger["Properties"]
    match trigger["Type"]:
        case "SQS":
            return {f"{name}Source": _queue_source(name, declared)}
        case "DynamoDB":
            return {f"{name}Source": _stream_source(name, declared)}
        case "Schedule":
            return _schedule(name, declared)
        case other:
            raise ValueError(f"{name} has a trigger that infra/package/functions.py does not know: {other}")


def _queue_source(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    most = PLACES[name].concurrency
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": name},
            "EventSourceArn": {"Fn::GetAtt": [PLACES[name].queue, "Arn"]},
            "BatchSize": declared["BatchSize"],
            # Without this, Lambda deletes the messages that the function reports as failed.
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            **({"ScalingConfig": {"MaximumConcurrency": {"Ref": most}}} if most else {}),
        },
    }


def _stream_source(name: str, declared: dict[str, Any]) -> dict[str, Any]:
    patterns = filters.of_function(name.lower())
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": name},
            "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
            "BatchSize": declared["BatchSize"],
            **_gathered(name),
            # Includes what is written while the mapping is created.
            "StartingPosition": "TRIM_HORIZON",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            # Counts what was read, also of what the filters leave out: the reader's dead man's switch.
            "MetricsConfig": {"Metrics": ["EventCount"]},
            "BisectBatchOnFunctionError": True,
            # Many retries: a table that throttles for minutes must not send scans to the dead letters. Records go
            # there after half a day, while the stream, which keeps 24 h, still has them.
            "MaximumRetryAttempts": 20,
            "MaximumRecordAgeInSeconds": _LIVE_SECONDS if name == "Live" else 43200,
            # A bucket gets the whole records; a queue would get their positions only, which end after 24 h.
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": [f"{name}Letters", "Arn"]}}},
            "FilterCriteria": {
                "Filters": [{"Pattern": json.dumps(pattern, separators=(",", ":"))} for pattern in patterns]
            },
        },
    }


def _gathered(name: str) -> dict[str, Any]:
    seconds = filters.GATHER_SECONDS[name.lower()]
    return {"MaximumBatchingWindowInSeconds": seconds} if seconds else {}


def _schedule(name: str, declared: dict[str, Any]) -> Resources:
    rule = f"{name}Rule"
    return {
        rule: {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": {"Fn::Sub": f"gatehouse-${{Stage}}{PLACES[name].name_ending}"},
                "ScheduleExpression": declared["Schedule"],
                "Targets": [{"Id": "function", "Arn": {"Fn::GetAtt": [name, "Arn"]}}],
            },
        },
        f"{rule}Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": name},
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
                "SourceArn": {"Fn::GetAtt": [rule, "Arn"]},
            },
        },
    }
