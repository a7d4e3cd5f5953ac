"""Taps from the gate to the server: the person who waits goes first, on a road of their own.

A tap is stored, then sent alone with a timeout of a second. Without an answer this gate decides by its snapshot, and
the decision is on the disk before it is shown. Where it cannot decide either, the tap is kept. The backlog sends both.
While the platform stays silent, the gate decides at once and asks for one person in a few seconds (silence.py).
"""

import sqlite3
import time
from collections.abc import Callable

import structlog

from reader_agent.backlog import Backlog
from reader_agent.failures import LockedOut, Rejected, ServerError
from reader_agent.local_gate import CannotDecide
from reader_agent.offline import Offline, at_gate
from reader_agent.outbox import Entry, Outbox
from reader_agent.outcomes import Decided, DecidedHere, Kept, Outcome, Refused
from reader_agent.pace import Pace
from reader_agent.sending import Sender, Tally
from reader_agent.server import Server
from reader_agent.silence import Silence
from reader_agent.standing import Standing
from reader_agent.tap import Tap

# A person is shown a decision within this time where both platform and hub are silent; a hub that answers needs less
# than the shortest time for it.
_SHOWN_SECONDS, _HUB_SECONDS, _SHORTEST_HUB_SECONDS = 1.5, 1.0, 0.4

# These refusals of one tap are about what it says. A firewall or a deployment gives others, and to everybody.
_ABOUT_TAP = frozenset({400, 422})


class Delivery:
    """Stores taps in the outbox and sends them to the server."""

    def __init__(
        self,
        outbox: Outbox,
        server: Server,
        *,
        pace: Pace,
        log: structlog.stdlib.BoundLogger,
        on_late: Callable[[Entry, Outcome], None],
        standing: Standing,
    ) -> None:
        self.outbox = outbox
        self.server = server
        self.pace = pace
        self.standing = standing
        self._on_late = on_late
        self._offline: Offline | None = None
        self._silence = Silence()
        self._sender = Sender(outbox, server, standing, log=log)
        self.backlog = Backlog(self._sender, pace=pace, log=log, on_late=on_late)

    def decide_by(self, offline: Offline) -> None:
        """Decide taps by this where the server gives no answer."""
        self._offline = offline
        self._sender.passage_of = offline.passage_of

    @property
    def tally(self) -> Tally:
        """The counts of what was sent."""
        return self._sender.tally

    @property
    def last_error(self) -> str | None:
        """Why the last request failed; None after one that did not."""
        return self._sender.last_error

    @property
    def answered_at(self) -> float | None:
        """When the platform last decided a tap, by the monotonic clock."""
        return self._sender.answered_at

    def start(self) -> None:
        """Start sending what an earlier run left in the outbox."""
        self.backlog.start()

    def stop(self) -> None:
        """Stop sending; what is in the outbox stays there."""
        self.backlog.stop()

    def take(self, tap: Tap) -> Outcome:
        """Store a tap on the disk, ask the server to decide it at once, else decide it here; return the outcome.

        Raises `sqlite3.Error` where the tap, or the decision of this gate, could not be stored: nothing may be shown.
        """
        until = time.monotonic() + self.pace.online_seconds
        mine = Entry(sequence=self.outbox.record(tap), tap=tap, state="pending")
        # Kept taps of the same card or ticket go along: a card handed back over the fence must not be admitted twice.
        earlier = self._earlier(tap)
        with self.backlog.held_for_gate(mine.sequence, *(entry.sequence for entry in earlier)):
            silent = Kept("the platform is silent")
            lasts = self._silence.lasts(self.answered_at)
            outcome = self._decide_here(mine, silent, _HUB_SECONDS) if lasts else silent
            if isinstance(outcome, Kept):
                outcome = self._ask_or_decide(earlier, mine, until)
        if isinstance(outcome, Kept):
            self.tally.kept += 1
        return outcome

    def _ask_or_decide(self, earlier: list[Entry], mine: Entry, until: float) -> Outcome:
        """Ask the platform, and decide here where it gives no answer.

        Alone it is asked only where it knows of each admission of this card or ticket here: else it would admit again.
        """
        older = [entry for entry in earlier if entry.state == "pending"]
        if any(_is_admitted_here(entry) for entry in earlier if entry.state == "dead"):
            outcome: Outcome = Kept("the platform does not take an earlier admission of this card")
        else:
            outcome = self._ask([*older, mine], until)
        if older and isinstance(outcome, Kept) and not any(map(_is_admitted_here, earlier)):
            outcome = self._ask([mine], until)  # an older one may be the cause
        if isinstance(outcome, Kept) or (isinstance(outcome, Refused) and not outcome.is_about_tap):
            left = until - self.pace.online_seconds + _SHOWN_SECONDS - time.monotonic()
            seconds = min(_HUB_SECONDS, max(_SHORTEST_HUB_SECONDS, left))
            here = self._decide_here(mine, Kept(outcome.why), seconds)
            if isinstance(outcome, Kept) or isinstance(here, DecidedHere):
                return here
        return outcome

    def _earlier(self, tap: Tap) -> list[Entry]:
        try:
            return self.outbox.of_card(tap, self._offline.tickets_of(tap) if self._offline else ())
        except sqlite3.Error:  # the tap itself is recorded, so its person is not sent away
            return []

    def _decide_here(self, mine: Entry, kept: Kept, hub_seconds: float) -> Outcome:
        """Decide a tap by the snapshot, and store that. A device that is locked out decides nothing."""
        if self._offline is None or self.standing.is_in_doubt:
            return kept
        try:
            decision = self._offline.decide(mine.tap, hub_seconds=hub_seconds)
        except CannotDecide as reason:
            return Kept(f"{kept.why}; {reason}")
        try:
            self.outbox.decided_here(
                mine.sequence, at_gate(decision), at=decision.at, passage=self._offline.passage_in(decision)
            )
        except sqlite3.Error:
            self._offline.undo(mine.tap.scan_id)
            raise
        self._offline.stored(decision)
        self.tally.decided_here += decision.via is None
        self.tally.decided_by_hub += decision.via is not None
        why = "; ".join(filter(None, (kept.why, decision.alone)))
        return DecidedHere(decision, why=why, name=self._offline.name_of(decision))

    def _ask(self, entries: list[Entry], until: float) -> Outcome:
        """Return the decision on the last of these taps, or why there is none."""
        began = time.monotonic()
        if until <= began:
            return Kept(f"no answer within {self.pace.online_seconds:g} s")
        mine = entries[-1]
        try:
            answered = self._sender.send(entries, road="person", seconds=until - began)
        except Rejected as error:
            if len(entries) > 1:
                return Kept(str(error))
            self.backlog.was_rejected(mine.sequence)
            return Refused(str(error), is_about_tap=error.status in _ABOUT_TAP)
        except LockedOut as error:
            return Kept(self.standing.locked_out or str(error))
        except ServerError as error:
            # A slow disk, or an older tap, took its part of the time before.
            self._silence.failed(time.monotonic() - began, timeout=until - began)
            return Kept(str(error))
        self._silence.heard()
        self.backlog.road_works(time.monotonic() - began)
        for each in answered[:-1]:
            if each.is_new and each.is_recorded:
                self._on_late(each.entry, Decided(each.decision))
        return Decided(answered[-1].decision)


def _is_admitted_here(entry: Entry) -> bool:
    return entry.at_gate is not None and entry.at_gate.result == "valid"
