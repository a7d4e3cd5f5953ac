"""A road to the server: a connection of its own, a hard deadline, and a bound on each answer.

httpx limits each phase of a request, not their sum: slow names, slow headers and a slow body can hold a request for
hours. So each request runs in a thread of its own, and its caller leaves at the deadline.
"""

import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Literal

import httpx

from reader_agent import __version__
from reader_agent.failures import BadSetup, TryLater

# A hundred decisions need about 100 KB.
LONGEST_ANSWER_BYTES = 1024 * 1024
_WITH_CONTENT = frozenset({200, 206})
_PIECE_BYTES = 256 * 1024
# A request that still runs this long after its deadline hangs: its connection is closed.
_HANGS_AFTER_SECONDS = 10.0
# What the environment says of the way to the platform.
_PROXIES_BY = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
_CERTIFICATES_BY = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_MOST_HANGING = 32
# The steps of a request that httpcore's trace extension names.
_NEW_CONNECTION, _ANSWERED = "connection.connect_tcp.started", "http11.receive_response_headers.complete"


@cache
def _certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Return the trusted certificates; reading them takes a small board a while, so the roads share them.

    Raises BadSetup where the environment names others that cannot be read.
    """
    try:
        return httpx.create_ssl_context(trust_env=trust_env)
    except OSError as error:
        named = next((f"{name}={os.environ[name]}" for name in _CERTIFICATES_BY if os.environ.get(name)), "this system")
        raise BadSetup(f"no certificates can be read from {named}: {error}") from None


@dataclass(frozen=True)
class Reply:
    """An answer as it came: nothing in it is checked yet."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_json(self) -> bool:
        """Return whether the answer claims to be JSON, as all of the platform's are."""
        return str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower() == "application/json"


def _cause(error: httpx.ConnectError) -> str:
    """Return why a connection failed: no name, no way, nobody there, nobody to trust."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"it is not to be trusted: {cause.verify_message if hasattr(cause, 'verify_message') else cause}"
        if isinstance(cause, socket.gaierror):
            return "its name is not known: has this network DNS?"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror[:1].lower() + cause.strerror[1:]
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


@dataclass(frozen=True)
class Request:
    """One request. An answer that carries content is given in pieces to `on_piece`, where that is set."""

    method: Literal["GET", "POST"]
    path: str
    token: str | None = None
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    longest: int = LONGEST_ANSWER_BYTES
    on_piece: Callable[[int, httpx.Headers, bytes], None] | None = None

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers, with that of the token."""
        return {**self.headers, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}


# Where the caller of a request waits.
_Results = queue.SimpleQueue[Reply | TryLater]


class Road:
    """One user's requests to the server. A request that hangs here holds up no other road."""

    def __init__(self, url: str, *, trust_env: bool, verify: ssl.SSLContext | None = None) -> None:
        """Lead to this address; `verify` says whom to trust there, instead of the web's authorities."""
        self.url = url
        self._trust_env = trust_env
        self._verify = verify
        self._lock = threading.Lock()
        self._client = self._connect()
        # The requests that run, each with the time by which it should have ended.
        self._running: dict[_Results, float] = {}
        self._is_closed = False

    def _connect(self) -> httpx.Client:
        try:
            return self._make_client()
        except (ImportError, ValueError, httpx.InvalidURL) as error:
            # A proxy's address may have a password in it.
            named = [name for name in _PROXIES_BY if os.environ.get(name) or os.environ.get(name.lower())]
            if not self._trust_env or not named:
                raise
            why = (
                "SOCKS is not supported; give it as http://HOST:PORT"
                if isinstance(error, ImportError)
                else "it is not usable"
            )
            raise BadSetup(f"the proxy in {', '.join(named)} of the environment: {why}") from None

    def _make_client(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            headers={
                "User-Agent": f"gatehouse-reader/{__version__}",
                "Accept": "application/json",
                # Answers are small, and a compressed one may unpack to any size.
                "Accept-Encoding": "identity",
            },
            # A proxy that the environment names cannot reach this machine's own loopback.
            trust_env=self._trust_env,
            verify=self._verify or _certificates(trust_env=self._trust_env),
            # A cookie of a captive portal would go to the platform with each later request.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            limits=httpx.Limits(max_connections=8, keepalive_expiry=60),
        )

    def close(self) -> None:
        """Close the connections; requests that run end with an error, at once."""
        with self._lock:
            self._is_closed = True
            for results in self._running:
                results.put(self._closed())
            self._client.close()

    def _closed(self) -> TryLater:
        return TryLater(f"{self.url} is not asked any more", is_reached=False)

    def get(self, path: str, *, seconds: float) -> Reply:
        """Return the answer to a request without a body. Raises TryLater where there is none within `seconds`."""
        return self.ask(Request("GET", path), seconds=seconds)

    def post(self, path: str, body: dict[str, Any], *, token: str | None, seconds: float) -> Reply:
        """Send a body and return the answer. Raises TryLater where there is none within `seconds`."""
        return self.ask(Request("POST", path, token=token, body=body), seconds=seconds)

    def ask(self, request: Request, *, seconds: float) -> Reply:
        """Send a request and return the answer. Raises TryLater where there is none within `seconds`."""
        results: _Results = queue.SimpleQueue()
        client = self._begin(results, seconds)

        def work() -> None:
            try:
                results.put(self._exchange(client, request, seconds))
            except TryLater as error:
                results.put(error)
            except httpx.ConnectTimeout:
                results.put(TryLater(self._silent(seconds), is_reached=False))
            except httpx.TimeoutException:
                results.put(TryLater(self._silent(seconds)))
            except httpx.ConnectError as error:
                results.put(TryLater(f"{self.url} cannot be reached ({_cause(error)})", is_reached=False))
            except Exception as error:  # noqa: BLE001  # no answer may end a gate, whichever error it causes
                results.put(TryLater(f"{self.url} gave no readable answer ({type(error).__name__})"))
            finally:
                with self._lock:
                    self._running.pop(results, None)

        threading.Thread(target=work, name="request", daemon=True).start()
        try:
            result = results.get(timeout=seconds)
        except queue.Empty:
            raise TryLater(self._silent(seconds)) from None
        if isinstance(result, TryLater):
            raise result
        return result

    def _silent(self, seconds: float) -> str:
        return f"{self.url} did not answer within {seconds:.2g} s"

    def _begin(self, results: _Results, seconds: float) -> httpx.Client:
        """Return the connection for a request; a fresh one where earlier requests hang."""
        now = time.monotonic()
        with self._lock:
            if self._is_closed:
                raise self._closed()
            if len(self._running) >= _MOST_HANGING:
                raise TryLater(f"{self.url}: {_MOST_HANGING} earlier requests still wait", is_reached=False)
            if any(now > due + _HANGS_AFTER_SECONDS for due in self._running.values()):
                self._client.close()
                self._client = self._connect()
                self._running = dict.fromkeys(self._running, now)
            self._running[results] = now + seconds
            return self._client

    def _exchange(self, client: httpx.Client, request: Request, seconds: float) -> Reply:
        """Send a request once; twice where a kept connection turned out to be closed.

        A server may close an idle connection while the next request is on its way (RFC 9112, section 9.3.1). Each of
        the agent's requests may be repeated: a tap by its `scan_id`, the others change nothing twice.
        """
        until = time.monotonic() + seconds
        steps: list[str] = []
        try:
            return self._once(client, request, until, steps)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            if _NEW_CONNECTION in steps or _ANSWERED in steps:
                raise
            return self._once(client, request, until, steps)

    def _once(self, client: httpx.Client, request: Request, until: float, steps: list[str]) -> Reply:
        """Return the answer to one request, and add to `steps` what httpcore did for it."""
        seconds = max(until - time.monotonic(), 0.001)
        limits = httpx.Timeout(seconds, connect=min(seconds, 5.0))
        with client.stream(
            request.method,
            request.path,
            json=request.body,
            headers=request.all_headers,
            timeout=limits,
            extensions={"trace": lambda step, _facts: steps.append(step)},
        ) as response:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise TryLater(f"{self.url} gave an encoded answer that was not asked for")
            content = bytearray()
            for chunk in self._chunks(response, request, until):
                content += chunk
                if time.monotonic() > until:
                    raise TryLater(self._silent(seconds))
            return Reply(response.status_code, response.headers, bytes(content))

    def _chunks(self, response: httpx.Response, request: Request, until: float) -> Iterator[bytes]:
        """Yield the chunks of an answer, or give them in larger pieces to `on_piece`, also where the answer breaks."""
        in_pieces = request.on_piece if response.status_code in _WITH_CONTENT else None
        size, piece = 0, bytearray()
        try:
            for chunk in response.iter_raw():
                size += len(chunk)
                if size > request.longest:
                    raise TryLater(f"{self.url} gave an answer over {request.longest // 1024} KB")
                if in_pieces is None:
                    yield chunk
                    continue
                piece += chunk
                if len(piece) >= _PIECE_BYTES:
                    in_pieces(response.status_code, response.headers, bytes(piece))
                    piece.clear()
                if time.monotonic() > until:
                    raise TryLater(f"{self.url} sent its answer too slowly")
        finally:
            if in_pieces is not None and piece:
                in_pieces(response.status_code, response.headers, bytes(piece))
