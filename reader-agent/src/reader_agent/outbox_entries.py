"""What an outbox has: taps with their decisions and outcomes, and how they are read."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from reader_agent.admission import Presence
from reader_agent.tap import Tap
from reader_agent.wire import OfflineOut, TapOut

State = Literal["pending", "dead", "done"]

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

    def on_the_wire(self) -> TapOut:
        """Return this tap as the server takes it, with its number and what was decided at the gate."""
        known = self.at_gate
        return self.tap.on_the_wire(self.sent_as).model_copy(
            update={
                "seq": self.sequence,
                "offline": OfflineOut(result=known.result, reason=known.reason) if known else None,
                "snapshot_cursor": known.cursor if known else None,
                "via": known.via if known else None,
            }
        )
