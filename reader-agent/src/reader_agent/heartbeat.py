"""The heartbeat: sends the device's state to the server, and receives its configuration and the time."""

import threading
from collections.abc import Callable
from typing import Any

import structlog

from reader_agent import __version__
from reader_agent.failures import AgentError, LockedOut
from reader_agent.server import Server
from reader_agent.wire import DeviceConfig, HeartbeatAnswer

_TIMEOUT_SECONDS = 10.0
# The wire contract's limits on texts.
_LONGEST_ERROR, _LONGEST_NAME = 300, 100


class Heartbeat:
    """Sends a heartbeat at intervals, until it is stopped or the device is locked out."""

    def __init__(
        self,
        server: Server,
        *,
        config: DeviceConfig,
        log: structlog.stdlib.BoundLogger,
        state: Callable[[], dict[str, Any]],
        on_config: Callable[[DeviceConfig], None],
        on_lock_out: Callable[[str], None],
    ) -> None:
        self.config = config
        self.last_answer: HeartbeatAnswer | None = None
        self._server = server
        self._log = log
        self._state = state
        self._on_config = on_config
        self._on_lock_out = on_lock_out
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start; the first heartbeat is sent at once."""
        self._thread.start()

    def stop(self) -> None:
        """Stop."""
        self._stop.set()
        if self._thread.ident:
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.beat()
            except LockedOut as error:
                self._on_lock_out(str(error))
                return
            except AgentError as error:
                self._log.info("heartbeat missed", error=str(error))
            except Exception as error:  # noqa: BLE001  # logged in full; the next heartbeat is a retry
                self._log.exception("heartbeat failed", error=str(error))
            self._stop.wait(self.config.heartbeat_seconds)

    def beat(self) -> HeartbeatAnswer:
        """Send one heartbeat."""
        state = self._state()
        path, model = state.get("reader_path"), state.get("reader_model")
        offset = self._server.clock_offset_seconds
        body: dict[str, Any] = {
            "queue_depth": state["queue_depth"],
            "clock_offset_ms": round((offset or 0.0) * 1000),
            "app_version": __version__,
        }
        if path:
            body["reader"] = {"path": str(path)[:_LONGEST_NAME]} | (
                {"model": str(model)[:_LONGEST_NAME]} if model else {}
            )
        if state.get("last_error"):
            body["last_error"] = str(state["last_error"])[:_LONGEST_ERROR]
        answer = self._server.heartbeat(body, timeout=_TIMEOUT_SECONDS)
        self.last_answer = answer
        if answer.config != self.config:
            self.config = answer.config
            self._on_config(answer.config)
        return answer
