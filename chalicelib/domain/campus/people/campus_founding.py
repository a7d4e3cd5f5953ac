"""A new campus and its first admin, made by a command on the operator's machine.

The admin sets the password by a one-time link, as other users of the portals do (access/password_links.py). The command
may be repeated: it then finds the campus, and makes another link, which ends the earlier one.
"""

from msgspec import Struct
from pynamodb.expressions.condition import Condition

from chalicelib.domain.access import accounts, password_links
from chalicelib.domain.access.password_links import PasswordLink
from chalicelib.domain.campus.people import campus_accounts, campus_profiles, campuses
from chalicelib.domain.campus.people.campus_accounts import CampusPerson
from chalicelib.errors import AlreadyExists, Conflict
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account, Campus, Login
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.campus import CampusRole

_DEPARTMENT = "Administration"


class CampusAdmin(Struct, frozen=True):
    """The first admin of a campus; the user name is the beginning of the address unless one is given."""

    email: str
    first_name: str
    last_name: str
    username: str | None = None


class FoundedCampus(Struct, frozen=True):
    """A campus, whether it is new, and the link by which its admin sets a password."""

    campus: Campus
    is_new: bool
    link: PasswordLink | None


def found(*, name: str, timezone: str, admin: CampusAdmin | None) -> FoundedCampus:
    """Create a campus and its admin, each where it does not exist yet.

    Raises AlreadyExists for a campus with another time zone, for a user name that is taken, and for an address of
    somebody who is no admin of this campus; ValidationFailed, Conflict.
    """
    known = campuses.find(name, campuses.every())
    if known is not None and known.timezone != timezone:
        raise AlreadyExists(f"{known.name} exists already, in the time zone {known.timezone}.")
    campus = known or campuses.drafted(name=name, timezone=timezone)
    writes: list[Write] = [] if known else [operations.put(campus, Campus.pk.does_not_exist())]
    link = None
    if admin is not None:
        account = accounts.find(Portal.CAMPUS, admin.email)
        link = _invite(account, campus, writes) if account else _create(admin, campus, writes)
    elif writes:
        operations.commit(*writes)
    return FoundedCampus(campus, is_new=known is None, link=link)


def _create(admin: CampusAdmin, campus: Campus, writes: list[Write]) -> PasswordLink:
    """Create an admin's account, whose password is set by the link. Raises AlreadyExists."""
    user_id = new_id("usr")
    link = password_links.make(user_id)
    person = CampusPerson(
        username=admin.username or admin.email.partition("@")[0],
        email=admin.email,
        password=None,
        first_name=admin.first_name,
        last_name=admin.last_name,
        department=_DEPARTMENT,
        campus_id=campus.campus_id,
    )
    account, _, creation = campus_accounts.drafted(person, role=CampusRole.ADMIN, user_id=user_id, link=link)
    try:
        operations.commit(*creation, *writes)
    except operations.ConditionFailed as failure:
        known = failure.found(Login) if 0 in failure.failures else None
        if known is None or known.account_id != user_id:
            raise campus_accounts.taken("username" if 0 in failure.failures else "email") from failure
        # Our own first try, whose answer was lost.
    accounts.log_security_event("campus admin created", account_id=account.account_id)
    return link


def _invite(account: Account, campus: Campus, writes: list[Write]) -> PasswordLink:
    """Give an admin of this campus another link. Raises AlreadyExists for anybody else, Conflict."""
    is_admin = account.role == CampusRole.ADMIN and account.status is AccountStatus.ACTIVE
    if not is_admin or campus_profiles.get(account.account_id).campus_id != campus.campus_id:
        raise AlreadyExists("This address belongs to somebody who is no admin of this campus.")
    link = password_links.make(account.account_id)
    same: Condition = (Account.role == CampusRole.ADMIN) & (Account.status == AccountStatus.ACTIVE)
    try:
        operations.commit(operations.change(account.place, list(link.changes), same), *writes)
    except operations.ConditionFailed as failure:
        raise Conflict("The account is being changed by others. Try again.") from failure
    accounts.log_security_event("link for a campus admin made", account_id=account.account_id)
    return link
