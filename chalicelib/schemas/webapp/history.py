"""Bodies of the customers' door: statistics, payments, invoices."""

from pydantic import Field

from chalicelib.schemas.wire import MoneyOut, Out


class MonthOut(Out):
    """What was bought in one month."""

    month: str = Field(description="Such as 2026-11, in the events' time zones.")
    tickets: int
    spent: MoneyOut


class AnalyticsOut(Out):
    """A customer's own statistics."""

    events_attended: int
    tickets_bought: int
    total_spent: MoneyOut = Field(description="What was paid and not refunded.")
    favorite_categories: list[str] = Field(description="Of events; the one of the most tickets first.")
    upcoming_events: int = Field(description="Events that are not over, of which a valid ticket is held.")
    card_balance: MoneyOut = Field(description="Of all own cards together.")
    by_month: list[MonthOut]
