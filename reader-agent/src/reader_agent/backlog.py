"""Sends the kept taps in a thread of its own, oldest first, and never in the way of a person at the gate.

A request that fails is halved until one tap fails alone. That tap steps aside as a dead letter only where the road is
proven: another tap was decided right before. It stays on the disk with its reason, and is retried slowly.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

from reader_agent.failures import LockedOut, Rejected, ServerError, TryLater
from reader_agent.outbox import Entry
from reader_agent.outcomes import Decided, Outcome, Refused
from reader_agent.pace import Backoff, Pace, Slice
from reader_agent.sending import Sender

_LOOK_AGAIN_SECONDS = 2.0
# More taps that fail in a row say that the road is bad, not the taps.
_MOST_SUSPECTS = 8
# While the road worked this recently, a failing tap must not slow down the others.
_ROAD_IS_FRESH_SECONDS, _FRESH_PAUSE_SECONDS = 60.0, 0.5
# These refusals are about a request's content; others may be about the address or the deployment.
_ABOUT_CONTENT = frozenset({400, 413, 422})


class Backlog:
    """The thread that sends what the gate could not."""

    def __init__(
        self,
        sender: Sender,
        *,
        pace: Pace,
        log: structlog.stdlib.BoundLogger,
        on_late: Callable[[Entry, Outcome], None],
    ) -> None:
        # When the thread must have come by again, by the monotonic clock.
        self._due_at = 0.0
        # The oldest tap that is to be sent, and since when it is that; a watcher asks for it.
        self._oldest: tuple[int, float] | None = None
        self._sender = sender
        self._outbox = sender.outbox
        self._pace = pace
        self._log = log
        self._on_late = on_late
        self._slice, self._backoff = Slice(), Backoff()
        # Guards the fields below.
        self._changed = threading.Condition()
        self._at_gate: set[int] = set()
        self._rejected: set[int] = set()
        self._is_woken = False
        # Used by this thread only: the taps that failed alone, with the time of it, and those of them that wait until
        # each other tap was tried.
        self._suspects: dict[int, float] = {}
        self._tried: set[int] = set()
        self._not_before = 0.0
        self._slow_at = time.monotonic() + pace.slow_seconds
        self._last_dead = 0
        # Whether the last dead letter that was tried was taken: a network that came and went made letters of good taps.
        self._dead_are_taken = False
        self._stop = threading.Event()
        self._thread = self._make_thread()

    def _make_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name="backlog", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs, and came by as soon as its request or its pause had to be over."""
        return self._thread.is_alive() and time.monotonic() < self._due_at

    def is_stuck(self) -> bool:
        """Return whether the oldest tap that is to be sent has been that for long.

        What the gate sends on a road of its own is no sign of life of this one.
        """
        oldest, now = self._outbox.oldest(), time.monotonic()
        if oldest is None:
            self._oldest = None
            return False
        since = self._oldest[1] if self._oldest and self._oldest[0] == oldest else now
        self._oldest = oldest, since
        return now - since > self._pace.unsent_seconds

    def _busy(self, seconds: float) -> None:
        """Note that the next step may take so long."""
        self._due_at = time.monotonic() + seconds + self._pace.late_seconds

    def start(self) -> None:
        """Start sending."""
        self._busy(0.0)
        self._thread.start()

    def ensure(self) -> None:
        """Start the thread again where it died."""
        if self._thread.ident and not self._thread.is_alive() and not self._stop.is_set():
            self._log.error("thread died", thread="backlog")
            self._thread = self._make_thread()
            self.start()

    def end(self) -> None:
        """Send no further slice; the thread ends by itself."""
        self._stop.set()
        self.wake()

    def stop(self) -> None:
        """Stop sending; what is in the outbox stays there."""
        self.end()
        if self._thread.ident:
            self._thread.join(timeout=self._pace.online_seconds + 1.0)

    def wake(self) -> None:
        """End a pause: the road works, or there is something new to send."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def road_works(self, seconds: float) -> None:
        """Note that a person's tap was answered in this time: the next slice follows at once."""
        with self._changed:
            self._slice.measured_single(seconds)
            self._backoff.reset()
        self.wake()

    def was_rejected(self, sequence: int) -> None:
        """Note that the platform rejected a person's tap; a second time, alone, makes it a dead letter."""
        with self._changed:
            self._rejected.add(sequence)

    @contextmanager
    def held_for_gate(self, *sequences: int) -> Iterator[None]:
        """Leave taps to the gate, and begin no slice, as long as their person waits."""
        with self._changed:
            self._at_gate |= set(sequences)
        try:
            yield
        finally:
            with self._changed:
                self._at_gate -= set(sequences)
                self._changed.notify_all()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                pause = self._step()
            except Exception as error:  # noqa: BLE001  # logged in full; without this thread no kept tap would be sent
                if self._stop.is_set():
                    return  # the outbox may be closed by now
                self._log.exception("sending failed", error=str(error))
                self._sender.last_error = f"{type(error).__name__}: {error}"
                pause = _LOOK_AGAIN_SECONDS
            self._pause(pause)

    def _pause(self, seconds: float) -> None:
        self._busy(seconds)
        with self._changed:
            self._changed.wait_for(
                lambda: self._stop.is_set() or (self._is_woken and time.monotonic() >= self._not_before), seconds
            )
            self._is_woken = False

    def _step(self) -> float:
        """Send the next slice; return the pause after it in seconds."""
        self._busy(self._pace.online_seconds)
        with self._changed:
            # A person is waited for, but a queue of them does not stop the backlog.
            self._changed.wait_for(lambda: self._stop.is_set() or not self._at_gate, self._pace.online_seconds)
            without = self._at_gate | self._tried
        if self._stop.is_set():
            return 0.0
        entries = self._next(without)
        if not entries:
            if self._tried:  # each was tried: from the oldest again
                self._tried.clear()
                return self._backoff.next(self._pace.longest_pause)
            return _LOOK_AGAIN_SECONDS
        return self._send(entries)

    def _next(self, without: set[int]) -> list[Entry]:
        answered_at = self._sender.answered_at or 0.0
        for sequence in [suspect for suspect, failed_at in self._suspects.items() if failed_at < answered_at]:
            if found := self._outbox.entry(sequence):
                return [found]
            self._clear(sequence)  # it was sent along with its card's next tap
        entries = self._outbox.pending(min(self._slice.size, self._pace.batch_size), without=without)
        if time.monotonic() >= self._slow_at or (self._dead_are_taken and not entries):
            self._slow_at = time.monotonic() + self._pace.slow_seconds
            self._dead_are_taken = False  # until this one is
            return self._next_dead() or entries
        return entries

    def _next_dead(self) -> list[Entry]:
        """Return the next dead letter, around and around."""
        dead = self._outbox.entries("dead")
        later = [entry for entry in dead if entry.sequence > self._last_dead]
        chosen = (later or dead)[:1]
        self._last_dead = chosen[0].sequence if chosen else 0
        return chosen

    def _send(self, entries: list[Entry]) -> float:
        began = time.monotonic()
        self._busy(self._pace.sync_seconds)
        try:
            answered = self._sender.send(entries, road="backlog", seconds=self._pace.sync_seconds)
        except ServerError as error:
            return self._failed(entries, error)
        took = time.monotonic() - began
        with self._changed:
            self._slice.answered(len(entries), took, most=self._pace.batch_size)
            self._backoff.reset()
        if all(each.is_recorded for each in answered):
            self._dead_are_taken = entries[0].state == "dead"
        for each in answered:
            self._clear(each.entry.sequence)
            if each.is_new and each.is_recorded:
                self._on_late(each.entry, Decided(each.decision))
        return 0.0 if all(each.is_recorded for each in answered) else _LOOK_AGAIN_SECONDS

    def _failed(self, entries: Sequence[Entry], error: ServerError) -> float:
        if self._stop.is_set():
            return 0.0
        self._log.warning("taps not sent", error=str(error), taps=len(entries), queue_depth=self._outbox.depth())
        with self._changed:
            self._slice.failed()
        if isinstance(error, LockedOut) and self._sender.standing.locked_out:
            return self._pace.slow_seconds
        is_reached = not isinstance(error, TryLater) or error.is_reached
        if len(entries) > 1:
            return self._pause_after(error) if is_reached else self._backoff.next(self._pace.longest_pause)
        entry = entries[0]
        self._outbox.failed(entry.sequence, str(error), at=self._sender.server.clock.wall())
        if is_reached and entry.state == "pending":
            self._suspect(entry, error)
        return self._pause_after(error)

    def _suspect(self, entry: Entry, error: ServerError) -> None:
        """Make a tap that failed alone a dead letter where that is its own fault; else try the others first."""
        is_proven = self._suspects.get(entry.sequence, time.monotonic()) < (self._sender.answered_at or 0.0)
        with self._changed:
            is_rejected_again = _is_about_content(error) and entry.sequence in self._rejected
            if _is_about_content(error):
                self._rejected.add(entry.sequence)
        if is_proven or is_rejected_again:
            self._bury(entry, error)
        elif len(self._tried) >= _MOST_SUSPECTS:
            self._suspects.clear()
            self._tried.clear()
        else:
            self._suspects[entry.sequence] = time.monotonic()
            self._tried.add(entry.sequence)

    def _clear(self, sequence: int) -> None:
        self._suspects.pop(sequence, None)
        self._tried.discard(sequence)
        with self._changed:
            self._rejected.discard(sequence)

    def _bury(self, entry: Entry, error: ServerError) -> None:
        status = error.status if isinstance(error, Rejected | LockedOut) else None
        self._outbox.buried(entry.sequence, status=status, detail=str(error), at=self._sender.server.clock.wall())
        self._clear(entry.sequence)
        self._sender.tally.buried += 1
        self._log.error("tap set aside", scan_id=entry.tap.scan_id, status=status, error=str(error))
        self._on_late(entry, Refused(str(error)))

    def _pause_after(self, error: ServerError) -> float:
        if isinstance(error, TryLater) and error.retry_after:
            self._not_before = time.monotonic() + error.retry_after
            return error.retry_after
        if isinstance(error, Rejected) and self._is_road_fresh():
            return 0.0
        longest = self._pace.longest_pause
        return self._backoff.next(min(longest, _FRESH_PAUSE_SECONDS) if self._is_road_fresh() else longest)

    def _is_road_fresh(self) -> bool:
        answered_at = self._sender.answered_at
        return answered_at is not None and time.monotonic() - answered_at < _ROAD_IS_FRESH_SECONDS


def _is_about_content(error: ServerError) -> bool:
    return isinstance(error, Rejected) and error.status in _ABOUT_CONTENT
