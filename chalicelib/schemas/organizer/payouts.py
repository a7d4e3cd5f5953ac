"""Bodies of the organizers' door: money on its way to them."""

from datetime import date

from pydantic import Field

from chalicelib.schemas.wire import Day, Filter, Moment, MoneyOut, Out, PageIn
from chalicelib.vocabulary import PayoutStatus


class PayoutsIn(PageIn):
    """Which payouts to list; both ends are part of a range."""

    status: Filter[PayoutStatus] | None = None
    scheduled_from: Day | None = None
    scheduled_to: Day | None = None


class AmountsOut(Out):
    """Gross less refunds and the platform's fee is net."""

    gross: MoneyOut
    refunds: MoneyOut
    platform_fee: MoneyOut
    net: MoneyOut


class PayoutEventOut(Out):
    """The event that a payout is for, as it was called when its books were closed."""

    id: str
    title: str


class PayoutLineOut(AmountsOut):
    """What one ticket category brought in."""

    category_id: str
    description: str
    quantity: int = Field(description="Tickets that were sold, with those that were given back.")
    refunded_quantity: int


class PayoutOut(AmountsOut):
    """An organizer's money for one event; the lines sum to its amounts."""

    id: str
    event: PayoutEventOut
    status: PayoutStatus
    lines: list[PayoutLineOut]
    scheduled_for: date
    paid_at: Moment | None
    reference: str | None
    invoice_number: str
    created_at: Moment


class PayoutDetailOut(PayoutOut):
    """A payout, and what changed since the event's books were closed, which is not part of it."""

    adjustments: AmountsOut | None = Field(
        description="What was sold and given back after the event's books were closed; null where nothing was."
    )
