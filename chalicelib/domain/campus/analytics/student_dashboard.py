"""The dashboard of a student: their own records of some days, and the events that expected them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import expected_events, viewers
from chalicelib.domain.campus.analytics.counted_as import ATTENDED, ON_ANOTHER_DAY
from chalicelib.domain.campus.analytics.expected_events import ExpectedEvent, RulesOfStudent
from chalicelib.domain.campus.analytics.figures import DateRange, FigureRow, Numbers
from chalicelib.domain.campus.analytics.viewers import AskedFigures
from chalicelib.domain.campus.attendance import missing_attendance, record_views
from chalicelib.domain.campus.attendance.record_views import Names, ShownRecord
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus

RECENT = 5


class StudentDashboard(Struct, frozen=True):
    """A student's figures. `absent` are events that expected them and are over, without a record, or marked absent.

    `open_appeals` are against records and absences. `rate` is None where no event expected them. `streak` counts the
    newest attended events up to the last absence.
    """

    expected: int
    present: int
    late: int
    left_early: int
    excused: int
    absent: int
    rate: float | None
    flagged: int
    open_appeals: int
    recent: Sequence[ShownRecord]
    streak: int
    dates: DateRange


def of_student(caller: Principal, asked: AskedFigures) -> StudentDashboard:
    """Return the dashboard of a student: one query and one batch read, however many events and records there are.

    Above 50 events of one rule and month there is a further one, and one where they were absent.
    """
    mine = viewers.figures_of(caller, asked)
    rows = [row for row in mine.days if row.numbers["n"]]
    newest = rows[: -RECENT - 1 : -1]
    places, rules = _places(newest), RulesOfStudent(asked.profile, asked.days)
    raws = {
        operations.key_of(raw): raw for raw in operations.get_raw({*places, *rules.places}, (), consistent=asked.exact)
    }
    found: dict[Key, Any] = {place: place.item.from_raw_data(raws[place]) for place in places if place in raws}
    found[keys.campus_people.profile(caller.id)] = asked.profile
    ruled = rules.events([raws[place] for place in rules.places if place in raws])
    # An event that changes between the two reads may be in both.
    expecting = {each.event_id: each for each in (*ruled, *expected_events.listed(mine.days))}
    own = {str(row.event_id): _statuses(row.numbers, "st_") for row in rows}
    # A record may be made on another day than its event's, such as an excuse beforehand.
    elsewhere = {
        str(row.event_id): statuses
        for row in mine.days
        if row.event_id in expecting
        and row.event_id not in own
        and (statuses := _statuses(row.numbers, ON_ANOTHER_DAY)).total()
    }
    # Of the events of these days alone.
    known = [numbers for event_id, numbers in (own | elsewhere).items() if event_id in expecting]
    missed = [
        each
        for each in expecting.values()
        if each.is_over and each.event_id not in own and each.event_id not in elsewhere
    ]
    rated = _summed(known)
    due = len(known) + len(missed) - rated[AttendanceStatus.EXCUSED]
    attended = sum(rated[status] for status in ATTENDED)
    statuses = _summed([*own.values(), *elsewhere.values()])
    return StudentDashboard(
        expected=len(known) + len(missed),
        present=statuses[AttendanceStatus.PRESENT],
        late=statuses[AttendanceStatus.LATE],
        left_early=statuses[AttendanceStatus.LEFT_EARLY],
        excused=statuses[AttendanceStatus.EXCUSED],
        absent=statuses[AttendanceStatus.ABSENT] + len(missed),
        rate=round(min(1.0, attended / due), 4) if due > 0 else None,
        flagged=mine.sums["ve_flagged"],
        open_appeals=mine.sums["ap"] + _open_appeals(caller, missed),
        recent=_recent(newest, found),
        streak=_streak(rows, missed),
        dates=mine.dates,
    )


def _places(newest: Sequence[FigureRow]) -> list[Place[Any]]:
    """Return where the newest records and their events are."""
    return [
        place
        for row in newest
        for place in (keys.attendance.record(str(row.attendance_id)), keys.campus_events.event(str(row.event_id)))
    ]


def _open_appeals(caller: Principal, missed: Sequence[ExpectedEvent]) -> int:
    """Return how many of the events without a record are contested."""
    found = missing_attendance.first_appeals([(each.event_id, caller.id) for each in missed])
    return sum(appeal.status == AppealStatus.OPEN for appeal in found.values())


def _recent(newest: Sequence[FigureRow], found: Mapping[Key, Any]) -> list[ShownRecord]:
    names = Names(found)
    records: list[AttendanceRecord | None] = [
        found.get(keys.attendance.record(str(row.attendance_id))) for row in newest
    ]
    return [record_views.shown(record, names) for record in records if record is not None]


def _statuses(numbers: Numbers, prefix: str) -> Numbers:
    """Return the numbers of records by status, of which the names have a prefix."""
    return Counter(
        {status.value: number for status in AttendanceStatus if (number := numbers[f"{prefix}{status}"]) > 0}
    )


def _summed(numbers: Iterable[Numbers]) -> Numbers:
    found: Numbers = Counter()
    for each in numbers:
        found.update(each)
    return found


def _streak(rows: Sequence[FigureRow], missed: Sequence[ExpectedEvent]) -> int:
    """Return how many records of newest days are attended, up to the last day with an absence."""
    by_day: dict[date, Numbers] = defaultdict(Counter)
    for row in rows:
        by_day[row.day].update(row.numbers)
    for each in missed:
        by_day[each.day]["st_absent"] += 1
    streak = 0
    for day in sorted(by_day, reverse=True):
        if by_day[day]["st_absent"]:
            break
        streak += sum(by_day[day][f"st_{status}"] for status in ATTENDED)
    return streak
