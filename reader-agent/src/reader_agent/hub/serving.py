"""The hub's HTTPS server. Nobody is read before their key is known, and nobody can hold it up.

The standard library's server does: behind mutual TLS it speaks only to a few devices of the event. What it lacks is
here: deadlines over a whole request, bounds on bodies, on connections, and on handshakes of one address.
"""

import io
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import structlog
from pydantic import BaseModel, ValidationError

from reader_agent.failures import BadSetup
from reader_agent.hub.desk import Desk, HubRefusal
from reader_agent.hub.tls import Member, Peer, PeerContext, PinnedSocket
from reader_agent.hub.wire import LONGEST_WAIT_SECONDS, HubDecisions, HubNoted, HubPassages, HubTaps

_Body = TypeVar("_Body", bound=BaseModel)
Peers = Callable[[], Sequence[Peer]]

LONGEST_BODY_BYTES = 256 * 1024


@dataclass(frozen=True)
class Limits:
    """How long a guest may take, and how many there may be at once."""

    handshake_seconds: float = 5.0
    request_seconds: float = 5.0
    idle_seconds: float = 60.0
    connections: int = 128
    of_a_peer: int = 8
    handshakes_of_an_address: int = 4


# The longest wait for connections that end.
_END_SECONDS = 3.0


class _Stream(io.RawIOBase):
    """What comes in on a connection, until a deadline that is for everything together."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = time.monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    """One connection of a peer."""

    protocol_version = "HTTP/1.1"
    server_version = "gatehouse-hub"
    sys_version = ""
    error_content_type = "application/json"
    error_message_format = '{"error": {"code": "VALIDATION_ERROR", "message": "not a request that the hub reads"}}'
    server: "_Server"
    connection: PinnedSocket

    def setup(self) -> None:
        super().setup()
        self._stream = _Stream(self.connection)
        self.rfile = self._input = io.BufferedReader(self._stream)

    def handle_one_request(self) -> None:
        self._stream.until = time.monotonic() + self.server.limits.idle_seconds
        try:
            self._input.peek(1)
            self._stream.until = time.monotonic() + self.server.limits.request_seconds
            super().handle_one_request()
        except OSError:  # gone, or too slow
            self.close_connection = True

    def do_GET(self) -> None:  # the standard library's name
        self._answer({"/state": self._state})

    def do_POST(self) -> None:  # the standard library's name
        self._answer({"/taps": self._taps, "/passages": self._passages})

    def _answer(self, routes: dict[str, Callable[[Peer], BaseModel]]) -> None:
        route = routes.get(urlsplit(self.path).path, _no_route)
        try:
            # Each request asks: the peer may have been revoked since the connection began.
            answer = route(self.server.still_a_peer(self.connection.peer))
        except HubRefusal as refusal:
            # What is left of a body that was not read is no request.
            self.close_connection = True
            self._send(refusal.status, {"error": {"code": refusal.code, "message": str(refusal)}})
            return
        self._send(200, answer.model_dump(mode="json", exclude_none=True))

    def _taps(self, peer: Peer) -> HubDecisions:
        body = self._body(HubTaps)
        self._same_event(body.event_id)
        desk = self.server.desk
        return HubDecisions(hub=desk.device_id, results=desk.decide(body.taps, peer))

    def _passages(self, peer: Peer) -> HubNoted:
        body = self._body(HubPassages)
        self._same_event(body.event_id)
        desk = self.server.desk
        return HubNoted(hub=desk.device_id, journal=desk.journal.name, noted=desk.note(body.passages, peer))

    def _state(self, peer: Peer) -> BaseModel:
        query = parse_qs(urlsplit(self.path).query)
        self._same_event(query.get("event_id", [""])[0])
        since, wait = query.get("since", ["0"])[0], query.get("wait", ["0"])[0]
        if not (_is_number(since) and _is_number(wait) and int(wait) <= LONGEST_WAIT_SECONDS):
            raise HubRefusal(
                400, "VALIDATION_ERROR", f"since is a number, and wait is one from 0 to {LONGEST_WAIT_SECONDS}"
            )
        return self.server.desk.state(int(since), peer, wait=float(wait))

    def _same_event(self, event_id: str) -> None:
        if event_id != self.server.event_id:
            raise HubRefusal(403, "NOT_ASSIGNED", "this hub serves another event")

    def _body(self, kind: type[_Body]) -> _Body:
        length = self.headers.get("Content-Length", "")
        if not _is_number(length) or "Transfer-Encoding" in self.headers:
            raise HubRefusal(411, "VALIDATION_ERROR", "the body needs a Content-Length")
        if int(length) > LONGEST_BODY_BYTES:
            raise HubRefusal(413, "BODY_TOO_LARGE", f"a body has at most {LONGEST_BODY_BYTES // 1024} KB")
        content = self.rfile.read(int(length))
        try:
            return kind.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "body"
            raise HubRefusal(400, "VALIDATION_ERROR", f"{where}: {first['msg']}") from None

    def _send(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.connection.settimeout(self.server.limits.request_seconds)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's name
        """Log nothing: the agents ask each second."""


def _no_route(_: Peer) -> BaseModel:
    raise HubRefusal(404, "NOT_FOUND", "there are POST /taps, POST /passages and GET /state")


class _Server(ThreadingHTTPServer):
    """Accepts connections; the handshake is in the thread of its connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], desk: Desk, *, member: Member, peers: Peers, limits: Limits) -> None:
        self.desk = desk
        self.limits = limits
        self.event_id = member.event_id
        self.refused: Counter[str] = Counter()
        self._key = member.key
        self._peers = peers
        # Guards the fields below; notified when a connection has ended.
        self._lock = threading.Condition()
        self._context: tuple[tuple[Peer, ...], PeerContext] | None = None
        self._handshakes: Counter[str] = Counter()
        self._open: Counter[str] = Counter()
        self._sockets: set[socket.socket] = set()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def context(self) -> PeerContext:
        """Return the TLS settings for the peers of now."""
        peers = tuple(peer for peer in self._peers() if peer.device_id != self.desk.device_id)
        with self._lock:
            if self._context is None or self._context[0] != peers:
                self._context = peers, PeerContext.of_hub(self._key, peers)
            return self._context[1]

    def still_a_peer(self, peer: Peer) -> Peer:
        """Return a peer as the list of now has it. Raises HubRefusal."""
        for each in self._peers():
            if each.public_key == peer.public_key:
                return each
        raise HubRefusal(403, "FORBIDDEN", "this device is not among the event's devices any more")

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a connection; one too many is closed at once."""
        with self._lock:
            is_full = (
                len(self._sockets) >= self.limits.connections
                or self._handshakes[client_address[0]] >= self.limits.handshakes_of_an_address
            )
            if not is_full:
                self._sockets.add(request)
                self._handshakes[client_address[0]] += 1
        if is_full:
            self.refused["busy"] += 1
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Prove who is there, then answer their requests."""
        try:
            secured = self._handshake(request, client_address[0])
        finally:
            with self._lock:
                self._sockets.discard(request)
                self._lock.notify_all()
        if secured is None:
            return
        with closing(secured):
            with self._counted(secured) as is_one_too_many, suppress(OSError):
                if is_one_too_many:
                    self.refused["busy"] += 1
                else:
                    _Handler(secured, client_address, self)
            with suppress(OSError):
                secured.shutdown(socket.SHUT_RDWR)

    def _handshake(self, request: socket.socket, address: str) -> PinnedSocket | None:
        try:
            # One deadline for the handshake as a whole.
            request.settimeout(self.limits.handshake_seconds)
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            secured = self.context().wrap_socket(request, server_side=True)
        except ssl.SSLCertVerificationError:
            self.refused["unknown_key"] += 1
        except OSError:
            self.refused["no_handshake"] += 1
        else:
            assert isinstance(secured, PinnedSocket)  # noqa: S101 # nosec B101  # its context makes no other
            return secured
        finally:
            with self._lock:
                self._handshakes[address] -= 1
                if not self._handshakes[address]:
                    del self._handshakes[address]
        return None

    @contextmanager
    def _counted(self, secured: PinnedSocket) -> Iterator[bool]:
        name = secured.peer.device_id
        with self._lock:
            is_one_too_many = self._open[name] >= self.limits.of_a_peer
            self._open[name] += 1
            self._sockets.add(secured)
        try:
            yield is_one_too_many
        finally:
            with self._lock:
                self._open[name] -= 1
                self._sockets.discard(secured)
                self._lock.notify_all()

    def close_connections(self) -> None:
        """End every connection, and wait a little for the answers on their way."""
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RD)
        with self._lock:
            self._lock.wait_for(lambda: not self._sockets, _END_SECONDS)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # the standard library's
        """Log a fault of the hub itself; the other connections go on."""
        structlog.get_logger().exception("hub: request failed", address=client_address[0])


class HubServer:
    """The hub on the network, in threads of its own."""

    def __init__(self, listen: str, desk: Desk, *, member: Member, peers: Peers, limits: Limits | None = None) -> None:
        host, port = split_address(listen)
        self.desk = desk
        try:
            self._http = _Server((host, port), desk, member=member, peers=peers, limits=limits or Limits())
        except OSError as error:
            raise BadSetup(
                f"the hub cannot listen on {listen} ({error.strerror or error}); choose another --hub-listen"
            ) from None
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.2,), name="hub", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Return whether the hub accepts connections."""
        return self._thread.is_alive()

    @property
    def refused(self) -> dict[str, int]:
        """How many connections were refused, by the cause."""
        return dict(self._http.refused)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End every connection, and serve no more."""
        self.desk.journal.end_waiting()
        if self._thread.ident:
            self._http.shutdown()
        self._http.server_close()
        self._http.close_connections()


def split_address(text: str) -> tuple[str, int]:
    """Return the host and the port in `HOST:PORT` or `[IPV6]:PORT`. Raises BadSetup."""
    host, _, port = text.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if not host or not _is_number(port) or int(port) > 65535 or (":" in host and not is_bracketed):
        raise BadSetup(
            f"{text!r} is not an address; give it as HOST:PORT, such as 192.0.2.10:8443 or [2001:db8::10]:8443"
        )
    return host.strip("[]"), int(port)


def joined_address(host: str, port: int) -> str:
    """Return the text of an address, which `split_address` reads."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
