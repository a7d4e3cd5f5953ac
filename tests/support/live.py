"""A WebSocket gateway in process: sockets that go through the app's own handlers, and the address they are sent to."""

import contextlib
import itertools
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import app
from chalicelib.clients import sockets
from chalicelib.domain.live import follower
from infra.local.delivery import passes
from infra.package import filters
from tests.support.client import call
from tests.support.settings import configured
from tests.support.streams import StreamReader, project

_numbers = itertools.count(1)
_LONGEST_WAIT_SECONDS = 60


class Socket:
    """One client's socket; `frames` holds the messages that were sent to it."""

    def __init__(self, connection_id: str) -> None:
        self.id = connection_id
        self.frames: list[str] = []
        self.is_open = True
        # While this is cleared, its sender waits.
        self.takes = threading.Event()
        self.takes.set()
        # What happens, once, while it is being sent to.
        self.meanwhile: Callable[[], Any] | None = None

    def take(self, frame: str) -> None:
        """Be sent a frame."""
        self.takes.wait(_LONGEST_WAIT_SECONDS)
        self.frames.append(frame)
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()

    def say(self, **command: Any) -> "Socket":
        """Send a message, and receive the answer."""
        answer = app.websocket_message(_event(self.id, "$default") | {"body": json.dumps(command)}, None)
        assert answer["statusCode"] == 200
        return self

    def subscribe(self, channel: str, **more: Any) -> "Socket":
        return self.say(action="subscribe", channel=channel, **more)

    def leave(self) -> None:
        """Close it, as its client does."""
        self.is_open = False
        app.websocket_disconnect(_event(self.id, "$disconnect"), None)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What it was sent, the messages of a batch one by one."""
        told = [json.loads(frame) for frame in self.frames]
        return [message for each in told for message in (each["messages"] if each["type"] == "batch" else [each])]

    def of_type(self, type_: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == type_]

    @property
    def types(self) -> list[str]:
        return [message["type"] for message in self.messages]


class Gateway:
    """Makes sockets, and takes what the platform sends to them over HTTP."""

    def __init__(self) -> None:
        self.sockets: dict[str, Socket] = {}
        # What was logged of messages that could not be shown.
        self.not_shown: list[logging.LogRecord] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"gateway": self}))
        self._server.daemon_threads = True
        self.url = f"ws://127.0.0.1:{self._server.server_address[1]}/live"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def note(self, record: logging.LogRecord) -> None:
        if record.getMessage() == follower.NOT_SHOWN:
            self.not_shown.append(record)

    def stop(self) -> None:
        for socket in self.sockets.values():
            socket.takes.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def ticket(self, token: str, *channels: str) -> str:
        body = {"channels": list(channels)} if channels else {}
        answer = call("POST", "/api/realtime/ticket/", body, token=token)
        assert answer.status == 200, answer.text
        assert answer.json["url"] == self.url
        return str(answer.json["ticket"])

    def open(self, ticket: str) -> tuple[int, Socket]:
        """Connect with a ticket; return the status for the gateway, and the socket."""
        socket = Socket(f"conn{next(_numbers)}=")
        self.sockets[socket.id] = socket
        event = _event(socket.id, "$connect") | {"queryStringParameters": {"ticket": ticket}}
        status = app.websocket_connect(event, None)["statusCode"]
        socket.is_open = status == 200
        return status, socket

    def connect(self, token: str, *channels: str) -> Socket:
        status, socket = self.open(self.ticket(token, *channels))
        assert status == 200
        return socket


@contextlib.contextmanager
def gateway() -> Iterator[Gateway]:
    """Run a gateway, and have the platform send to it.

    Fails at its end where a message could not be shown.
    """
    made = Gateway()
    written, notes = logging.getLogger("gatehouse"), logging.Handler(logging.ERROR)
    notes.emit = made.note  # type: ignore[method-assign]  # the shortest handler
    try:
        # Tests of many sockets open them as one principal; tests/security/test_sockets.py sets the limits of a stage.
        with configured(LIVE_URL=made.url, LIMIT_SOCKETS=10_000, LIMIT_SOCKET_TICKETS=10_000):
            sockets.forget()
            written.addHandler(notes)
            yield made
    finally:
        written.removeHandler(notes)
        made.stop()
        sockets.forget()
    assert not made.not_shown, made.not_shown[0].exc_info


class Stream:
    """The table's stream, drained to both of its readers, until nothing more follows."""

    def __init__(self) -> None:
        self._reader = StreamReader()

    def live(self) -> list[dict[str, Any]]:
        """Project until something new is for live updates, and return it; nothing where the stream is drained."""
        found: list[dict[str, Any]] = []
        while not found and (records := self._reader.read()):
            for start in range(0, len(records), 100):
                assert project(records[start : start + 100]) == {"batchItemFailures": []}
            found = [record for record in records if passes(filters.of_function("live"), record)]
        return found

    def drain(self) -> None:
        deadline = time.monotonic() + 120
        while records := self.live():
            tell(records)
            if all(record["dynamodb"]["NewImage"]["kind"]["S"] == "live_counters" for record in records):
                # They are postponed until half a second is over.
                time.sleep(0.05)
            assert time.monotonic() < deadline, "the stream comes to no end"


def tell(records: list[dict[str, Any]]) -> None:
    """Call the handler of live updates with records, as Lambda would."""
    for start in range(0, len(records), 100):
        answer = app.live({"Records": records[start : start + 100]}, None)
        assert answer == {"batchItemFailures": []}, answer


def scan(token: str, ticket_id: str) -> str:
    """Scan a ticket as an usher; return the id of the log's entry."""
    body = {"scan_id": f"scn_{uuid.uuid4().hex[:16]}", "ticket_id": ticket_id}
    answer = call("POST", "/api/usher/scan/result/", body, token=token)
    assert answer.status == 200, answer.text
    return str(answer.json["log_id"])


def _event(connection_id: str, route: str) -> dict[str, Any]:
    context = {"routeKey": route, "connectionId": connection_id, "domainName": "x", "stage": "live", "apiId": "x"}
    return {"requestContext": {**context, "identity": {"sourceIp": "192.0.2.3"}}}


class _Handler(BaseHTTPRequestHandler):
    """Takes what is sent to sockets, and closes them."""

    protocol_version = "HTTP/1.1"
    gateway: Gateway

    def _socket(self) -> Socket | None:
        found = self.gateway.sockets.get(unquote(self.path.rpartition("/")[2]))
        return found if found is not None and found.is_open else None

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        socket = self._socket()
        if socket is not None:
            socket.take(body.decode())
        self._answer(200 if socket else 410)

    def do_DELETE(self) -> None:
        socket = self._socket()
        if socket is not None:
            socket.is_open = False
        self._answer(204 if socket else 410)

    def _answer(self, status: int) -> None:
        with contextlib.suppress(OSError):  # the client may have given up
            self.send_response(status)
            if status == 410:
                self.send_header("x-amzn-errortype", "GoneException")
            self.send_header("content-length", "0")
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Write no log line."""
