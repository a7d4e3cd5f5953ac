"""The platform's API for devices: enrolment, token, taps, heartbeat. Each kind of failure has its own class."""

import ipaddress
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, get_args
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from reader_agent.clock import Clock, read_time, write_time
from reader_agent.failures import BadSetup, LockedOut, Rejected, TryLater
from reader_agent.identity import Identity
from reader_agent.road import Reply, Request, Road
from reader_agent.wire import Enrolled, ErrorEnvelope, HeartbeatAnswer, TapOut, TapsAnswer, TokenAnswer

Answer = TypeVar("Answer", bound=BaseModel)
OnPiece = Callable[[int, httpx.Headers, bytes], None]
# Names of a hundred thousand attendees make the most of it.
_LONGEST_SNAPSHOT = 64 * 1024 * 1024

# The access token is renewed this long before it expires, so that no tap waits for it.
_RENEW_BEFORE_SECONDS = 60.0
# The Date header has whole seconds, and it travels: smaller differences are ignored.
_DATE_TRUSTED_SECONDS = 5.0
_REFUSED = frozenset({400, 404, 405, 410, 413, 414, 415, 422})
_LOCKED_OUT = frozenset({401, 403})
# A longer pause would end a gate; a slice of taps at this interval is no load.
_LONGEST_RETRY_AFTER = 15.0

# A person at the gate, the kept taps, the heartbeat and the snapshot each have a connection of their own.
RoadName = Literal["person", "backlog", "heartbeat", "snapshot"]


def is_loopback(url: str) -> bool:
    """Return whether a server address is on this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(url: str) -> str:
    """Return a server's address in its plain form. Raises BadSetup where credentials would travel unencrypted."""
    try:
        parts = urlsplit(url)
        is_readable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bracket that is not closed, a port that is none
        is_readable = False
    if not is_readable:
        raise BadSetup(f"{url!r} is not a server address; give it as https://host or http://127.0.0.1:8000")
    if parts.scheme == "http" and not is_loopback(url):
        raise BadSetup(f"{url} would send the device's credentials in the clear; use https")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class Server:
    """The platform's API. Safe for several threads; each of its roads waits for no other."""

    def __init__(self, url: str, *, clock: Clock, identity: Identity | None = None) -> None:
        self.url = check_address(url)
        self.clock = clock
        self.identity = identity
        # The server's clock minus the boot clock, None until it is known: it stays true where the wall clock is set.
        self.server_minus_boot_seconds: float | None = None
        self._roads = {name: Road(self.url, trust_env=not is_loopback(self.url)) for name in get_args(RoadName)}
        self._lock = threading.Lock()
        # The tokens with the time to renew each, by whether it is for the one late upload of a revoked device.
        self._tokens: dict[bool, tuple[str, float]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def clock_offset_seconds(self) -> float | None:
        """The server's clock minus this device's wall clock of now; None until it is known."""
        ahead = self.server_minus_boot_seconds
        return None if ahead is None else ahead + self.clock.monotonic() - self.clock.wall().timestamp()

    def close(self) -> None:
        """Close the connections."""
        for road in self._roads.values():
            road.close()

    def enroll(self, *, code: str, public_key: str, name: str | None) -> Enrolled:
        """Exchange an administrator's one-time code for a device."""
        body = {"code": code, "public_key": public_key} | ({"name": name} if name else {})
        return self._post("/api/device/enroll/", body, Enrolled, call=_Call("person", self._until(30.0)))

    def taps(
        self, taps: list[TapOut], *, timeout: float, road: RoadName = "person", is_late: bool = False
    ) -> TapsAnswer:
        """Send taps and return one decision for each, in order.

        `is_late`: as a revoked device, which may send once what it decided before; it gets no decision any more.
        """
        body = {
            "taps": [tap.model_dump(exclude_none=True) for tap in taps],
            "device_time": write_time(self.clock.wall()),
            # Records of this boot are put in time by its clock, so a wall clock that was set does not matter.
            "boot_id": self.clock.boot_id,
            "mono_ms": self.clock.monotonic_ns() // 1_000_000,
        }
        call = _Call(road, self._until(timeout), is_late=is_late)
        answer = self._as_device("/api/device/taps/", body, TapsAnswer, call=call)
        if [decision.scan_id for decision in answer.results] != [tap.scan_id for tap in taps]:
            raise TryLater("the server's decisions do not match the taps that were sent")
        return answer

    def heartbeat(self, body: dict[str, Any], *, timeout: float) -> HeartbeatAnswer:
        """Send the device's state; return its configuration and the time."""
        call = _Call("heartbeat", self._until(timeout))
        before = self.clock.monotonic()
        answer = self._as_device("/api/device/heartbeat/", body, HeartbeatAnswer, call=call)
        travelled = self.clock.monotonic() - before
        try:
            server_now = read_time(answer.time).timestamp() + travelled / 2
        except (ValueError, OverflowError):
            raise TryLater("the server's heartbeat answer carries no readable time") from None
        self._set_offset(server_now - self.clock.wall().timestamp())
        return answer

    def snapshot(self, *, since: str | None, headers: Mapping[str, str], on_piece: OnPiece, timeout: float) -> Reply:
        """Fetch a snapshot, or a part of one by `headers`; its bytes go to `on_piece`. Raises as `taps` does."""
        call = _Call("snapshot", self._until(timeout))
        asked = {"names": "true"} | ({"since": since} if since else {})
        path = f"/api/device/snapshot/?{urlencode(asked)}"
        for last_try in (False, True):
            token = self._token(call)
            request = Request(
                "GET",
                path,
                token=token,
                headers={"Accept": "application/octet-stream", **headers},
                longest=_LONGEST_SNAPSHOT,
                on_piece=on_piece,
            )
            reply = self._roads["snapshot"].ask(request, seconds=self._left(call))
            if reply.status in (200, 206, 416):
                # Its Date is from before the body, which may have taken a minute: nothing is learned of the time.
                return reply
            failure = self._failure(reply) if reply.is_json else _foreign(self.url, reply)
            if last_try or not isinstance(failure, LockedOut) or failure.status != 401:
                raise failure
            self._forget_token(token)
        raise TryLater(f"{self.url} gave no snapshot")

    def access_token(self, *, timeout: float) -> str:
        """Return a valid token; a new one is fetched only when the last is about to expire."""
        return self._token(_Call("person", self._until(timeout)))

    def _until(self, seconds: float) -> float:
        return self.clock.monotonic() + seconds

    def _token(self, call: "_Call") -> str:
        with self._lock:
            access, renew_at = self._tokens.get(call.is_late, ("", 0.0))
            if access and self.clock.monotonic() < renew_at:
                return access
        # Fetched without the lock: a road that waits for its token holds up no other road.
        answer = self._fetch_token(call)
        life = answer.expires_in
        with self._lock:
            renew_at = self.clock.monotonic() + max(life - _RENEW_BEFORE_SECONDS, life / 2)
            self._tokens[call.is_late] = answer.access, renew_at
        return answer.access

    def _fetch_token(self, call: "_Call") -> TokenAnswer:
        if self.identity is None:
            raise BadSetup("this connection has no device identity")
        offset = self.clock_offset_seconds or 0.0
        for last_try in (False, True):
            body = {
                "device_id": self.identity.device_id,
                "assertion": self.identity.assertion(now=self.clock.wall().timestamp() + offset),
            } | ({"late_upload": True} if call.is_late else {})
            try:
                return self._post("/api/device/token/", body, TokenAnswer, call=call)
            except LockedOut:
                # A board that booted in the past signs proofs that have expired: retry once, by the server's time.
                measured = self.clock_offset_seconds
                if last_try or measured is None or abs(measured - offset) < _DATE_TRUSTED_SECONDS:
                    raise
                offset = measured
            except Rejected as error:
                raise LockedOut(f"the server does not know this device: {error}") from None
        raise LockedOut("the server refuses this device")

    def _as_device(self, path: str, body: dict[str, Any], kind: type[Answer], *, call: "_Call") -> Answer:
        token = self._token(call)
        try:
            return self._post(path, body, kind, call=call, token=token)
        except LockedOut as error:
            if error.status != 401:
                raise
            # The token may have expired early (a changed key, a clock that was set): retry once with a fresh one.
            self._forget_token(token)
            return self._post(path, body, kind, call=call, token=self._token(call))

    def _forget_token(self, token: str) -> None:
        with self._lock:
            self._tokens = {is_late: kept for is_late, kept in self._tokens.items() if kept[0] != token}

    def _left(self, call: "_Call") -> float:
        """Return the seconds that a call has left. Raises TryLater where it has none."""
        seconds = call.until - self.clock.monotonic()
        if seconds <= 0:
            raise TryLater(f"{self.url} did not answer in time")
        return seconds

    def _post(
        self, path: str, body: dict[str, Any], kind: type[Answer], *, call: "_Call", token: str | None = None
    ) -> Answer:
        reply = self._roads[call.road].post(path, body, token=token, seconds=self._left(call))
        if not reply.is_json:
            raise _foreign(self.url, reply)
        if not 200 <= reply.status < 300:
            raise self._failure(reply)
        try:
            answer = kind.model_validate_json(reply.body)
        except ValidationError:
            raise _foreign(self.url, reply) from None
        self._learn_time(reply)
        return answer

    def _failure(self, reply: Reply) -> Exception:
        """Return the failure that a JSON answer other than 2xx means."""
        try:
            refusal = ErrorEnvelope.model_validate_json(reply.body).error
        except ValidationError:
            return _foreign(self.url, reply)
        self._learn_time(reply)
        said = f"{refusal.code}: {refusal.message}"
        if reply.status in _LOCKED_OUT:
            return LockedOut(f"{self.url} refuses this device's credentials ({said})", status=reply.status)
        if reply.status in _REFUSED:
            return Rejected(said, status=reply.status, code=refusal.code)
        return TryLater(f"{self.url} answered {said}", retry_after=_retry_after(reply, self.clock.wall()))

    def _learn_time(self, reply: Reply) -> None:
        """Learn the time from an answer of the platform; other senders' clocks count for nothing."""
        try:
            stated = parsedate_to_datetime(reply.headers.get("Date", "")).timestamp() + 0.5
        except (TypeError, ValueError, OverflowError):
            return
        offset = stated - self.clock.wall().timestamp()
        # The heartbeat's own time is finer: the header counts only where it differs by far.
        known = self.clock_offset_seconds
        if known is None or abs(offset - known) > _DATE_TRUSTED_SECONDS:
            self._set_offset(offset)

    def _set_offset(self, offset: float) -> None:
        self.server_minus_boot_seconds = self.clock.wall().timestamp() + offset - self.clock.monotonic()


@dataclass(frozen=True)
class _Call:
    """The road of a request and of the token it needs, and when both must be done (seconds of the boot clock)."""

    road: RoadName
    until: float
    is_late: bool = False


def _foreign(url: str, reply: Reply) -> TryLater:
    """Return the failure of an answer that a proxy or a captive portal gave: it says nothing about the tap."""
    return TryLater(f"{url} gave an answer that is not the platform's (HTTP {reply.status}); is this a captive portal?")


def _retry_after(reply: Reply, now: datetime) -> float | None:
    """Return the pause that the platform asks for, in seconds, at most _LONGEST_RETRY_AFTER."""
    header = reply.headers.get("Retry-After", "").strip()
    if header.isascii() and header.isdigit():
        return float(min(int(header[:6]), _LONGEST_RETRY_AFTER))
    try:
        seconds = (parsedate_to_datetime(header) - now).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)
