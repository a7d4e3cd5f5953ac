"""The dashboard of a student: their own records of some days, and the events that expected them."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from chalicelib import clock
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import expectations, figures, viewers
from chalicelib.domain.campus.analytics.counted_as import ATTENDED
from chalicelib.domain.campus.analytics.figures import DateRange, FigureRow, Numbers
from chalicelib.domain.campus.analytics.viewers import AskedFigures
from chalicelib.domain.campus.attendance import attendance_ids, record_views
from chalicelib.domain.campus.attendance.record_views import Names, ShownRecord
from chalicelib.table import keys, operations
from chalicelib.table.items import AttendanceRecord
from chalicelib.table.places import Key, Place
from chalicelib.vocabulary.campus import AttendanceStatus

RECENT = 5
# Of the days asked for, the newest events are looked through.
_MOST_EVENTS = 1_000


@dataclass(frozen=True, slots=True)
class StudentDashboard:
    """A student's figures. `absent` are events that expected them and are over, without a record, or marked absent.

    `rate` is None where no event expected them. `streak` counts the newest attended events up to the last absence.
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
    """Return the dashboard of a student; two queries and one batch read."""
    mine = viewers.figures_of(caller, asked)
    rows = [row for row in mine.days if row.numbers["n"]]
    events = [row for row in figures.events_of_all(asked.days, most=_MOST_EVENTS) if row.numbers["ee"] > 0]
    newest = rows[: -RECENT - 1 : -1]
    found = _read(caller.id, newest, events)
    sums: Numbers = mine.sums
    own = {str(row.event_id): row.numbers for row in rows}
    without = [row for row in events if row.event_id not in own and _is_missed(caller.id, row, found)]
    elsewhere = _recorded_on_other_days(caller.id, without)
    missed = [row for row in without if row.event_id not in elsewhere]
    expecting = [str(row.event_id) for row in events if str(row.event_id) in own and _expects(caller.id, row, found)]
    # Of the events of these days alone: a record may be made on another day, such as an excuse beforehand.
    rated = sum([*(own[event_id] for event_id in expecting), *elsewhere.values()], Counter[str]())
    known = len(expecting) + len(elsewhere)
    due = known + len(missed) - rated["z"]
    statuses = figures.by_status(sum(elsewhere.values(), sums))
    return StudentDashboard(
        expected=known + len(missed),
        present=statuses["present"],
        late=statuses["late"],
        left_early=statuses["left_early"],
        excused=statuses["excused"],
        absent=statuses["absent"] + len(missed),
        rate=round(min(1.0, rated["x"] / due), 4) if due > 0 else None,
        flagged=sums["ve_flagged"],
        open_appeals=sums["ap"],
        recent=_recent(newest, found),
        streak=_streak(rows, missed),
        dates=mine.dates,
    )


def _read(user_id: str, newest: Sequence[FigureRow], events: Sequence[FigureRow]) -> Mapping[Key, Any]:
    """Return the newest records with their events, the profile, and the person's entries of rosters."""
    places: list[Place[Any]] = [keys.campus_people.profile(user_id)]
    for row in newest:
        places += [keys.attendance.record(str(row.attendance_id)), keys.campus_events.event(str(row.event_id))]
    places += [
        keys.campus_events.roster_entry(str(row.event_id), user_id) for row in events if row.expects.get("listed")
    ]
    return operations.get_many(places)


def _recent(newest: Sequence[FigureRow], found: Mapping[Key, Any]) -> list[ShownRecord]:
    names = Names(found)
    records: list[AttendanceRecord | None] = [
        found.get(keys.attendance.record(str(row.attendance_id))) for row in newest
    ]
    return [record_views.shown(record, names) for record in records if record is not None]


def _expects(user_id: str, row: FigureRow, found: Mapping[Key, Any]) -> bool:
    if row.expects.get("listed"):
        return keys.campus_events.roster_entry(str(row.event_id), user_id) in found
    profile = found.get(keys.campus_people.profile(user_id))
    return expectations.fits(row.expects.get("rule"), profile, until=_ends_at(row))


def _ends_at(row: FigureRow) -> datetime | None:
    text = row.expects.get("ends_at")
    return datetime.fromisoformat(text) if text else None


def _is_missed(user_id: str, row: FigureRow, found: Mapping[Key, Any]) -> bool:
    """Return whether an event without a record is over and expected the person."""
    ends_at = _ends_at(row)
    return ends_at is not None and ends_at < clock.now() and _expects(user_id, row, found)


def _recorded_on_other_days(user_id: str, events: Sequence[FigureRow]) -> dict[str, Numbers]:
    """Return the numbers of the person's records of these events, which were made before or after the days asked for.

    One batch read, where the days alone show an absence.
    """
    ids = {str(row.event_id): attendance_ids.attendance_id(str(row.event_id), user_id) for row in events}
    found = operations.get_many(
        [keys.attendance.record(each) for each in ids.values()], only=["attendance_id", "status"]
    )
    by_id = {str(raw.attendance_id): raw for raw in found.values()}
    return {event_id: _numbers(by_id[each].status) for event_id, each in ids.items() if each in by_id}


def _numbers(status: str) -> Numbers:
    numbers: Numbers = Counter({f"st_{status}": 1})
    if status in ATTENDED:
        numbers["x"] = 1
    elif status == AttendanceStatus.EXCUSED:
        numbers["z"] = 1
    return numbers


def _streak(rows: Sequence[FigureRow], missed: Sequence[FigureRow]) -> int:
    """Return how many records of newest days are attended, up to the last day with an absence."""
    by_day: dict[date, Numbers] = defaultdict(Counter)
    for row in rows:
        by_day[row.day].update(row.numbers)
    for row in missed:
        by_day[row.day]["st_absent"] += 1
    streak = 0
    for day in sorted(by_day, reverse=True):
        if by_day[day]["st_absent"]:
            break
        streak += sum(by_day[day][f"st_{status}"] for status in ATTENDED)
    return streak
