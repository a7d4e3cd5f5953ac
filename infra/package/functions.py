"""Chalice's functions as plain CloudFormation: names, environment, roles, triggers with their failure handling.

No macro is left in the template: what is reviewed is what is created, and cfn-lint sees all of it.
"""

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.changes import LIVE, PROJECTED
from infra.package import sockets
from infra.package.application import Template
from infra.package.targets import Target

Resources = dict[str, Any]

# The kinds of items that each of the stream's functions is told of; its mapping drops the others before they cost an
# invocation. A stream has two readers at most (AWS: "Reading and processing a stream").
_KINDS = {"stream": PROJECTED, "live": LIVE}


# What was not told for an hour is no news any more.
_LIVE_SECONDS = 3600


def stream_pattern(name: str) -> dict[str, Any]:
    """Return the filter of the stream's mapping to a function, by the function's name in app.py."""
    return {
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {"kind": {"S": sorted(_KINDS[name])}}},
    }


PARAMETERS: dict[str, dict[str, Any]] = {
    "CodeBucket": {"Type": "String", "Description": "The bucket, in this region, that holds the archive"},
    "CorsOrigins": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9.:-]+(,https?://[A-Za-z0-9.:-]+)*",
        "Description": "Origins whose pages may call the API, comma between",
    },
    "AdminOrigin": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9.:-]+",
        "Description": "The one of them whose calls may carry cookies",
    },
    "PublicUrl": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9./:-]+[A-Za-z0-9]",
        "Description": "Where the API is reached from outside",
    },
    "MailFrom": {"Type": "String", "AllowedPattern": "[^@ ]+@[^@ ]+", "Description": "A sender that SES has verified"},
    "AlertsMailTo": {"Type": "String", "AllowedPattern": "[^@ ]+@[^@ ]+", "Description": "Who is told of alerts"},
    "PaymentProvider": {
        "Type": "String",
        "Default": "stripe",
        "AllowedValues": ["stripe", "sandbox"],
        "Description": "Who takes the money; sandbox takes none",
    },
    "Currency": {
        "Type": "String",
        "Default": "PKR",
        "AllowedPattern": "[A-Z]{3}",
        "Description": "The currency of cards' balances and of fees (ISO 4217)",
    },
    "FeeBasisPoints": {
        "Type": "Number",
        "Default": 500,
        "MinValue": 0,
        "MaxValue": 10000,
        "Description": "The platform's share of a sale, in hundredths of a percent",
    },
    "CardFee": {
        "Type": "Number",
        "Default": 50000,
        "MinValue": 0,
        "Description": "What a new NFC card costs its holder, in minor units of that currency",
    },
    "AnswerPaceMs": {
        "Type": "Number",
        "Default": 300,
        "MinValue": 0,
        "Description": "The steps at which log-ins are answered, in milliseconds, so that their time tells nothing",
    },
    "PhoneRegion": {
        "Type": "String",
        "Default": "PK",
        "AllowedPattern": "[A-Z]{2}",
        "Description": "The country that national phone numbers are read in (ISO 3166)",
    },
    "LogLevel": {"Type": "String", "Default": "INFO", "AllowedValues": ["DEBUG", "INFO", "WARNING", "ERROR"]},
}

# Every function imports app.py, which reads them all; a default of chalicelib/config.py would be a local one.
ENVIRONMENT: dict[str, Any] = {
    "STAGE": {"Ref": "Stage"},
    "TABLE_NAME": {"Ref": "Table"},
    "TABLE_STREAM_ARN": {"Fn::GetAtt": ["Table", "StreamArn"]},
    "EVENT_BUS_NAME": {"Ref": "Bus"},
    "MESSAGES_QUEUE_NAME": {"Fn::GetAtt": ["MessagesQueue", "QueueName"]},
    "ALERTS_QUEUE_NAME": {"Fn::GetAtt": ["AlertsQueue", "QueueName"]},
    "PAYMENTS_QUEUE_NAME": {"Fn::GetAtt": ["PaymentsQueue", "QueueName"]},
    "JOBS_QUEUE_NAME": {"Fn::GetAtt": ["JobsQueue", "QueueName"]},
    "LIVE_URL": {"Fn::Sub": sockets.URL},
    "FILES_BUCKET": {"Ref": "Files"},
    "DATA_KEY_ID": {"Fn::GetAtt": ["DataKey", "Arn"]},
    "SECRET_ID": {"Ref": "MasterSecret"},
    "PAYMENT_PROVIDER": {"Ref": "PaymentProvider"},
    "STRIPE_API_BASE": "",
    "CURRENCY": {"Ref": "Currency"},
    "FEE_BASIS_POINTS": {"Ref": "FeeBasisPoints"},
    "CARD_FEE": {"Ref": "CardFee"},
    "ANSWER_PACE_MS": {"Ref": "AnswerPaceMs"},
    "PHONE_REGION": {"Ref": "PhoneRegion"},
    "CORS_ORIGINS": {"Ref": "CorsOrigins"},
    "ADMIN_ORIGIN": {"Ref": "AdminOrigin"},
    "MAIL_FROM": {"Ref": "MailFrom"},
    "ALERTS_MAIL_TO": {"Ref": "AlertsMailTo"},
    "PUBLIC_URL": {"Ref": "PublicUrl"},
    "LOG_LEVEL": {"Ref": "LogLevel"},
}


@dataclass(frozen=True, slots=True)
class Place:
    """What a function of the app has in infra/resources: its log group, and the queue it is fed from.

    `local_seconds` is the visibility time-out of that queue in a local stage.
    """

    log: str
    name_ending: str = ""
    queue: str | None = None
    local_seconds: int = 5


# By the name that Chalice gives the function in its template.
PLACES = {
    "APIHandler": Place(log="ApiLog"),
    "Stream": Place(log="StreamLog", name_ending="-stream"),
    "Live": Place(log="LiveLog", name_ending="-live"),
    "WebsocketConnect": Place(log="WebsocketConnectLog", name_ending="-websocket_connect"),
    "WebsocketMessage": Place(log="WebsocketMessageLog", name_ending="-websocket_message"),
    "WebsocketDisconnect": Place(log="WebsocketDisconnectLog", name_ending="-websocket_disconnect"),
    "Alerts": Place(log="AlertsLog", name_ending="-alerts", queue="AlertsQueue"),
    "Messages": Place(log="MessagesLog", name_ending="-messages", queue="MessagesQueue"),
    "Payments": Place(log="PaymentsLog", name_ending="-payments", queue="PaymentsQueue"),
    "Jobs": Place(log="JobsLog", name_ending="-jobs", queue="JobsQueue", local_seconds=60),
    "Sweep": Place(log="SweepLog", name_ending="-sweep"),
    "WatchDevices": Place(log="WatchDevicesLog", name_ending="-watch_devices"),
}


def expand(chalice: Template, target: Target) -> Resources:
    """Return functions, roles, triggers and permissions of Chalice's template, whose APIs are for others."""
    made: Resources = {}
    for name, resource in chalice["Resources"].items():
        kind = resource["Type"]
        if kind == "AWS::Serverless::Function":
            made[name] = _function(name, resource["Properties"], target)
            for trigger in resource["Properties"].get("Events", {}).values():
                made |= _trigger(name, trigger)
        elif kind not in ("AWS::Serverless::Api", *sockets.TYPES):
            made[name] = resource
    return made


def _function(name: str, told: dict[str, Any], target: Target) -> dict[str, Any]:
    if name not in PLACES:
        raise ValueError(
            f"app.py has a function that the package does not know: {name}. "
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
            "Handler": told["Handler"],
            "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
            "Role": told["Role"],
            "MemorySize": told["MemorySize"],
            "Timeout": _timeout(place, told["Timeout"]),
            "TracingConfig": {"Mode": told["Tracing"]},
            "LoggingConfig": {"LogGroup": {"Ref": place.log}},
            "Environment": {"Variables": ENVIRONMENT},
        },
    }


def _timeout(place: Place, seconds: int) -> Any:
    # Lambda refuses a queue whose messages come back before its function has ended; local ones come back soon.
    return {"Fn::If": ["IsLocal", place.local_seconds, seconds]} if place.queue else seconds


def _trigger(name: str, trigger: dict[str, Any]) -> Resources:
    told = trigger["Properties"]
    match trigger["Type"]:
        case "SQS":
            return {f"{name}Source": _queue_source(name, told)}
        case "DynamoDB":
            return {f"{name}Source": _stream_source(name, told)}
        case "Schedule":
            return _schedule(name, told)
        case other:
            raise ValueError(f"{name} has a trigger that infra/package/functions.py does not know: {other}")


def _queue_source(name: str, told: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": name},
            "EventSourceArn": {"Fn::GetAtt": [PLACES[name].queue, "Arn"]},
            "BatchSize": told["BatchSize"],
            # Without it Lambda deletes the messages that the function reports as failed.
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    }


def _stream_source(name: str, told: dict[str, Any]) -> dict[str, Any]:
    pattern = stream_pattern(name.lower())
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": name},
            "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
            "BatchSize": told["BatchSize"],
            # Nothing that is written while the mapping is being made is missed.
            "StartingPosition": "TRIM_HORIZON",
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            # Many tries, so that a table that throttles for minutes sends no scan to the dead letters; what is half
            # a day old goes there while the stream, which keeps a day, still holds it.
            "MaximumRetryAttempts": 20,
            "MaximumRecordAgeInSeconds": _LIVE_SECONDS if name == "Live" else 43200,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["StreamDeadLetters", "Arn"]}}},
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps(pattern, separators=(",", ":"))}]},
        },
    }


def _schedule(name: str, told: dict[str, Any]) -> Resources:
    rule = f"{name}Rule"
    return {
        rule: {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": {"Fn::Sub": f"gatehouse-${{Stage}}{PLACES[name].name_ending}"},
                "ScheduleExpression": told["Schedule"],
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
