"""The heartbeat: sends the device's state to the server, and receives its configuration and the time."""

import threading
import time
from collections.abc import Callable
from typing import Any

import structlog

from reader_agent import __version__, battery
from reader_agent.failures import AgentError, LockedOut
from reader_agent.legible import legible
from reader_agent.server import Server
from reader_agent.standing import REFUSALS_UNTIL_ALARM, Standing
from reader_agent.wire import DeviceConfig, HeartbeatAnswer

_TIMEOUT_SECONDS = 10.0
# After a refusal the next heartbeats follow sooner, so that a revoked device learns it within a minute.
_DOUBT_SECONDS = 2.0
# The echo of a test follows at once, yet a server that asks without end is not answered without end.
_ECHO_SECONDS = 0.5
# A start's first heartbeat knows neither the clock's offset nor a new snapshot. The next one follows as soon as both
# are known, else the readiness board would be wrong for a whole interval.
_LOOK_SECONDS = 1.0
# A device that missed this many in a row does not reach the server.
_MISSED_UNTIL_UNREACHED = 3
# The wire contract's limits on texts.
_LONGEST_ERROR, _LONGEST_NAME = 300, 100


class Heartbeat:
    """Sends a heartbeat at intervals, until it is stopped. A device that is locked out goes on asking."""

    def __init__(
        self,
        server: Server,
        *,
        config: DeviceConfig,
        log: structlog.stdlib.BoundLogger,
        state: Callable[[], dict[str, Any]],
        on_answer: Callable[[HeartbeatAnswer], None],
        standing: Standing,
    ) -> None:
        self.config = config
        self.last_answer: HeartbeatAnswer | None = None
        # What the last answer asked to repeat.
        self._echo: str | None = None
        # Whether the last heartbeat lacked the clock's offset or a snapshot.
        self._is_partial = False
        self._server = server
        self._log = log
        self._state = state
        self._on_answer = on_answer
        self._standing = standing
        self._stop = threading.Event()
        self._answered_at = time.monotonic()
        self._thread = self._make_thread()

    def _make_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    @property
    def is_answered(self) -> bool:
        """Return whether the server answered one of the last heartbeats."""
        patience = _MISSED_UNTIL_UNREACHED * (self.config.heartbeat_seconds + _TIMEOUT_SECONDS)
        return time.monotonic() - self._answered_at < patience

    def start(self) -> None:
        """Start; the first heartbeat is sent at once."""
        self._thread.start()

    def ensure(self) -> None:
        """Start the thread again where it died."""
        if self._thread.ident and not self._thread.is_alive() and not self._stop.is_set():
            self._log.error("thread died", thread="heartbeat")
            self._thread = self._make_thread()
            self._thread.start()

    def end(self) -> None:
        """Send no further heartbeat; the thread ends by itself."""
        self._stop.set()

    def stop(self) -> None:
        """Stop."""
        self.end()
        if self._thread.ident:
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        refused = 0
        while not self._stop.is_set():
            try:
                self.beat()
                refused = 0
            except LockedOut as error:
                refused += 1
                self._standing.refused("heartbeat", str(error))
                self._log.warning("heartbeat refused", error=str(error))
            except AgentError as error:
                self._log.info("heartbeat missed", error=str(error))
            except Exception as error:  # noqa: BLE001  # logged in full; the next heartbeat is a retry
                self._log.exception("heartbeat failed", error=str(error))
            self._wait(self._pause(refused))

    def _pause(self, refused: int) -> float:
        """Return the seconds until the next heartbeat, after so many refusals in a row."""
        soon = _DOUBT_SECONDS if 0 < refused < REFUSALS_UNTIL_ALARM else 3600.0
        return min(self.config.heartbeat_seconds, _ECHO_SECONDS if self._echo and not refused else soon)

    def _wait(self, seconds: float) -> None:
        """Wait until the next heartbeat is due; that is at once where it has what the last one lacked."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._stop.wait(min(left, _LOOK_SECONDS)):
            if self._is_partial and self._knows_all():
                return

    def _knows_all(self) -> bool:
        return self._server.clock_offset_seconds is not None and "snapshot_cursor" in _of_board(self._state())

    def beat(self) -> HeartbeatAnswer:
        """Send one heartbeat."""
        state = self._state()
        path, model = state.get("reader_path"), state.get("reader_model")
        offset = self._server.clock_offset_seconds
        body: dict[str, Any] = {
            "queue_depth": state["queue_depth"],
            # The contract's is the device's clock minus the platform's.
            "clock_offset_ms": round(-(offset or 0.0) * 1000),
            "app_version": __version__,
        }
        if path:
            body["reader"] = {"path": legible(path)[:_LONGEST_NAME]} | (
                {"model": legible(model)[:_LONGEST_NAME]} if model else {}
            )
        if state.get("last_error"):
            body["last_error"] = legible(state["last_error"], _LONGEST_ERROR)[:_LONGEST_ERROR]
        body |= _of_board(state)
        if self._echo:
            body["test"] = self._echo
        body |= _of_hub(state.get("hub") or {})
        answer = self._server.heartbeat(body, timeout=_TIMEOUT_SECONDS)
        self._is_partial = offset is None or "snapshot_cursor" not in body
        self._standing.accepted("heartbeat")
        self._answered_at = time.monotonic()
        self._echo, self.last_answer = answer.test, answer
        self.config = answer.config
        self._on_answer(answer)
        return answer


def _of_board(state: dict[str, Any]) -> dict[str, Any]:
    """Return what the readiness board shows of this device; what is not known is left out."""
    snapshot = state.get("snapshot") or {}
    facts = {
        "battery": battery.percent(),
        "snapshot_cursor": snapshot.get("cursor"),
        "snapshot_generated_at": snapshot.get("generated_at"),
        "seq": state.get("last_sequence"),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _of_hub(facts: dict[str, Any]) -> dict[str, Any]:
    """Return who decides for this gate while the platform is away, and where the others reach this hub."""
    if not facts.get("up") or not facts.get("device_id"):
        return {}
    is_announced = facts["role"] == "hub" and facts["address"]
    return {"hub": facts["device_id"]} | ({"hub_address": facts["address"]} if is_announced else {})
