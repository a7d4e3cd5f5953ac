"""Campus: figures of events, dashboards, trends, anomalies, departments."""

from collections.abc import Sequence

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.analytics import (
    anomalies,
    dashboards,
    event_figures,
    refreshes,
    student_dashboard,
    trends,
)
from chalicelib.domain.campus.analytics.viewers import AskedFigures
from chalicelib.domain.campus.people import campus_profiles
from chalicelib.portals.http.auth import CAMPUS_OFFICE, CAMPUS_STAFF, Guard
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.campus import analytics as schema
from chalicelib.schemas.campus.records import RecordOut
from chalicelib.vocabulary.access import Portal
from chalicelib.vocabulary.campus import CampusRole

bp = Blueprint(__name__)
_BASE = "/api/campus/analytics"
# Here and not beside the others, so that a gate's function, which has those, loads nothing of campus.
_WITH_PROFILE = Guard(Portal.CAMPUS, reads=campus_profiles.of_caller)


@door(
    bp,
    Route(
        "GET",
        "/api/campus/events/{event_id}/analytics",
        guard=CAMPUS_STAFF,
        reply=schema.EventAnalyticsOut,
        refuses=(errors.NotFound,),
    ),
)
def campus_event_analytics(call: Call[None, None]) -> schema.EventAnalyticsOut:
    """Show the figures of an event."""
    return schema.EventAnalyticsOut.read(event_figures.show(call.path["event_id"], call.principal))


@door(
    bp,
    Route("GET", f"{_BASE}/dashboard", guard=_WITH_PROFILE, query=schema.DashboardIn, reply=schema.DashboardOut),
)
def campus_dashboard(call: Call[None, schema.DashboardIn]) -> schema.DashboardOut:
    """Show the dashboard of the caller's role."""
    return _dashboard(call.principal, AskedFigures(call.query.days, profile=call.read))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/dashboard/refresh",
        guard=_WITH_PROFILE,
        query=schema.DashboardIn,
        reply=schema.DashboardRefreshOut,
        refuses=(errors.RateLimited,),
    ),
)
def campus_refresh_dashboard(call: Call[None, schema.DashboardIn]) -> schema.DashboardRefreshOut:
    """Count the newest events, or one's own records, again, and show the dashboard as the totals are now."""
    asked = AskedFigures(call.query.days, exact=True, profile=call.read)
    is_recounting = refreshes.refresh(call.principal, asked)
    return schema.DashboardRefreshOut(
        message="Dashboard refreshed", recounting=is_recounting, dashboard=_dashboard(call.principal, asked)
    )


@door(
    bp,
    Route("GET", f"{_BASE}/attendance-trends", guard=CAMPUS_OFFICE, query=schema.FiguresIn, reply=schema.TrendsOut),
)
def campus_attendance_trends(call: Call[None, schema.FiguresIn]) -> schema.TrendsOut:
    """Show attendance by day with a moving average."""
    return _trends_out(trends.series(call.principal, _asked(call)))


@door(
    bp,
    Route(
        "GET", f"{_BASE}/department-summary", guard=CAMPUS_OFFICE, query=schema.FiguresIn, reply=schema.DepartmentsOut
    ),
)
def campus_department_summary(call: Call[None, schema.FiguresIn]) -> schema.DepartmentsOut:
    """Show the departments with attendance."""
    return _departments_out(trends.departments(call.principal, _asked(call)))


@door(
    bp,
    Route("GET", f"{_BASE}/anomaly-detection", guard=CAMPUS_OFFICE, query=schema.FiguresIn, reply=schema.AnomaliesOut),
)
def campus_anomaly_detection(call: Call[None, schema.FiguresIn]) -> schema.AnomaliesOut:
    """Show what is unusual, by named rules, with the numbers and in words."""
    return schema.AnomaliesOut.read(anomalies.find(call.principal, _asked(call)))


def _asked(call: Call[None, schema.FiguresIn]) -> AskedFigures:
    return AskedFigures(call.query.days, call.query.campus_id)


def _trends_out(days: Sequence[trends.TrendDay]) -> schema.TrendsOut:
    return schema.TrendsOut(series=[schema.TrendDayOut.read(day) for day in days], window=trends.WINDOW)


def _departments_out(found: Sequence[trends.DepartmentFigures]) -> schema.DepartmentsOut:
    return schema.DepartmentsOut(departments=[schema.DepartmentOut.read(each) for each in found])


def _dashboard(caller: Principal, asked: AskedFigures) -> schema.DashboardOut:
    match caller.claims.get("role"):
        case CampusRole.HR | CampusRole.ADMIN:
            return schema.DashboardOut(_office_out(dashboards.of_office(caller, asked)))
        case CampusRole.ORGANIZER | CampusRole.SUPERVISOR:
            return schema.DashboardOut(_organizer_out(dashboards.of_organizer(caller, asked)))
    return schema.DashboardOut(_student_out(student_dashboard.of_student(caller, asked)))


def _office_out(found: dashboards.OfficeDashboard) -> schema.OfficeDashboardOut:
    return schema.OfficeDashboardOut(
        summary=schema.OfficeSummaryOut.read(found),
        recent_activity=[schema.RecentActivityOut.read(each) for each in found.recent_activity],
        top_departments=[schema.DepartmentRateOut.read(each) for each in found.top_departments],
        date_range=schema.DateRangeOut.read(found.dates),
    )


def _organizer_out(found: dashboards.CampusStaffDashboard) -> schema.OrganizerDashboardOut:
    return schema.OrganizerDashboardOut(
        summary=schema.OrganizerSummaryOut(
            events=found.event_count,
            submissions=found.submissions,
            pending=found.pending,
            flagged=found.flagged,
            rate=found.rate,
        ),
        events=[schema.EventLineOut.read(line) for line in found.events],
        recent_activity=[schema.RecentActivityOut.read(each) for each in found.recent_activity],
        date_range=schema.DateRangeOut.read(found.dates),
    )


def _student_out(found: student_dashboard.StudentDashboard) -> schema.StudentDashboardOut:
    return schema.StudentDashboardOut(
        summary=schema.StudentSummaryOut.read(found),
        recent=[RecordOut.read(record) for record in found.recent],
        streak=found.streak,
        date_range=schema.DateRangeOut.read(found.dates),
    )
