"""What an outbox has: taps with their decisions and outcomes, and how they are read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from ulid import ULID

from reader_agent.admission import Presence
from reader_agent.clock import read_time
from reader_agent.tap import Kind, Tap
from reader_agent.wire import RESULTS, OfflineOut, TapOut

State = Literal["pending", "dead", "done"]
# The reason by which the platform knows a record of which the device can read no card and no code any more.
DAMAGED = "damaged"

ENTRIES = """
SELECT tap.sequence, scan_id, tap.kind, tap.scanned_at, boot_id, monotonic_ns, clock_offset_ms, direction, delta, gate,
    uid, qr, picc_data, cmac, sealed, decision.result, decision.reason, decision.cursor, decision.via,
    decision.decided_at,
    open.sequence IS NULL AS is_done, open.dead, outcome.status,
    coalesce(nullif(outcome.detail, ''), failure.reason, '') AS detail, sent_as.scanned_at AS sent_as
FROM tap LEFT JOIN open ON open.sequence = tap.sequence
    LEFT JOIN failure ON failure.sequence = tap.sequence
    LEFT JOIN decision ON decision.sequence = tap.sequence
    LEFT JOIN sent_as ON sent_as.sequence = tap.sequence
    LEFT JOIN outcome ON outcome.id = (SELECT max(id) FROM outcome WHERE outcome.sequence = tap.sequence)
"""
WHERE: dict[State | None, str] = {
    # Reads through the index of open taps, so that the length of the journal does not matter.
    "pending": "WHERE tap.sequence IN (SELECT sequence FROM open WHERE dead = 0 ORDER BY sequence)",
    "dead": "WHERE tap.sequence IN (SELECT sequence FROM open WHERE dead = 1 ORDER BY sequence)",
    "done": "WHERE open.sequence IS NULL",
    None: "",
}


@dataclass(frozen=True)
class DecidedAtGate:
    """What was decided and shown without the platform; `via` is the hub that decided."""

    result: str
    reason: str | None = None
    cursor: str | None = None
    via: str | None = None


@dataclass(frozen=True)
class Passage:
    """A ticket, by its fingerprint, whose holder passed this gate."""

    ticket: int
    presence: Presence
    at: datetime
    scan_id: str = ""


@dataclass(frozen=True)
class Entry:
    """A tap in the outbox with its outcome."""

    sequence: int
    tap: Tap
    state: State
    status: int | None = None
    detail: str = ""
    at_gate: DecidedAtGate | None = None
    # The time that a tap of an earlier boot is sent with.
    sent_as: datetime | None = None
    # When this device decided it, by a time that is never before one that was known earlier.
    decided_at: datetime | None = None
    # What was presented cannot be read any more: the record is sent all the same, so that its number is not missing.
    is_damaged: bool = False

    def on_the_wire(self) -> TapOut:
        """Return this tap as the server takes it, with its number and what was decided at the gate."""
        known, tap = self.at_gate, self.tap
        if self.is_damaged:
            shown = known.result if known and known.result in RESULTS else "invalid"
            known = DecidedAtGate(shown, DAMAGED, known.cursor if known else None, known.via if known else None)
            tap = replace(tap, kind="scan", direction=None, delta=None, uid=None, qr=None, sun=None)
        return tap.on_the_wire(self.sent_as).model_copy(
            update={
                "seq": self.sequence,
                "offline": OfflineOut(result=known.result, reason=known.reason) if known else None,
                "snapshot_cursor": known.cursor if known else None,
                "via": known.via if known else None,
            }
        )


def is_readable(tap: Tap) -> bool:
    """Return whether a tap still says what was presented, and what kind of tap it was."""
    is_known = tap.kind in get_args(Kind) and tap.direction in (None, "entry", "exit")
    return is_known and (tap.kind == "count" or any((tap.uid, tap.qr, tap.sun)))


def passage_of(row: Sequence[Any]) -> Passage:
    """Return a stored passage: ticket, presence, time, scan. A damaged one still says that somebody passed."""
    ticket, presence, passed_at, scan_id = row
    return Passage(
        ticket, "outside" if presence == "outside" else "inside", moment(passed_at) or made_at(scan_id), scan_id
    )


def moment(text: str | None) -> datetime | None:
    """Return a stored time; None where there is none, or it is damaged."""
    try:
        return read_time(text) if text else None
    except ValueError:
        return None


def made_at(scan_id: str) -> datetime:
    """Return when a tap was made by its id, whose first part is the wall clock's time."""
    try:
        return ULID.from_str(scan_id.removeprefix("scn_")).datetime
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
