"""Keys of the running totals of attendance."""

from chalicelib.table.items.campus_analytics import (
    AttendanceRecount,
    AttendanceTotals,
    CountedAttendance,
    CountedCampusEvent,
    CountedListing,
    EventAttendanceTotals,
    EventsOfRule,
    FiguresOfAll,
    FlaggedAttendance,
    RecentAttendance,
)
from chalicelib.table.keys import jobs
from chalicelib.table.places import Key, Place, joined
from chalicelib.table.ranges import Begins, Between

# A scope is whose figures they are.
ALL = "ALL"
# Question 247.
MOVED = "CAMPUS_MOVED"
# Of a rule that does not name a campus, a department or a year.
_ANY = "*"
_TOTALS, _DAY, _EVENT, _RECENT = "TOTALS", "DAY", "EVENT", "RECENT"
# After every event's row and every department's.
_LAST = "\U0010ffff"


def of_campus(campus_id: str) -> str:
    """Question 243: the scope of a campus."""
    return joined("CAMPUS", campus_id)


def of_organizer(user_id: str) -> str:
    """Question 243: the scope of an organizer's events."""
    return joined("ORGANIZER", user_id)


def of_student(user_id: str) -> str:
    """Question 243: the scope of one student."""
    return joined("STUDENT", user_id)


def counted(event_id: str, attendance_id: str = "") -> Place[CountedAttendance]:
    """Question 240; without a record the prefix of all of an event."""
    return Place(CountedAttendance, joined("CAMPUS_COUNTED", event_id), attendance_id)


def counted_event(event_id: str) -> Place[CountedCampusEvent]:
    """Question 241."""
    return Place(CountedCampusEvent, _of_event(event_id), "COUNTED")


def counted_listing(event_id: str, user_id: str = "") -> Place[CountedListing]:
    """Question 252; without a person the prefix of all of an event."""
    return Place(CountedListing, joined("CAMPUS_LISTED", event_id), user_id)


def events_of_rule(rule: str, month: str, part: int = 0) -> Place[EventsOfRule]:
    """Question 253: the events of a month, such as 2026-11, whose rule is this one; the first part names the others."""
    return Place(EventsOfRule, joined("CAMPUS_RULE", rule), joined(month, f"{part:04}"))


def rule(campus_id: str | None, department: str | None, year_level: str | None) -> str:
    """Question 253: who is expected by a rule, with folded texts; None is any."""
    return joined(*(_ANY if part is None else f"={part}" for part in (campus_id, department, year_level)))


def event_totals(event_id: str) -> Place[EventAttendanceTotals]:
    """Question 242."""
    return Place(EventAttendanceTotals, _of_event(event_id), _TOTALS)


def event_hour(event_id: str, hour: str) -> Place[AttendanceTotals]:
    """Question 242: the minutes of an hour, such as 2026-11-27T10 (UTC)."""
    return Place(AttendanceTotals, _of_event(event_id), joined(_TOTALS, hour))


def hour_of(sk: str) -> str:
    """Question 242: the hour in the sort key of its minutes."""
    return sk.partition("#")[2]


def event_recent(event_id: str, at: str, attendance_id: str) -> Place[RecentAttendance]:
    """Question 242: one of an event's newest submissions."""
    return Place(RecentAttendance, _of_event(event_id), joined(_RECENT, at, attendance_id))


def all_of_event() -> Begins:
    """Question 242: the totals of an event and after them its hours."""
    return Begins(_TOTALS)


def live_of_event() -> Between:
    """Question 242: the newest submissions of an event and its totals, which are last."""
    return Between(_RECENT, _TOTALS)


def day(scope: str, date: str, part: str, name: str = "") -> Place[AttendanceTotals]:
    """Question 243; `part` is the campus, or for all the time zone; `name` the department, empty for the whole day."""
    return Place(AttendanceTotals, figures(scope), joined(_DAY, date, part, name))


def event_of_day(scope: str, date: str, event_id: str) -> Place[AttendanceTotals]:
    """Question 243: an event among the rows of its day."""
    return Place(AttendanceTotals, figures(scope), joined(_DAY, date, "~", event_id))


def date_of(sk: str) -> str:
    """Questions 243 and 244: the date in the sort key of a row of a day, or of an event."""
    return sk.split("#", 2)[1]


def event_of_all(date: str, event_id: str) -> Place[AttendanceTotals]:
    """Question 244: an event, by its day; apart from the days, since there are many."""
    return Place(AttendanceTotals, figures(ALL), joined(_EVENT, date, event_id))


def version_of_all() -> Place[FiguresOfAll]:
    """Question 244: the version of the figures of all campuses."""
    return Place(FiguresOfAll, figures(ALL), "VERSION")


def day_of_campus(place: Key) -> Place[AttendanceTotals] | None:
    """Question 243: of any row of a campus the row of its whole day; None for a row of another scope."""
    if not place.pk.startswith(figures(of_campus(""))):
        return None
    campus_id = campus_of(place)
    return day(of_campus(campus_id), date_of(place.sk), campus_id)


def campus_of(place: Key) -> str:
    """Question 243: whose campus's row this is."""
    return place.pk.removeprefix(figures(of_campus("")))


def moved(campus_id: str, date: str) -> Key:
    """Question 247: the row of a campus's whole day, while the figures of all campuses do not have its last move."""
    return Key(MOVED, joined(date, campus_id))


def recent(scope: str, at: str, attendance_id: str) -> Place[RecentAttendance]:
    """Question 245: one of the newest submissions of a scope."""
    return Place(RecentAttendance, recents(scope), joined(_RECENT, at, attendance_id))


def recents(scope: str) -> str:
    """Question 245: the partition of a scope's newest submissions, apart from its figures."""
    return joined("CAMPUS_RECENT", scope)


def all_recent() -> Begins:
    """Question 245."""
    return Begins(joined(_RECENT, ""))


def figures(scope: str) -> str:
    """Questions 243 and 244: the partition of a scope."""
    return joined("CAMPUS_FIGURES", scope)


def days(first: str, last: str) -> Between:
    """Question 243: the rows of some days, the events' among them."""
    return Between(joined(_DAY, first), joined(_DAY, last, _LAST))


def events_of_all(first: str, last: str) -> Between:
    """Question 244."""
    return Between(joined(_EVENT, first), joined(_EVENT, last, _LAST))


def flagged(scope: str, date: str, attendance_id: str) -> Place[FlaggedAttendance]:
    """Question 246: a flagged record, by the day of its submission (UTC)."""
    return Place(FlaggedAttendance, all_flagged(scope), joined(date, attendance_id))


def all_flagged(scope: str) -> str:
    """Question 246: the partition of a scope, a campus or all."""
    return "CAMPUS_FLAGGED" if scope == ALL else joined("CAMPUS_FLAGGED", scope)


def flagged_days(first: str, last: str) -> Between:
    """Question 246."""
    return Between(joined(first), joined(last, _LAST))


def recount(job_id: str) -> Place[AttendanceRecount]:
    """Question 69, for the recount of an event."""
    return Place(AttendanceRecount, *jobs.job(job_id))


def _of_event(event_id: str) -> str:
    """Questions 241 and 242: the partition of an event."""
    return joined("CAMPUS_TOTALS", event_id)
