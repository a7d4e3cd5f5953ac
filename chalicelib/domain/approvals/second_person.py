"""The second person: money above a threshold needs another member of staff (contract, "Second person").

What is above waits as `awaiting_second`. Nobody approves what they asked for themselves, `super_admin` included.
"""

from chalicelib.config import config
from chalicelib.domain.money import Money
from chalicelib.errors import SecondPersonNeeded


def is_needed(amount: Money) -> bool:
    """Whether an amount needs a second person; in a currency without a threshold every amount above zero does."""
    return amount.minor > dict(config().second_person_over).get(amount.currency, 0)


def require_other(*, asked_by: str, by: str) -> None:
    """Raise SecondPersonNeeded where the approver is the one who asked."""
    if asked_by == by:
        raise SecondPersonNeeded
