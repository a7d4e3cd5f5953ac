"""What the company earned and spent, from its totals by day: always what the journals of those days come to."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.finance import months
from chalicelib.domain.ledger import account_names, account_totals, company_days
from chalicelib.domain.money import Money
from chalicelib.errors import ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import CompanyDay
from chalicelib.table.ranges import Between

# Without a range: the last year. The longest range reads some 150 KB from each shard.
_USUAL, _LONGEST = timedelta(days=364), timedelta(days=1098)
_INCOME, _SPENT = ("card_fees", "platform_fees"), ("expenses", "losses")


class CompanyFigures(Struct, frozen=True):
    """What a span of time comes to; `net_profit` is the fees less the expenses and the losses."""

    ticket_revenue: Money
    card_fees: Money
    platform_fees: Money
    refunds: Money
    expenses: Money
    losses: Money
    payouts: Money
    deposits: Money
    withdrawals: Money
    net_profit: Money


class CompanyMonth(CompanyFigures, frozen=True):
    """The part of a span that lies in one month."""

    month: str


class CompanyFinances(CompanyFigures, frozen=True):
    """The figures of a span.

    `balance` is what the company owns now: fees and deposits, less expenses, losses and withdrawals.
    """

    date_from: date
    date_to: date
    balance: Money
    by_month: Sequence[CompanyMonth]


def finances(*, date_from: date | None, date_to: date | None) -> CompanyFinances:
    """Return the company's finances from one day to another, both included. Raises ValidationFailed.

    The usual last day is the last on which anything can be booked, so that the figures are those of all journals.
    """
    last = date_to or clock.latest_day()
    first = date_from or last - _USUAL
    if first > last:
        raise ValidationFailed(details=[{"field": "date_from", "message": "must not be after date_to"}])
    if last - first > _LONGEST:
        raise ValidationFailed(details=[{"field": "date_from", "message": f"at most {_LONGEST.days} days at a time"}])
    in_all: Counter[str] = Counter()
    by_month: dict[str, Counter[str]] = defaultdict(Counter)
    for day, figures in days(first, last).items():
        for name, amount in figures.items():
            in_all[name] += amount
            by_month[day[:7]][name] += amount
    return CompanyFinances(
        **_shown(in_all),
        date_from=first,
        date_to=last,
        balance=_balance(),
        by_month=[CompanyMonth(**_shown(figures), month=month) for month, figures in sorted(by_month.items())],
    )


def days(first: date, last: date) -> Mapping[str, Counter[str]]:
    """Return the figures of each day of a span that has some: one query for each shard."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for partition in keys.finance.company_days(config().currency):
        for raw in operations.query(partition, Between(first.isoformat(), last.isoformat())):
            day = CompanyDay.from_raw_data(raw)
            for name in company_days.FIGURES:
                found[day.date][name] += int(getattr(day, name))
    return found


def profit_of(figures: Mapping[str, int]) -> int:
    """Return the profit in figures, in minor units: the fees less the expenses and the losses."""
    return sum(figures.get(name, 0) for name in _INCOME) - sum(figures.get(name, 0) for name in _SPENT)


def _shown(figures: Counter[str]) -> dict[str, Money]:
    amounts = {name: figures[name] for name in company_days.FIGURES} | {"net_profit": profit_of(figures)}
    return {name: Money(amount, config().currency) for name, amount in amounts.items()}


def _balance() -> Money:
    earned = (account_names.FEES, account_names.CARD_FEES, account_names.CARD_LOSSES)
    accounts = (*earned, months.DEPOSITS, months.EXPENSES, months.WITHDRAWALS)
    return Money(sum(account_totals.totals(accounts, config().currency).values()), config().currency)
