"""Accounts of the campus portal: created with a profile, logged in by user name or e-mail address."""

from dataclasses import dataclass

from chalicelib import clock
from chalicelib.domain.access import accounts, passwords
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, CampusProfile, Login
from chalicelib.table.operations import Write
from chalicelib.vocabulary import AccountStatus, Portal
from chalicelib.vocabulary.campus import CampusRole


@dataclass(frozen=True, slots=True)
class CampusPerson:
    """Who registers; texts are as the schemas bound them."""

    username: str
    email: str
    password: str
    first_name: str
    last_name: str
    department: str
    campus_id: str
    student_id: str | None = None
    year_level: str | None = None


def create(person: CampusPerson, *, role: CampusRole = CampusRole.STUDENT) -> tuple[Account, CampusProfile]:
    """Create an account with its profile. Raises AlreadyExists for a taken name or address, ValidationFailed."""
    account, profile, writes = drafted(person, role=role)
    accounts.created(account, writes)
    return account, profile


def drafted(person: CampusPerson, *, role: CampusRole) -> tuple[Account, CampusProfile, list[Write]]:
    """Return a new account, its profile, and the writes that create them. Raises ValidationFailed."""
    user_id, now = new_id("usr"), clock.now()
    name = f"{person.first_name} {person.last_name}"
    about = (name, person.username, person.email, person.student_id or "")
    account = Account(
        *keys.access.account(user_id),
        account_id=user_id,
        portal=Portal.CAMPUS,
        login=person.username,
        name=name,
        email=person.email,
        role=role,
        status=AccountStatus.ACTIVE,
        password_hash=passwords.hash_password(person.password, Portal.CAMPUS, about=about),
        created_at=now,
        version=1,
    )
    profile = CampusProfile(
        *keys.campus_people.profile(user_id),
        user_id=user_id,
        username=person.username,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        student_id=person.student_id,
        department=person.department,
        campus_id=person.campus_id,
        year_level=person.year_level,
        role=role,
        created_at=now,
    )
    by_address = Login(*keys.access.login(Portal.CAMPUS, person.email), account_id=user_id)
    return (
        account,
        profile,
        [
            *accounts.creation(account),
            operations.put(by_address, Login.pk.does_not_exist()),
            operations.put(profile, CampusProfile.pk.does_not_exist()),
        ],
    )
