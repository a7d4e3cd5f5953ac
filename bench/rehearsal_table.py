"""What the rehearsal saw, as a table, and which levels of service it missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.markdown import table_of

# Seconds within which the share of the answers must come (docs/operations.md, levels of service). The campus has no
# level of its own: its students wait as buyers do.
_SALE = (3.0, 0.999)
LEVELS = {"scan": (1.0, 0.9995), **dict.fromkeys(("book", "pay", "confirm", "verify", "submit"), _SALE)}


@dataclass(slots=True)
class Tally:
    """The answers to one kind of request: seconds of each, and how many were refused unexpectedly, by status."""

    seconds: list[float] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)

    def percentile(self, share: float) -> float:
        """Return a percentile in seconds, by nearest rank."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(tallies: Mapping[str, Tally]) -> str:
    """Return the table."""
    return table_of(
        ["request", "requests", "failures", "p50 ms", "p95 ms", "p99 ms"],
        (
            (
                name,
                str(len(tally.seconds)),
                ", ".join(f"{status}: {count}" for status, count in tally.failures.items()) or "0",
                *(f"{1000 * tally.percentile(share):.0f}" for share in (0.5, 0.95, 0.99)),
            )
            for name, tally in tallies.items()
            if tally.seconds
        ),
    )


def failures_of(tallies: Mapping[str, Tally], levels: Mapping[str, tuple[float, float]]) -> list[str]:
    """Return which levels were missed, and which requests failed."""
    found = []
    for name, tally in tallies.items():
        if tally.failures:
            found.append(f"{name}: {tally.failures}")
        if name in levels and tally.seconds:
            within, share = levels[name]
            kept = sum(seconds <= within for seconds in tally.seconds) / len(tally.seconds)
            if kept < share:
                found.append(f"{name}: {kept:.2%} within {within:.0f} s; the level is {share:.2%}")
    return found
