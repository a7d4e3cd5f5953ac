"""The platform's own staff: log-in with a second factor where it is switched on."""

import hmac
from datetime import timedelta

from chalicelib import clock
from chalicelib.domain import throttle
from chalicelib.domain.access import accounts, sessions
from chalicelib.domain.access.sessions import Tokens
from chalicelib.errors import InvalidCredentials
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary import Portal


def log_in(*, email: str, password: str, totp: str | None, in_cookie: bool = False) -> tuple[Account, Tokens]:
    """Begin a session of a member of staff; return their account and first tokens.

    Raises InvalidCredentials, RateLimited, AccountSuspended.
    """
    account = accounts.verify_password(Portal.ADMIN, email, password)
    if account.totp_secret:
        _require_totp(account, totp)
    return account, sessions.start(account, in_cookie=in_cookie)


def _require_totp(account: Account, code: str | None) -> None:
    import pyotp  # only staff with a second factor pays for it

    if code is None:
        raise InvalidCredentials("This account needs its six-digit code in `totp`.")
    # RFC 6238: five guesses per half minute leave no chance against a million codes.
    throttle.take("totp", account.account_id, limit=5, window=timedelta(minutes=5))
    totp = pyotp.TOTP(account.totp_secret or "")
    now = totp.timecode(clock.now())
    # One step of drift each way.
    step = next((s for s in (now - 1, now, now + 1) if hmac.compare_digest(totp.generate_otp(s), code)), None)
    if step is None:
        raise InvalidCredentials("The six-digit code is wrong.")
    # RFC 6238, 5.2: a code is taken once, so that one read over a shoulder is worth nothing.
    is_unused = Account.totp_step.does_not_exist() | (Account.totp_step < step)
    try:
        operations.record(
            operations.change(keys.access.account(account.account_id), [Account.totp_step.set(step)], is_unused)
        )
    except operations.ConditionFailed as failure:
        raise InvalidCredentials("This code was used. Wait for the next one.") from failure
