"""Tix: reports."""

from collections.abc import Iterable
from datetime import date

from chalice import Blueprint

from chalicelib.domain.organizations import ticket_reports
from chalicelib.domain.organizations.ticket_reports import ReportRow
from chalicelib.portals.http.auth import TIX
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.tix import reports as schema

bp = Blueprint(__name__)
_BASE = "/api/tix/reports"


def _days_out(rows: Iterable[ReportRow]) -> schema.DaysOut:
    return schema.DaysOut(
        [schema.DayOut(date=date.fromisoformat(r.name), generated=r.generated, scanned=r.scanned) for r in rows]
    )


def _weeks_out(rows: Iterable[ReportRow]) -> schema.WeeksOut:
    return schema.WeeksOut([schema.WeekOut(week=r.name, generated=r.generated, scanned=r.scanned) for r in rows])


def _months_out(rows: Iterable[ReportRow]) -> schema.MonthsOut:
    return schema.MonthsOut([schema.MonthOut(month=r.name, generated=r.generated, scanned=r.scanned) for r in rows])


@door(bp, Route("GET", f"{_BASE}/stats", guard=TIX, reply=schema.StatsOut))
def tix_stats(call: Call[None, None]) -> schema.StatsOut:
    """Show the number of tickets and of scanned tickets."""
    return schema.StatsOut.read(ticket_reports.stats(call.principal.organization_id))


@door(bp, Route("GET", f"{_BASE}/daily", guard=TIX, reply=schema.DaysOut))
def tix_daily(call: Call[None, None]) -> schema.DaysOut:
    """Show generated and scanned tickets by day."""
    return _days_out(ticket_reports.daily(call.principal.organization_id))


@door(bp, Route("GET", f"{_BASE}/weekly", guard=TIX, reply=schema.WeeksOut))
def tix_weekly(call: Call[None, None]) -> schema.WeeksOut:
    """Show generated and scanned tickets by week."""
    return _weeks_out(ticket_reports.weekly(call.principal.organization_id))


@door(bp, Route("GET", f"{_BASE}/monthly", guard=TIX, reply=schema.MonthsOut))
def tix_monthly(call: Call[None, None]) -> schema.MonthsOut:
    """Show generated and scanned tickets by month."""
    return _months_out(ticket_reports.monthly(call.principal.organization_id))
