"""The HTTP front: API Gateway's REST proxy integration, in process.

Each request becomes the event that API Gateway would send. It runs in a thread of its own with a copied context, so
that requests stay apart: Chalice keeps the request on the app object, and app.py backs it by ContextVars. The routes of
the gates and the padded routes have threads of their own, as the gates have a function of their own on AWS. The front
answers what API Gateway answers itself: preflights, unknown paths, bodies over its limits, functions that take too
long. `/_local` answers the names of this machine only, so that no other site's name can lead a browser there.
"""

import asyncio
import base64
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from types import ModuleType
from typing import Any, Protocol

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chalicelib.errors import Forbidden, MalformedJson, NotFound, Refusal, TooLarge
from chalicelib.observability import log_keys
from chalicelib.portals.http import request_log
from chalicelib.portals.http.envelope import BINARY_MEDIA_TYPES
from chalicelib.portals.http.paths import is_of_gates
from chalicelib.portals.http.route import ROUTES
from infra.local.answers import Answer, Broken, Timeout, preflight, refused
from infra.local.invocation import FunctionContext
from infra.local.live import Sockets
from infra.local.meter import Meter
from infra.local.pages import LOCAL_SEGMENT, Pages
from infra.local.proxy_event import Request, Scope, is_binary, proxy_event
from infra.local.routes import Match, RouteTable, routes_of

# AWS: "Quotas for configuring and running a REST API", "Lambda quotas".
GATEWAY_BODY_LIMIT = 10 * 1024 * 1024
FUNCTION_PAYLOAD_LIMIT = 6 * 1024 * 1024
GATEWAY_TIMEOUT_SECONDS = 29.0
# How much of a body over the limit is read and discarded, so that its sender can read the answer.
_DRAIN_LIMIT = 64 * 1024 * 1024
THREADS = 16
_GATE_THREADS, _PADDED_THREADS = 8, 8
# Host headers of this machine; the port is left out.
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
# RFC 9110: these answers have no content, and no Content-Length.
_BODILESS = (204, 304)

_log = logging.getLogger("gatehouse.local")
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Inspection(Protocol):
    """What answers under `/_local`."""

    @property
    def routes(self) -> Mapping[str, list[str]]:
        """The paths under `/_local` and their methods."""

    def answer(self, request: Request, body: bytes) -> Answer:
        """Answer one request; called in a thread."""


class Share(StrEnum):
    """Requests that have threads of their own."""

    GATES = "gates"
    PADDED = "log-ins"
    OTHERS = "request"


class _Gone(Exception):
    """The caller closed the connection before the whole body had arrived."""


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
        apart: bool = True,
    ) -> None:
        """`app` is the Chalice object; `inspection` answers what is under `/_local`, `handlers` those of sockets.

        Unless `apart`, all requests share their threads, which the bench compares.
        """
        self._app = app
        self._meter = meter
        self._inspection = inspection
        self._routes = RouteTable({**routes_of(app), **(inspection.routes if inspection else {})})
        self._binary_types = frozenset(app.api.binary_types or BINARY_MEDIA_TYPES)
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=Share.OTHERS)
        self._pools = dict.fromkeys(Share, self._pool)
        self._padded = {(route.method, route.path) for route in ROUTES if route.padded}
        if apart:
            for share, count in ((Share.GATES, _GATE_THREADS), (Share.PADDED, _PADDED_THREADS)):
                self._pools[share] = ThreadPoolExecutor(min(count, threads), thread_name_prefix=share)
        self._sockets = Sockets(handlers, meter=meter, pool=self._pool) if handlers else None
        self._pages: Pages | None = None

    def serve_pages(self, pages: Pages) -> None:
        """Serve the console beside the API, as the distribution does on AWS."""
        self._pages = pages

    def close(self) -> None:
        """Finish the requests in progress and accept no more."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or serve one socket."""
        if scope["type"] == "websocket" and self._sockets is not None:
            await self._sockets.serve(scope, receive, send)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"the front does not speak {scope['type']} here")
        request = Request(scope)
        try:
            answer = await self._answer(request, await _read_up_to_limit(receive))
        except _Gone:
            return
        if answer.status not in _BODILESS:
            answer.headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})

    async def _answer(self, request: Request, body: bytes | None) -> Answer:
        """Answer a request; `body` is None where it is over the limit."""
        match = self._routes.find(request.path)
        if body is None:
            return _refusal(request, match, _too_large())
        if self._sockets is not None:
            managed = self._sockets.manage(request.method, request.path, body)
            if managed is not None:
                return managed
        try:
            if self._inspection is not None and request.path.startswith(f"/{LOCAL_SEGMENT}/"):
                return await self._inspect(request, match, body)
            if match is None:
                return self._of_console(request) or _refusal(request, match, NotFound())
            if request.method == "OPTIONS" and "OPTIONS" not in match.resource.methods:
                return _preflight(request, match)
            return await self._invoke(request, match, body)
        except Refusal as refusal:
            return _refusal(request, match, refusal)

    async def _inspect(self, request: Request, match: Match | None, body: bytes) -> Answer:
        assert self._inspection is not None  # noqa: S101 # nosec B101  # the caller made sure of it
        if not _is_loopback(request.header(b"host") or ""):
            raise Forbidden("Call /_local by localhost, 127.0.0.1 or [::1].")
        if request.path == f"/{LOCAL_SEGMENT}/":
            page = self._of_console(request)
            if page is not None:
                return page
        loop = asyncio.get_running_loop()
        try:
            answer = await loop.run_in_executor(self._pool, self._inspection.answer, request, body)
        except Refusal:
            raise
        except Exception:  # noqa: BLE001  # an engine or a callback that fails: the caller gets an answer
            _log.exception("the local desk raised")
            raise Broken from None
        _log_answer(request, match, status=answer.status)
        return answer

    def _of_console(self, request: Request) -> Answer | None:
        # Paths of the API are answered in its own words, to browsers also.
        if self._pages is None or request.path.startswith(("/api/", "/health")):
            return None
        answer = self._pages.answer(request)
        if answer is not None and answer.status >= 400:
            _log_answer(request, None, status=answer.status)
        return answer

    async def _invoke(self, request: Request, match: Match, body: bytes) -> Answer:
        event = proxy_event(request, match, body, binary_types=self._binary_types)
        if len(body) > FUNCTION_PAYLOAD_LIMIT or len(event["body"] or "") > FUNCTION_PAYLOAD_LIMIT:
            raise _too_large()
        context = contextvars.copy_context()
        call = asyncio.get_running_loop().run_in_executor(
            self._pools[self._share(request.method, match.resource.path)],
            context.run,
            self._call,
            event,
            match.resource.labels.get(request.method),
        )
        try:
            # A thread cannot be ended: the function runs on, as one on Lambda does until its own time-out.
            result = await asyncio.wait_for(asyncio.shield(call), GATEWAY_TIMEOUT_SECONDS)
        except TimeoutError:
            raise Timeout from None
        except Exception:  # noqa: BLE001  # any error of the app: the caller gets an answer
            _log.exception("the app raised; on AWS the gateway answers 502")
            raise Broken from None
        return self.passed_on(result, request.accepted_type())

    def _share(self, method: str, path: str) -> Share:
        if (method, path) in self._padded:
            return Share.PADDED
        return Share.GATES if is_of_gates(path) else Share.OTHERS

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
        if result.get("isBase64Encoded") and is_binary(accept, self._binary_types):
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


def _is_loopback(host: str) -> bool:
    name, _, port = host.rpartition(":") if ":" in host and not host.endswith("]") else (host, "", "")
    return name.lower() in _LOOPBACK and (not port or port.isdecimal())


def _too_large() -> TooLarge:
    limit = GATEWAY_BODY_LIMIT // 1024**2
    return TooLarge(f"The body is larger than the {limit} MB that any route takes.")


def _refusal(request: Request, match: Match | None, refusal: Refusal) -> Answer:
    _log_answer(request, match, status=refusal.status, code=refusal.code)
    return refused(refusal, request.path, request_id=request.request_id, origin=request.header(b"origin"))


def _preflight(request: Request, match: Match) -> Answer:
    answer = preflight(match.resource.methods, request_id=request.request_id, origin=request.header(b"origin"))
    _log_answer(request, match, status=answer.status)
    return answer


def _log_answer(request: Request, match: Match | None, *, status: int, **facts: str) -> None:
    """Log an answer that the app did not give, as the app logs its own."""
    route = match.resource.path if match else request_log.UNKNOWN_ROUTE
    with log_keys(request_id=request.request_id):
        seconds = time.perf_counter() - request.began
        request_log.write(request.method, route, status=status, seconds=seconds, answered_by="gateway", **facts)


async def _read_up_to_limit(receive: Receive) -> bytes | None:
    """Return a request's body, or None where it is over the gateway's limit. Raises _Gone."""
    parts: list[bytes] = []
    size = 0
    more = True
    while more and size <= _DRAIN_LIMIT:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part = message.get("body", b"")
        size += len(part)
        if size <= GATEWAY_BODY_LIMIT:
            parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts) if size <= GATEWAY_BODY_LIMIT else None


class EnvelopeProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which refuses malformed HTTP in our envelope instead of plain text."""

    def data_received(self, data: bytes) -> None:
        """Parse bytes from the socket."""
        try:
            super().data_received(data)
        except (httptools.HttpParserError, TypeError, ValueError, UnicodeDecodeError):
            # A request target that the parser accepts and uvicorn does not, such as `//`.
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's wording is replaced
        """Answer bytes that are no HTTP request, and close the connection."""
        request = Request({"method": request_log.UNKNOWN_METHOD, "raw_path": b"", "headers": []})
        answer = _refusal(request, None, MalformedJson("This is not a well-formed HTTP request."))
        head = [b"HTTP/1.1 400 Bad Request", *(name + b": " + value for name, value in answer.headers)]
        head += [b"content-length: " + str(len(answer.body)).encode(), b"connection: close", b"", b""]
        self.transport.write(b"\r\n".join(head) + answer.body)
        self.transport.close()
