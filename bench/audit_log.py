"""The audit log: how long it takes to verify, and in how much memory."""

import resource
import time
from dataclasses import dataclass

from chalicelib.domain.audit.verification import Walk


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification of the whole log; `peak_megabytes` is what the process needed at most, from its start on."""

    entries: int
    seals: int
    seconds: float
    cpu_seconds: float
    grown_megabytes: float
    peak_megabytes: float


def verify() -> Verified:
    """Verify the whole log. Raises Broken."""
    before, began, cpu = _peak(), time.monotonic(), time.process_time()
    walk = Walk()
    walk.run()
    return Verified(
        entries=walk.progress.entry_count,
        seals=walk.progress.seal.number,
        seconds=time.monotonic() - began,
        cpu_seconds=time.process_time() - cpu,
        grown_megabytes=_peak() - before,
        peak_megabytes=_peak(),
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
