"""Bodies of the customers' door: statistics, payments, invoices."""

from typing import Literal

from pydantic import Field

from chalicelib.schemas.webapp.payments import PaymentOut
from chalicelib.schemas.wire import BetweenIn, Filter, MoneyOut, Out, PageIn
from chalicelib.vocabulary import PaymentMethod, PaymentStatus


class MonthOut(Out):
    """What was bought in one month."""

    month: str = Field(description="Such as 2026-11, in the events' time zones.")
    tickets: int
    spent: MoneyOut


class AnalyticsOut(Out):
    """A customer's own statistics."""

    events_attended: int = Field(description="Events at which an own ticket was admitted.")
    tickets_bought: int = Field(description="Tickets that were bought and not given back.")
    total_spent: MoneyOut = Field(description="What was paid and not refunded.")
    favorite_categories: list[str] = Field(description="Of events; the one of the most tickets first.")
    upcoming_events: int = Field(description="Events that are not over, of which a valid ticket is held.")
    card_balance: MoneyOut = Field(description="Of all own cards together.")
    by_month: list[MonthOut]


_Listed = Literal[
    PaymentStatus.REQUIRES_CONFIRMATION,
    PaymentStatus.SUCCEEDED,
    PaymentStatus.FAILED,
    PaymentStatus.REFUNDED,
]


class PaymentsIn(PageIn, BetweenIn):
    """Which payments to list; dates are days in UTC or moments, and both ends are part of a range."""

    status: Filter[_Listed] | None = Field(default=None, description="Payments in this state only.")
    method: Filter[PaymentMethod] | None = None


class PastPaymentOut(PaymentOut):
    """A payment as the history shows it, with its invoice's number and the event that it was for."""

    invoice_number: str | None = Field(description="There shortly after a payment for tickets succeeded.")
    event_id: str | None
    event_title: str | None
