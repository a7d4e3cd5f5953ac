"""Bodies of the staff's portal: dashboard and analytics."""

from pydantic import Field

from chalicelib.schemas.wire import Filter, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.work import Granularity


class PeriodsIn(In):
    """How long the periods of a report are: 30 days, 26 weeks or 24 months are shown."""

    granularity: Filter[Granularity] = Granularity.DAY


class PendingOut(Out):
    """How many things wait for staff."""

    refunds: int
    edit_requests: int
    payouts: int = Field(description="Scheduled, on hold or failed.")
    card_requests: int
    conflicts: int


class RecentActOut(Out):
    """One of the newest acts of staff; the system log has the whole of it."""

    at: Moment
    actor_id: str
    action: str
    entity_type: str
    entity_id: str


class DashboardStatsOut(Out):
    """The main numbers. Amounts are in the platform's currency; `revenue_by_currency` has all."""

    customers: int
    events: int = Field(description="Without drafts and archived ones.")
    tickets_sold: int = Field(description="Without refunded ones, in every currency.")
    revenue: MoneyOut = Field(description="Refunds are not taken off.")
    revenue_by_currency: list[MoneyOut]
    active_cards: int
    check_ins_today: int = Field(description="First admissions of this day in UTC.")
    pending: PendingOut
    recent_activity: list[RecentActOut]


class CurrencySumsOut(Out):
    """Sales in one currency; `net` is revenue without refunds, `fees` are the platform's."""

    currency: str
    revenue: MoneyOut
    refunded: MoneyOut
    fees: MoneyOut
    net: MoneyOut


class SalesSumsOut(Out):
    """Sums of sales: counts over all currencies, amounts in the platform's currency and in each."""

    orders: int
    tickets: int
    refunded_tickets: int
    revenue: MoneyOut
    refunded: MoneyOut
    fees: MoneyOut
    net: MoneyOut
    by_currency: list[CurrencySumsOut]


class SalesOfPeriodOut(SalesSumsOut):
    """The sales of a day, a week or a month, in UTC."""

    period: str = Field(description="Such as 2026-11-27, 2026-W48 or 2026-11.")


class RevenueOut(Out):
    """Sales by period, the oldest first, and their sums."""

    series: list[SalesOfPeriodOut]
    totals: SalesSumsOut


class UsersCountsOut(Out):
    """Numbers of users by type."""

    customers: int
    organizers: int
    merchants: int
    ushers: int
    admins: int


class UsersOfPeriodOut(UsersCountsOut):
    """The users who registered, or were created, in a period."""

    period: str


class UsersGrowthOut(Out):
    """New users by period, the oldest first, and the users there are now, without deactivated ones."""

    series: list[UsersOfPeriodOut]
    totals: UsersCountsOut


class CardsOfPeriodOut(Out):
    """The cards registered in a period."""

    period: str
    registered: int


class CardsCountsOut(Out):
    """Numbers of cards by status."""

    stock: int
    held: int
    active: int
    blocked: int
    lost: int
    replaced: int


class CardsOut(Out):
    """Cards registered by period, the oldest first, and the cards there are now by status."""

    series: list[CardsOfPeriodOut]
    totals: CardsCountsOut


class CategorySumsOut(SalesSumsOut):
    """The sales of one event category; events without one are under null."""

    category: str | None


class CategoryTotalsOut(CategorySumsOut):
    """All sales of one event category, and its events now."""

    events: int


class CategoriesOfPeriodOut(Out):
    """The sales of one month by event category, most revenue first."""

    period: str
    categories: list[CategorySumsOut]


class EventCategoriesOut(Out):
    """Twelve months of sales by event category, the oldest first, and all sales with the events by category."""

    series: list[CategoriesOfPeriodOut]
    totals: list[CategoryTotalsOut]
