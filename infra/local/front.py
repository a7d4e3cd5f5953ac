"""The HTTP front: API Gateway's REST proxy integration, in process.

Every request becomes the proxy event that API Gateway would send, and runs in a thread of its own with a
copied context, so that no request sees another's data (Chalice itself keeps the request on the app object;
app.py backs it by ContextVars). What API Gateway answers itself is answered here: preflights, unknown paths,
bodies over its limits, functions that take too long.
"""

import asyncio
import base64
import contextvars
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, Protocol
from urllib.parse import parse_qsl

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chalicelib.errors import MalformedJson, NotFound, Refusal, TooLarge
from chalicelib.portals.http.envelope import BINARY_MEDIA_TYPES
from infra.local.answers import Answer, Broken, Timeout, preflight, refused
from infra.local.invocation import ACCOUNT, FunctionContext
from infra.local.live import Sockets
from infra.local.meter import Meter
from infra.local.routes import Match, RouteTable, routes_of

# AWS: "Quotas for configuring and running a REST API", "Lambda quotas".
GATEWAY_BODY_LIMIT = 10 * 1024 * 1024
FUNCTION_PAYLOAD_LIMIT = 6 * 1024 * 1024
GATEWAY_TIMEOUT_SECONDS = 29.0
# What is still read, and thrown away, of a body that is too large, so that its sender gets to see the answer.
_DRAIN_LIMIT = 64 * 1024 * 1024
THREADS = 16
# RFC 9110: these answers have no content, and say no length.
_BODILESS = (204, 304)
STAGE = "local"

_log = logging.getLogger("gatehouse.local")
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Inspection(Protocol):
    """What answers under `/_local`."""

    def answer(self, method: str, path: str, query: Mapping[str, str], request_id: str) -> Answer:
        """Answer one request; called in a thread."""


class _RequestTooLarge(Exception):
    pass


class _Gone(Exception):
    """The caller hung up before the whole body had come."""


class Gateway:
    """The ASGI application in front of a Chalice app."""

    def __init__(
        self,
        app: Any,
        *,
        meter: Meter,
        inspection: Inspection | None = None,
        handlers: ModuleType | None = None,
        threads: int = THREADS,
    ) -> None:
        """`app` is the Chalice object; `inspection` answers what is under `/_local`, `handlers` those of sockets."""
        self._app = app
        self._meter = meter
        self._inspection = inspection
        self._routes = RouteTable(routes_of(app))
        self._binary_types = frozenset(app.api.binary_types or BINARY_MEDIA_TYPES)
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="request")
        self._sockets = Sockets(handlers, meter=meter, pool=self._pool) if handlers else None

    def close(self) -> None:
        """Let the requests that are being answered end, and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or serve one socket."""
        if scope["type"] == "websocket" and self._sockets is not None:
            await self._sockets.serve(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"the front does not speak {scope['type']} here")
        answer = await self._answer(scope, receive)
        if answer is None:
            return
        if scope["method"] != "HEAD" and answer.status not in _BODILESS:
            answer.headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        request_id = str(uuid.uuid4())
        path = scope["raw_path"].decode("latin-1")
        origin = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None)
        try:
            body = await _read(receive)
            if self._sockets is not None and (managed := self._sockets.manage(scope["method"], path, body)):
                return managed
            if self._inspection is not None and path.startswith("/_local/"):
                return await self._inspect(scope, path, request_id)
            match = self._routes.find(path)
            if match is None:
                raise NotFound
            if scope["method"] == "OPTIONS" and "OPTIONS" not in match.resource.methods:
                return preflight(match.resource.methods, request_id=request_id, origin=origin)
            return await self._invoke(scope, path, match, body, request_id)
        except _Gone:
            return None
        except _RequestTooLarge:
            limit = GATEWAY_BODY_LIMIT // 1024**2
            refusal: Refusal = TooLarge(f"The body is larger than the {limit} MB that any route takes.")
        except Refusal as error:
            refusal = error
        return refused(refusal, path, request_id=request_id, origin=origin)

    async def _inspect(self, scope: Scope, path: str, request_id: str) -> Answer:
        assert self._inspection is not None  # noqa: S101  # tells the type checker what the caller made sure of
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._inspection.answer, scope["method"], path, query, request_id)

    async def _invoke(self, scope: Scope, path: str, match: Match, body: bytes, request_id: str) -> Answer:
        event = proxy_event(scope, path, match, body, request_id, self._binary_types)
        if len(body) > FUNCTION_PAYLOAD_LIMIT or len(event["body"] or "") > FUNCTION_PAYLOAD_LIMIT:
            raise _RequestTooLarge
        context = contextvars.copy_context()
        call = asyncio.get_running_loop().run_in_executor(
            self._pool, context.run, self._call, event, match.resource.labels.get(scope["method"])
        )
        try:
            # A thread cannot be ended: the function runs on, as one on Lambda does until its own time-out.
            result = await asyncio.wait_for(asyncio.shield(call), GATEWAY_TIMEOUT_SECONDS)
        except TimeoutError:
            raise Timeout from None
        except Exception:  # noqa: BLE001  # whatever it raised, the caller gets an answer
            _log.exception("the app raised; on AWS the gateway answers 502")
            raise Broken from None
        return self.passed_on(result, _accept(scope))

    def _call(self, event: dict[str, Any], label: str | None) -> dict[str, Any]:
        context = FunctionContext("api", GATEWAY_TIMEOUT_SECONDS)
        if label is None:
            return self._app(event, context)  # type: ignore[no-any-return]  # Chalice ships no types
        with self._meter.request(label):
            return self._app(event, context)  # type: ignore[no-any-return]  # as above

    def passed_on(self, result: Mapping[str, Any], accept: str) -> Answer:
        """Return the app's answer as API Gateway passes it on."""
        body = result.get("body") or ""
        # The gateway turns base64 into bytes only for the first type that the caller accepts.
        if result.get("isBase64Encoded") and _is_binary(accept, self._binary_types):
            content = base64.b64decode(body)
        else:
            content = body.encode()
        headers = [(name.lower().encode(), str(value).encode("latin-1")) for name, value in result["headers"].items()]
        for name, values in (result.get("multiValueHeaders") or {}).items():
            headers += [(name.lower().encode(), str(value).encode("latin-1")) for value in values]
        if len(content) > FUNCTION_PAYLOAD_LIMIT:
            _log.error("the answer has %d bytes; Lambda passes on %d", len(content), FUNCTION_PAYLOAD_LIMIT)
            raise Broken
        return Answer(int(result["statusCode"]), content, headers)


def _is_binary(media_type: str, binary_types: frozenset[str]) -> bool:
    """Whether the gateway passes this type as bytes (AWS: "Working with binary media types")."""
    return media_type in binary_types or "*/*" in binary_types


def proxy_event(
    scope: Scope, path: str, match: Match, body: bytes, request_id: str, binary_types: frozenset[str]
) -> dict[str, Any]:
    """Return the event that API Gateway's REST proxy integration sends for a request."""
    headers: dict[str, list[str]] = {}
    for raw_name, raw_value in scope["headers"]:
        headers.setdefault(raw_name.decode("latin-1"), []).append(raw_value.decode("latin-1"))
    address = scope["client"][0] if scope.get("client") else "127.0.0.1"
    forwarded = [value for name in ("x-forwarded-for",) for value in headers.get(name, [])]
    headers["x-forwarded-for"] = [", ".join([*forwarded, address])]
    headers.setdefault("x-forwarded-proto", [scope["scheme"]])
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    content_type = headers.get("content-type", [""])[-1].split(";")[0].strip().lower()
    is_binary = _is_binary(content_type, binary_types)
    now = time.time()
    return {
        "resource": match.resource.path,
        "path": path,
        "httpMethod": scope["method"],
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": match.variables or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": STAGE,
            "httpMethod": scope["method"],
            "identity": {"sourceIp": address, "userAgent": headers.get("user-agent", [None])[-1]},
            "path": f"/{STAGE}{path}",
            "protocol": f"HTTP/{scope['http_version']}",
            "requestId": request_id,
            "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now * 1000),
            "resourceId": match.resource.path,
            "resourcePath": match.resource.path,
            "stage": STAGE,
        },
        # The gateway reads what it does not know as binary as UTF-8, and replaces what is not.
        "body": (base64.b64encode(body).decode() if is_binary else body.decode("utf-8", "replace")) if body else None,
        "isBase64Encoded": is_binary and bool(body),
    }


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part = message.get("body", b"")
        size += len(part)
        if size <= GATEWAY_BODY_LIMIT:
            parts.append(part)
        elif size > _DRAIN_LIMIT:
            raise _RequestTooLarge
        if not message.get("more_body"):
            break
    if size > GATEWAY_BODY_LIMIT:
        raise _RequestTooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _accept(scope: Scope) -> str:
    accept: bytes = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return accept.decode("latin-1").split(",")[0].split(";")[0].strip().lower()


class EnvelopeProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which refuses what is no HTTP at all in our envelope instead of plain text."""

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket."""
        try:
            super().data_received(data)
        except (httptools.HttpParserError, TypeError, ValueError, UnicodeDecodeError):
            # A request target that the parser takes and uvicorn does not, such as `//`.
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's wording is replaced
        """Answer what cannot be read as a request, and hang up."""
        request_id = str(uuid.uuid4())
        error = MalformedJson("This is not a well-formed HTTP request.")
        answer = refused(error, "", request_id=request_id)
        head = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in answer.headers)]
        head += [b"content-length: " + str(len(answer.body)).encode(), b"connection: close", b"", b""]
        self.transport.write(b"\r\n".join(head) + answer.body)
        self.transport.close()
