"""Bodies of the organizers' portal: payouts."""

from datetime import date

from pydantic import Field

from chalicelib.schemas.wire import Day, Filter, Moment, MoneyOut, Out, PageIn
from chalicelib.vocabulary.payouts import OwnPayoutStatus


class PayoutsIn(PageIn):
    """A filter of the payout list; ranges include both ends."""

    status: Filter[OwnPayoutStatus] | None = None
    scheduled_from: Day | None = None
    scheduled_to: Day | None = None


class AmountsOut(Out):
    """Gross less refunds and the platform's fee is net."""

    gross: MoneyOut
    refunds: MoneyOut
    platform_fee: MoneyOut
    net: MoneyOut


class PayoutEventOut(Out):
    """The event of a payout, with its title when its books were closed."""

    id: str
    title: str


class PayoutLineOut(AmountsOut):
    """The amounts of one ticket category."""

    category_id: str
    description: str
    quantity: int = Field(description="Sold tickets, including the refunded ones.")
    refunded_quantity: int


class PayoutOut(AmountsOut):
    """An organizer's money for one event; the lines sum to its amounts, and `net` is less `taken_back`."""

    taken_back: MoneyOut
    id: str
    event: PayoutEventOut
    status: OwnPayoutStatus
    lines: list[PayoutLineOut]
    scheduled_for: date
    paid_at: Moment | None
    reference: str | None
    invoice_number: str
    created_at: Moment


class PayoutDetailOut(PayoutOut):
    """A payout, and later changes, which are not part of it."""

    adjustments: AmountsOut | None = Field(
        description="Sales and refunds after the event's books were closed; null if there were none."
    )
