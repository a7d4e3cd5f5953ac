"""Accounts that are closed, of any portal."""

from chalicelib.domain.access import accounts, lock_outs
from chalicelib.table import operations
from chalicelib.vocabulary.access import AccountStatus


def close_account(account_id: str) -> None:
    """Close an account: no log-in and no refresh, and its tokens are locked out."""
    account = accounts.get(account_id)
    operations.commit(
        operations.change(account.place, accounts.closing(AccountStatus.DEACTIVATED)),
        *lock_outs.revocations(account.portal, account_id, event_ids=account.event_ids or []),
    )
    lock_outs.forget()
