"""Accounts that exist: their passwords, log-ins and end, and the claims of their access tokens.

`new_accounts` creates them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import limits, lock_outs, notices, passwords, security_log
from chalicelib.domain.access.notices import Changed, Owner
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import events
from chalicelib.errors import (
    AccountSuspended,
    Forbidden,
    InvalidCredentials,
    NotAssigned,
    NotFound,
)
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Login
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Factor, Portal, UsherRole

# The claim of staff whose role requires a second factor that they do not have yet.
ENROLS = "enrols"


def get(account_id: str) -> Account:
    """Return an account. Raises NotFound."""
    account = operations.get(keys.access.account(account_id))
    if account is None:
        raise NotFound
    return account


def find(portal: Portal, login: str) -> Account | None:
    """Return the account of a log-in name. An unknown name costs the same reads (no enumeration by timing)."""
    found = operations.get(keys.access.login(portal, login))
    account = operations.get(keys.access.account(found.account_id if found else f"none_{login.strip().casefold()}"))
    return account if found else None


def verify_password(portal: Portal, login: str, password: str, *, address: str) -> Account:
    """Return the account of a log-in name after checking its password.

    Raises InvalidCredentials, RateLimited after too many failures from this address, AccountSuspended.
    """
    account = find(portal, login)
    # Counted for the account: some have two log-in names.
    tried = limits.take_password_try(portal, account.login if account else login, address=address)
    if account is not None:
        security_log.note_account(account.account_id)
    if not passwords.matches(password, account.password_hash if account else None) or account is None:
        tried.failed()
        raise InvalidCredentials
    tried.succeeded()
    security_log.note_factors(Factor.PASSWORD)
    if account.status != AccountStatus.ACTIVE:
        raise AccountSuspended
    return account


def require_password(account: Account, password: str, *, otherwise: str) -> None:
    """Check the password of a logged-in account. `otherwise` is the message of InvalidCredentials.

    Raises InvalidCredentials, RateLimited after ten failures of logged-in callers in 15 minutes, AccountSuspended.
    """
    tried = limits.take_session_password_try(account.portal, account.account_id)
    if not passwords.matches(password, account.password_hash):
        tried.failed()
        raise InvalidCredentials(otherwise)
    tried.succeeded()
    if account.status != AccountStatus.ACTIVE:
        raise AccountSuspended


def change_password(
    account_id: str,
    *,
    old_password: str,
    new_password: str,
    kept_session_id: str | None = None,
    also_known: Iterable[str] = (),
) -> None:
    """Set a new password and end every session but `kept_session_id`.

    `also_known` are texts that a guesser knows beside those of the account. Raises InvalidCredentials, RateLimited
    after ten failures in 15 minutes, ValidationFailed, AccountSuspended, NotFound.
    """
    account = get(account_id)
    require_password(account, old_password, otherwise="The old password is wrong.")
    owner = notices.owner(account)
    about = (*known_of(account, owner), *also_known)
    new_hash = passwords.hash_password(new_password, account.portal, about=about, field="new_password")
    try:
        acts.commit(
            *password_set(account, new_hash, kept_session_id=kept_session_id),
            subject=AuditSubject("account", account_id, after={"password": "changed"}),
        )
    except operations.ConditionFailed as failed:
        found = failed.found(Account)
        if found is not None and found.status != AccountStatus.ACTIVE:
            raise AccountSuspended from failed
        if found is None or found.password_hash != new_hash:
            raise InvalidCredentials("The old password is wrong.") from failed
        # An earlier try of this call had set the password.
    lock_outs.forget()
    log_security_event("password changed", account_id=account.account_id)
    notices.send(owner, Changed.PASSWORD)


def known_of(account: Account, owner: Owner) -> tuple[str | None, ...]:
    """Return what a guesser knows of an account: name, log-in, number, e-mail address and events."""
    return (account.name, account.login, owner.number, owner.email, *titles(account.event_ids or []))


def titles(event_ids: Iterable[str]) -> list[str]:
    """Return the titles of events, which a guesser knows of an usher."""
    ids = [str(event_id) for event_id in event_ids]
    return [event.title for event in events.get_many(ids)] if ids else []


def password_set(
    account: Account, password_hash: str, *, kept_session_id: str | None = None, also: Sequence[Action] = ()
) -> list[Write]:
    """Return the writes that set a password and end every session but `kept_session_id`.

    `also` are further changes of the account. The first write fails if the account's password or status has changed
    (optimistic lock). The caller then calls `lock_outs.forget`.
    """
    kept = Account.kept_session_id
    change = operations.change(
        keys.access.account(account.account_id),
        [
            Account.password_hash.set(password_hash),
            Account.sessions_end_before.set(clock.now()),
            Account.link_hash.remove(),
            Account.link_until.remove(),
            kept.set(kept_session_id) if kept_session_id else kept.remove(),
            *also,
        ],
        _is_unchanged(account),
    )
    portal, event_ids = account.portal, [str(event_id) for event_id in account.event_ids or []]
    return [
        change,
        *lock_outs.revocations(portal, account.account_id, event_ids=event_ids, kept_session_id=kept_session_id),
    ]


def password_reset(account: Account, password_hash: str, *, address: str, also: Sequence[Action] = ()) -> list[Write]:
    """Return the writes that set a password and end every session, after proof of ownership.

    They also clear the failed log-ins from this address. The first write fails if the account's password or status has
    changed (optimistic lock). The caller then calls `lock_outs.forget`.
    """
    return [
        *password_set(account, password_hash, also=also),
        # Owners who were refused after their own wrong guesses can log in at once.
        limits.forgetting_failures(account.portal, account.login, address=address),
    ]


def renumbered(account: Account, mobile_number: str) -> list[Write]:
    """Return the writes that move an account's log-in to another number (E.164).

    The first fails if the number is taken, the others if the account has changed (optimistic lock).
    """
    portal = account.portal
    login = Login(*keys.access.login(portal, mobile_number), account_id=account.account_id)
    moved = [
        Account.login.set(mobile_number),
        Account.mobile_number.set(mobile_number),
        Account.link_hash.remove(),
        Account.link_until.remove(),
        Account.version.add(1),
    ]
    return [
        operations.put(login, Login.pk.does_not_exist()),
        operations.change(keys.access.account(account.account_id), moved, _is_unchanged(account)),
        # Fails if a concurrent change of the number has removed it.
        operations.remove(keys.access.login(portal, account.login), Login.account_id == account.account_id),
    ]


def unchanged(account: Account, *, changes: Sequence[Action] = ()) -> Write:
    """Return the check that an account's log-in name, password and status are unchanged, with changes of the rest."""
    place, same = keys.access.account(account.account_id), _is_unchanged(account) & (Account.login == account.login)
    return operations.change(place, changes, same) if changes else operations.check(place, same)


def _is_unchanged(account: Account) -> Condition:
    same: Condition = (Account.password_hash == account.password_hash) & (Account.status == account.status)
    return same


def closing(status: AccountStatus) -> list[Action]:
    """Return the changes of an account that give it a status without log-in, and end its sessions and its link."""
    return [
        Account.status.set(status),
        Account.sessions_end_before.set(clock.now()),
        Account.kept_session_id.remove(),
        Account.link_hash.remove(),
        Account.link_until.remove(),
    ]


def require_assignment(account: Account, event_id: str | None) -> None:
    """Raise Forbidden or NotAssigned if an usher may not work at this event."""
    if account.portal != Portal.USHER:
        return
    if UsherRole.USHERING not in (account.roles or []):
        raise Forbidden("This account does not have the ushering role.")
    if event_id not in (account.event_ids or []):
        raise NotAssigned


def claims(account: Account, *, event_id: str | None) -> dict[str, Any]:
    """Return the token claims that the portal's clients read."""
    if account.portal == Portal.USHER:
        return {"event_id": event_id, "username": account.login, "roles": list(account.roles or [])}
    if account.portal == Portal.TIX:
        return {"organizationId": account.organization_id, "role": account.role}
    if account.portal == Portal.ADMIN and must_enrol(account):
        # Without a role: a guard that does not look at the claim grants nothing.
        return {ENROLS: True}
    return {"role": account.role} if account.role else {}


def requires_second_factor(account: Account) -> bool:
    """Whether the role of a member of staff requires a second factor (`SECOND_FACTOR_ROLES`)."""
    return account.portal == Portal.ADMIN and account.role in config().second_factor_roles


def must_enrol(account: Account) -> bool:
    """Whether a member of staff must set up a second factor before anything else."""
    return account.totp_sealed is None and requires_second_factor(account)


def log_security_event(what: str, **ids: str) -> None:
    """Log a security event (marked `security`) with ids only."""
    logger.info(what, extra={"security": True, **ids})
