"""Accounts: people who log in with a unique name, and what their tokens say of them."""

from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain import gate, passwords, throttle
from chalicelib.errors import (
    AccountSuspended,
    AlreadyExists,
    Forbidden,
    InvalidCredentials,
    NotAssigned,
    NotFound,
)
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Login, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary import AccountStatus, AdminRole, Portal, UsherRole

_FAILURES = "log-in failure"
_FAILURE_LIMIT = 10
_FAILURE_WINDOW = timedelta(minutes=15)


def _create(account: Account) -> Account:
    """Write an account and its log-in together. Raises AlreadyExists where the name is taken."""
    login = Login(*keys.login(account.portal, account.login), account_id=account.account_id)
    try:
        operations.commit(
            operations.put(login, Login.pk.does_not_exist()),
            operations.put(account, Account.pk.does_not_exist()),
        )
    except operations.ConditionFailed as failure:
        raise AlreadyExists("This log-in name is taken.") from failure
    return account


def create_admin(*, email: str, password: str, name: str, role: AdminRole) -> Account:
    """Create a member of the platform's staff. Raises AlreadyExists, ValidationFailed."""
    account_id = new_id("adm")
    return _create(
        Account(
            *keys.account(account_id),
            account_id=account_id,
            portal=Portal.ADMIN.value,
            login=email,
            name=name,
            status=AccountStatus.ACTIVE.value,
            password_hash=passwords.hash_password(password),
            role=role.value,
            created_at=clock.now(),
        )
    )


def create_usher(*, username: str, password: str, name: str, roles: list[UsherRole], event_ids: list[str]) -> Account:
    """Create an usher with their assignments. Raises AlreadyExists, ValidationFailed."""
    account_id = new_id("ush")
    return _create(
        Account(
            *keys.account(account_id),
            account_id=account_id,
            portal=Portal.USHER.value,
            login=username,
            name=name,
            status=AccountStatus.ACTIVE.value,
            password_hash=passwords.hash_password(password),
            roles=[role.value for role in roles],
            event_ids=event_ids,
            created_at=clock.now(),
        )
    )


def customer(*, mobile_number: str, password_hash: str, name: str, account_id: str | None = None) -> list[Write]:
    """Return the writes that create a customer, whose number is proven; the first fails where it is taken.

    The caller puts them into one transaction with the code that proved the number.
    """
    account_id = account_id or new_id("cus")
    account = Account(
        *keys.account(account_id),
        account_id=account_id,
        portal=Portal.WEBAPP.value,
        login=mobile_number,
        mobile_number=mobile_number,
        name=name,
        status=AccountStatus.ACTIVE.value,
        password_hash=password_hash,
        created_at=clock.now(),
    )
    login = Login(*keys.login(account.portal, account.login), account_id=account_id)
    profile = Profile(*keys.profile(account_id), customer_id=account_id)
    return [
        operations.put(login, Login.pk.does_not_exist()),
        operations.put(account, Account.pk.does_not_exist()),
        operations.put(profile, Profile.pk.does_not_exist()),
    ]


def create_customer(*, mobile_number: str, password: str, name: str) -> Account:
    """Create a customer whose number somebody vouches for, as seeds and staff do.

    Raises AlreadyExists, ValidationFailed.
    """
    account_id = new_id("cus")
    writes = customer(
        mobile_number=mobile_number,
        password_hash=passwords.hash_password(password),
        name=name,
        account_id=account_id,
    )
    try:
        operations.commit(*writes)
    except operations.ConditionFailed as failure:
        raise AlreadyExists("This number is registered already.") from failure
    return get(account_id)


def get(account_id: str) -> Account:
    """Return an account. Raises NotFound."""
    account = operations.get(Account, keys.account(account_id))
    if account is None:
        raise NotFound
    return account


def find(portal: Portal, login: str) -> Account | None:
    """Return the account behind a log-in name."""
    found = operations.get(Login, keys.login(portal, login))
    return operations.get(Account, keys.account(found.account_id)) if found else None


def verify_password(portal: Portal, login: str, password: str) -> Account:
    """Return the account whose log-in and password these are.

    Raises InvalidCredentials, RateLimited after ten failures in a quarter of an hour, AccountSuspended.
    """
    whom = f"{portal}:{login.strip().casefold()}"
    throttle.require_below(_FAILURES, whom, limit=_FAILURE_LIMIT, window=_FAILURE_WINDOW)
    account = find(portal, login)
    if not passwords.matches(password, account.password_hash if account else None) or account is None:
        throttle.take(_FAILURES, whom, limit=_FAILURE_LIMIT, window=_FAILURE_WINDOW)
        raise InvalidCredentials
    if account.status != AccountStatus.ACTIVE:
        raise AccountSuspended
    return account


def change_password(account: Account, *, old_password: str, new_password: str) -> None:
    """Set a new password and end every session. Raises InvalidCredentials, ValidationFailed."""
    if not passwords.matches(old_password, account.password_hash):
        raise InvalidCredentials("The old password is wrong.")
    now = clock.now()
    operations.record(
        operations.change(
            Account,
            keys.account(account.account_id),
            [
                Account.password_hash.set(passwords.hash_password(new_password, field="new_password")),
                Account.sessions_end_before.set(now),
            ],
            Account.password_hash == account.password_hash,
        )
    )
    gate.revoke(Portal(account.portal), account.account_id, event_ids=account.event_ids or [])
    log_security_event("password changed", account_id=account.account_id)


def deactivate(account_id: str) -> None:
    """Close an account: no log-in, no refresh, and its tokens are refused within the guards' delay."""
    account = get(account_id)
    operations.record(
        operations.change(
            Account,
            keys.account(account_id),
            [
                Account.status.set(AccountStatus.DEACTIVATED.value),
                Account.sessions_end_before.set(clock.now()),
            ],
            Account.pk.exists(),
        )
    )
    gate.revoke(Portal(account.portal), account_id, event_ids=account.event_ids or [])
    log_security_event("account deactivated", account_id=account_id)


def require_assignment(account: Account, event_id: str | None) -> None:
    """Raise Forbidden or NotAssigned where an usher may not work at this event."""
    if account.portal != Portal.USHER:
        return
    if UsherRole.USHERING not in (account.roles or []):
        raise Forbidden("This account does not have the ushering role.")
    if event_id not in (account.event_ids or []):
        raise NotAssigned


def claims(account: Account, *, event_id: str | None) -> dict[str, Any]:
    """Return what the portal's clients read in their tokens."""
    if account.portal == Portal.USHER:
        return {"event_id": event_id, "username": account.login, "roles": list(account.roles or [])}
    return {"role": account.role} if account.role else {}


def log_security_event(what: str, **ids: str) -> None:
    """Write one line on something that a security review would ask for."""
    logger.info(what, extra={"security": True, **ids})
