"""The display at the gate: green is admitted, red is refused, amber is kept and not yet decided."""

import sys
import threading
from datetime import datetime
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from reader_agent.clock import read_time
from reader_agent.legible import legible
from reader_agent.logs import mask
from reader_agent.outbox import DecidedAtGate
from reader_agent.outcomes import Decided, DecidedHere, Kept, Outcome
from reader_agent.sound import Signal
from reader_agent.tap import Tap
from reader_agent.wire import Decision, FirstScan

_Colour = Literal["green", "red", "yellow"]

# What an usher says to the person, for each reason of the contract. Other reasons are shown as they are.
_REASONS = {
    "wrong_event": "the ticket is for another event",
    "not_paid": "the ticket is not paid",
    "cancelled": "the ticket was cancelled",
    "refunded": "the ticket was refunded",
    "transferred": "the ticket was transferred to another person",
    "card_blocked": "the card is blocked",
    "card_not_active": "the card is not active",
    "not_yet_open": "the gates are not open yet",
    "closed": "the event is over",
    "scanning_disabled": "scanning is switched off for this event",
    "bad_signature": "the code is not genuine",
    "stale_credential": "the code is out of date",
    "on_exit_not_inside": "the ticket is not inside",
    "clone_suspected": "the card may be a copy",
}
_CONFLICTS = {
    "double_admission": "another gate admitted the same ticket before",
    "revoked_before": "the ticket or card was revoked before",
    "unknown_then": "the ticket was sold after this gate's snapshot",
    "after_revocation": "sent after this device was revoked",
}
_SIGNALS = {"green": Signal.ADMITTED, "red": Signal.REFUSED, "yellow": Signal.KEPT}
# Several names, labels and a reason fit; more would push the verdict off the screen.
_LONGEST_LINE = 400
# A snapshot has the cards with tickets of its event only, so the platform may have another reason for them.
_UNKNOWN_HERE = "this gate knows only cards and tickets of this event: it may be of another event, or sold since"
_RESULTS = {"already_scanned": "ALREADY SCANNED", "not_found": "NOT FOUND", "invalid": "REFUSED"}


class Signaller(Protocol):
    """What makes a verdict heard and seen besides the screen."""

    def signal(self, signal: Signal) -> None:
        """Let a verdict be heard and seen. Returns at once."""


_AGAIN = "the same card again: it is the same admission"


class Display:
    """A console as a gate's display, with a sound for each verdict.

    What it shows comes from a server and from cards, so each text becomes legible here. A screen that fails loses no
    verdict: the line goes to standard error in ASCII, and the tap goes on.
    """

    def __init__(self, console: Console, signals: Signaller | None = None, *, timezone: str = "UTC") -> None:
        self.console = console
        # Why the screen failed last; None where it works.
        self.trouble: str | None = None
        self._signals = signals
        self._zone = ZoneInfo(timezone)
        self._lock = threading.Lock()

    def show_times_of(self, timezone: str) -> None:
        """Show times in this zone, the event's, by IANA name."""
        self._zone = ZoneInfo(timezone)

    def outcome(self, tap: Tap, outcome: Outcome, *, own_kept_tap: bool = False) -> None:
        """Show the outcome of a tap to the person who waits.

        `own_kept_tap`: the card is refused because of its own tap that was shown amber here, so the usher may admit it.
        """
        if isinstance(outcome, DecidedHere):
            self._decided_here(tap, outcome)
        elif isinstance(outcome, Decided):
            if outcome.decision.admitted:
                again = [_AGAIN] * bool(outcome.decision.repeat)
                self._panel("green", "ADMITTED", [*again, *_who(outcome.decision)], tap)
            else:
                heading = _RESULTS.get(outcome.decision.result, "REFUSED")
                hint = ["the earlier tap is this card's own, shown amber here: the usher decides"] * own_kept_tap
                self._panel("red", heading, [*self._why(outcome.decision), *hint, *_who(outcome.decision)], tap)
        elif isinstance(outcome, Kept):
            lines = ["not admitted by this device: the usher decides", f"why: {outcome.why}"]
            self._panel("yellow", "KEPT, NOT YET SENT", lines, tap)
        else:
            lines = [
                f"the server rejected this tap: {outcome.why}",
                "it is kept, and retried slowly: see `gatehouse-reader outbox list --only dead`",
            ]
            self._panel("red", "NOT TAKEN", lines, tap)

    def _decided_here(self, tap: Tap, outcome: DecidedHere) -> None:
        """Show a decision without the platform: amber where this gate admits alone, red where it refuses."""
        decision = outcome.decision
        lines: list[str] = []
        if decision.reason:
            lines.append(_REASONS.get(decision.reason, decision.reason))
        if decision.result == "not_found":
            lines.append(_UNKNOWN_HERE)
        if decision.first_at:
            at = f" at {decision.first_gate}" if decision.first_gate else ""
            lines.append(f"inside since {self._time(decision.first_at)}{at}")
        if outcome.name:
            lines.append(" · ".join(word for word in (outcome.name.name, outcome.name.tier) if word))
        if decision.repeat:
            lines.append(_AGAIN)
        if decision.remaining:
            lines.append(f"{decision.remaining} more on this card")
        lines += [decision.warning] if decision.warning else []
        where = "the hub decides for all gates" if decision.via else "decided here"
        lines.append(f"{where}, without the platform: {outcome.why}")
        by = "DECIDED BY THE HUB" if decision.via else "DECIDED HERE"
        if decision.admitted:
            # The hub knows who passed at the other gates; a gate alone does not.
            self._panel("green" if decision.via else "yellow", f"ADMITTED, {by}", lines, tap)
        else:
            heading = _RESULTS.get(decision.result, "REFUSED")
            self._panel("red", f"{heading}, {by}", lines, tap)

    def differs(self, tap: Tap, at_gate: DecidedAtGate, answer: Decision) -> None:
        """Show what the platform says of a tap that was decided here, where it is not the same."""
        words = [f"shown here: {at_gate.result}", f"the platform: {answer.result}"]
        if answer.conflict:
            words.append(_CONFLICTS.get(answer.conflict.kind, answer.conflict.kind))
            other = answer.conflict.other
            if other:
                words.append(self._first(FirstScan(scanned_at=other.scanned_at, gate=other.gate, by=other.by)))
        if answer.reason:
            words.append(_REASONS.get(answer.reason, answer.reason))
        if answer.error:
            words.append(f"{answer.error.code}: {answer.error.message}")
        heading = "CONFLICT" if answer.conflict else "REJECTED" if answer.status == "rejected" else "DIFFERS"
        detail = "; ".join(words)
        self.say(f"{heading}: tap of {self._time(tap.scanned_at)}, {_card(tap.uid)}: {detail}", "red")

    def late(self, tap: Tap, outcome: Outcome) -> None:
        """Show in one line the outcome of a tap that was shown amber before, or of a count."""
        what = (
            f"count of {tap.delta:+}"
            if tap.delta is not None
            else f"kept tap of {self._time(tap.scanned_at)}, {_card(tap.uid)}"
        )
        if isinstance(outcome, Decided):
            decision = outcome.decision
            colour = "green" if decision.admitted else "red"
            admitted = "ADMITTED" if tap.delta is None else "COUNTED"
            words = admitted if decision.admitted else _RESULTS.get(decision.result, "REFUSED")
            detail = "; ".join(self._why(decision))
            text = f"{words}{': ' + detail if detail else ''}"
        else:
            colour, text = "red", f"NOT TAKEN: {outcome.why}"
        self.say(f"{what}: now sent, {text}", colour)

    def repeated(self, uid: str | None, shown: str, seconds: float) -> None:
        """Show that a card came back within the debounce, and what it was shown."""
        self.say(f"{_card(uid)} was read just now: {shown}. To tap it again, wait {seconds:g} s", "yellow")

    def refused_here(self, heading: str, *lines: str) -> None:
        """Show that this device itself refuses a card."""
        self._panel("red", heading, list(lines), None)

    def hold_longer(self) -> None:
        """Ask for the card once more: it left before it was read."""
        self._panel("yellow", "HOLD IT LONGER", ["the card left too early: hold it still until the verdict"], None)

    def alarm(self, message: str) -> None:
        """Show that the device needs an administrator."""
        lines = [message, "taps are kept on this device and nothing is lost; call an administrator"]
        self._panel("red", "ALARM: THIS DEVICE IS LOCKED OUT", lines, None)

    def all_clear(self) -> None:
        """Show that the alarm is over."""
        self.say("the platform accepts this device again", "green")

    def say(self, message: str, style: str = "") -> None:
        """Show a line."""
        line = legible(message, _LONGEST_LINE)
        self._print(Text(line, style=style), line)

    def _panel(self, colour: _Colour, heading: str, lines: list[str], tap: Tap | None) -> None:
        if self._signals:
            self._signals.signal(_SIGNALS[colour])
        shown = [legible(line, _LONGEST_LINE) for line in lines]
        body = Text(heading, style=f"bold {'black' if colour == 'yellow' else 'white'} on {colour}")
        for line in shown:
            body.append(f"\n{line}", style="default on default")
        if tap:
            body.append(
                f"\n{_card(tap.uid)} · {self._time(tap.scanned_at)} · {tap.scan_id}", style="dim default on default"
            )
        self._print(Panel(body, border_style=colour), "; ".join([heading, *shown]))

    def _print(self, shown: Panel | Text, plain: str) -> None:
        with self._lock:
            try:
                self.console.print(shown)
                self.trouble = None
            except Exception as error:  # noqa: BLE001  # a full pipe, a lost terminal, an old encoding: the gate goes on
                self.trouble = f"{type(error).__name__}: {error}"
                _print_plainly(plain)

    def _why(self, decision: Decision) -> list[str]:
        lines = []
        if decision.reason:
            lines.append(_REASONS.get(decision.reason, decision.reason))
        if decision.first_scan:
            lines.append(self._first(decision.first_scan))
        return lines

    def _first(self, first: FirstScan) -> str:
        words = ["admitted"]
        if first.scanned_at:
            try:
                words.append(f"at {self._time(read_time(first.scanned_at))}")
            except ValueError:
                words.append(f"at {first.scanned_at}")
        if first.gate:
            words.append(f"at {first.gate}" if not first.scanned_at else f", {first.gate}")
        if first.by:
            words.append(f"by {first.by}")
        return " ".join(words).replace(" ,", ",")

    def _time(self, moment: datetime) -> str:
        """Return a time in the event's zone; outside the calendar's range as it came."""
        try:
            return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S %Z")
        except OverflowError:
            return moment.isoformat()


def _print_plainly(line: str) -> None:
    """Write a line to standard error in ASCII, if anything is there to write to."""
    try:
        sys.stderr.write(line.encode("ascii", "backslashreplace").decode() + "\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return  # the log and the sound still have the verdict


def _card(uid: str | None) -> str:
    return f"card …{mask(uid).lstrip('*')}" if uid else "QR code"


def _who(decision: Decision) -> list[str]:
    lines = []
    if decision.attendee and decision.attendee.name:
        lines.append(" · ".join([decision.attendee.name, *decision.attendee.labels]))
    if decision.ticket:
        shown = [decision.ticket.tier, f"ticket {decision.ticket.number}" if decision.ticket.number else None]
        lines.append(" · ".join(word for word in shown if word))
    if decision.remaining:
        lines.append(f"{decision.remaining} more on this card")
    return [line for line in lines if line]
