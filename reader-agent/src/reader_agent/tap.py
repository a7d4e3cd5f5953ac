"""A tap, and its time as the server takes it: the clock of a gate may be wrong, and may be set."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from ulid import ULID

from reader_agent.clock import Clock, write_time
from reader_agent.wire import Sun, TapOut

# A smaller difference is the jitter of the network, and of a clock that is set little by little.
_CLOCK_WAS_WRONG = timedelta(seconds=2)
# A decision follows its tap within seconds; one that is so much later was by a better clock than the wall clock.
_DECIDED_LATER = timedelta(minutes=1)
Kind = Literal["scan", "leave", "return", "count"]


@dataclass(frozen=True)
class Way:
    """What each tap at a gate is."""

    direction: Literal["entry", "exit"] | None = None
    kind: Literal["scan", "leave", "return"] = "scan"


@dataclass(frozen=True)
class ServerTime:
    """What this device knows of the server's clock.

    `offset_seconds` is the server's clock minus the present wall clock. `of_boots` is the server's clock minus the boot
    clock, in milliseconds, for each boot that heard from the server.
    """

    offset_seconds: float
    of_boots: Mapping[str, int]


@dataclass(frozen=True)
class Tap:
    """One reading of a card at this gate. Its `scan_id` is the same in each attempt to send it."""

    scan_id: str
    scanned_at: datetime
    boot_id: str
    monotonic_ns: int
    uid: str | None = None
    qr: str | None = None
    sun: Sun | None = None
    direction: str | None = None
    clock_offset_ms: int | None = None
    kind: Kind = "scan"
    # How many people were counted, of a record without a ticket.
    delta: int | None = None
    # The gate of a count; other taps are of the device's gate.
    gate: str | None = None

    @classmethod
    def of_card(
        cls, clock: Clock, uid: str, *, sun: Sun | None, direction: str | None, clock_offset_ms: int | None
    ) -> Self:
        """Return the tap of a card that was read just now."""
        return cls(
            scan_id=f"scn_{ULID()}",
            scanned_at=clock.wall(),
            boot_id=clock.boot_id,
            monotonic_ns=clock.monotonic_ns(),
            uid=uid,
            sun=sun,
            direction=direction,
            clock_offset_ms=clock_offset_ms,
        )

    @classmethod
    def of_code(cls, clock: Clock, text: str, *, direction: str | None, clock_offset_ms: int | None) -> Self:
        """Return the tap of a code that was scanned just now; its text goes to the server as the scanner sent it."""
        return cls(
            scan_id=f"scn_{ULID()}",
            scanned_at=clock.wall(),
            boot_id=clock.boot_id,
            monotonic_ns=clock.monotonic_ns(),
            qr=text,
            direction=direction,
            clock_offset_ms=clock_offset_ms,
        )

    def on_the_wire(self, sent_as: datetime | None = None) -> TapOut:
        """Return this tap as the server takes it, the same each time that it is sent.

        Within one boot the server counts by the boot clock, so the wall clock's time is sent as it was. `sent_as` is
        the time that a tap of an earlier boot was given, where that boot's wall clock was wrong.
        """
        return TapOut(
            scan_id=self.scan_id,
            kind=None if self.kind == "scan" else self.kind,
            uid=self.uid,
            qr=self.qr,
            delta=self.delta,
            gate=self.gate,
            scanned_at=write_time(sent_as or self.scanned_at),
            sun=self.sun,
            direction=self.direction,
            boot_id=self.boot_id,
            mono_ms=self.monotonic_ns // 1_000_000,
        )

    def time_after_a_reboot(
        self, clock: Clock, now: ServerTime, *, decided_at: datetime | None = None
    ) -> datetime | None:
        """Return when a tap of an earlier boot was made, by the present wall clock, where that boot's was wrong.

        The server corrects such a tap by the offset of the present wall clock. `decided_at` is when this device
        decided it: a boot that began in 1970 and never heard the server knows the time from its snapshot only.
        """
        if self.boot_id == clock.boot_id:
            return None
        ahead_ms = now.of_boots.get(self.boot_id)
        try:
            if ahead_ms is not None:
                by_server = datetime.fromtimestamp(self.monotonic_ns / 1e9 + ahead_ms / 1000, UTC)
            elif self.clock_offset_ms is not None:
                by_server = self.scanned_at + timedelta(milliseconds=self.clock_offset_ms)
            elif decided_at is not None and decided_at - self.scanned_at > _DECIDED_LATER:
                by_server = decided_at
            else:
                return None
            counted = by_server - timedelta(seconds=now.offset_seconds)
        except (OverflowError, ValueError, OSError):
            return None
        return counted if abs(counted - self.scanned_at) > _CLOCK_WAS_WRONG else None
