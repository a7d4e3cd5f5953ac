"""The first administrator: a command on the operator's machine makes a one-time link, whose holder sets the password.

One item holds the only invitation that is valid, with the hash of its token. The transaction that creates the account
closes it for ever. Further staff are created by staff.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.domain.access import accounts, new_accounts, staff
from chalicelib.domain.access.staff import StaffMember
from chalicelib.errors import AlreadyExists, InvalidCredentials
from chalicelib.table import keys, operations
from chalicelib.table.items import FirstAdmin
from chalicelib.vocabulary.access import AdminRole

LIFETIME = timedelta(hours=24)
_UNKNOWN = "This link was used, replaced or has expired. Run the command again for a new one."


@dataclass(frozen=True, slots=True)
class FirstAdminInvitation:
    """The token of a link; the table has its hash only."""

    token: str = field(repr=False)
    expires_at: datetime


def invite(*, email: str, name: str) -> FirstAdminInvitation:
    """Return the invitation of the first administrator, which replaces an earlier one. Raises AlreadyExists."""
    token, expires_at = secrets.token_urlsafe(32), clock.now() + LIFETIME
    item = FirstAdmin(
        *keys.access.first_admin(), token_hash=_hash(token), email=email, name=name, expires_at=expires_at
    )
    try:
        operations.record(operations.put(item, FirstAdmin.account_id.does_not_exist()))
    except operations.ConditionFailed as failure:
        found = failure.found(FirstAdmin)
        raise AlreadyExists(f"There is a first administrator: {found.account_id if found else ''}.") from failure
    return FirstAdminInvitation(token, expires_at)


def accept(*, token: str, password: str) -> StaffMember:
    """Create the first administrator, with every permission, and close the invitation.

    Raises InvalidCredentials for a link that opens nothing, ValidationFailed, AlreadyExists.
    """
    invitation = operations.get(keys.access.first_admin())
    if (
        invitation is None
        or invitation.account_id is not None
        or not hmac.compare_digest(invitation.token_hash, _hash(token))
        or clock.now() >= invitation.expires_at
    ):
        raise InvalidCredentials(_UNKNOWN)
    account, creation = new_accounts.admin(
        email=invitation.email, password=password, name=invitation.name, role=AdminRole.SUPER_ADMIN
    )
    is_open = (FirstAdmin.token_hash == invitation.token_hash) & FirstAdmin.account_id.does_not_exist()
    closed = operations.change(invitation.place, [FirstAdmin.account_id.set(account.account_id)], is_open)
    try:
        operations.commit(closed, *creation)
    except operations.ConditionFailed as failure:
        if 0 in failure.failures:
            raise InvalidCredentials(_UNKNOWN) from failure
        raise AlreadyExists("This address belongs to a member of staff already.") from failure
    accounts.log_security_event("first administrator created", account_id=account.account_id)
    return staff.member_of(account)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
