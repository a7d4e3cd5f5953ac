"""A gate: from a card or a code to the colour on the display."""

import logging
import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from reader_agent.clock import Clock, read_time
from reader_agent.delivery import Delivery
from reader_agent.display import Display
from reader_agent.outbox import DecidedAtGate
from reader_agent.outcomes import Decided, DecidedHere, Kept, Outcome
from reader_agent.readers import Card, Code, Reading
from reader_agent.tap import Tap, Way
from reader_agent.wire import RESULTS, Decision

_SAME_TAP = timedelta(seconds=2)
# More kept taps than a gate makes in an hour; who was shown amber taps again within minutes.
_MOST_ADMITTED_LATE = 1000
_WORDS = {
    "valid": "ADMITTED",
    "valid_here": "ADMITTED, DECIDED HERE",
    "valid_by_hub": "ADMITTED, DECIDED BY THE HUB",
    "kept": "KEPT, NOT YET SENT",
    "not_taken": "NOT TAKEN",
}


class Gate:
    """Turns cards into taps and shows their outcomes."""

    def __init__(
        self,
        delivery: Delivery,
        display: Display,
        *,
        clock: Clock,
        log: structlog.stdlib.BoundLogger,
        way: Way | None = None,
        clock_offset_ms: Callable[[], int | None] = lambda: None,
    ) -> None:
        self.shown: Counter[str] = Counter()
        # Cards that a kept tap admitted after it was shown amber, with the time of that tap; the last ones.
        self._admitted_late: OrderedDict[str, datetime] = OrderedDict()
        # The last card and what was shown for it.
        self._last = ("", "")
        self._delivery = delivery
        self._display = display
        self._clock = clock
        self._log = log
        self._way = way or Way()
        self._clock_offset_ms = clock_offset_ms

    def tapped(self, reading: Reading) -> Outcome | None:
        """Store a tap, send it, and show its outcome. Returns None where the reading made no tap."""
        if self._is_refused_here(reading):
            return None
        tap = self._tap(reading)
        try:
            outcome = self._delivery.take(tap)
        except sqlite3.Error as error:
            # A tap that is not on the disk is not sent: an admission without a record is worse than a wait.
            self.shown["not_recorded"] += 1
            self._log.error("tap not recorded", uid=tap.uid, scan_id=tap.scan_id, error=str(error))
            self._display.refused_here(
                "NOT RECORDED", f"this device cannot write to its disk ({error}): use another gate, and free some space"
            )
            return None
        word = _word(outcome)
        self.shown[word] += 1
        self._last = (reading.key, word)
        self._log.info(
            "tap",
            scan_id=tap.scan_id,
            uid=tap.uid,
            kind=reading.kind if isinstance(reading, Card) else "code",
            secure=tap.sun is not None,
            outcome=word,
            reason=outcome.decision.reason if isinstance(outcome, Decided | DecidedHere) else outcome.why,
        )
        self._display.outcome(tap, outcome, own_kept_tap=self._is_own_kept_tap(tap, outcome))
        return outcome

    def _is_refused_here(self, reading: Reading) -> bool:
        """Refuse what is no tap; return whether that was done."""
        if isinstance(reading, Code):
            if reading.unreadable:
                self.shown["unreadable"] += 1
                self._log.info("code refused", why=reading.unreadable)
                self._display.refused_here("CODE NOT READABLE", reading.unreadable, "scan the code of the ticket")
            return reading.unreadable is not None
        if reading.is_random:
            self.shown["random_identifier"] += 1
            self._log.info("card refused", why="random identifier", kind=reading.kind)
            self._display.refused_here(
                "NOT A GATE CARD",
                "its number changes at each tap (a phone, or a privacy setting): use another card",
            )
            return True
        if reading.unreadable:
            self._unreadable(reading)
        return reading.unreadable is not None

    def _tap(self, reading: Reading) -> Tap:
        offset, direction = self._clock_offset_ms(), self._way.direction
        if isinstance(reading, Code):
            tap = Tap.of_code(self._clock, reading.text, direction=direction, clock_offset_ms=offset)
        else:
            tap = Tap.of_card(self._clock, reading.uid, sun=reading.sun, direction=direction, clock_offset_ms=offset)
        return replace(tap, kind=self._way.kind)

    def _unreadable(self, card: Card) -> None:
        """Ask for a secure card once more. Its plain number is not sent: the server would suspect a clone."""
        self.shown["unreadable"] += 1
        self._log.info("card not read", uid=card.uid, kind=card.kind, why=card.unreadable)
        if card.is_torn:
            self._display.hold_longer()
        else:
            self._display.refused_here("CARD NOT READABLE", str(card.unreadable), "use another card")

    def repeated(self, reading: Reading, seconds: float) -> None:
        """Show that a card or a code came back within the debounce of `seconds`."""
        last_key, word = self._last
        self.shown["repeated"] += 1
        shown = _WORDS.get(word, word.replace("_", " ").upper()) if reading.key == last_key else "it has its verdict"
        self._display.repeated(reading.uid if isinstance(reading, Card) else None, shown, seconds)

    def decided_late(self, tap: Tap, outcome: Outcome, at_gate: DecidedAtGate | None = None) -> None:
        """Show the server's later decision on a tap that was shown amber, and conflicts with what was decided here."""
        if at_gate is not None and isinstance(outcome, Decided):
            self._verdict(tap, at_gate, outcome.decision)
            return
        if isinstance(outcome, Decided) and outcome.decision.admitted and tap.uid:
            self._admitted_late[tap.uid] = tap.scanned_at
            self._admitted_late.move_to_end(tap.uid)
            if len(self._admitted_late) > _MOST_ADMITTED_LATE:
                self._admitted_late.popitem(last=False)
        self._log.info("kept tap sent", scan_id=tap.scan_id, uid=tap.uid, outcome=_word(outcome))
        self._display.late(tap, outcome)

    def _verdict(self, tap: Tap, at_gate: DecidedAtGate, answer: Decision) -> None:
        """Show what the platform says of a tap that was decided here, where it differs."""
        is_rejected = answer.status == "rejected"
        is_other = answer.conflict is not None or is_rejected or answer.result != at_gate.result
        self._log.log(
            logging.WARNING if is_other else logging.INFO,
            "verdict",
            scan_id=tap.scan_id,
            uid=tap.uid,
            shown=at_gate.result,
            result=answer.result,
            conflict=answer.conflict.kind if answer.conflict else None,
            error=answer.error.code if answer.error else None,
        )
        if is_other:
            self.shown["conflict" if answer.conflict else "rejected" if is_rejected else "differs"] += 1
            self._display.differs(tap, at_gate, answer)

    def _is_own_kept_tap(self, tap: Tap, outcome: Outcome) -> bool:
        """Return whether a card is refused because of its own kept tap, which admitted no one at the gate."""
        first = outcome.decision.first_scan if isinstance(outcome, Decided) else None
        kept_at = self._admitted_late.get(tap.uid or "")
        if kept_at is None or first is None or first.scanned_at is None:
            return False
        try:
            apart = read_time(first.scanned_at) - kept_at
        except ValueError:
            return False
        # The server corrects times by the device's clock offset.
        offset = timedelta(milliseconds=tap.clock_offset_ms or 0)
        return min(abs(apart), abs(apart - offset)) < _SAME_TAP


def _word(outcome: Outcome) -> str:
    if isinstance(outcome, DecidedHere):
        return f"{outcome.decision.result}_{'by_hub' if outcome.decision.via else 'here'}"
    if isinstance(outcome, Decided):
        # Any text may come from a server, and this one becomes a label of the metrics.
        return outcome.decision.result if outcome.decision.result in RESULTS else "other"
    return "kept" if isinstance(outcome, Kept) else "not_taken"
