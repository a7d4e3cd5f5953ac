"""Months of the books: one closes some days after its end, and then nothing is booked in it any more."""

from datetime import date, timedelta

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.ledger.journals import Movement
from chalicelib.domain.ledger.postings import Posting
from chalicelib.errors import InvalidState, ValidationFailed

# The company's own account at its bank, negative by what is on it; what it spent, received and paid to its partners.
COMPANY, EXPENSES, DEPOSITS, WITHDRAWALS = "company", "expenses", "deposits", "withdrawals"


def is_closed(day: date) -> bool:
    """Whether the month of a day is closed: a rule of the calendar, so that nobody can forget to close one."""
    next_month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return clock.now().date() >= next_month + timedelta(days=config().books_close_after_days)


def require_open(day: date) -> None:
    """Raise InvalidState for a day in a closed month."""
    if is_closed(day):
        raise InvalidState(f"The books of {day:%Y-%m} are closed. Book a correction in an open month.")


def require_past(day: date, *, field: str) -> None:
    """Raise ValidationFailed for a day to come: one that has begun nowhere, since the company has no time zone."""
    if day > clock.latest_day():
        raise ValidationFailed(details=[{"field": field, "message": "must not lie in the future"}])


def booking(what: str, *, account: str, amount: int, currency: str, day: date, named: dict[str, str]) -> Movement:
    """Return the movement that books an amount between an account and the company's own, for a day.

    `amount` is added to the account; a reversal is the same with the other sign.
    """
    return Movement(
        f"jrn_{what}",
        type=account,
        currency=currency,
        entries=[Posting(account, amount), Posting(COMPANY, -amount)],
        references=named,
        booked_on=day.isoformat(),
    )
