"""The staff's portal: dashboard and analytics."""

from typing import Any

from chalice import Blueprint

from chalicelib.domain.platform_totals import reports
from chalicelib.domain.platform_totals.reports import NumbersOfPeriod, SalesOfCategory
from chalicelib.portals.http.auth import READERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.admin import analytics as schema

bp = Blueprint(__name__)
_BASE = "/api/analytics"
_CARDS = "cards_"


def _users(numbers: NumbersOfPeriod) -> schema.UsersOfPeriodOut:
    return schema.UsersOfPeriodOut(period=str(numbers.period), **numbers.numbers)


def _category(row: SalesOfCategory) -> dict[str, Any]:
    return {"category": row.category or None, **dict(schema.SalesSumsOut.read(row.sales))}


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
    series, totals = reports.revenue(call.query.granularity)
    shown = [schema.SalesOfPeriodOut.read(sales) for sales in series]
    return schema.RevenueOut(series=shown, totals=schema.SalesSumsOut.read(totals))


@door(
    bp,
    Route("GET", f"{_BASE}/users", guard=READERS, query=schema.PeriodsIn, reply=schema.UsersGrowthOut),
)
def admin_users_growth(call: Call[None, schema.PeriodsIn]) -> schema.UsersGrowthOut:
    """Show new users by day, week or month, and the users there are now."""
    series, totals = reports.users(call.query.granularity)
    return schema.UsersGrowthOut(
        series=[_users(numbers) for numbers in series], totals=schema.UsersCountsOut(**totals.numbers)
    )


@door(
    bp,
    Route("GET", f"{_BASE}/cards", guard=READERS, query=schema.PeriodsIn, reply=schema.CardsOut),
)
def admin_cards_by_status(call: Call[None, schema.PeriodsIn]) -> schema.CardsOut:
    """Show registered cards by day, week or month, and the cards there are now by status."""
    series, totals = reports.cards(call.query.granularity)
    return schema.CardsOut(
        series=[
            schema.CardsOfPeriodOut(period=str(numbers.period), registered=numbers.numbers["cards_registered"])
            for numbers in series
        ],
        totals=schema.CardsCountsOut(**{name.removeprefix(_CARDS): n for name, n in totals.numbers.items()}),
    )


@door(bp, Route("GET", f"{_BASE}/event-categories", guard=READERS, reply=schema.EventCategoriesOut))
def admin_event_categories(_: Call[None, None]) -> schema.EventCategoriesOut:
    """Show events and sales by event category, and twelve months of them."""
    series, totals = reports.event_categories()
    return schema.EventCategoriesOut(
        series=[
            schema.CategoriesOfPeriodOut(
                period=each.period, categories=[schema.CategorySumsOut(**_category(row)) for row in each.categories]
            )
            for each in series
        ],
        totals=[schema.CategoryTotalsOut(events=row.events, **_category(row)) for row in totals],
    )
