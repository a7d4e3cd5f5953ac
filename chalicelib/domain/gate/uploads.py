"""Records of scans that a device or a phone sends: what they say, and when they happened by the platform's clock."""

import hashlib
from datetime import datetime, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.admission import heading
from chalicelib.domain.gate.readings import SunMessage
from chalicelib.vocabulary.gate import Correction, Direction, ScanKind, ScanResult

# A record that is further ahead, or older, has a time that nobody can believe.
FURTHEST_AHEAD = timedelta(minutes=2)
OLDEST = timedelta(days=7)
# A longer time since the boot says nothing: no device runs for so long (and `timedelta` has an end).
_LONGEST_BOOT_MS = 10 * 365 * 24 * 3600 * 1000


class SenderClock(Struct, frozen=True, kw_only=True):
    """The clocks of a sender at the time of sending: the wall clock, and the monotonic one of its boot."""

    device_time: datetime
    boot_id: str | None = None
    mono_ms: int | None = None


class ScanRecord(Struct, frozen=True, kw_only=True):
    """One record: exactly one of `uid`, `code`, `ticket_id` or `sun` (with or without `uid`); none where it is damaged.

    `shown` is what the gate showed without the network, or None where the platform is to decide.
    """

    scan_id: str
    scanned_at: datetime
    uid: str | None = None
    code: str | None = None
    ticket_id: str | None = None
    sun: SunMessage | None = None
    event_id: str | None = None
    direction: Direction = Direction.ENTRY
    kind: ScanKind = ScanKind.SCAN
    delta: int | None = None
    gate: str | None = None
    seq: int | None = None
    boot_id: str | None = None
    mono_ms: int | None = None
    shown: ScanResult | None = None
    shown_reason: str | None = None
    via: str | None = None

    @property
    def heading(self) -> Direction:
        """The direction in which the attendee, or the people of a count, went."""
        if self.kind is ScanKind.COUNT:
            return Direction.EXIT if (self.delta or 0) < 0 else Direction.ENTRY
        return heading(self.kind, self.direction)

    @property
    def is_damaged(self) -> bool:
        """Whether what was presented is lost."""
        return self.kind is not ScanKind.COUNT and not any((self.uid, self.code, self.ticket_id, self.sun))

    @property
    def is_claim(self) -> bool:
        """Whether the gate admitted somebody."""
        return self.shown is ScanResult.VALID

    @property
    def content(self) -> str:
        """A digest of what the record says; it is the same each time that the record is sent.

        The boot clock of the sender names the moment where the record has it. `scanned_at` may then differ: after a
        reboot the device sends the time that it knows by now.
        """
        is_timed = self.boot_id is not None and self.mono_ms is not None
        return self._digest(None if is_timed else clock.to_text(self.scanned_at))

    def is_content(self, stored: str) -> bool:
        """Whether a stored digest is of this record; earlier versions had `scanned_at` in each."""
        return stored in (self.content, self._digest(clock.to_text(self.scanned_at)))

    def _digest(self, scanned_at: str | None) -> str:
        said = (
            self.uid,
            self.code,
            self.ticket_id,
            self.sun,
            self.event_id,
            self.kind,
            self.direction,
            self.gate,
            scanned_at,
            self.seq,
            self.boot_id,
            self.mono_ms,
            *(() if self.delta is None else (self.delta,)),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def corrected(record: ScanRecord, sender: SenderClock, *, now: datetime) -> tuple[datetime, Correction]:
    """Return when a record was made by the platform's clock, to the millisecond, and how that was found out.

    Within one boot the monotonic clock counts, and not what the wall clock said. `now` is when the request arrived.
    """
    spent = _spent(record, sender)
    if spent is not None:
        return now - spent, Correction.MONOTONIC
    at = record.scanned_at - (sender.device_time - now)
    return at.replace(microsecond=at.microsecond // 1000 * 1000), Correction.OFFSET


def _spent(record: ScanRecord, sender: SenderClock) -> timedelta | None:
    """Return how much time of the monotonic clock passed since a record, or None where it does not say."""
    is_same_boot = record.boot_id is not None and record.boot_id == sender.boot_id
    if not is_same_boot or record.mono_ms is None or sender.mono_ms is None:
        return None
    milliseconds = sender.mono_ms - record.mono_ms
    return timedelta(milliseconds=milliseconds) if abs(milliseconds) < _LONGEST_BOOT_MS else None


def is_plausible(at: datetime, *, now: datetime) -> bool:
    """Whether a corrected time is neither in the future nor too old."""
    return now - OLDEST <= at <= now + FURTHEST_AHEAD
