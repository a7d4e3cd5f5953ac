"""Fixed bins for the seconds from a verified code to the submission, and the median of counted bins."""

from bisect import bisect_right
from collections.abc import Mapping

# The lower ends of the histogram's bins; the last one has no upper end. A verified code is good for 600 s.
EDGES = (0, 5, 10, 20, 30, 60, 120, 180, 300, 600)
# Of the median: 1 s wide up to a minute, 5 s up to five minutes, 10 s up to ten. So its error is below 2 % or 1 s.
FINE_EDGES = (*range(60), *range(60, 300, 5), *range(300, 610, 10))


def bin_of(seconds: float) -> int:
    """Return the number of the histogram's bin."""
    return max(bisect_right(EDGES, seconds) - 1, 0)


def fine_bin_of(seconds: float) -> int:
    """Return the number of the median's bin."""
    return max(bisect_right(FINE_EDGES, seconds) - 1, 0)


def label(number: int) -> str:
    """Return the text of a bin of the histogram, such as `10-20 s`."""
    return f"{EDGES[number]}-{EDGES[number + 1]} s" if number + 1 < len(EDGES) else f"{EDGES[number]} s and more"


def median(counts: Mapping[int, int]) -> float | None:
    """Return the lower median of counted fine bins, as the lower end of its bin; None for none."""
    total = sum(counts.values())
    seen = 0
    for number in sorted(counts):
        seen += counts[number]
        if total and seen * 2 >= total:
            return float(FINE_EDGES[number])
    return None
