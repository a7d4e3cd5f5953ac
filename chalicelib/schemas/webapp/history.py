"""Bodies of the web app: statistics, payments, invoices."""

from typing import Literal

from pydantic import Field

from chalicelib.schemas.webapp.payments import PaymentOut
from chalicelib.schemas.wire import BetweenIn, Filter, Moment, MoneyOut, Out, PageIn
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus, RefundState


class MonthOut(Out):
    """The purchases of one month."""

    month: str = Field(description="Such as 2026-11, in the events' time zones.")
    tickets: int
    spent: MoneyOut


class AnalyticsOut(Out):
    """A customer's own statistics."""

    events_attended: int = Field(description="Events at which an own ticket was admitted.")
    tickets_bought: int = Field(description="Bought tickets that were not refunded.")
    total_spent: MoneyOut = Field(description="The payments less refunds.")
    favorite_categories: list[str] = Field(description="Categories of events; the one with the most tickets first.")
    upcoming_events: int = Field(description="Events that have not ended, with a valid ticket.")
    card_balance: MoneyOut = Field(description="The sum over all own cards.")
    by_month: list[MonthOut]


_Listed = Literal[
    PaymentStatus.REQUIRES_CONFIRMATION,
    PaymentStatus.REQUIRES_ACTION,
    PaymentStatus.SUCCEEDED,
    PaymentStatus.FAILED,
    PaymentStatus.REFUNDED,
]


class PaymentsIn(PageIn, BetweenIn):
    """A filter of the payments; a date is a day in UTC or a moment, and ranges include both ends."""

    status: Filter[_Listed] | None = Field(default=None, description="Payments in this state only.")
    method: Filter[PaymentMethod] | None = None


class RefundOut(Out):
    """A refund of a payment, or what a bank returned by a dispute; `failed` means that the money has not arrived."""

    amount: MoneyOut
    status: RefundState
    created_at: Moment


class PastPaymentOut(PaymentOut):
    """A payment in the history, with its refunds, its invoice number and its event."""

    invoice_number: str | None = Field(description="Set shortly after a payment for tickets succeeded.")
    event_id: str | None
    event_title: str | None
    refunds: list[RefundOut]
