"""Chalice's functions as plain CloudFormation: names, environment, roles, triggers with their failure handling.

The template has no macro, so what is reviewed is what is created, and cfn-lint checks all of it.
"""

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.clients.providers.stripe_amounts import SUPPORTED
from chalicelib.config import PHONE_COUNTRIES
from infra.package import filters, firewall, recursion, shares, sockets
from infra.package.application import Template
from infra.package.targets import Target

Resources = dict[str, Any]

# Live messages older than an hour are dropped.
_LIVE_SECONDS = 3600


PARAMETERS: dict[str, dict[str, Any]] = {
    "CodeBucket": {"Type": "String", "Description": "The bucket, in this region, that holds the archive"},
    "CorsOrigins": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9.:-]+(,https?://[A-Za-z0-9.:-]+)*",
        # AWS API Gateway: the characters of a stage variable, which the mocks read; four fifths of them.
        "MaxLength": 400,
        "Description": "Origins whose pages may call the API, comma between",
    },
    "AdminOrigin": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9.:-]+",
        "MaxLength": 128,
        "Description": "The one of them whose calls may carry cookies",
    },
    "PublicUrl": {
        "Type": "String",
        "AllowedPattern": "https?://[A-Za-z0-9./:-]+[A-Za-z0-9]",
        "MaxLength": 128,
        "Description": "The API's public address",
    },
    "MailFrom": {
        "Type": "String",
        "AllowedPattern": "[^@ ]+@[^@ ]+",
        "MaxLength": 128,
        "Description": "A sender that SES has verified",
    },
    "AlertsMailTo": {
        "Type": "String",
        "AllowedPattern": "[^@ ]+@[^@ ]+",
        "MaxLength": 128,
        "Description": "The address for alerts",
    },
    "PaymentProvider": {
        "Type": "String",
        "Default": "stripe",
        "AllowedValues": ["stripe", "sandbox"],
        "Description": "The payment provider; sandbox takes no money",
    },
    "PayoutProvider": {
        "Type": "String",
        "Default": "sandbox",
        "AllowedValues": ["stripe", "sandbox"],
        "Description": "The provider of new payouts; sandbox sends no money",
    },
    "ReturnOrigins": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(https://[A-Za-z0-9.:-]+(,https://[A-Za-z0-9.:-]+)*)?",
        "MaxLength": 256,
        "Description": "Origins that a payment may return to, comma between; by default the CorsOrigins",
    },
    "Currency": {
        "Type": "String",
        "Default": "PKR",
        "AllowedValues": sorted(SUPPORTED),
        "Description": "The currency of card balances and fees (ISO 4217)",
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
        "Description": "The price of a new NFC card, in minor units of that currency",
    },
    "OldestAgentVersion": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "^([0-9]{1,6}([.][0-9]{1,6}){0,3})?$",
        "MaxLength": 27,
        "Description": "Reader agents that are older are shown as not ready; empty for any",
    },
    "OldestPhoneVersion": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "^([0-9]{1,6}([.][0-9]{1,6}){0,3})?$",
        "MaxLength": 27,
        "Description": "Ushers' apps that are older are shown as not ready; empty for any",
    },
    "SecondFactorRoles": {
        "Type": "String",
        "Default": "super_admin,admin,finance",
        "AllowedPattern": "^([a-z_]+(,[a-z_]+)*)?$",
        "MaxLength": 64,
        "Description": "The roles of staff that require a second factor; empty for none",
    },
    "SecondPersonOver": {
        "Type": "String",
        "Default": "PKR:10000000",
        "AllowedPattern": "([A-Z]{3}:[0-9]{1,12}(,[A-Z]{3}:[0-9]{1,12})*)?",
        "MaxLength": 64,
        "Description": "What one member of staff may pay out, give back or cancel alone: minor units by currency",
    },
    "BooksCloseAfterDays": {
        "Type": "Number",
        "Default": 10,
        "MinValue": 0,
        "MaxValue": 90,
        "Description": "How many days after its end a month of the company's books closes",
    },
    "AnswerPaceMs": {
        "Type": "Number",
        "Default": 300,
        "MinValue": 0,
        "Description": "Log-in responses are padded to multiples of this, in milliseconds",
    },
    "CampusRetentionDays": {
        "Type": "String",
        "Default": "photos:30,signature:365,position:0,device:30",
        "AllowedPattern": "photos:[0-9]{1,4},signature:[0-9]{1,4},position:[0-9]{1,4},device:[0-9]{1,4}",
        "MaxLength": 52,
        "Description": "For how many days after an event each kind of evidence of attendance is kept",
    },
    "PhoneRegion": {
        "Type": "String",
        "Default": "PK",
        "AllowedPattern": "[A-Z]{2}",
        "MaxLength": 2,
        "Description": "The country of national phone numbers (ISO 3166)",
    },
    "PhoneCountries": {
        "Type": "String",
        "Default": PHONE_COUNTRIES,
        "AllowedPattern": "[A-Z]{2}(,[A-Z]{2})*",
        "MaxLength": 256,
        "Description": "The countries whose mobile numbers get SMS (ISO 3166)",
    },
    "EarlierSecret": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(gatehouse/master-[a-z0-9]+)?",
        "MaxLength": 64,
        "Description": "The one secret of releases before secrets by life, while its keys are still in use",
    },
    # The lines of requests and of the security log are INFO.
    "SmsPerCountry": {
        "Type": "Number",
        "Default": 10000,
        "MinValue": 10,
        "Description": "The most SMS in an hour to the numbers of one country",
    },
    "SmsInAll": {
        "Type": "Number",
        "Default": 20000,
        "MinValue": 10,
        "Description": "The most SMS in an hour",
    },
    "MessagesConcurrency": {
        "Type": "Number",
        "Default": 5,
        "MinValue": 2,
        "MaxValue": 1000,
        "Description": "How many containers send mail and SMS at once",
    },
    "LogLevel": {"Type": "String", "Default": "INFO", "AllowedValues": ["DEBUG", "INFO"]},
    "GatesConcurrency": {
        "Type": "Number",
        "Default": 100,
        "MinValue": 0,
        "Description": "Concurrency that is reserved for the routes of ushers and devices; 0 for none",
    },
    "ApiConcurrency": {
        "Type": "Number",
        "Default": 600,
        "MinValue": 0,
        "Description": "Concurrency that all other routes have at most; 0 for no bound",
    },
    "GatewayRole": {
        "Type": "String",
        "Default": "create",
        "AllowedValues": ["create", "keep"],
        "Description": "Whether to set the account's role for gateway logs, or keep the one that it has",
    },
    "FirewallRequests": {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "Description": "Requests of one address in five minutes that the firewall lets through; 0 for no firewall",
    },
    "FirewallLogIns": {
        "Type": "Number",
        "Default": 2000,
        "MinValue": firewall.LEAST,
        "Description": "Of these, requests of log-ins and codes",
    },
}

# Every function imports app.py, which reads all of them. The defaults of chalicelib/config.py are for local runs.
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
    "SECRET_NAME": {"Fn::If": ["IsLocal", "gatehouse/{life}", {"Fn::Sub": "gatehouse/{life}-${Stage}"}]},
    "EARLIER_SECRET": {"Ref": "EarlierSecret"},
    "PAYMENT_PROVIDER": {"Ref": "PaymentProvider"},
    "PAYOUT_PROVIDER": {"Ref": "PayoutProvider"},
    "RETURN_ORIGINS": {"Ref": "ReturnOrigins"},
    "STRIPE_API_BASE": "",
    "CURRENCY": {"Ref": "Currency"},
    "FEE_BASIS_POINTS": {"Ref": "FeeBasisPoints"},
    "CARD_FEE": {"Ref": "CardFee"},
    "OLDEST_AGENT_VERSION": {"Ref": "OldestAgentVersion"},
    "OLDEST_PHONE_VERSION": {"Ref": "OldestPhoneVersion"},
    "SECOND_FACTOR_ROLES": {"Ref": "SecondFactorRoles"},
    "SECOND_PERSON_OVER": {"Ref": "SecondPersonOver"},
    "BOOKS_CLOSE_AFTER_DAYS": {"Ref": "BooksCloseAfterDays"},
    "ANSWER_PACE_MS": {"Ref": "AnswerPaceMs"},
    "CAMPUS_RETENTION_DAYS": {"Ref": "CampusRetentionDays"},
    "PHONE_REGION": {"Ref": "PhoneRegion"},
    "PHONE_COUNTRIES": {"Ref": "PhoneCountries"},
    "SMS_PER_COUNTRY": {"Ref": "SmsPerCountry"},
    "SMS_IN_ALL": {"Ref": "SmsInAll"},
    "CORS_ORIGINS": {"Ref": "CorsOrigins"},
    "ADMIN_ORIGIN": {"Ref": "AdminOrigin"},
    "MAIL_FROM": {"Ref": "MailFrom"},
    "ALERTS_MAIL_TO": {"Ref": "AlertsMailTo"},
    "PUBLIC_URL": {"Ref": "PublicUrl"},
    "LOG_LEVEL": {"Ref": "LogLevel"},
}


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
    "Jobs": Place(log="JobsLog", name_ending="-jobs", queue="JobsQueue", local_seconds=60),
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
