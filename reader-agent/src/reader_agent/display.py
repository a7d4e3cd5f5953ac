"""The display at the gate: green is admitted, red is refused, amber is kept and not yet decided."""

import threading
from datetime import UTC, datetime
from typing import Literal

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from reader_agent.clock import read_time
from reader_agent.delivery import Decided, Kept, Outcome
from reader_agent.logs import mask
from reader_agent.outbox import Tap
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
_RESULTS = {"already_scanned": "ALREADY SCANNED", "not_found": "NOT FOUND", "invalid": "REFUSED"}


class Display:
    """A console as a gate's display."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._lock = threading.Lock()

    def outcome(self, tap: Tap, outcome: Outcome, *, own_kept_tap: bool = False) -> None:
        """Show the outcome of a tap to the person who waits.

        `own_kept_tap`: the card is refused because of its own tap that was shown amber here, so the usher may admit it.
        """
        if isinstance(outcome, Decided):
            if outcome.decision.admitted:
                self._panel("green", "ADMITTED", _who(outcome.decision), tap)
            else:
                heading = _RESULTS.get(outcome.decision.result, "REFUSED")
                hint = ["the earlier tap is this card's own, shown amber here: the usher decides"] * own_kept_tap
                self._panel("red", heading, [*_why(outcome.decision), *hint, *_who(outcome.decision)], tap)
        elif isinstance(outcome, Kept):
            lines = ["not admitted by this device: the usher decides", f"why: {outcome.why}"]
            self._panel("yellow", "KEPT, NOT YET SENT", lines, tap)
        else:
            lines = [
                f"the server rejected this tap: {outcome.why}",
                "see `gatehouse-reader outbox list --only dead`",
            ]
            self._panel("red", "NOT TAKEN", lines, tap)

    def late(self, tap: Tap, outcome: Outcome) -> None:
        """Show in one line the outcome of a tap that was shown amber before."""
        when = _clock_time(tap.scanned_at)
        if isinstance(outcome, Decided):
            decision = outcome.decision
            colour = "green" if decision.admitted else "red"
            words = "ADMITTED" if decision.admitted else _RESULTS.get(decision.result, "REFUSED")
            detail = "; ".join(_why(decision))
            text = f"{words}{': ' + detail if detail else ''}"
        else:
            colour, text = "red", f"NOT TAKEN: {outcome.why}"
        with self._lock:
            self.console.print(Text(f"kept tap of {when}, {_card(tap)}: now sent, {text}", style=colour))

    def refused_here(self, heading: str, *lines: str) -> None:
        """Show that this device itself refuses a card."""
        self._panel("red", heading, list(lines), None)

    def alarm(self, message: str) -> None:
        """Show that the device needs an administrator."""
        lines = [message, "taps are kept on this device and nothing is lost; call an administrator"]
        self._panel("red", "ALARM: THIS DEVICE IS LOCKED OUT", lines, None)

    def say(self, message: str, style: str = "") -> None:
        """Show a line."""
        with self._lock:
            self.console.print(Text(message, style=style))

    def _panel(self, colour: _Colour, heading: str, lines: list[str], tap: Tap | None) -> None:
        body = Text(heading, style=f"bold {'black' if colour == 'yellow' else 'white'} on {colour}")
        for line in lines:
            body.append(f"\n{line}", style="default on default")
        if tap:
            body.append(
                f"\n{_card(tap)} · {_clock_time(tap.scanned_at)} · {tap.scan_id}", style="dim default on default"
            )
        with self._lock:
            self.console.print(Panel(body, border_style=colour))


def _card(tap: Tap) -> str:
    return f"card …{mask(tap.uid).lstrip('*')}" if tap.uid else "QR code"


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


def _why(decision: Decision) -> list[str]:
    lines = []
    if decision.reason:
        lines.append(_REASONS.get(decision.reason, decision.reason))
    if decision.first_scan:
        lines.append(_first(decision.first_scan))
    return lines


def _first(first: FirstScan) -> str:
    words = ["admitted"]
    if first.scanned_at:
        try:
            words.append(f"at {_clock_time(read_time(first.scanned_at))}")
        except ValueError:
            words.append(f"at {first.scanned_at}")
    if first.gate:
        words.append(f"at {first.gate}" if not first.scanned_at else f", {first.gate}")
    if first.by:
        words.append(f"by {first.by}")
    return " ".join(words).replace(" ,", ",")


def _clock_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
