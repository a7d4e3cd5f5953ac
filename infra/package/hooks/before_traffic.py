"""Asks new versions before they get traffic. CodeDeploy calls it and waits for what it reports.

It is deployed as it is and imports nothing of the platform: a package that does not even import must not stop it.
"""

import json
import os
from typing import Any

import boto3

# The variable with a version's ARN; method, path and body; the status of an answer that is as it must be.
# A guarded route without a token has read the declared routes; the log-in of an unknown usher, keys and table.
CHECKS: tuple[tuple[str, str, str, Any, int], ...] = (
    ("API_VERSION", "GET", "/health", None, 200),
    ("API_VERSION", "GET", "/api/v1/public/events/categories", None, 200),
    ("API_VERSION", "GET", "/api/users", None, 401),
    ("GATES_VERSION", "POST", "/api/usher/scan/result", {}, 401),
    ("GATES_VERSION", "POST", "/api/device/taps", {}, 401),
    ("GATES_VERSION", "POST", "/api/usher/login", {"event_id": "evt_none", "username": "-", "password": "-"}, 401),
)


def handler(event: dict[str, Any], context: Any) -> None:  # noqa: ARG001  # Lambda passes it
    """Ask each version, and report to CodeDeploy whether all answered as they must."""
    failed = [said for check in CHECKS if (said := _problem(*check))]
    for said in failed:
        print(json.dumps({"message": "new version refused", "check": said}))
    boto3.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status="Failed" if failed else "Succeeded",
    )


def _problem(variable: str, method: str, path: str, body: Any, status: int) -> str:
    """Return what is wrong with the answer to a request; nothing if all is well."""
    what = f"{os.environ[variable]}: {method} {path}"
    try:
        called = boto3.client("lambda").invoke(
            FunctionName=os.environ[variable], Payload=json.dumps(_request(method, path, body))
        )
        answer = json.loads(called["Payload"].read())
    except Exception as error:  # noqa: BLE001  # each fault must be reported, or CodeDeploy waits for an hour
        return f"{what} failed: {error!r}"
    if "FunctionError" in called:
        return f"{what} failed: {answer.get('errorType')}"
    found = answer.get("statusCode")
    return "" if found == status else f"{what} was answered {found} and not {status}"


def _request(method: str, path: str, body: Any) -> dict[str, Any]:
    sent = {"content-type": "application/json"}
    about = {"resourcePath": path, "httpMethod": method, "path": path, "stage": "live", "requestId": "before-traffic"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {**about, "identity": {"sourceIp": "127.0.0.1"}},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
