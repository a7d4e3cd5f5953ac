"""The staff's portal: dashboard and analytics."""

from collections.abc import Sequence
from typing import Any

from chalice import Blueprint

from chalicelib.domain.platform_totals import reports
from chalicelib.domain.platform_totals.reports import (
    CategoriesOfPeriod,
    NumbersOfPeriod,
    SalesOfCategory,
    SalesOfPeriod,
)
from chalicelib.portals.http.auth import READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.admin import analytics as schema

bp = Blueprint(__name__)
_BASE = "/api/analytics"
_CARDS = "cards_"


def _revenue_out(series: Sequence[SalesOfPeriod], totals: SalesOfPeriod) -> schema.RevenueOut:
    shown = [schema.SalesOfPeriodOut.read(sales) for sales in series]
    return schema.RevenueOut(series=shown, totals=schema.SalesSumsOut.read(totals))


def _users_out(series: Sequence[NumbersOfPeriod], totals: NumbersOfPeriod) -> schema.UsersGrowthOut:
    shown = [schema.UsersOfPeriodOut(period=str(each.period), **each.numbers) for each in series]
    return schema.UsersGrowthOut(series=shown, totals=schema.UsersCountsOut(**totals.numbers))


def _cards_out(series: Sequence[NumbersOfPeriod], totals: NumbersOfPeriod) -> schema.CardsOut:
    registered = [
        schema.CardsOfPeriodOut(period=str(each.period), registered=each.numbers["cards_registered"]) for each in series
    ]
    by_status = {name.removeprefix(_CARDS): number for name, number in totals.numbers.items()}
    return schema.CardsOut(series=registered, totals=schema.CardsCountsOut(**by_status))


def _category(row: SalesOfCategory) -> dict[str, Any]:
    return {"category": row.category or None, **dict(schema.SalesSumsOut.read(row.sales))}


def _categories_out(
    series: Sequence[CategoriesOfPeriod], totals: Sequence[SalesOfCategory]
) -> schema.EventCategoriesOut:
    shown = [
        schema.CategoriesOfPeriodOut(
            period=each.period, categories=[schema.CategorySumsOut(**_category(row)) for row in each.categories]
        )
        for each in series
    ]
    sums = [schema.CategoryTotalsOut(events=row.events, **_category(row)) for row in totals]
    return schema.EventCategoriesOut(series=shown, totals=sums)


@door(bp, Route("GET", "/api/dashboard/stats", guard=READERS, reply=schema.DashboardStatsOut))
def admin_dashboard(_: Call[None, None]) -> schema.DashboardStatsOut:
    """Show the main numbers of the platform, what waits for staff, and their newest acts."""
    return schema.DashboardStatsOut.read(reports.dashboard())


@door(
    bp,
    Route("GET", f"{_BASE}/revenue", guard=READERS, query=schema.PeriodsIn, reply=schema.RevenueOut),
)
def admin_revenue(call: Call[None, schema.PeriodsIn]) -> schema.RevenueOut:
    """Show sales by day, week or month."""
    return _revenue_out(*reports.revenue(call.query.granularity))


@door(
    bp,
    Route("GET", f"{_BASE}/users", guard=READERS, query=schema.PeriodsIn, reply=schema.UsersGrowthOut),
)
def admin_users_growth(call: Call[None, schema.PeriodsIn]) -> schema.UsersGrowthOut:
    """Show new users by day, week or month, and the users there are now."""
    return _users_out(*reports.users(call.query.granularity))


@door(
    bp,
    Route("GET", f"{_BASE}/cards", guard=READERS, query=schema.PeriodsIn, reply=schema.CardsOut),
)
def admin_cards_by_status(call: Call[None, schema.PeriodsIn]) -> schema.CardsOut:
    """Show registered cards by day, week or month, and the cards there are now by status."""
    return _cards_out(*reports.cards(call.query.granularity))


@door(bp, Route("GET", f"{_BASE}/event-categories", guard=READERS, reply=schema.EventCategoriesOut))
def admin_event_categories(_: Call[None, None]) -> schema.EventCategoriesOut:
    """Show events and sales by event category, and twelve months of them."""
    return _categories_out(*reports.event_categories())
