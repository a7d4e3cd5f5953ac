"""The platform's own staff: log-in with a second factor where it is switched on."""

from datetime import timedelta

from chalicelib import clock
from chalicelib.domain import accounts, throttle
from chalicelib.errors import InvalidCredentials
from chalicelib.table.items import Account
from chalicelib.vocabulary import Portal


def log_in(*, email: str, password: str, totp: str | None) -> Account:
    """Return the account of a member of staff. Raises InvalidCredentials, RateLimited, AccountSuspended."""
    account = accounts.verify_password(Portal.ADMIN, email, password)
    if account.totp_secret:
        _require_totp(account, totp)
    return account


def _require_totp(account: Account, code: str | None) -> None:
    import pyotp  # only staff with a second factor pays for it

    if code is None:
        raise InvalidCredentials("This account needs its six-digit code in `totp`.")
    # RFC 6238: five guesses per half minute leave no chance against a million codes.
    throttle.take("totp", account.account_id, limit=5, window=timedelta(minutes=5))
    # One step of drift each way; a code is taken once, so that one read over a shoulder is worth nothing.
    if not pyotp.TOTP(account.totp_secret or "").verify(code, for_time=clock.now(), valid_window=1):
        raise InvalidCredentials("The six-digit code is wrong.")
    throttle.take("totp code", f"{account.account_id} {code}", limit=1, window=timedelta(minutes=2))
