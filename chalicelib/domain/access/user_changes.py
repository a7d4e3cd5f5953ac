"""Changes of users by staff: one transaction each, on the version that the caller has seen.

A change that takes something away ends the sessions, or the gates, that it concerns: guards refuse these tokens within
REFRESH_SECONDS. Nobody takes their own role or access away, and one super_admin always remains.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import accounts, lock_outs, new_accounts, notices, owners, password_links, users
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.users import User
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.errors import Conflict, Forbidden, InvalidState, Unavailable, ValidationFailed
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Login
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, AdminRole, Portal

_ACTIVE, _SUSPENDED, _DEACTIVATED = AccountStatus.ACTIVE, AccountStatus.SUSPENDED, AccountStatus.DEACTIVATED
# The states that follow each; a deactivated user may come back.
_FOLLOWING = {
    _ACTIVE: (_SUSPENDED, _DEACTIVATED),
    _SUSPENDED: (_ACTIVE, _DEACTIVATED),
    _DEACTIVATED: (_ACTIVE,),
}
# What only some kinds of user have.
_ONLY = {"role": (Portal.ADMIN,), "roles": (Portal.USHER,), "event_ids": (Portal.USHER,)}
_NEVER_NULL = ("name", "role", "roles", "event_ids", "status")


class _Plan(Struct):
    """What a change writes: of the account, beside it, and to whom access is cut off."""

    actions: list[Action] = field(default_factory=list)
    beside: list[Write] = field(default_factory=list)
    cut_off_at: set[str] = field(default_factory=set)
    ends_sessions: bool = False
    # The positions, among `beside`, of writes whose failure has a meaning.
    login_at: int | None = None
    owner_at: int | None = None


def change(user_id: str, given: Mapping[str, Any], *, version: int, by: str) -> User:
    """Change the given fields of a user and return them. `password` sends the owner a link, and sets nothing.

    Raises NotFound, Forbidden, ValidationFailed, Conflict (another version), AlreadyExists (the e-mail address),
    InvalidState (by name).
    """
    account = users.get(user_id)
    actor = users.acting(by, account.portal)
    details = users.details_of([account])
    present = users.email_of(account, details.get(user_id))
    _require_fitting(account, given)
    if version != account.version:
        raise _stale(account, present)
    before = users.state(account, present)
    after = before | {name: given[name] for name in before if name in given}
    _require_not_own(actor, before, after, user_id)
    link = password_links.make(user_id) if given.get("password") is not None else None
    owner = notices.owner_with(account, details.get(user_id))
    plan = _plan(account, before, after)
    if link is not None:
        _require_active(after)
        password_links.require_reachable(notices.Owner(user_id, account.portal, owner.number, after["email"]))
    elif after["email"] != present and not plan.ends_sessions:
        # A link that is on its way was sent to the former address.
        plan.actions += [Account.link_hash.remove(), Account.link_until.remove()]
    plan.actions += link.changes if link else ()
    if not plan.actions and not plan.beside:
        return users.shown([account], details)[0]
    _commit(account, actor, plan, before=before, after=after)
    if plan.ends_sessions or plan.cut_off_at:
        lock_outs.forget()
    accounts.log_security_event("user changed by staff", account_id=user_id, by=by)
    if after["email"] != present:
        notices.send(owner, Changed.EMAIL)
    account = users.get(user_id)
    fresh = users.details_of([account])
    if link is not None:
        password_links.send(link, account, notices.owner_with(account, fresh.get(user_id)))
    return users.shown([account], fresh)[0]


def deactivate(user_id: str, *, by: str) -> None:
    """Deactivate a user and end all sessions. Idempotent. Raises NotFound, Forbidden, InvalidState, Conflict."""
    for _ in retries.attempts():
        account = users.get(user_id)
        if account.status == _DEACTIVATED:
            users.acting(by, account.portal)
            return
        try:
            change(user_id, {"status": _DEACTIVATED}, version=account.version, by=by)
        except InvalidState:
            raise
        except Conflict:
            continue  # changed between the read and the write
        return
    raise Unavailable(retry_after=1)


def _require_fitting(account: Account, given: Mapping[str, Any]) -> None:
    """Raise ValidationFailed for a field that this kind of user does not have, or that cannot be cleared."""
    for name, portals in _ONLY.items():
        if name in given and account.portal not in portals:
            raise _invalid(name, f"is a field of {'ushers' if portals == (Portal.USHER,) else 'members of staff'} only")
    cleared = [name for name in _NEVER_NULL if name in given and given[name] is None]
    if account.portal == Portal.ADMIN and "email" in given and given["email"] is None:
        cleared.append("email")
    if cleared:
        raise _invalid(cleared[0], "cannot be cleared")


def _invalid(name: str, message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": name, "message": message}])


def _stale(account: Account, email: str | None) -> Conflict:
    return Conflict.stale("The user", {**users.state(account, email), "version": account.version})


def _require_not_own(actor: Account, before: Mapping[str, Any], after: Mapping[str, Any], user_id: str) -> None:
    if actor.account_id != user_id:
        return
    for name in ("status", "role"):
        if before.get(name) != after.get(name):
            raise Forbidden(f"Nobody changes their own {name}. Ask another super_admin.")


def _require_active(after: Mapping[str, Any]) -> None:
    if after["status"] != _ACTIVE:
        raise InvalidState(f"This user is {after['status']}, so no link to set a password is sent.")


def _plan(account: Account, before: Mapping[str, Any], after: Mapping[str, Any]) -> _Plan:
    plan = _Plan()
    changed = {name for name in before if before[name] != after[name]}
    if "name" in changed:
        plan.actions.append(Account.name.set(after["name"]))
    if "email" in changed:
        _plan_email(plan, account, after["email"])
    if "status" in changed:
        _plan_status(plan, account, AccountStatus(after["status"]))
    if "role" in changed:
        plan.actions += [Account.role.set(after["role"]), Account.sessions_end_before.set(clock.now())]
        plan.ends_sessions = True
    if changed & {"roles", "event_ids"}:
        _plan_assignments(plan, before, after)
    _plan_ownership(plan, account, before, after)
    return plan


def _plan_email(plan: _Plan, account: Account, email: str | None) -> None:
    details = users.details_place(account)
    if details is not None:
        plan.beside.append(operations.change(details, users.emailed(account, email)))
        plan.actions.append(users.copied_email(email))
    elif account.portal == Portal.ADMIN:
        login = Login(*keys.access.login(account.portal, str(email)), account_id=account.account_id)
        former = keys.access.login(account.portal, account.login)
        plan.actions.append(Account.login.set(str(email)))
        if login.place != former:  # else only its spelling changes
            plan.login_at = len(plan.beside)
            plan.beside.append(operations.put(login, Login.pk.does_not_exist()))
            plan.beside.append(operations.remove(former, Login.account_id == account.account_id))
    else:
        plan.actions.append(users.copied_email(email))


def _plan_status(plan: _Plan, account: Account, status: AccountStatus) -> None:
    if status not in _FOLLOWING[account.status]:
        raise InvalidState(f"This user is {account.status}, and cannot become {status}.")
    if status == _ACTIVE:
        plan.actions.append(Account.status.set(status))
        return
    plan.actions += accounts.closing(status)
    plan.ends_sessions = True
    plan.cut_off_at |= {str(event_id) for event_id in account.event_ids or []}


def _plan_assignments(plan: _Plan, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    added = [event_id for event_id in after["event_ids"] if event_id not in before["event_ids"]]
    if added:
        users.require_events(added)
    plan.actions += [
        Account.roles.set(list(dict.fromkeys(after["roles"]))),
        Account.event_ids.set(list(dict.fromkeys(after["event_ids"]))),
    ]
    # Access tokens carry the roles, so a changed role ends them at every event; a session then refreshes, or is over.
    roles_differ = sorted(before["roles"]) != sorted(after["roles"])
    gone = set(before["event_ids"]) if roles_differ else set(before["event_ids"]) - set(after["event_ids"])
    plan.cut_off_at |= gone


def _plan_ownership(plan: _Plan, account: Account, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    was, becomes = _is_owner(before), _is_owner(after)
    if was and not becomes:
        plan.owner_at = len(plan.beside)
        plan.beside.append(owners.left(account.account_id))
    elif becomes and not was:
        plan.beside.append(owners.joined(account.account_id))


def _is_owner(state: Mapping[str, Any]) -> bool:
    return state.get("role") == AdminRole.SUPER_ADMIN and state["status"] == _ACTIVE


def _commit(
    account: Account, actor: Account, plan: _Plan, *, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    changed = [name for name in before if before[name] != after[name]]
    subject = AuditSubject(
        "user",
        account.account_id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed} | ({} if changed else {"password_link": "sent"}),
    )
    is_own = actor.account_id == account.account_id
    # A transaction takes one action for each item: for a change of one's own account, its version is the check.
    checks: Sequence[Write] = () if is_own else (users.still(actor),)
    target = operations.change(account.place, [*plan.actions, Account.version.add(1)], _as_seen(account))
    cut_off = _cut_off(account, plan)
    try:
        acts.commit(target, *checks, *plan.beside, *cut_off, subject=subject)
    except operations.ConditionFailed as failure:
        raise _refusal(account, plan, failure, first=1 + len(checks)) from failure


def _cut_off(account: Account, plan: _Plan) -> list[Write]:
    if not plan.ends_sessions and not plan.cut_off_at:
        return []
    return lock_outs.revocations(account.portal, account.account_id, event_ids=sorted(plan.cut_off_at))


def _refusal(account: Account, plan: _Plan, failure: operations.ConditionFailed, *, first: int) -> Exception:
    """Return the refusal that the failed conditions of a change mean; `first` is the position of the plan's writes."""
    failed = failure.failures
    if 0 in failed:
        found = users.get(account.account_id)
        return _stale(found, users.email_of(found, users.details_of([found]).get(found.account_id)))
    if first == 2 and 1 in failed:
        return users.role_changed()
    if plan.owner_at is not None and first + plan.owner_at in failed:
        return owners.is_last()
    if plan.login_at is not None and first + plan.login_at in failed:
        return new_accounts.name_taken()
    return Conflict("The account is being changed by others. Try again.")


def _as_seen(account: Account) -> Condition:
    version = Account.version == account.version
    seen = version if account.version else version | Account.version.does_not_exist()
    condition: Condition = seen & (Account.status == account.status) & (Account.login == account.login)
    return condition
