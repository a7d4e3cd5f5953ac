"""Sends what the outbox holds: a tap at the gate within a second, all others once the server can be reached.

One thread sends, oldest first, so the server gets the taps of a gate in the order they were made. While a person waits
at the gate, the thread tries at once with a short timeout. Otherwise it backs off with full jitter.
"""

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
import tenacity

from reader_agent.failures import BadSetup, LockedOut, Rejected, TryLater
from reader_agent.outbox import Entry, Outbox, Tap
from reader_agent.server import Server
from reader_agent.wire import Decision

_LOOK_AGAIN_SECONDS = 2.0


@dataclass(frozen=True)
class Decided:
    """The server answered."""

    decision: Decision


@dataclass(frozen=True)
class Kept:
    """The tap is stored in the outbox and will be sent. It is no admission yet."""

    why: str


@dataclass(frozen=True)
class Refused:
    """The server rejected the tap for good: it is a dead letter."""

    why: str


Outcome = Decided | Kept | Refused


@dataclass
class Tally:
    """Counts of what the sender did since it started."""

    decided: int = 0
    kept: int = 0
    buried: int = 0
    failed_attempts: int = 0


@dataclass
class Pace:
    """How long a request may take, how many taps it carries, and how long a pause may be."""

    online_seconds: float = 1.0
    sync_seconds: float = 30.0
    batch_size: int = 100
    longest_pause: float = 60.0


class Delivery:
    """Stores taps in the outbox and sends them to the server."""

    def __init__(
        self,
        outbox: Outbox,
        server: Server,
        *,
        pace: Pace,
        log: structlog.stdlib.BoundLogger,
        on_late: Callable[[Tap, Outcome], None],
        on_alarm: Callable[[str], None],
    ) -> None:
        self.outbox = outbox
        self.server = server
        self.pace = pace
        self.tally = Tally()
        self.locked_out: str | None = None
        self.last_error: str | None = None
        self._clock = server.clock
        self._log = log
        self._on_late = on_late
        self._on_alarm = on_alarm
        # Guards all fields below. The gate waits on it for an answer, the sender for work.
        self._changed = threading.Condition()
        self._waiting: dict[str, Outcome | None] = {}
        self._not_before = 0.0
        self._one_by_one = 0
        self._new_tap = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Start sending; taps that an earlier run left in the outbox go first."""
        self._thread.start()

    def stop(self) -> None:
        """Stop sending; what is in the outbox stays there."""
        self._stop.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.ident:
            self._thread.join(timeout=self.pace.online_seconds + 1.0)

    def take(self, tap: Tap) -> Outcome:
        """Store a tap on the disk, ask the server to decide it at once, and return the outcome.

        Raises `sqlite3.Error` where the tap could not be stored: then it was not sent either.
        """
        deadline = self._clock.monotonic() + self.pace.online_seconds
        with self._changed:
            self._waiting[tap.scan_id] = None
        try:
            self.outbox.record(tap)
            with self._changed:
                if self.locked_out:
                    outcome: Outcome = Kept(self.locked_out)
                elif self._clock.monotonic() < self._not_before:
                    outcome = Kept("the server asked for a pause")
                else:
                    self._new_tap = True
                    self._changed.notify_all()
                    outcome = self._wait_for(tap.scan_id, deadline)
                if isinstance(outcome, Kept):
                    self.tally.kept += 1
                return outcome
        finally:
            with self._changed:
                self._waiting.pop(tap.scan_id, None)

    def _wait_for(self, scan_id: str, deadline: float) -> Outcome:
        while True:
            outcome = self._waiting[scan_id]
            if outcome is not None:
                return outcome
            left = deadline - self._clock.monotonic()
            if left <= 0 or self._stop.is_set():
                return Kept(f"no answer within {self.pace.online_seconds:g} s")
            self._changed.wait(left)

    def _run(self) -> None:
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TryLater),
            wait=self._pause_after,
            sleep=self._pause,
            stop=tenacity.stop_when_event_set(self._stop),
            before_sleep=self._note_failure,
            reraise=True,
        )
        while not self._stop.is_set():
            with self._changed:
                # Checks at intervals, because `outbox retry` in another process makes dead letters pending again.
                self._changed.wait_for(lambda: self._stop.is_set() or self.outbox.depth() > 0, _LOOK_AGAIN_SECONDS)
            if self._stop.is_set() or self.locked_out:
                return
            try:
                retrying(self._send_batch)
            except TryLater:
                return  # stopped during an outage
            except (LockedOut, BadSetup) as error:
                self.lock_out(str(error))
                return
            except Exception as error:  # noqa: BLE001  # logged in full; without a sender no tap would be sent
                # The taps are on the disk, so it is safe to continue.
                self._log.exception("delivery failed", error=str(error))
                self.last_error = f"{type(error).__name__}: {error}"
                self._pause(_LOOK_AGAIN_SECONDS)

    def _pause_after(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TryLater) and error.retry_after is not None:
            return error.retry_after
        jitter = tenacity.wait_random_exponential(multiplier=0.5, max=self.pace.longest_pause)
        return jitter(state)

    def _note_failure(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TryLater) else None
        with self._changed:
            self.tally.failed_attempts += 1
            self.last_error = str(error)
            self._not_before = self._clock.monotonic() + asked if asked else 0.0
            for scan_id, outcome in self._waiting.items():
                if outcome is None:
                    self._waiting[scan_id] = Kept(str(error))
            self._changed.notify_all()
        self._log.warning(
            "server unavailable", error=str(error), attempt=state.attempt_number, queue_depth=self.outbox.depth()
        )

    def _pause(self, seconds: float) -> None:
        """Wait before the next attempt. A new tap ends the wait, unless the server requested the pause."""
        with self._changed:
            self._new_tap = False
            self._changed.wait_for(
                lambda: self._stop.is_set() or (self._new_tap and self._clock.monotonic() >= self._not_before), seconds
            )

    def _send_batch(self) -> None:
        with self._changed:
            if self.locked_out:
                return
            self._new_tap = False
            limit = 1 if self._one_by_one else self.pace.batch_size
            timeout = self.pace.online_seconds if self._waiting else self.pace.sync_seconds
        entries = self.outbox.pending(limit)
        if not entries:
            return
        try:
            answer = self.server.taps([entry.tap.on_the_wire(self._clock) for entry in entries], timeout=timeout)
        except Rejected as error:
            self._bury(entries, error)
            return
        now = self._clock.wall()
        unrecorded: sqlite3.Error | None = None
        for entry, decision in zip(entries, answer.results, strict=True):
            try:
                self.outbox.decided(entry.sequence, decision, at=now)
            except sqlite3.Error as error:
                # The answer is valid all the same: the tap stays in the outbox, and its retry gets the same answer.
                unrecorded = error
            self._report(entry.tap, Decided(decision), also_late=unrecorded is None)
        if unrecorded:
            raise unrecorded
        with self._changed:
            self.tally.decided += len(entries)
            self.last_error = None
            self._one_by_one = max(0, self._one_by_one - len(entries))

    def _bury(self, entries: list[Entry], error: Rejected) -> None:
        if len(entries) > 1:
            # One bad tap must not make the others dead letters: send them one by one until it is found.
            with self._changed:
                self._one_by_one = len(entries)
            return
        entry = entries[0]
        self.outbox.buried(entry.sequence, status=error.status, detail=str(error), at=self._clock.wall())
        with self._changed:
            self.tally.buried += 1
            self._one_by_one = max(0, self._one_by_one - 1)
        self.last_error = str(error)
        self._log.error("tap refused by the server", scan_id=entry.tap.scan_id, status=error.status, code=error.code)
        self._report(entry.tap, Refused(str(error)))

    def _report(self, tap: Tap, outcome: Outcome, *, also_late: bool = True) -> None:
        with self._changed:
            if tap.scan_id in self._waiting:
                self._waiting[tap.scan_id] = outcome
                self._changed.notify_all()
                return
        if also_late:
            self._on_late(tap, outcome)

    def lock_out(self, message: str) -> None:
        """Stop sending and raise the alarm: the server refuses this device. Taps are still kept."""
        with self._changed:
            if self.locked_out:
                return
            self.locked_out = self.last_error = message
            for scan_id in self._waiting:
                self._waiting[scan_id] = Kept(message)
            self._changed.notify_all()
        self._log.error("locked out", error=message, queue_depth=self.outbox.depth())
        self._on_alarm(message)
