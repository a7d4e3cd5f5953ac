"""Organizers and merchants whom staff have checked: before that no payout and no stock (contract, "Users").

The check belongs into the transaction that it guards (`check`), so that a payout or a card never passes an account
that is not verified at that moment.
"""

from chalicelib.errors import InvalidState
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.table.operations import Write


def is_verified(account_id: str) -> bool:
    """Return whether staff have checked an organizer or a merchant; an unknown one is not verified."""
    account = operations.get(keys.access.account(account_id))
    return account is not None and account.verified_at is not None


def require_verified(account_id: str) -> None:
    """Raise InvalidState if staff have not checked this organizer or merchant."""
    if not is_verified(account_id):
        raise not_verified(account_id)


def check(account_id: str) -> Write:
    """Return the condition of a transaction that an organizer or merchant is verified; see `not_verified`."""
    return operations.check(keys.access.account(account_id), Account.verified_at.exists())


def not_verified(account_id: str) -> InvalidState:
    """Return the refusal for an account that is not verified."""
    return InvalidState(f"{account_id} is not verified: it gets no payout and no stock. Verify it first.")
