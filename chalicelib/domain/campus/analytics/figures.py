"""The rows of a scope's figures over some days, read with one query.

A query's page has 1 MB: the days of a year with about 20 departments. More of either costs one request for each MB.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from msgspec import Struct

from chalicelib import clock, folding
from chalicelib.domain.timezones import local
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceTotals
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.campus import AttendanceStatus, VerificationStatus

Numbers = Counter[str]
# Time zones are at most 14 hours ahead of UTC and 12 behind.
_A_DAY = timedelta(days=1)


class FigureRow(Struct, frozen=True):
    """The numbers of a day, of a department on a day, or of an event: the latter two by the fields that are set."""

    day: date
    timezone: str
    campus_id: str | None
    department: str | None
    event_id: str | None
    title: str | None
    attendance_id: str | None
    expects: Mapping[str, Any]
    numbers: Numbers


class DateRange(Struct, frozen=True):
    """The days of a report, both inclusive."""

    start: date
    end: date

    def has(self, day: date) -> bool:
        """Whether a day is one of the range."""
        return self.start <= day <= self.end


class Figures(Struct, frozen=True):
    """The rows of a scope over some days; `days` are whole days, `departments` and `events` parts of them.

    Of all campuses `events` is empty: there are many, and `newest_events` reads some.
    """

    scope: str
    asked_days: int
    dates: DateRange
    days: Sequence[FigureRow]
    departments: Sequence[FigureRow]
    events: Sequence[FigureRow]

    @property
    def sums(self) -> Numbers:
        """The numbers of all days."""
        return summed(self.days)

    def newest_events(self, most: int) -> list[FigureRow]:
        """Return the newest events, newest first; of all campuses with one query."""
        if self.scope == keys.campus_analytics.ALL:
            return events_of_all(self.asked_days, most=most)
        return list(self.events[: -most - 1 : -1])

    def of_departments(self) -> dict[str, Numbers]:
        """Return the numbers of each department with records, by name; spellings that differ in case are one."""
        found: dict[str, Numbers] = defaultdict(Counter)
        spelled: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.departments:
            name = str(row.department)
            found[folding.typed(name)].update(row.numbers)
            spelled[folding.typed(name)][name] += row.numbers["n"]
        named = {max(spelled[key], key=lambda name: (spelled[key][name], name)): found[key] for key in found}
        return {name: named[name] for name in sorted(named) if named[name]["n"]}


def read(
    scope: str, days: int, *, timezone: str | None = None, campus_id: str | None = None, consistent: bool = False
) -> Figures:
    """Return the figures of the last days, today included, of one campus where it is given; one query.

    Each row belongs to a day of its own event's time zone, and is within the range where that is one of the last days
    there. `timezone` is the one whose dates the range shows; without it the newest row's, or UTC.
    """
    where = around(days, keys.campus_analytics.days)
    raws = operations.query(keys.campus_analytics.figures(scope), where, consistent=consistent)
    rows = [row for row in _within(map(_row, raws), days) if campus_id in (None, row.campus_id)]
    is_student = scope.startswith(keys.campus_analytics.of_student(""))
    shown = timezone or (rows[-1].timezone if rows else "UTC")
    return Figures(
        scope,
        days,
        dates_of(clock.now(), days, shown),
        days=[row for row in rows if is_student or (row.event_id is None and row.department is None)],
        departments=[row for row in rows if is_student or (row.event_id is None and row.department is not None)],
        events=[row for row in rows if row.event_id is not None],
    )


def events_of_all(days: int, *, most: int) -> list[FigureRow]:
    """Return the newest events of all campuses within the last days, newest first; one query."""
    where = around(days, keys.campus_analytics.events_of_all)
    partition = keys.campus_analytics.figures(keys.campus_analytics.ALL)
    return _within(map(_row, operations.query(partition, where, newest_first=True, limit=most)), days)


def rate(numbers: Numbers) -> float | None:
    """Return the share of the expected who attended, where the excused are not expected; None without a roster."""
    return rate_of(numbers, expected(numbers))


def rate_of(numbers: Numbers, expected: int | None) -> float | None:
    """Return the share of so many expected people who attended; None without a roster, or where all are excused."""
    due = 0 if expected is None else expected - numbers["z"]
    return round(min(1.0, numbers["x"] / due), 4) if due > 0 else None


def expected(numbers: Numbers) -> int | None:
    """Return how many people were expected; None without a roster."""
    return numbers["ex"] if numbers["ee"] > 0 else None


def by_status(numbers: Numbers) -> dict[str, int]:
    """Return the records of each status."""
    return {status.value: numbers[f"st_{status}"] for status in AttendanceStatus}


def by_verification(numbers: Numbers) -> dict[str, int]:
    """Return the records of each verification status."""
    return {status.value: numbers[f"ve_{status}"] for status in VerificationStatus}


def flags(numbers: Numbers) -> dict[str, int]:
    """Return the records of each flag that any has."""
    found = {name.removeprefix("fl_"): count for name, count in numbers.items() if name.startswith("fl_") and count}
    return dict(sorted(found.items()))


def summed(rows: Iterable[FigureRow]) -> Numbers:
    """Return the sums of the numbers of rows."""
    found: Numbers = Counter()
    for row in rows:
        found.update(row.numbers)
    return found


def numbers_of(raw: operations.RawItem) -> Numbers:
    """Return the numbers of a raw item, by name."""
    return Counter({name: int(value["N"]) for name, value in raw.items() if "N" in value and name != "ttl"})


def _within(rows: Iterable[FigureRow], days: int) -> list[FigureRow]:
    now = clock.now()
    return [row for row in rows if dates_of(now, days, row.timezone).has(row.day)]


def around(days: int, between: Callable[[str, str], Between]) -> Between:
    """Return the range of keys by day that has the last days of each time zone, today included."""
    today = clock.now().date()
    first, last = today - timedelta(days=days), today + _A_DAY
    return between(first.isoformat(), last.isoformat())


def dates_of(now: datetime, days: int, timezone: str) -> DateRange:
    """Return the last days in a time zone, today included."""
    today = local(now, timezone).date()
    return DateRange(today - timedelta(days=days - 1), today)


def _row(raw: operations.RawItem) -> FigureRow:
    item = AttendanceTotals.from_raw_data(raw)
    return FigureRow(
        day=date.fromisoformat(keys.campus_analytics.date_of(item.sk)),
        timezone=item.timezone or "UTC",
        campus_id=item.campus_id,
        department=item.department,
        event_id=item.event_id,
        title=item.title,
        attendance_id=item.attendance_id,
        expects=item.expects or {},
        numbers=numbers_of(raw),
    )
