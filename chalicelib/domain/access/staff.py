"""Staff: log-in, with a second factor if the account has one."""

import hmac
from dataclasses import dataclass

from chalicelib import clock
from chalicelib.domain.access import accounts, limits, permissions, security_log, sessions
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.visitors import Visitor
from chalicelib.errors import InvalidCredentials
from chalicelib.table import keys, operations
from chalicelib.table.items import Account
from chalicelib.vocabulary import Factor, Portal


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A member of staff with their permissions."""

    id: str
    email: str
    name: str
    role: str
    permissions: list[str]


@dataclass(frozen=True, slots=True)
class StaffLogIn:
    """A logged-in member of staff and the session's first tokens."""

    member: StaffMember
    tokens: Tokens


def log_in(*, email: str, password: str, totp: str | None, in_cookie: bool, visitor: Visitor) -> StaffLogIn:
    """Log a member of staff in. Raises InvalidCredentials, RateLimited, AccountSuspended."""
    account = accounts.verify_password(Portal.ADMIN, email, password, address=visitor.address)
    if account.totp_secret:
        _require_totp(account, totp, address=visitor.address)
    return StaffLogIn(_member(account), sessions.start(account, in_cookie=in_cookie, visitor=visitor))


def me(account_id: str) -> StaffMember:
    """Return a member of staff. Raises NotFound."""
    return _member(accounts.get(account_id))


def _member(account: Account) -> StaffMember:
    role = str(account.role)
    return StaffMember(
        id=account.account_id,
        email=account.login,
        name=account.name,
        role=role,
        permissions=permissions.granted(role),
    )


def _require_totp(account: Account, code: str | None, *, address: str) -> None:
    import pyotp  # only log-ins with a second factor need it

    if code is None:
        raise InvalidCredentials("This account needs its six-digit code in `totp`.")
    # RFC 6238 codes have a million values: five guesses per five minutes are negligible.
    limits.WRONG_SECOND_FACTORS.take(f"{account.account_id}:{limits.network(address)}")
    totp = pyotp.TOTP(account.totp_secret or "")
    now = totp.timecode(clock.now())
    # One step of drift each way.
    step = next((s for s in (now - 1, now, now + 1) if hmac.compare_digest(totp.generate_otp(s), code)), None)
    if step is None:
        raise InvalidCredentials("The six-digit code is wrong.")
    # RFC 6238, 5.2: a code is accepted once, so that an observed code is worthless.
    is_unused = Account.totp_step.does_not_exist() | (Account.totp_step < step)
    try:
        operations.record(
            operations.change(keys.access.account(account.account_id), [Account.totp_step.set(step)], is_unused)
        )
    except operations.ConditionFailed as failure:
        raise InvalidCredentials("This code was used. Wait for the next one.") from failure
    security_log.note_factors(Factor.TOTP)
