"""One request with taps: sends them, and records each answer before anybody shows it."""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

import structlog

from reader_agent.failures import LockedOut, ServerError
from reader_agent.outbox import Entry, Outbox, Passage
from reader_agent.server import RoadName, Server
from reader_agent.standing import Standing
from reader_agent.tap import ServerTime, Tap
from reader_agent.wire import Decision, TapsAnswer

# A smaller difference is the jitter of the network.
_BOOT_CHANGED_MS = 500


@dataclass
class Tally:
    """Counts of what was sent since the start."""

    decided: int = 0
    decided_here: int = 0
    decided_by_hub: int = 0
    conflicts: int = 0
    rejected: int = 0
    kept: int = 0
    buried: int = 0
    failed_attempts: int = 0


@dataclass(frozen=True)
class Answered:
    """A tap with its decision. `is_new`: no earlier answer was recorded. `is_recorded`: this one is on the disk."""

    entry: Entry
    decision: Decision
    is_new: bool
    is_recorded: bool


class Sender:
    """Sends taps of one outbox. Safe for several threads, each on its own road."""

    def __init__(
        self, outbox: Outbox, server: Server, standing: Standing, *, log: structlog.stdlib.BoundLogger
    ) -> None:
        self.outbox = outbox
        self.server = server
        self.standing = standing
        self.tally = Tally()
        self.last_error: str | None = None
        # When the platform last decided a tap, by the monotonic clock; None until it did.
        self.answered_at: float | None = None
        self._log = log
        # The passage that an answer means, to be stored with it.
        self.passage_of: Callable[[Tap, Decision], Passage | None] = lambda _tap, _decision: None
        self._boots = outbox.boots()

    def send(self, entries: Sequence[Entry], *, road: RoadName, seconds: float) -> list[Answered]:
        """Send taps and record their decisions, within `seconds`. Raises TryLater, Rejected and LockedOut."""
        until = time.monotonic() + seconds
        try:
            entries = self._with_fixed_times(entries, seconds)
            answer, is_late = self._ask(entries, road, until)
        except ServerError as error:
            self.tally.failed_attempts += 1
            self.last_error = str(error)
            # Of several taps one may be the cause, so only a request with one counts against the device.
            if isinstance(error, LockedOut) and len(entries) == 1:
                self.standing.refused(road, str(error))
            raise
        if not is_late:
            self.standing.accepted(road)
        self.answered_at = time.monotonic()
        self.last_error = None
        return self._record(entries, answer.results)

    def _ask(self, entries: Sequence[Entry], road: RoadName, until: float) -> tuple[TapsAnswer, bool]:
        """Return the platform's answer, and whether it took these taps as the late upload of a revoked device."""
        taps = [entry.on_the_wire() for entry in entries]
        try:
            return self.server.taps(taps, timeout=until - time.monotonic(), road=road), False
        except LockedOut as error:
            # A person at the gate gets no decision by it, and the alarm goes on.
            if road != "backlog" or error.status != HTTPStatus.UNAUTHORIZED:
                raise
            try:
                answer = self.server.taps(taps, timeout=until - time.monotonic(), road=road, is_late=True)
            except LockedOut:
                raise error from None  # it is refused, and not revoked; or it has sent what it had
        self._log.warning("late upload of a revoked device", taps=len(taps))
        return answer, True

    def _record(self, entries: Sequence[Entry], decisions: Sequence[Decision]) -> list[Answered]:
        by_sequence = {entry.sequence: decision for entry, decision in zip(entries, decisions, strict=True)}
        is_recorded = True
        # Before anything is written: the gate must know of an admission also where the disk is full.
        found = {entry.sequence: self.passage_of(entry.tap, by_sequence[entry.sequence]) for entry in entries}
        passages = {sequence: passage for sequence, passage in found.items() if passage}
        try:
            self._learn_boot()
            self._bury_unreadable(by_sequence)
            settled = self.outbox.decided(
                {sequence: answer for sequence, answer in by_sequence.items() if not answer.is_unreadable},
                at=self.server.clock.wall(),
                passages=passages,
            )
            self.tally.decided += len(settled)
            answers = [by_sequence[sequence] for sequence in settled]
            self.tally.conflicts += sum(answer.conflict is not None for answer in answers)
            self.tally.rejected += sum(answer.status == "rejected" for answer in answers)
        except sqlite3.Error as error:
            # The answers are valid all the same: the taps stay in the outbox, and a retry gets the same answers.
            settled, is_recorded = set(by_sequence), False
            self.last_error = f"the answers could not be recorded: {error}"
            self._log.error("answers not recorded", error=str(error), taps=len(entries))
        return [
            Answered(entry, by_sequence[entry.sequence], entry.sequence in settled, is_recorded) for entry in entries
        ]

    def _bury_unreadable(self, decisions: Mapping[int, Decision]) -> None:
        """Set records aside that the platform cannot read: it did not keep them, so they are not done."""
        for sequence, decision in decisions.items():
            if decision.is_unreadable and decision.error:
                said = f"{decision.error.code}: {decision.error.message}"
                self.outbox.buried(sequence, status=200, detail=said, at=self.server.clock.wall())
                self.tally.buried += 1

    def _with_fixed_times(self, entries: Sequence[Entry], seconds: float) -> Sequence[Entry]:
        """Return entries with the times that those of earlier boots are sent with, by the wall clock of now.

        The platform corrects them by that clock, which may have been set since an attempt before.
        """
        clock = self.server.clock
        late = [entry for entry in entries if entry.tap.boot_id != clock.boot_id]
        if late and self.server.clock_offset_seconds is None:
            self.server.access_token(timeout=seconds)  # its answer says what time it is
        now = self._server_time()
        if now is None or not late:
            return entries
        times = {
            entry.sequence: entry.tap.time_after_a_reboot(clock, now, decided_at=entry.decided_at) for entry in late
        }
        try:
            self.outbox.fix_times(times)
        except sqlite3.Error as error:
            self._log.warning("times of kept taps not recorded", error=str(error))
        return [replace(entry, sent_as=times.get(entry.sequence)) for entry in entries]

    def _server_time(self) -> ServerTime | None:
        offset = self.server.clock_offset_seconds
        return None if offset is None else ServerTime(offset, self._boots)

    def _learn_boot(self) -> None:
        """Store the server's clock minus the boot clock where it is new: later boots correct kept taps by it."""
        ahead, boot_id = self.server.server_minus_boot_seconds, self.server.clock.boot_id
        if ahead is None:
            return
        ahead_ms = round(ahead * 1000)
        known = self._boots.get(boot_id)
        if known is None or abs(known - ahead_ms) > _BOOT_CHANGED_MS:
            self.outbox.learn_boot(boot_id, ahead_ms)
            self._boots = {**self._boots, boot_id: ahead_ms}
