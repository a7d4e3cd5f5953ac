"""Dashboards of three roles: staff of the office, staff of events, students."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import figures, recent_attendance, viewers
from chalicelib.domain.campus.analytics.figures import DateRange, FigureRow
from chalicelib.domain.campus.analytics.recent_attendance import RecentSubmission
from chalicelib.domain.campus.analytics.viewers import AskedFigures

_EVENTS_SHOWN = 50
_DEPARTMENTS_SHOWN = 5


class DepartmentRate(Struct, frozen=True):
    """A department and the share of its expected people who attended; None where no event's rule names it."""

    department: str
    avg_rate: float | None


class OfficeDashboard(Struct, frozen=True):
    """The dashboard of hr and admins. Rates are None where no event of the days has a roster."""

    total_events: int
    total_attendees: int
    avg_attendance_rate: float | None
    verified_count: int
    pending_count: int
    recent_activity: Sequence[RecentSubmission]
    top_departments: Sequence[DepartmentRate]
    dates: DateRange


class DashboardEvent(Struct, frozen=True):
    """An event of a dashboard."""

    id: str
    title: str
    submitted: int
    rate: float | None


class CampusStaffDashboard(Struct, frozen=True):
    """The dashboard of an organizer, over their events, and of a supervisor, over those of their campus."""

    event_count: int
    submissions: int
    pending: int
    flagged: int
    rate: float | None
    events: Sequence[DashboardEvent]
    recent_activity: Sequence[RecentSubmission]
    dates: DateRange


def of_office(caller: Principal, asked: AskedFigures) -> OfficeDashboard:
    """Return the dashboard of hr and admins; two queries."""
    found = viewers.figures_of(caller, asked)
    sums, departments = found.sums, found.of_departments()
    rates = [DepartmentRate(name, figures.rate(numbers)) for name, numbers in departments.items()]
    # Those with a rate first, the highest first; the others by how many came.
    rates.sort(key=lambda each: (each.avg_rate is None, -(each.avg_rate or 0), -departments[each.department]["n"]))
    return OfficeDashboard(
        total_events=sums["ev"],
        total_attendees=sums["n"],
        avg_attendance_rate=figures.rate(sums),
        verified_count=sums["ve_verified"],
        pending_count=sums["ve_pending"],
        recent_activity=recent_attendance.newest_of(viewers.scope_of(caller, asked.profile)),
        top_departments=rates[:_DEPARTMENTS_SHOWN],
        dates=found.dates,
    )


def of_organizer(caller: Principal, asked: AskedFigures) -> CampusStaffDashboard:
    """Return the dashboard of an organizer or a supervisor; two queries."""
    found = viewers.figures_of(caller, asked)
    sums = found.sums
    return CampusStaffDashboard(
        event_count=sums["ev"],
        submissions=sums["n"],
        pending=sums["ve_pending"],
        flagged=sums["ve_flagged"],
        rate=figures.rate(sums),
        events=[_line(row) for row in found.events[::-1] if row.numbers["ev"] > 0][:_EVENTS_SHOWN],
        recent_activity=recent_attendance.newest_of(viewers.scope_of(caller, asked.profile)),
        dates=found.dates,
    )


def _line(row: FigureRow) -> DashboardEvent:
    return DashboardEvent(str(row.event_id), row.title or "", row.numbers["n"], figures.rate(row.numbers))
