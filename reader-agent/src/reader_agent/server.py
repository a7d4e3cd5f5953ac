"""The platform's API for devices: enrolment, token, taps, heartbeat. Each kind of failure has its own class."""

import ipaddress
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from reader_agent import __version__
from reader_agent.clock import Clock, read_time, write_time
from reader_agent.failures import BadSetup, LockedOut, Rejected, TryLater
from reader_agent.identity import Identity
from reader_agent.wire import Enrolled, ErrorEnvelope, HeartbeatAnswer, TapOut, TapsAnswer, TokenAnswer

Answer = TypeVar("Answer", bound=BaseModel)

# The access token is renewed this long before it expires, so that no tap waits for it.
_RENEW_BEFORE_SECONDS = 60.0
# The Date header has whole seconds, and it travels: smaller differences are ignored.
_DATE_TRUSTED_SECONDS = 5.0
_FOREVER_REFUSED = frozenset({400, 404, 405, 410, 413, 414, 415, 422})
_LOCKED_OUT = frozenset({401, 403})


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
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSetup(f"{url!r} is not a server address; give it as https://host or http://127.0.0.1:8000")
    if parts.scheme == "http" and not is_loopback(url):
        raise BadSetup(f"{url} would send the device's credentials in the clear; use https")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


class Server:
    """A connection to the platform. Safe for several threads."""

    def __init__(self, url: str, *, clock: Clock, identity: Identity | None = None) -> None:
        self.url = check_address(url)
        self.clock = clock
        self.identity = identity
        # The server's clock minus this device's wall clock; None until it is known.
        self.clock_offset_seconds: float | None = None
        self._client = httpx.Client(
            base_url=self.url,
            headers={"User-Agent": f"gatehouse-reader/{__version__}", "Accept": "application/json"},
            # A proxy that the environment names cannot reach this machine's own loopback.
            trust_env=not is_loopback(self.url),
            limits=httpx.Limits(max_connections=4, keepalive_expiry=60),
        )
        self._lock = threading.Lock()
        self._access = ""
        self._renew_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def enroll(self, *, code: str, public_key: str, name: str | None) -> Enrolled:
        """Exchange an administrator's one-time code for a device."""
        body = {"code": code, "public_key": public_key} | ({"name": name} if name else {})
        return self._post("/api/device/enroll/", body, Enrolled, timeout=30.0)

    def taps(self, taps: list[TapOut], *, timeout: float) -> TapsAnswer:
        """Send taps and return one decision for each, in order."""
        body = {
            "taps": [tap.model_dump(exclude_none=True) for tap in taps],
            "device_time": write_time(self.clock.wall()),
        }
        answer = self._as_device("/api/device/taps/", body, TapsAnswer, timeout=timeout)
        if [decision.scan_id for decision in answer.results] != [tap.scan_id for tap in taps]:
            raise TryLater("the server's decisions do not match the taps that were sent")
        return answer

    def heartbeat(self, body: dict[str, Any], *, timeout: float) -> HeartbeatAnswer:
        """Send the device's state; return its configuration and the time."""
        before = self.clock.monotonic()
        answer = self._as_device("/api/device/heartbeat/", body, HeartbeatAnswer, timeout=timeout)
        travelled = self.clock.monotonic() - before
        try:
            server_now = read_time(answer.time).timestamp() + travelled / 2
        except ValueError:
            raise TryLater("the server's heartbeat answer carries no readable time") from None
        self.clock_offset_seconds = server_now - self.clock.wall().timestamp()
        return answer

    def access_token(self, *, timeout: float) -> str:
        """Return a valid token; a new one is fetched only when the last is about to expire."""
        with self._lock:
            if self._access and self.clock.monotonic() < self._renew_at:
                return self._access
            answer = self._fetch_token(timeout)
            life = max(0.0, answer.expires_in)
            self._access = answer.access
            self._renew_at = self.clock.monotonic() + max(life - _RENEW_BEFORE_SECONDS, life / 2)
            return self._access

    def _fetch_token(self, timeout: float) -> TokenAnswer:
        if self.identity is None:
            raise BadSetup("this connection has no device identity")
        offset = self.clock_offset_seconds or 0.0
        for last_try in (False, True):
            body = {
                "device_id": self.identity.device_id,
                "assertion": self.identity.assertion(clock_offset_seconds=offset),
            }
            try:
                return self._post("/api/device/token/", body, TokenAnswer, timeout=timeout)
            except LockedOut:
                # A board that booted in the past signs proofs that have expired: retry once, by the server's time.
                measured = self.clock_offset_seconds
                if last_try or measured is None or abs(measured - offset) < _DATE_TRUSTED_SECONDS:
                    raise
                offset = measured
            except Rejected as error:
                raise LockedOut(f"the server does not know this device: {error}") from None
        raise LockedOut("the server refuses this device")

    def _as_device(self, path: str, body: dict[str, Any], kind: type[Answer], *, timeout: float) -> Answer:
        token = self.access_token(timeout=timeout)
        try:
            return self._post(path, body, kind, timeout=timeout, token=token)
        except LockedOut as error:
            if error.status != 401:
                raise
            # The token may have expired early (a changed key, a clock that was set): retry once with a fresh one.
            with self._lock:
                if self._access == token:
                    self._access = ""
            return self._post(path, body, kind, timeout=timeout, token=self.access_token(timeout=timeout))

    def _post(
        self, path: str, body: dict[str, Any], kind: type[Answer], *, timeout: float, token: str | None = None
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            response = self._client.post(
                path, json=body, headers=headers, timeout=httpx.Timeout(timeout, connect=min(timeout, 5.0))
            )
        except httpx.TimeoutException:
            raise TryLater(f"{self.url} did not answer within {timeout:g} s") from None
        except httpx.HTTPError as error:
            raise TryLater(f"{self.url} cannot be reached ({type(error).__name__})") from None
        self._learn_time(response)
        if response.is_success:
            try:
                return kind.model_validate_json(response.content)
            except ValidationError:
                raise TryLater(
                    f"{self.url} gave an answer that is not the platform's; is this a captive portal?"
                ) from None
        raise _failure(response, self.url)

    def _learn_time(self, response: httpx.Response) -> None:
        try:
            stated = parsedate_to_datetime(response.headers.get("Date", "")).timestamp() + 0.5
        except (TypeError, ValueError):
            return
        offset = stated - self.clock.wall().timestamp()
        # The heartbeat's own time is finer: the header counts only where it differs by far.
        if self.clock_offset_seconds is None or abs(offset - self.clock_offset_seconds) > _DATE_TRUSTED_SECONDS:
            self.clock_offset_seconds = offset


def _failure(response: httpx.Response, url: str) -> Exception:
    """Return the failure that an answer other than 2xx means."""
    status = response.status_code
    try:
        refusal = ErrorEnvelope.model_validate_json(response.content).error
    except ValidationError:
        refusal = None
    said = f"{refusal.code}: {refusal.message}" if refusal else f"HTTP {status}"
    if status in _LOCKED_OUT and refusal:
        return LockedOut(f"{url} refuses this device's credentials ({said})", status=status)
    if status in _FOREVER_REFUSED and refusal:
        return Rejected(said, status=status, code=refusal.code)
    # A 4xx without the platform's envelope comes from a proxy or a captive portal: the tap is retried.
    return TryLater(f"{url} answered {said}", retry_after=_retry_after(response))


def _retry_after(response: httpx.Response) -> float | None:
    header = response.headers.get("Retry-After", "").strip()
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.fromtimestamp(time.time(), UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), 3600.0)
