"""Accounts of the campus portal: created with a profile, logged in by user name or e-mail address."""

from msgspec import Struct
from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain.access import new_accounts, passwords
from chalicelib.domain.access.password_links import PasswordLink
from chalicelib.domain.campus.people import student_numbers
from chalicelib.errors import AlreadyExists
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Campus, CampusProfile, Login
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Portal
from chalicelib.vocabulary.campus import CampusRole


class CampusPerson(Struct, frozen=True):
    """Who registers; texts are as the schemas bound them. Without a password one is set by a link."""

    username: str
    email: str
    password: str | None
    first_name: str
    last_name: str
    department: str
    campus_id: str
    student_id: str | None = None
    year_level: str | None = None
    campus_name: str = ""

    def at(self, campus: Campus) -> "CampusPerson":
        """Return the same person at a campus, whose name is no password either."""
        return replace(self, campus_id=campus.campus_id, campus_name=campus.name)


def create(person: CampusPerson, *, role: CampusRole = CampusRole.STUDENT) -> tuple[Account, CampusProfile]:
    """Create an account with its profile. Raises AlreadyExists, which names the field, and ValidationFailed."""
    account, profile, writes = drafted(person, role=role)
    try:
        operations.commit(*writes)
    except operations.ConditionFailed as failure:
        known = failure.found(Login) if 0 in failure.failures else None
        if known is None or known.account_id != account.account_id:
            raise taken("username" if 0 in failure.failures else "email") from failure
        # Our own first try, whose answer was lost.
    return account, profile


def taken(field: str) -> AlreadyExists:
    """Return the refusal of a user name or an e-mail address that another account has."""
    message = "belongs to another account already"
    return AlreadyExists(f"{field}: {message}.", details=[{"field": field, "message": message}])


def drafted(
    person: CampusPerson,
    *,
    role: CampusRole,
    user_id: str | None = None,
    is_verified: bool = False,
    link: PasswordLink | None = None,
) -> tuple[Account, CampusProfile, list[Write]]:
    """Return a new account, its profile, and the writes that create them. Raises ValidationFailed.

    The first write fails where the user name is taken, the third where the address is, and of a verified person one
    more where the student number is verified for somebody else.
    """
    user_id, now = user_id or new_id("usr"), clock.now()
    email = person.email.casefold()
    name = f"{person.first_name} {person.last_name}"
    about = (name, person.username, person.email, person.student_id or "", person.campus_name)
    account = Account(
        *keys.access.account(user_id),
        account_id=user_id,
        portal=Portal.CAMPUS,
        login=person.username,
        name=name,
        email=email,
        role=role,
        status=AccountStatus.ACTIVE,
        password_hash=_hash(person.password, about),
        link_hash=link.hash if link else None,
        link_until=link.until if link else None,
        created_at=now,
        version=1,
    )
    profile = CampusProfile(
        *keys.campus_people.profile(user_id),
        user_id=user_id,
        username=person.username,
        email=email,
        first_name=person.first_name,
        last_name=person.last_name,
        student_id=person.student_id,
        department=person.department,
        campus_id=person.campus_id,
        year_level=person.year_level,
        role=role,
        is_verified=is_verified,
        created_at=now,
    )
    number = person.student_id
    by_address = Login(*keys.access.login(Portal.CAMPUS, email), account_id=user_id)
    return (
        account,
        profile,
        [
            *new_accounts.creation(account),
            operations.put(by_address, Login.pk.does_not_exist()),
            operations.put(profile, CampusProfile.pk.does_not_exist()),
            *([student_numbers.claiming(number, user_id)] if number else []),
            *([student_numbers.verifying(number, user_id)] if number and is_verified else []),
        ],
    )


def _hash(password: str | None, about: tuple[str, ...]) -> str:
    if password is None:
        return passwords.hash_of_none()
    return passwords.hash_password(password, Portal.CAMPUS, about=about)
