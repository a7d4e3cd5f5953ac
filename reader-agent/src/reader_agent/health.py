"""/healthz, /readyz and /metrics for monitoring; on loopback only."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from reader_agent.failures import BadSetup
from reader_agent.metrics import metrics_text

Snapshot = Callable[[], dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; `snapshot` returns the agent's state."""

    snapshot: Snapshot

    def do_GET(self) -> None:  # the standard library's name
        state = self.snapshot()
        if self.path == "/metrics":
            self._send(200, metrics_text(state), "text/plain; version=0.0.4")
        elif self.path == "/healthz":
            self._verdict(state, good=state["loop_alive"] and state["threads_alive"])
        elif self.path == "/readyz":
            self._verdict(state, good=not state["why_not_ready"])
        else:
            self._send(404, '{"error": "there are /healthz, /readyz and /metrics"}', "application/json")

    def _verdict(self, state: dict[str, Any], *, good: bool) -> None:
        self._send(200 if good else 503, json.dumps({"ok": good, **state}), "application/json")

    def _send(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the standard library's name
        """Log nothing: monitoring asks every few seconds."""


class Health:
    """The endpoints, in a thread of their own."""

    def __init__(self, port: int, snapshot: Snapshot) -> None:
        handler = type("Handler", (_Handler,), {"snapshot": staticmethod(snapshot)})
        try:
            self._http = ThreadingHTTPServer(("127.0.0.1", port), handler)
        except OSError as error:
            raise BadSetup(
                f"port {port} for /healthz is not available ({error.strerror}); choose another --health-port"
            ) from None
        self._http.daemon_threads = True
        self.port: int = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, name="health", daemon=True)

    def start(self) -> None:
        """Start answering."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering."""
        if self._thread.ident:
            self._http.shutdown()
        self._http.server_close()
