"""New accounts of every portal: an account and its unique log-in name are written together."""

from collections.abc import Iterable
from typing import Any

from chalicelib import clock
from chalicelib.domain.access import accounts, owners, passwords
from chalicelib.errors import (
    AlreadyExists,
)
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Login, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, AdminRole, Portal, UsherRole


def created(account: Account, writes: list[Write]) -> Account:
    """Commit the writes of a new account, and return it. Raises AlreadyExists if its log-in name is taken."""
    try:
        operations.commit(*writes)
    except operations.ConditionFailed as failure:
        raise name_taken() from failure
    return account


def name_taken() -> AlreadyExists:
    """Return the refusal of a log-in name that another account of the portal has."""
    return AlreadyExists("This log-in name is taken.")


def create_admin(*, email: str, password: str, name: str, role: AdminRole) -> Account:
    """Create a member of staff, for seeds. Raises AlreadyExists, ValidationFailed."""
    return created(*admin(email=email, password=password, name=name, role=role))


def create_usher(*, username: str, password: str, name: str, roles: list[UsherRole], event_ids: list[str]) -> Account:
    """Create an usher with their event assignments, for seeds. Raises AlreadyExists, ValidationFailed."""
    return created(*usher(username=username, password=password, name=name, roles=roles, event_ids=event_ids))


def create_merchant(*, mobile_number: str, password: str, name: str) -> Account:
    """Create a merchant with this log-in number, for seeds. Raises AlreadyExists, ValidationFailed."""
    return created(*partner(Portal.MERCHANT, mobile_number=mobile_number, password=password, name=name))


def create_organizer(*, contact_mobile: str, password: str, name: str) -> Account:
    """Create an organizer with this log-in number, for seeds. Raises AlreadyExists, ValidationFailed."""
    return created(*partner(Portal.ORGANIZER, mobile_number=contact_mobile, password=password, name=name))


def admin(*, email: str, password: str | None, name: str, role: AdminRole) -> tuple[Account, list[Write]]:
    """Return a new member of staff and the writes that create them. The first write fails if the address is taken.

    Without a password nobody can log in until one is set. Raises ValidationFailed for a weak password.
    """
    return _account(Portal.ADMIN, "adm", login=email, name=name, password=password, role=role)


def usher(  # the fields of the contract
    *, username: str, password: str, name: str, roles: list[UsherRole], event_ids: list[str], email: str | None = None
) -> tuple[Account, list[Write]]:
    """Return a new usher and the writes that create them. The first write fails if the name is taken.

    Raises ValidationFailed for a weak password.
    """
    more = {"roles": list(roles), "event_ids": event_ids, "email": email}
    about = accounts.titles(event_ids)
    return _account(Portal.USHER, "ush", login=username, name=name, password=password, also_known=about, **more)


def partner(portal: Portal, *, mobile_number: str, password: str | None, name: str) -> tuple[Account, list[Write]]:
    """Return a new organizer or merchant and the writes that create them. The first write fails if the number is taken.

    Without a password nobody can log in until one is set. Raises ValidationFailed for a weak password.
    """
    prefix = "org" if portal is Portal.ORGANIZER else "mer"
    return _account(portal, prefix, login=mobile_number, name=name, password=password, mobile_number=mobile_number)


def _account(
    portal: Portal,
    prefix: str,
    *,
    login: str,
    name: str,
    password: str | None,
    also_known: Iterable[str] = (),
    **more: Any,
) -> tuple[Account, list[Write]]:
    account_id = new_id(prefix)
    if password is None:
        password_hash = passwords.hash_of_none()
    else:
        password_hash = passwords.hash_password(password, portal, about=(name, login, *also_known))
    account = Account(
        *keys.access.account(account_id),
        account_id=account_id,
        portal=portal,
        login=login,
        name=name,
        status=AccountStatus.ACTIVE,
        password_hash=password_hash,
        created_at=clock.now(),
        version=1,
        **more,
    )
    return account, creation(account)


def creation(account: Account) -> list[Write]:
    """Return the writes that create an account and its log-in. The first fails if the log-in name is taken."""
    login = Login(*keys.access.login(account.portal, account.login), account_id=account.account_id)
    writes = [operations.put(login, Login.pk.does_not_exist()), operations.put(account, Account.pk.does_not_exist())]
    if account.role == AdminRole.SUPER_ADMIN:
        writes.append(owners.joined(account.account_id))
    return writes


def customer(
    *,
    mobile_number: str,
    password_hash: str,
    name: str,
    email: str | None = None,
    date_of_birth: str | None = None,
    known_device: str | None = None,
) -> tuple[Account, list[Write]]:
    """Return a new customer and the writes that create them. The first write fails if the number is taken.

    The caller commits them in one transaction with the code that proved the number.
    """
    account_id = new_id("cus")
    account = Account(
        *keys.access.account(account_id),
        account_id=account_id,
        portal=Portal.WEBAPP,
        login=mobile_number,
        mobile_number=mobile_number,
        name=name,
        email=email,
        status=AccountStatus.ACTIVE,
        password_hash=password_hash,
        known_devices={known_device} if known_device else None,
        created_at=clock.now(),
    )
    login = Login(*keys.access.login(account.portal, account.login), account_id=account_id)
    profile = Profile(
        *keys.customers.profile(account_id), customer_id=account_id, email=email, date_of_birth=date_of_birth
    )
    return account, [
        operations.put(login, Login.pk.does_not_exist()),
        operations.put(account, Account.pk.does_not_exist()),
        operations.put(profile, Profile.pk.does_not_exist()),
    ]


def create_customer(*, mobile_number: str, password: str, name: str) -> Account:
    """Create a customer without proof of the number, for seeds and staff.

    Raises AlreadyExists, ValidationFailed.
    """
    password_hash = passwords.hash_password(password, Portal.WEBAPP, about=(name, mobile_number))
    account, writes = customer(mobile_number=mobile_number, password_hash=password_hash, name=name)
    try:
        operations.commit(*writes)
    except operations.ConditionFailed as failure:
        raise AlreadyExists("This number is registered already.") from failure
    return account
