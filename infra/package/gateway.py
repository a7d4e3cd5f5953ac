"""The REST API: Chalice's routes, and the gateway's own responses as the contract defines them.

On AWS an unknown path, a wrong method, a body over 10 MB, a throttled caller and a browser's preflight never reach
the function (mocks.py).
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from chalicelib.portals.http import envelope
from infra.package import access_logs, edge_proof, mocks, shares, throttles
from infra.package.application import Template
from infra.package.functions import Resources

STAGE_NAME = "live"
# The share of requests that X-Ray records: one a second at the busiest gates, one in 50 seconds at a quiet one.
TRACED_SHARE = 0.01
API = "RestAPI"
# An answer of one packet gains nothing from compression, such as a scan's.
_COMPRESSED_FROM_BYTES = 1400
_INTEGRATION = "x-amazon-apigateway-integration"
# Fields that the gateway ignores. They are left out, because the template's size is limited.
_UNUSED = ("summary", "description", "consumes", "produces", "responses", _INTEGRATION)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """One of the gateway's own responses; `status` None keeps the gateway's."""

    code: str
    message: str
    status: int | None = None
    retry_after: int | None = None


_REFUSALS = {
    # The gateway's name for an unknown path.
    "MISSING_AUTHENTICATION_TOKEN": _Refusal("NOT_FOUND", "There is nothing here.", 404),
    "RESOURCE_NOT_FOUND": _Refusal("NOT_FOUND", "There is nothing here.", 404),
    "BAD_REQUEST_BODY": _Refusal("MALFORMED_JSON", "The body must be one JSON object in UTF-8.", 400),
    "BAD_REQUEST_PARAMETERS": _Refusal("VALIDATION_ERROR", "A parameter is missing or wrong.", 400),
    "UNSUPPORTED_MEDIA_TYPE": _Refusal("UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json.", 415),
    "REQUEST_TOO_LARGE": _Refusal("TOO_LARGE", "The body is too large.", 413),
    "THROTTLED": _Refusal("RATE_LIMITED", "Too many requests. Wait a moment.", 429, 1),
    "QUOTA_EXCEEDED": _Refusal("RATE_LIMITED", "Too many requests. Wait a moment.", 429, 60),
    "ACCESS_DENIED": _Refusal("FORBIDDEN", "This is not allowed.", 403),
    "UNAUTHORIZED": _Refusal("UNAUTHENTICATED", "The request has no valid access token. Log in.", 401),
    "WAF_FILTERED": _Refusal("FORBIDDEN", "This is not allowed.", 403),
    "INTEGRATION_TIMEOUT": _Refusal("UNAVAILABLE", "This took too long. Try again.", 503, 1),
    "DEFAULT_4XX": _Refusal("VALIDATION_ERROR", "The request cannot be processed."),
    "DEFAULT_5XX": _Refusal(
        "INTERNAL", "Something broke on our side. The request id finds it in our log.", status=500, retry_after=1
    ),
}


def expand(chalice: Template) -> Resources:
    """Return the API with preflights and gateway responses, and a stage that is redeployed when they change."""
    declared = chalice["Resources"][API]["Properties"]
    body = dict(declared["DefinitionBody"])
    body["paths"] = {path: _completed(path, item) for path, item in body["paths"].items()}
    body["x-amazon-apigateway-binary-media-types"] = list(envelope.BINARY_MEDIA_TYPES)
    body["x-amazon-apigateway-minimum-compression-size"] = _COMPRESSED_FROM_BYTES
    # Inside the body: importing a body drops gateway responses that it does not hold (D-OPS-03).
    body["x-amazon-apigateway-gateway-responses"] = {
        kind: _gateway_response(refusal) for kind, refusal in _REFUSALS.items()
    }
    deployment = deployment_name(body, mocks.mappings())
    return {
        API: {
            "Type": "AWS::ApiGateway::RestApi",
            "Properties": {
                "Name": {"Fn::Sub": "gatehouse-${Stage}"},
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "Body": body,
            },
        },
        deployment: {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": API}},
        },
        "ApiStage": {
            "Type": "AWS::ApiGateway::Stage",
            "Properties": {
                "RestApiId": {"Ref": API},
                "DeploymentId": {"Ref": deployment},
                "StageName": STAGE_NAME,
                "TracingEnabled": True,
                "AccessLogSetting": access_logs.rest(),
                "MethodSettings": throttles.settings(),
                # The preflight templates compare with these.
                "Variables": {
                    "corsOrigins": {"Ref": "CorsOrigins"},
                    "adminOrigin": {"Ref": "AdminOrigin"},
                    **access_logs.role(),
                    **edge_proof.OF_STAGE,
                },
            },
        },
        "TraceSampling": {
            "Type": "AWS::XRay::SamplingRule",
            "Properties": {"SamplingRule": _trace_sampling()},
        },
    }


def _trace_sampling() -> dict[str, Any]:
    """Return the rule of which requests are traced; the functions follow the gateway's decision.

    X-Ray's own rule traces one request of each second besides, which is half of all at a quiet gate (AWS: "Configure
    AWS X-Ray sampling rules for API Gateway APIs").
    """
    return {
        "RuleName": {"Fn::Sub": "gatehouse-${Stage}"},
        "ResourceARN": {
            "Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::/restapis/${{{API}}}/stages/{STAGE_NAME}"
        },
        "Version": 1,
        "Priority": 100,
        "ReservoirSize": 0,
        "FixedRate": TRACED_SHARE,
        "ServiceName": "*",
        "ServiceType": "AWS::ApiGateway::Stage",
        "Host": "*",
        "HTTPMethod": "*",
        "URLPath": "*",
    }


def redeployed(resources: dict[str, Any]) -> dict[str, Any]:
    """Return the resources with the deployment named after the definition as it is now."""
    named = next(name for name, part in resources.items() if part["Type"] == "AWS::ApiGateway::Deployment")
    fresh = deployment_name(resources[API]["Properties"]["Body"], mocks.mappings())
    changed: dict[str, Any] = json.loads(json.dumps(resources).replace(f'"{named}"', f'"{fresh}"'))
    return changed


def deployment_name(body: dict[str, Any], texts: dict[str, Any]) -> str:
    """Return the logical name of the API's deployment: another one for another definition or other texts of mocks.

    A deployment is a snapshot. Under the same name CloudFormation would keep the old one.
    """
    digest = hashlib.sha256(json.dumps([body, texts], sort_keys=True).encode()).hexdigest()[:12]
    return f"ApiDeployment{digest}"


def _completed(path: str, item: dict[str, Any]) -> dict[str, Any]:
    routed = {method: _proxied(declared) for method, declared in shares.integrated(path, item).items()}
    return {**routed, mocks.ANY_OTHER: mocks.answer(path, [method.upper() for method in item])}


def _proxied(declared: dict[str, Any]) -> dict[str, Any]:
    """Return a method without what the gateway ignores: the function describes its own answers."""
    integration = {name: part for name, part in declared[_INTEGRATION].items() if name != "responses"}
    kept = {name: part for name, part in declared.items() if name not in _UNUSED}
    return {**kept, "responses": {}, _INTEGRATION: integration}


def outputs() -> dict[str, Any]:
    """Return the API's outputs."""
    url = f"https://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE_NAME}"
    return {"ApiId": {"Value": {"Ref": API}}, "ApiUrl": {"Value": {"Fn::Sub": url}}}


def _gateway_response(refusal: _Refusal) -> dict[str, Any]:
    headers = {name: f"'{value}'" for name, value in envelope.ANSWER_HEADERS.items()}
    headers["X-Request-Id"] = "context.requestId"
    # Gateway responses cannot check the list of origins. Any origin may read them: they hold a code and a request
    # id and no personal data. Browsers withhold them from calls with cookies.
    headers["Access-Control-Allow-Origin"] = "'*'"
    if refusal.retry_after is not None:
        headers["Retry-After"] = f"'{refusal.retry_after}'"
    # Nor can they look at the path: `error` is an object to campus and Tix too, whose clients find code and text beside
    # it, as in the platform's own refusals (D-OPS-42).
    error = {"code": refusal.code, "message": refusal.message, "request_id": "$context.requestId"}
    answer: dict[str, Any] = {
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
        "responseTemplates": {"application/json": json.dumps({"error": error, **error})},
    }
    if refusal.status is not None:
        answer["statusCode"] = refusal.status
    return answer
