"""The door of Tix: reports."""

from collections.abc import Iterable
from typing import Any

from chalice import Blueprint

from chalicelib.domain.organizations import ticket_reports
from chalicelib.domain.organizations.ticket_reports import ReportRow
from chalicelib.portals.http.auth import TIX
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.tix import reports as schema

bp = Blueprint(__name__)
_BASE = "/api/tix/reports"


def _named(rows: Iterable[ReportRow], what: str) -> list[dict[str, Any]]:
    return [{what: row.name, "generated": row.generated, "scanned": row.scanned} for row in rows]


@door(bp, Route("GET", f"{_BASE}/stats", guard=TIX, reply=schema.StatsOut))
def tix_stats(call: Call[None, None]) -> Any:
    """Show how many tickets there are and how many were scanned."""
    return ticket_reports.stats(call.principal.organization_id)


@door(bp, Route("GET", f"{_BASE}/daily", guard=TIX, reply=schema.DaysOut))
def tix_daily(call: Call[None, None]) -> Any:
    """Show what was generated and scanned by day."""
    return _named(ticket_reports.daily(call.principal.organization_id), "date")


@door(bp, Route("GET", f"{_BASE}/weekly", guard=TIX, reply=schema.WeeksOut))
def tix_weekly(call: Call[None, None]) -> Any:
    """Show what was generated and scanned by week."""
    return _named(ticket_reports.weekly(call.principal.organization_id), "week")


@door(bp, Route("GET", f"{_BASE}/monthly", guard=TIX, reply=schema.MonthsOut))
def tix_monthly(call: Call[None, None]) -> Any:
    """Show what was generated and scanned by month."""
    return _named(ticket_reports.monthly(call.principal.organization_id), "month")
