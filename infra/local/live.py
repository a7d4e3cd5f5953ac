"""The WebSocket front: API Gateway's WebSocket API, in process, with the management API that sends to its sockets.

Each socket's `$connect`, messages and `$disconnect` go to the app's own handlers, as events like API Gateway's. The
handlers send over HTTP to `/live/@connections/<id>`, as on AWS. A socket whose client reads too slowly answers 429, a
closed one 410.
"""

import asyncio
import contextvars
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote

from infra.local.answers import Answer
from infra.local.invocation import FunctionContext
from infra.local.meter import Meter

PATH = "/live"
_MANAGED = f"{PATH}/@connections/"
_STAGE = "live"
# AWS: "Quotas for configuring and running a WebSocket API".
CONNECTION_SECONDS = 2 * 3600.0
IDLE_SECONDS = 600.0
MESSAGE_BYTES = 128 * 1024
# AWS does not document its buffer for a client that does not read.
_WAITING_FRAMES = 500
_GOING_AWAY, _TOO_BIG = 1001, 1009

_log = logging.getLogger("gatehouse.local")
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class _Socket:
    """One open socket."""

    connection_id: str
    address: str
    connected_at: float = field(default_factory=time.time)
    active_at: float = field(default_factory=time.monotonic)
    waiting: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(_WAITING_FRAMES))
    closing: asyncio.Event = field(default_factory=asyncio.Event)


class Sockets:
    """All open sockets of a local run."""

    def __init__(self, module: ModuleType, *, meter: Meter, pool: Executor) -> None:
        """`module` holds the app's handlers by their names; they run in `pool`."""
        self._module = module
        self._meter = meter
        self._pool = pool
        self._open: dict[str, _Socket] = {}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket from its handshake to its end."""
        address = scope["client"][0] if scope.get("client") else "127.0.0.1"
        socket = _Socket(uuid.uuid4().hex, address)
        await receive()  # the handshake
        path = scope["raw_path"].decode("latin-1").rstrip("/")
        status = await self._connect(socket, scope) if path == PATH else 404
        if status != 200:
            await _refuse(send, status)
            # uvicorn sends two more messages, and treats an earlier return as an error.
            await receive()
            await receive()
            return
        self._open[socket.connection_id] = socket
        await send({"type": "websocket.accept"})
        tasks = [
            asyncio.create_task(self._read(socket, receive)),
            asyncio.create_task(_write(socket, send)),
            asyncio.create_task(socket.closing.wait()),
        ]
        try:
            async with asyncio.timeout(CONNECTION_SECONDS):
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            _log.info("socket closed after two hours")
        finally:
            self._open.pop(socket.connection_id, None)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            try:
                await send({"type": "websocket.close", "code": _GOING_AWAY})
            except Exception:  # noqa: BLE001  # it is closed already
                _log.debug("socket closed by its client")
            await self._call("websocket_disconnect", self._event(socket, "$disconnect", "DISCONNECT"))

    def manage(self, method: str, path: str, body: bytes) -> Answer | None:
        """Answer a request of the management API; None for other paths."""
        if not path.startswith(_MANAGED):
            return None
        socket = self._open.get(unquote(path.removeprefix(_MANAGED)))
        if socket is None or socket.closing.is_set():
            return _managed(410, "GoneException")
        if method == "DELETE":
            socket.closing.set()
            return _managed(204)
        if len(body) > MESSAGE_BYTES:
            return _managed(413, "PayloadTooLargeException")
        try:
            socket.waiting.put_nowait(body.decode())
        except asyncio.QueueFull:
            return _managed(429, "LimitExceededException")
        socket.active_at = time.monotonic()
        return _managed(200)

    async def _connect(self, socket: _Socket, scope: Scope) -> int:
        event = self._event(socket, "$connect", "CONNECT")
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return await self._call("websocket_connect", {**event, "headers": headers, "queryStringParameters": query})

    async def _read(self, socket: _Socket, receive: Receive) -> None:
        while True:
            try:
                async with asyncio.timeout(max(0.0, socket.active_at + IDLE_SECONDS - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                if time.monotonic() - socket.active_at < IDLE_SECONDS:
                    continue
                return
            socket.active_at = time.monotonic()
            if message["type"] != "websocket.receive":
                return
            event = self._event(socket, "$default", "MESSAGE")
            await self._call("websocket_message", {**event, "body": message.get("text") or ""})

    async def _call(self, name: str, event: dict[str, Any]) -> int:
        context = contextvars.copy_context()
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                self._pool, context.run, self._invoke, name, event
            )
        except Exception:  # noqa: BLE001  # any error: the gateway answers
            _log.exception("%s raised; on AWS the gateway answers 502", name)
            return 502
        return int(answer["statusCode"])

    def _invoke(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        with self._meter.request(f"platform WS {event['requestContext']['routeKey']}"):
            answer: dict[str, Any] = getattr(self._module, name)(event, FunctionContext(name, 29.0))
            return answer

    def _event(self, socket: _Socket, route: str, kind: str) -> dict[str, Any]:
        return {
            "requestContext": {
                "routeKey": route,
                "eventType": kind,
                "messageId": uuid.uuid4().hex,
                "extendedRequestId": uuid.uuid4().hex,
                "requestTimeEpoch": int(time.time() * 1000),
                "connectedAt": int(socket.connected_at * 1000),
                "requestId": str(uuid.uuid4()),
                "domainName": "localhost",
                "connectionId": socket.connection_id,
                "apiId": "local",
                "stage": _STAGE,
                "identity": {"sourceIp": socket.address},
            },
            "isBase64Encoded": False,
        }


async def _write(socket: _Socket, send: Send) -> None:
    while True:
        frame = await socket.waiting.get()
        # It waits while the client does not read; meanwhile the queue fills up.
        await send({"type": "websocket.send", "text": frame})


async def _refuse(send: Send, status: int) -> None:
    await send({"type": "websocket.http.response.start", "status": status, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})


def _managed(status: int, code: str = "") -> Answer:
    headers = [(b"content-type", b"application/json")]
    if code:
        headers.append((b"x-amzn-errortype", code.encode()))
    return Answer(status, b"{}" if code else b"", headers)
