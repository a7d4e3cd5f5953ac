"""Attendance by day with a moving average, and by department."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from msgspec import Struct

from chalicelib import folding
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import counted_as, figures, viewers
from chalicelib.domain.campus.analytics.figures import FigureRow, Numbers
from chalicelib.domain.campus.analytics.viewers import AskedFigures

# A week, so that weekends do not show as falls.
WINDOW = 7
# Dates of two time zones differ by two days at most, and each row is within the days of its own zone.
_APART = 2
# Of a summary of departments: older events are not counted among their events.
_MOST_EVENTS = 1_000


class TrendDay(Struct, frozen=True):
    """A day: `moving_average` is the mean of `submitted` over the WINDOW days that end with it."""

    date: date
    expected: int | None
    submitted: int
    rate: float | None
    moving_average: float


class DepartmentFigures(Struct, frozen=True):
    """A department. `expected` and `rate` are of the events whose rule expects this department alone, else None."""

    department: str
    events: int
    expected: int | None
    submitted: int
    rate: float | None
    verified: int
    pending: int
    flagged: int


def series(caller: Principal, asked: AskedFigures) -> list[TrendDay]:
    """Return the days asked for, oldest first, also those without attendance; one query."""
    longer = AskedFigures(_APART + asked.days + WINDOW - 1)
    found = viewers.figures_of(caller, longer, asked.found_campus())
    by_day: dict[date, Numbers] = defaultdict(Counter)
    for row in found.days:
        by_day[row.day].update(row.numbers)
    days = [found.dates.start + timedelta(days=number) for number in range(_APART, longer.days)]
    counts = [by_day[day]["n"] for day in days]
    return [
        TrendDay(
            date=day,
            expected=figures.expected(by_day[day]),
            submitted=counts[place],
            rate=figures.rate(by_day[day]),
            moving_average=round(sum(counts[place - WINDOW + 1 : place + 1]) / WINDOW, 2),
        )
        for place, day in enumerate(days)
        if place >= WINDOW - 1
    ]


def departments(caller: Principal, asked: AskedFigures) -> list[DepartmentFigures]:
    """Return the departments with attendance in the days asked for, by name; one query, of all campuses two."""
    campus = asked.found_campus()
    found = viewers.figures_of(caller, asked, campus)
    took_part = Counter(name for row in found.newest_events(_MOST_EVENTS) for name in _departments_of(row))
    return [
        _department(name, numbers, took_part[folding.typed(name)]) for name, numbers in found.of_departments().items()
    ]


def _departments_of(row: FigureRow) -> set[str]:
    """Return the folded names of the departments with records of an event."""
    mark = counted_as.DEPARTMENT
    return {folding.typed(name.removeprefix(mark)) for name, n in row.numbers.items() if name.startswith(mark) and n}


def _department(name: str, numbers: Numbers, events: int) -> DepartmentFigures:
    return DepartmentFigures(
        department=name,
        events=events,
        expected=figures.expected(numbers),
        submitted=numbers["n"],
        rate=figures.rate(numbers),
        verified=numbers["ve_verified"],
        pending=numbers["ve_pending"],
        flagged=numbers["ve_flagged"],
    )
