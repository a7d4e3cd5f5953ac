"""The REST API: Chalice's routes, and the gateway's own responses as the contract defines them.

On AWS an unknown path, a wrong method, a body over 10 MB, a throttled caller and a browser's preflight never reach
the function.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import MethodNotAllowed
from chalicelib.portals.http import envelope
from infra.package import access_logs, shares, throttles
from infra.package.application import Template
from infra.package.functions import Resources

STAGE_NAME = "live"
API = "RestAPI"
_MAX_AGE_SECONDS = "600"
# Fields that the gateway ignores. They are left out, because the template's size is limited.
_UNUSED = ("summary", "description", "consumes", "produces")
# Matches every method that a path does not name.
ANY_OTHER = "x-amazon-apigateway-any-method"
# Their clients print `data.error`, so it is the message itself (contract/README.md).
_BARE_ERRORS = ("/api/campus", "/api/tix")


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
    # Inside the body: importing a body drops gateway responses that it does not hold (D-OPS-03).
    body["x-amazon-apigateway-gateway-responses"] = {
        kind: _gateway_response(refusal) for kind, refusal in _REFUSALS.items()
    }
    # A deployment is a snapshot. Under the same name CloudFormation would keep the old one.
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:12]
    deployment = f"ApiDeployment{digest}"
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
                },
            },
        },
    }


def _completed(path: str, item: dict[str, Any]) -> dict[str, Any]:
    methods = sorted(method.upper() for method in item)
    routed = {
        method: {name: part for name, part in declared.items() if name not in _UNUSED}
        for method, declared in shares.integrated(path, item).items()
    }
    return {**routed, "options": preflight(methods), ANY_OTHER: wrong_method(path, methods)}


def outputs() -> dict[str, Any]:
    """Return the API's outputs."""
    url = f"https://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE_NAME}"
    return {"ApiId": {"Value": {"Ref": API}}, "ApiUrl": {"Value": {"Fn::Sub": url}}}


def preflight(methods: list[str]) -> dict[str, Any]:
    """Return the OPTIONS method of a resource: a mock that names an origin only if it is allowed."""
    granted = {
        "Access-Control-Allow-Methods": ",".join([*methods, "OPTIONS"]),
        "Access-Control-Allow-Headers": envelope.CORS_REQUEST_HEADERS,
        "Access-Control-Max-Age": _MAX_AGE_SECONDS,
    }
    return _mock(204, {}, _cors(granted))


def wrong_method(path: str, methods: list[str]) -> dict[str, Any]:
    """Return a resource's response to unknown methods: 405 in our envelope, not the gateway's 403."""
    error = {"code": MethodNotAllowed.code, "message": MethodNotAllowed.message, "request_id": "$context.requestId"}
    bare = path.startswith(_BARE_ERRORS)
    body = {"error": error.pop("message"), **error} if bare else {"error": error}
    return _mock(
        MethodNotAllowed.status, {"Allow": f"'{','.join([*methods, 'OPTIONS'])}'"}, _cors({}) + json.dumps(body)
    )


def _cors(granted: dict[str, str]) -> str:
    """Return the template lines that mirror envelope.cors_headers; allowed origins also get `granted`."""
    headers = {"Access-Control-Allow-Origin": "$origin", **granted}
    return "".join(
        (
            # HTTP/2 clients send the name in lower case. A quiet reference to a missing value is empty.
            "#set($headers=$input.params().header)",
            """#set($origin="$!headers.get('origin')$!headers.get('Origin')")""",
            '#set($listed=",$stageVariables.corsOrigins,")',
            '#if($origin!=""&&$listed.contains(",$origin,"))',
            *(f'#set($context.responseOverride.header.{name}="{value}")' for name, value in headers.items()),
            "#if($origin==$stageVariables.adminOrigin)",
            '#set($context.responseOverride.header.Access-Control-Allow-Credentials="true")',
            "#end#end",
        )
    )


def _mock(status: int, headers: dict[str, str], template: str) -> dict[str, Any]:
    fixed = {name: f"'{value}'" for name, value in envelope_headers().items()} | {
        "Vary": "'Origin'",
        "X-Request-Id": "context.requestId",
        **headers,
    }
    return {
        "responses": {
            str(status): {"description": "Mock", "headers": {name: {"type": "string"} for name in fixed}},
        },
        "x-amazon-apigateway-integration": {
            "type": "mock",
            # A body of another type is a 415. It must not be read as the mock's instruction.
            "passthroughBehavior": "never",
            "requestTemplates": {"application/json": f'{{"statusCode":{status}}}'},
            "responses": {
                "default": {
                    "statusCode": str(status),
                    "responseParameters": {f"method.response.header.{name}": value for name, value in fixed.items()},
                    "responseTemplates": {"application/json": template},
                }
            },
        },
    }


def envelope_headers() -> dict[str, str]:
    """Return the headers that every response has, also the gateway's own."""
    return {
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    }


def _gateway_response(refusal: _Refusal) -> dict[str, Any]:
    headers = {name: f"'{value}'" for name, value in envelope_headers().items()}
    headers["X-Request-Id"] = "context.requestId"
    # Gateway responses cannot check the list of origins. Any origin may read them: they hold a code and a request
    # id and no personal data. Browsers withhold them from calls with cookies.
    headers["Access-Control-Allow-Origin"] = "'*'"
    if refusal.retry_after is not None:
        headers["Retry-After"] = f"'{refusal.retry_after}'"
    error = {"code": refusal.code, "message": refusal.message, "request_id": "$context.requestId"}
    answer: dict[str, Any] = {
        "responseParameters": {f"gatewayresponse.header.{name}": value for name, value in headers.items()},
        "responseTemplates": {"application/json": json.dumps({"error": error})},
    }
    if refusal.status is not None:
        answer["statusCode"] = refusal.status
    return answer
