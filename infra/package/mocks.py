"""The gateway's own answers to preflights and to wrong methods: one mock for each path (D-OPS-20).

API Gateway shares no integration between the paths of a REST API (AWS: "x-amazon-apigateway-integrations" serves HTTP
APIs only). So a mock is small: its text is in the template once, in a mapping, and a path adds its methods.
"""

import json
from typing import Any

from chalicelib.errors import MethodNotAllowed
from chalicelib.portals.http import envelope

# Matches every method that a path does not name; a preflight's is one of them.
ANY_OTHER = "x-amazon-apigateway-any-method"
# Their clients print `data.error`, so it is the message itself (contract/README.md).
_BARE_ERRORS = ("/api/campus", "/api/tix")
_MAPPING, _TEXT = "Mocks", "Template"
_MAX_AGE_SECONDS = "600"
_PREFLIGHT = "OPTIONS"
_ANSWERED = 204
# The types `*/*` make every body binary, which no mapping template reads: the gateway answers 500 without this
# (aws/chalice issue 1310).
_AS_TEXT = {"contentHandling": "CONVERT_TO_TEXT"}


def answer(path: str, methods: list[str]) -> dict[str, Any]:
    """Return the method that answers a preflight by 204, and any method that the path does not have by 405."""
    named = ",".join([*sorted(methods), _PREFLIGHT])
    shared = {"Fn::FindInMap": [_MAPPING, "Bare" if path.startswith(_BARE_ERRORS) else "Enveloped", _TEXT]}
    status = str(MethodNotAllowed.status)
    return {
        "responses": {status: {"description": "Mock"}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            **_AS_TEXT,
            # A body of another type is a 415. It must not be read as the mock's instruction.
            "passthroughBehavior": "never",
            "requestTemplates": {"application/json": f'{{"statusCode":{status}}}'},
            "responses": {
                "default": {
                    "statusCode": status,
                    **_AS_TEXT,
                    "responseTemplates": {
                        "application/json": {"Fn::Join": ["", [f'#set($methods="{named}")', shared]]}
                    },
                }
            },
        },
    }


def mappings() -> dict[str, Any]:
    """Return the texts that the mocks share."""
    return {_MAPPING: {"Enveloped": {_TEXT: _text(bare=False)}, "Bare": {_TEXT: _text(bare=True)}}}


def _text(*, bare: bool) -> str:
    """Return the mapping template: the envelope's headers, those of CORS as envelope.cors_headers, and the body.

    An override is final and may be made once (AWS: "Override your API's request and response parameters").
    """
    granted = {
        "Allow-Methods": "$methods",
        "Allow-Headers": envelope.CORS_REQUEST_HEADERS,
        "Max-Age": _MAX_AGE_SECONDS,
    }
    error = {"code": MethodNotAllowed.code, "message": MethodNotAllowed.message, "request_id": "$context.requestId"}
    body = {"error": error.pop("message"), **error} if bare else {"error": error}
    return "".join(
        (
            *(_header(name, value) for name, value in envelope.ANSWER_HEADERS.items()),
            _header("Vary", "Origin"),
            _header("X-Request-Id", "$context.requestId"),
            f'#set($isPreflight=$context.httpMethod=="{_PREFLIGHT}")',
            # HTTP/2 clients send the name in lower case. A quiet reference to a missing value is empty.
            "#set($headers=$input.params().header)",
            """#set($origin="$!headers.get('origin')$!headers.get('Origin')")""",
            '#set($listed=",$stageVariables.corsOrigins,")',
            '#if($origin!=""&&$listed.contains(",$origin,"))',
            _cors("Allow-Origin", "$origin"),
            "#if($origin==$stageVariables.adminOrigin)",
            _cors("Allow-Credentials", "true"),
            "#end#if($isPreflight)",
            *(_cors(name, value) for name, value in granted.items()),
            "#end#end#if($isPreflight)",
            f"#set($context.responseOverride.status={_ANSWERED})",
            "#else",
            _header("Allow", "$methods"),
            json.dumps(body),
            "#end",
        )
    )


def _header(name: str, value: str) -> str:
    return f'#set($context.responseOverride.header.{name}="{value}")'


def _cors(name: str, value: str) -> str:
    return _header(f"Access-Control-{name}", value)
