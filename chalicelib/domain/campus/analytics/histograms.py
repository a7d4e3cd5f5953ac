"""Four histograms of attendance, each from the rows of days: its cost does not depend on how many records there are."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import seconds_bins, viewers
from chalicelib.domain.campus.analytics.figures import DateRange, Figures
from chalicelib.domain.campus.analytics.viewers import AskedFigures
from chalicelib.vocabulary.campus import HistogramType

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = 24
# The departments with the most records; more bars are not readable.
MOST_DEPARTMENTS = 50


class Histogram(Struct, frozen=True):
    """The bars of a histogram: `bins` are where they begin, or their numbers. `peak_hour` is of the hourly one."""

    histogram_type: HistogramType
    bins: Sequence[int]
    values: Sequence[int]
    labels: Sequence[str]
    peak_hour: str | None
    dates: DateRange
    campus_filter: str | None
    generated_at: datetime

    @property
    def total_samples(self) -> int:
        """How many records the bars count."""
        return sum(self.values)


def show(kind: HistogramType, caller: Principal, asked: AskedFigures) -> Histogram:
    """Return a histogram of the figures that the caller sees. Raises ValidationFailed for an unknown campus."""
    campus = asked.found_campus()
    found = viewers.figures_of(caller, asked, campus)
    bars = _BARS[kind](found)
    peak = max(range(_HOURS), key=lambda hour: bars.values[hour]) if kind is HistogramType.ATTENDANCE_HOURLY else None
    return Histogram(
        histogram_type=kind,
        bins=bars.bins,
        values=bars.values,
        labels=bars.labels,
        peak_hour=bars.labels[peak] if peak is not None and bars.values[peak] else None,
        dates=found.dates,
        campus_filter=campus.campus_id if campus else None,
        generated_at=clock.now(),
    )


class _Bars(Struct, frozen=True):
    bins: Sequence[int]
    values: Sequence[int]
    labels: Sequence[str]


def _hourly(found: Figures) -> _Bars:
    sums = found.sums
    hours = range(_HOURS)
    return _Bars(hours, [sums[f"h{hour:02}"] for hour in hours], [f"{hour:02}:00" for hour in hours])


def _verification_time(found: Figures) -> _Bars:
    sums, numbers = found.sums, range(len(seconds_bins.EDGES))
    values = [sums[f"t{number}"] for number in numbers]
    return _Bars(seconds_bins.EDGES, values, [seconds_bins.label(number) for number in numbers])


def _departments(found: Figures) -> _Bars:
    counts = {name: numbers["n"] for name, numbers in found.of_departments().items()}
    most = sorted(counts, key=lambda name: (-counts[name], name))[:MOST_DEPARTMENTS]
    return _Bars(range(len(most)), [counts[name] for name in most], most)


def _weekly(found: Figures) -> _Bars:
    counts = [0] * len(WEEKDAYS)
    for row in found.days:
        counts[row.day.weekday()] += row.numbers["n"]
    return _Bars(range(len(WEEKDAYS)), counts, WEEKDAYS)


_BARS: Mapping[HistogramType, Callable[[Figures], _Bars]] = {
    HistogramType.ATTENDANCE_HOURLY: _hourly,
    HistogramType.VERIFICATION_TIME: _verification_time,
    HistogramType.DEPARTMENT_COMPARISON: _departments,
    HistogramType.WEEKLY_PATTERN: _weekly,
}
