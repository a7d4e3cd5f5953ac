"""The access logs of both gateways: one line a request, with the route's template and no path or query string.

API Gateway writes them under a role that its settings name for the whole account and region. The stack sets it, unless
the account has one already.
"""

import json
from typing import Any

_ACCOUNT = "GatewayAccount"
# All gateways of the account write under the role that was set last, and go on to name it when its stack is deleted.
_OUTLIVES = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
CONDITIONS = {
    "SetsGatewayRole": {
        "Fn::And": [
            {"Fn::Not": [{"Condition": "IsLocal"}]},
            {"Fn::Equals": [{"Ref": "GatewayRole"}, "create"]},
        ]
    }
}
_COMMON = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "status": "$context.status",
    "address": "$context.identity.sourceIp",
}
_REST = {
    **_COMMON,
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "responseType": "$context.error.responseType",
}
_SOCKETS = {
    **_COMMON,
    "route": "$context.routeKey",
    "eventType": "$context.eventType",
    "connectionId": "$context.connectionId",
    "milliseconds": "$context.integration.latency",
}


def rest() -> dict[str, Any]:
    """Return the setting of the REST API's stage."""
    return _setting("ApiAccessLog", _REST)


def sockets() -> dict[str, Any]:
    """Return the setting of the WebSocket API's stage."""
    return _setting("LiveAccessLog", _SOCKETS)


def role() -> dict[str, Any]:
    """Return a stage's variable that makes the stage wait for the account's role, where the stack sets one.

    A stage refuses an access log before the account has a role. `DependsOn` cannot name a resource with a condition.
    """
    return {"logRole": {"Fn::If": ["SetsGatewayRole", {"Ref": _ACCOUNT}, "kept"]}}


def expand() -> dict[str, Any]:
    """Return the role under which the gateways write, and the account's setting that names it."""
    return {
        "GatewayLogRole": {
            "Type": "AWS::IAM::Role",
            **_OUTLIVES,
            "Condition": "SetsGatewayRole",
            "Properties": {
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "apigateway.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "ManagedPolicyArns": [
                    {
                        "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/"
                        "AmazonAPIGatewayPushToCloudWatchLogs"
                    }
                ],
            },
        },
        _ACCOUNT: {
            "Type": "AWS::ApiGateway::Account",
            **_OUTLIVES,
            "Condition": "SetsGatewayRole",
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["GatewayLogRole", "Arn"]}},
        },
    }


def _setting(group: str, fields: dict[str, str]) -> dict[str, Any]:
    arn = f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:${{{group}}}"
    return {"DestinationArn": {"Fn::Sub": arn}, "Format": json.dumps(fields, separators=(",", ":"))}
