"""Bodies of the staff's portal: the company's books."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib.schemas.texts import ONE_LINE, Name, Title
from chalicelib.schemas.wire import Amount, ChangeIn, Day, Id, In, Moment, MoneyOut, Out, Version
from chalicelib.vocabulary.payouts import WithdrawalDecision, WithdrawalStatus

ReceiptUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s\"<>]{1,500}$"), ONE_LINE]
_PERCENT = r"^[0-9]{1,3}(\.[0-9]{1,2})?$"


def _as_text(value: Any) -> Any:
    """Return a share that was sent as a number as text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return format(Decimal(str(value)), "f") if is_number else value


_Sent = Annotated[float, Field(ge=0, le=100, multiple_of=0.01)] | Annotated[str, StringConstraints(pattern=_PERCENT)]
Percent = Annotated[
    str,
    StringConstraints(pattern=_PERCENT),
    BeforeValidator(_as_text, json_schema_input_type=_Sent),
    Field(examples=["33.34"]),
]


class ExpenseIn(In):
    """What the company spent."""

    category: Name
    amount: Amount
    event_id: Id | None = None
    description: Title
    incurred_on: Day
    receipt_url: ReceiptUrl | None = None


class ExpenseChangeIn(ChangeIn):
    """Changes of an expense: its journal is reversed and booked again."""

    category: Name = ""
    amount: Amount | None = None
    event_id: Id | None = None
    description: Title = ""
    incurred_on: Day = date.min
    receipt_url: ReceiptUrl | None = None
    version: Version | None = None

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, by the names of the domain."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "version"}


class ExpenseOut(Out):
    """An expense."""

    id: str
    category: str
    amount: MoneyOut
    event_id: str | None
    description: str
    incurred_on: date
    receipt_url: str | None
    version: int
    created_by: str
    created_at: Moment


class DepositIn(In):
    """Money that the company received; with `reverses` in place of an earlier deposit, or alone to take that back."""

    amount: Amount | None = None
    source: Name | None = None
    received_on: Day | None = None
    reference: Title | None = None
    reverses: Id | None = Field(None, description="A deposit that was entered by mistake: its journal is reversed.")


class DepositOut(Out):
    """A deposit."""

    id: str
    amount: MoneyOut
    source: str
    received_on: date
    reference: str
    created_by: str
    created_at: Moment
    reversed_at: Moment | None = Field(description="When it was taken back as a mistake, or null.")


class ShareIn(In):
    """A partner's share."""

    partner: Name
    percent: Percent


class SharesIn(In):
    """The shares of all partners, which sum to 100."""

    shares: Annotated[list[ShareIn], Field(min_length=1, max_length=50)]
    valid_from: Day | None = None


class ShareOut(Out):
    """A partner's share."""

    partner: str
    percent: str


class SharePeriodOut(Out):
    """The shares from a day on."""

    valid_from: date
    shares: list[ShareOut]
    set_by: str
    set_at: Moment


class SharesOut(Out):
    """The shares, by the day from which they hold."""

    shares: list[ShareOut]
    periods: list[SharePeriodOut]


class WithdrawalIn(In):
    """A withdrawal, or the second person's decision about one that waits."""

    partner: Name | None = None
    amount: Amount | None = None
    withdrawal_id: Id | None = None
    decision: WithdrawalDecision | None = None


class WithdrawalOut(Out):
    """A partner's withdrawal of profit."""

    id: str
    partner: str
    amount: MoneyOut
    status: WithdrawalStatus
    asked_by: str
    decided_by: str | None
    decided_at: Moment | None
    created_at: Moment


class CompanyIn(In):
    """The days to report, both included; the last year if left out, up to the latest day that has begun anywhere."""

    date_from: Day | None = None
    date_to: Day | None = None


class CompanyFiguresOut(Out):
    """What the journals of some days come to."""

    ticket_revenue: MoneyOut
    card_fees: MoneyOut
    platform_fees: MoneyOut
    refunds: MoneyOut
    expenses: MoneyOut
    losses: MoneyOut
    payouts: MoneyOut
    deposits: MoneyOut
    withdrawals: MoneyOut
    net_profit: MoneyOut


class CompanyMonthOut(CompanyFiguresOut):
    """The part that lies in one month."""

    month: str


class CompanyOut(CompanyFiguresOut):
    """The company's finances."""

    date_from: date
    date_to: date
    balance: MoneyOut
    by_month: list[CompanyMonthOut]
