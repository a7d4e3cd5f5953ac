"""The envelope: the body of every refusal and fault, and the headers of every answer."""

from collections.abc import Callable
from typing import Any

from chalice import Response
from chalice.app import CaseInsensitiveMapping

from chalicelib.config import config
from chalicelib.domain.access import security_log
from chalicelib.errors import (
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    Refusal,
    UnsupportedMediaType,
    ValidationFailed,
)
from chalicelib.portals.http import request_log
from chalicelib.portals.http.answer import Answer

_BARE_ERRORS = ("/api/campus", "/api/tix")  # whose clients print `data.error`
_WITH_MESSAGE = "/api/campus"  # whose client prints `data.error` or `data.message`
# Fields that a message names; `details` has all.
_MOST_FIELDS = 5
ANSWER_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # One year, as ASVS 5 asks for.
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
# The gateway must pass every type as bytes, since it decides by the first type that a caller accepts (AWS: "Content
# type conversions in API Gateway").
BINARY_MEDIA_TYPES = ("*/*",)
CORS_REQUEST_HEADERS = "Authorization,Content-Type,Idempotency-Key,If-None-Match,X-CSRF-Token"
_CORS_ANSWER_HEADERS = (
    "X-Request-Id,Retry-After,Idempotent-Replayed,ETag,Content-Disposition,"
    "X-Job-Id,X-Report-Id,X-Report-Sha256,X-Report-Signature"
)


def middleware(event: Any, get_response: Callable[[Any], Response]) -> Response:
    """Answer a request; a refusal or a fault becomes an error as the contract describes it."""
    request_id = request_log.request_id_of(event)
    path = event.path or ""
    if not event.raw_body:
        # No bytes are no body, and so of no type.
        event.headers = _without_type(event.headers)
    try:
        response = get_response(event)
        if _is_chalice_error(response):
            response = _refused(_translated(response), path, request_id, allow=response.headers.get("Allow"))
    except Refusal as refusal:
        response = _refused(refusal, path, request_id)
    for name, value in ANSWER_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = request_id
    response.headers.update(cors_headers(event.headers.get("origin")))
    return response


def _without_type(headers: CaseInsensitiveMapping) -> CaseInsensitiveMapping:
    return CaseInsensitiveMapping({name: value for name, value in headers.items() if name != "content-type"})


def cors_headers(origin: str | None) -> dict[str, str]:
    """Return the headers that allow an allow-listed origin to read the answer."""
    headers = {"Vary": "Origin"}
    if origin in config().cors_origins:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _CORS_ANSWER_HEADERS
        if origin == config().admin_origin:
            headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def _is_chalice_error(response: Response) -> bool:
    return isinstance(response.body, dict) and set(response.body) == {"Code", "Message"}


def _translated(response: Response) -> Refusal | None:
    kinds: dict[int, type[Refusal]] = {
        400: MalformedJson,
        404: NotFound,
        405: MethodNotAllowed,
        415: UnsupportedMediaType,
    }
    kind = kinds.get(response.status_code)
    return kind() if kind else None


def _in_words(error: dict[str, Any]) -> str:
    """Return the message of an error with its fields, for clients that show nothing else.

    A refusal of the domain that names its field in its own words stays as it is.
    """
    message = str(error["message"])
    if message != ValidationFailed.message or not error.get("details"):
        return message
    details = error["details"][:_MOST_FIELDS]
    return "; ".join(f"{problem['field']}: {problem['message']}" for problem in details)


def _refused(refusal: Refusal | None, path: str, request_id: str, *, allow: Any = None) -> Response:
    code = refusal.code if refusal else "INTERNAL"
    status = refusal.status if refusal else 500
    message = refusal.text if refusal else "Something broke on our side. The request id finds it in our log."
    request_log.note_code(code)
    if refusal is not None:
        security_log.note_refusal(refusal)
    retry_after = refusal.retry_after if refusal else None
    if status in (500, 503) and retry_after is None:
        retry_after = 1
    error: dict[str, Any] = {"code": code, "message": message, "request_id": request_id}
    if refusal is not None and refusal.details:
        error["details"] = refusal.details
    body = {"error": {**error, **(refusal.extra if refusal else {})}}
    if path.startswith(_BARE_ERRORS):
        error["message"] = _in_words(error)
        body = {"error": error["message"], **error, **(refusal.extra if refusal else {})}
        if not path.startswith(_WITH_MESSAGE):
            del body["message"]
    headers: dict[str, Any] = {"Content-Type": "application/json", **(refusal.headers if refusal else {})}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if allow:
        headers["Allow"] = allow
    if refusal is not None and refusal.replayed:
        headers["Idempotent-Replayed"] = "true"
    return Answer(body=body, status_code=status, headers=headers)
