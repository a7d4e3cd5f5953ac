"""Staff: log-in, with a second factor if the account has one."""

from msgspec import Struct

from chalicelib.domain.access import accounts, permissions, second_factor, sessions
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.visitors import Visitor
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import Portal


class StaffMember(Struct, frozen=True):
    """A member of staff with their permissions."""

    id: str
    email: str
    name: str
    role: str
    permissions: list[str]


class StaffLogIn(Struct, frozen=True):
    """A logged-in member of staff and the session's first tokens."""

    member: StaffMember
    tokens: Tokens
    # Whether the session can only set up the second factor that the role requires.
    must_enrol: bool


def log_in(*, email: str, password: str, totp: str | None, in_cookie: bool, visitor: Visitor) -> StaffLogIn:
    """Log a member of staff in. Raises InvalidCredentials, RateLimited, AccountSuspended."""
    account = accounts.verify_password(Portal.ADMIN, email, password, address=visitor.address)
    second_factor.require(account, totp, address=visitor.address)
    pair = sessions.start(account, in_cookie=in_cookie, visitor=visitor)
    return StaffLogIn(member_of(account), pair, must_enrol=accounts.must_enrol(account))


def me(account_id: str) -> StaffMember:
    """Return a member of staff. Raises NotFound."""
    return member_of(accounts.get(account_id))


def member_of(account: Account) -> StaffMember:
    """Return a member of staff, by their account."""
    role = str(account.role)
    return StaffMember(
        id=account.account_id,
        email=account.login,
        name=account.name,
        role=role,
        permissions=permissions.granted(role),
    )
