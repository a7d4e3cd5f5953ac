"""A fake *server* that speaks the wire contract on loopback, with faults on demand.

It is the agent's other side and not the agent's own code: it checks assertions with the enrolled key, answers a
`scan_id` twice alike, admits a card once, and does on demand what servers and networks do to a gate.
"""

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from snapshot_double import Signer

# What a record says; it must say so each time that it is sent. Its boot clock names the moment.
CONTENT = ("kind", "uid", "qr", "sun", "direction", "gate", "delta", "seq", "boot_id", "mono_ms")


@dataclass
class Fault:
    """What happens to one request instead of, or around, its answer."""

    status: int | None = None
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drop: bool = False
    reset: bool = False
    # Bytes of an answer as they are, one each `drip` seconds where it is set.
    raw: bytes | None = None
    drip: float = 0.0
    lose_answer: bool = False


def envelope(code: str, message: str = "because") -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "request_id": "req_1"}}).encode()


def refusal(status: int, code: str, **headers: str) -> Fault:
    return Fault(status=status, body=envelope(code), headers={k.replace("_", "-"): v for k, v in headers.items()})


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Platform:
    """The server's state, and the HTTP server around it."""

    def __init__(self, port: int = 0) -> None:
        self.codes: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.tokens: set[str] = set()
        self.devices: dict[str, str] = {}
        # Those that staff revoked, with the tokens of their one late upload.
        self.revoked: set[str] = set()
        self.late_tokens: set[str] = set()
        self.token_life = 900
        self.signer = Signer()
        # Those whose keys still verify after a rotation.
        self.earlier_signers: list[Signer] = []
        # What `GET snapshot/` gives: the bytes for a cursor (None: the whole), by the device that asks.
        self.snapshots: dict[str | None, Callable[[str], bytes]] = {}
        self.snapshot_requests: list[tuple[str | None, str | None]] = []
        self.snapshot_cut: int | None = None
        self.revoked_before: str | None = None
        # Where staff moved the device; None: to no other gate.
        self.gate: str | None = None
        self.tickets: dict[str, dict[str, Any] | None] = {}
        self.said: dict[str, str] = {}
        self.ticket_ids: dict[str, str] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.batches: list[list[str]] = []
        self.heartbeats: list[dict[str, Any]] = []
        # What a heartbeat's answer asks to repeat, until it is.
        self.test: str | None = None
        self.token_requests = 0
        self.config: dict[str, Any] = {
            "heartbeat_seconds": 30, "batch_size": 100, "online_timeout_ms": 1000, "debounce_ms": 1000,
            "timezone": "Asia/Karachi",
        }  # fmt: skip
        self.seconds_per_tap = 0.0
        self.only_result = ""
        self.fixed_answer: dict[str, Any] | None = None
        # Each so manieth answer to taps is lost after they were processed.
        self.lose_every = 0
        self.taps_requests = 0
        self.poison: set[str] = set()
        self.poison_status = (400, "VALIDATION_ERROR")
        self.clock_ahead = 0.0
        self.faults: dict[str, deque[Fault]] = {}
        self.always: dict[str, Fault] = {}
        self.lock = threading.Lock()
        self.stopped = threading.Event()
        self.port = port or _free_port()
        self._http: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def up(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._http.daemon_threads = True
        self.stopped.clear()
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def down(self) -> None:
        if self._http:
            self.stopped.set()
            self._http.shutdown()
            self._http.server_close()
            self._http = None

    def revoke(self, device: str) -> None:
        self.revoked.add(device)
        self.tokens -= {token for token, owner in self.devices.items() if owner == device}

    def provision(self) -> str:
        code = f"CODE-{len(self.codes):04d}"
        self.codes[code] = ""
        return code

    def break_once(self, path: str, *faults: Fault) -> None:
        with self.lock:
            self.faults.setdefault(path, deque()).extend(faults)

    # What the routes do.

    def enroll(self, body: dict[str, Any]) -> tuple[int, Any]:
        code, key = body["code"], body["public_key"]
        if code not in self.codes or self.codes[code] not in ("", key):
            return 401, {"error": {"code": "INVALID_CREDENTIALS", "message": "unknown code"}}
        self.codes[code] = key
        device = f"dev_{list(self.codes).index(code):026d}"
        self.keys[device] = key
        return 200, {
            "device_id": device,
            "event_id": "evt_demo",
            "gate": "Gate 1",
            "server_public_key": self.signer.public,
            "config": self.config,
        }

    def token(self, body: dict[str, Any]) -> tuple[int, Any]:
        self.token_requests += 1
        refused = 401, {"error": {"code": "UNAUTHENTICATED", "message": "not this device"}}
        device, is_late = body["device_id"], body.get("late_upload", False)
        if device not in self.keys or (device in self.revoked) is not is_late:
            return refused
        text = self.keys[device]
        key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        try:
            header = jwt.get_unverified_header(body["assertion"])
            claims = jwt.decode(
                body["assertion"],
                key,
                algorithms=["EdDSA"],
                audience="gatehouse-device-token",
                issuer=device,
                options={"require": ["exp", "iat", "sub", "jti"], "verify_exp": False, "verify_iat": False},
            )
        except jwt.InvalidTokenError:
            return refused
        here = time.time() + self.clock_ahead
        good = header["typ"] == "device-assertion+jwt" and claims["sub"] == device
        good = good and claims["exp"] - claims["iat"] <= 60 and claims["iat"] <= here + 30 and claims["exp"] > here - 30
        if not good:
            return refused
        token = f"token-{self.token_requests}"
        (self.late_tokens if is_late else self.tokens).add(token)
        self.devices[token] = device
        return 200, {"access": token, "token_type": "Bearer", "expires_in": self.token_life}

    def taps(self, body: dict[str, Any]) -> tuple[int, Any]:
        taps = body["taps"]
        assert 1 <= len(taps) <= 100
        assert body["device_time"].endswith("Z")
        assert body["boot_id"]
        assert body["mono_ms"] >= 0
        assert all(tap["seq"] > 0 and tap["boot_id"] and tap["mono_ms"] >= 0 for tap in taps if "seq" in tap)
        if any(tap.get("uid") in self.poison for tap in taps):
            status, code = self.poison_status
            return status, {"error": {"code": code, "message": "a bad tap", "request_id": "req_2"}}
        # Under the platform's lock: a batch delays what comes after it.
        time.sleep(self.seconds_per_tap * len(taps))
        self.batches.append([tap["scan_id"] for tap in taps])
        return 200, {"results": [self._decide(tap) for tap in taps]}

    def late_taps(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Take what a revoked device decided before; it gets no decision any more."""
        decided = {tap["scan_id"] for tap in body["taps"] if "offline" in tap}
        error = {"code": "FORBIDDEN", "message": "This device was revoked."}
        return 200, {
            "results": [
                {**self._decide(tap), "status": "conflict", "conflict": {"kind": "after_revocation"}}
                if tap["scan_id"] in decided
                else {"scan_id": tap["scan_id"], "status": "rejected", "result": "invalid", "error": error}
                for tap in body["taps"]
            ]
        }

    def _decide(self, tap: dict[str, Any]) -> dict[str, Any]:
        scan_id = tap["scan_id"]
        if self.fixed_answer:
            return {"scan_id": scan_id, **self.fixed_answer}
        said = json.dumps([tap.get(name) for name in CONTENT])
        if self.said.setdefault(scan_id, said) != said:
            error = {"code": "SCAN_ID_REUSED", "message": "another record had this id"}
            return {"scan_id": scan_id, "status": "rejected", "result": "invalid", "error": error}
        if scan_id in self.answers:
            return self.answers[scan_id] | {"status": "replayed"}
        self.received.append(tap)
        answer: dict[str, Any] = {
            "scan_id": scan_id, "reason": None, "attendee": None, "ticket": None, "first_scan": None,
            "remaining": None, "log_id": f"log_{scan_id[4:]}", "decided_at": now(), "status": "accepted",
            "corrected_at": tap["scanned_at"],
        }  # fmt: skip
        if tap.get("kind") == "count":
            answer["result"] = "valid"
        elif not tap.get("uid") and not tap.get("qr"):
            assert tap["offline"]["reason"] == "damaged"
            answer |= {"status": "rejected", "result": "invalid", "error": {"code": "NOT_FOUND", "message": "lost"}}
        else:
            answer |= self._of_ticket(tap)
        answer |= {"result": self.only_result} if self.only_result else {}
        self.answers[scan_id] = answer
        return answer

    def _of_ticket(self, tap: dict[str, Any]) -> dict[str, Any]:
        """Return what the platform finds; a claim on a ticket that is inside already is a conflict."""
        uid, shown = tap.get("uid") or tap["qr"], tap.get("offline")
        if uid not in self.tickets:
            return {"result": "not_found"}
        answer: dict[str, Any] = {
            "attendee": {"name": "Amina Demo", "photo_url": None, "labels": ["VIP"]},
            "ticket": {"id": self.ticket_ids.get(uid, "tkt_1"), "number": "GH-0001", "tier": "VIP"},
        }
        first = self.tickets[uid]
        if shown and shown["result"] != "valid":
            return {**answer, **shown}
        if first:
            conflict = {"kind": "double_admission", "with": {"scan_id": first["scan_id"], **first}}
            found = {"status": "conflict", "conflict": conflict} if shown else {}
            return answer | found | {"result": "already_scanned", "first_scan": first}
        self.tickets[uid] = {
            "scanned_at": tap["scanned_at"], "gate": "Gate 1", "by": "simulated reader", "scan_id": tap["scan_id"],
        }  # fmt: skip
        return answer | {"result": "valid"}

    def snapshot(
        self, device: str, since: str | None, wanted: str | None, if_range: str | None
    ) -> tuple[int, bytes, dict[str, str]]:
        self.snapshot_requests.append((since, wanted))
        if since not in self.snapshots:
            return 400, envelope("INVALID_CURSOR", "no such cursor"), {"Content-Type": "application/json"}
        whole = self.snapshots[since](device)
        headers = {"Content-Type": "application/octet-stream", "ETag": f'"{hashlib.sha256(whole).hexdigest()[:16]}"'}
        if if_range not in (None, headers["ETag"]):
            return 200, whole, headers
        start = int((wanted or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        if start >= len(whole):
            return 416, b"", headers
        part = whole[start:]
        return 206, part, headers | {"Content-Range": f"bytes {start}-{len(whole) - 1}/{len(whole)}"}

    def heartbeat(self, body: dict[str, Any]) -> tuple[int, Any]:
        self.heartbeats.append(body)
        if body.get("test") == self.test:
            self.test = None
        moment = datetime.fromtimestamp(time.time() + self.clock_ahead, UTC)
        return 200, {
            "config": self.config,
            "gate": self.gate,
            "server_public_keys": [each.public for each in (self.signer, *self.earlier_signers)],
            "revoked_before": self.revoked_before,
            "test": self.test,
            "time": moment.isoformat().replace("+00:00", "Z"),
        }

    def login(self, body: dict[str, Any]) -> tuple[int, Any]:
        if (body["email"], body["password"]) != ("admin@example.com", "demo-Admin-2026"):
            return 401, {"error": {"code": "INVALID_CREDENTIALS", "message": "wrong"}}
        return 200, {"access": "admin-token", "refresh": "r", "token_type": "Bearer", "expires_in": 900}

    def provision_route(self, body: dict[str, Any]) -> tuple[int, Any]:
        assert body["event_id"] == "evt_demo"
        assert body["gate"] == "Gate 1"
        return 201, {"device_id": "dev_x", "enrollment_code": self.provision(), "expires_at": now()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _handler(platform: Platform) -> type[BaseHTTPRequestHandler]:  # noqa: C901  # a class in a function, each method short
    public = {
        "/api/device/enroll/": platform.enroll,
        "/api/device/token/": platform.token,
        "/api/auth/login/": platform.login,
        "/api/devices/": platform.provision_route,
    }
    guarded = {"/api/device/taps/": platform.taps, "/api/device/heartbeat/": platform.heartbeat}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if platform.stopped.is_set():  # a connection that was open when the platform went away
                self.close_connection = True
                return
            with platform.lock:
                queue = platform.faults.get(self.path)
                fault = queue.popleft() if queue else platform.always.get(self.path, Fault())
            if fault.delay:
                time.sleep(fault.delay)
            if fault.drop or fault.reset or fault.raw is not None:
                self._break(fault)
                return
            if fault.status:
                self._send(fault.status, fault.body or b"", fault.headers)
                return
            with platform.lock:
                status, answer = self._route(body)
            if fault.lose_answer or self._is_lost():
                self.close_connection = True
                return
            self._send(status, json.dumps(answer).encode(), {})

        def _is_lost(self) -> bool:
            if self.path != "/api/device/taps/" or not platform.lose_every:
                return False
            platform.taps_requests += 1
            return platform.taps_requests % platform.lose_every == 0

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            with platform.lock:
                queue = platform.faults.get(parts.path)
                fault = queue.popleft() if queue else platform.always.get(parts.path, Fault())
            if fault.delay:
                time.sleep(fault.delay)
            if fault.drop or fault.reset or fault.raw is not None:
                self._break(fault)
                return
            if fault.status:
                self._send(fault.status, fault.body or b"", fault.headers)
                return
            device = platform.devices.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
            if device is None:
                self._send(401, envelope("UNAUTHENTICATED"), {})
                return
            since = dict(parse_qsl(parts.query)).get("since")
            with platform.lock:
                status, body, headers = platform.snapshot(
                    device, since, self.headers.get("Range"), self.headers.get("If-Range")
                )
                cut, platform.snapshot_cut = platform.snapshot_cut, None
            self._send(status, body, headers, cut=cut)

        def _break(self, fault: Fault) -> None:
            self.close_connection = True
            if fault.reset:  # a linger of no time makes the system send RST
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            step = 1 if fault.drip else max(1, len(fault.raw or b""))
            try:
                for start in range(0, len(fault.raw or b""), step):
                    self.wfile.write((fault.raw or b"")[start : start + step])
                    platform.stopped.wait(fault.drip)
            except OSError:
                return  # the agent has left

        def _route(self, body: dict[str, Any]) -> tuple[int, Any]:
            if self.path in public:
                return public[self.path](body)
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            if token in platform.late_tokens and self.path == "/api/device/taps/":
                return platform.late_taps(body)
            if token not in platform.tokens:
                return 401, {"error": {"code": "UNAUTHENTICATED", "message": "no token"}}
            return guarded[self.path](body)

        def _send(self, status: int, body: bytes, headers: dict[str, str], *, cut: int | None = None) -> None:
            try:
                self.send_response(status)
                for name, value in ({"Content-Type": "application/json"} | headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:cut])
                self.close_connection = self.close_connection or cut is not None
            except OSError:
                self.close_connection = True

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + platform.clock_ahead)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's name
            pass

    return Handler
