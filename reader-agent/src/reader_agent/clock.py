"""Time at a gate: the wall clock may be wrong or jump; the boot clock only counts up."""

import time
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Clock:
    """The device's clocks; tests pass their own."""

    def __init__(self) -> None:
        self.boot_id = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else "unknown"

    def wall(self) -> datetime:
        """Return the time of the device's wall clock."""
        return datetime.now(UTC)

    def monotonic_ns(self) -> int:
        """Return nanoseconds since boot, including time in suspend where the system counts it."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        return time.monotonic_ns()

    def monotonic(self) -> float:
        """Return seconds since boot."""
        return self.monotonic_ns() / 1e9


def write_time(moment: datetime) -> str:
    """Return a moment in the wire contract's form: RFC 3339 in UTC with `Z`, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> datetime:
    """Return the moment in an RFC 3339 text."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
