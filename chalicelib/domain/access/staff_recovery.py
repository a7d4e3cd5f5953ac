"""The way back in for staff whom no colleague can help: an operator resets a password or a second factor.

An operator's command calls it. Every other lost way in has a door: staff send a link, a recovery code replaces an app.
"""

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import accounts, lock_outs, notices, password_links, second_factor
from chalicelib.domain.access.notices import Changed
from chalicelib.domain.access.password_links import PasswordLink
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import Act, AuditSubject
from chalicelib.errors import InvalidState, NotFound
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Account
from chalicelib.vocabulary.access import AccountStatus, Portal

_OPERATOR = "operator"


class StaffRecovery(Struct, frozen=True):
    """What was reset: the account, the link that sets another password, and whether there was a second factor."""

    account: Account
    link: PasswordLink | None
    had_second_factor: bool


def recover(email: str, *, by: str, with_link: bool, without_factor: bool) -> StaffRecovery:
    """End all sessions of a member of staff, and reset what is asked for; tell the owner by mail.

    `with_link` makes a link that sets a password, once, within 24 hours; until then the present one counts.
    `without_factor` switches the second factor off; a role that requires one has to set up another before anything
    else. `by` names the operator, for the audit log. Raises NotFound, InvalidState for an account that is not active or
    that changed meanwhile, Unavailable.
    """
    account = accounts.find(Portal.ADMIN, email)
    if account is None:
        raise NotFound("No member of staff logs in with this address.")
    if account.status != AccountStatus.ACTIVE:
        raise InvalidState("This account is not active. Another member of staff must activate it.")
    link = password_links.make(account.account_id) if with_link else None
    had_factor = account.totp_sealed is not None
    changes: list[Action] = [
        Account.sessions_end_before.set(clock.now()),
        Account.kept_session_id.remove(),
        *(link.changes if link is not None else ()),
        *(second_factor.removal() if without_factor else ()),
    ]
    after = {"password": "link"} if link is not None else {}
    if without_factor:
        after["second_factor"] = "off"
    act = Act(action="account.recover", address=_OPERATOR, request_id=new_id("req"), actor_id=by, role=_OPERATOR)
    owner = notices.owner(account)
    try:
        with acts.acting(act):
            acts.commit(
                accounts.unchanged(account, changes=changes),
                *lock_outs.revocations(Portal.ADMIN, account.account_id),
                subject=AuditSubject("account", account.account_id, after=after),
            )
    except operations.ConditionFailed as failure:
        raise InvalidState("The account was changed meanwhile. Run the command again.") from failure
    lock_outs.forget()
    accounts.log_security_event("staff recovered by an operator", account_id=account.account_id)
    if without_factor and had_factor:
        notices.send(owner, Changed.SECOND_FACTOR)
    return StaffRecovery(account, link, had_factor)
