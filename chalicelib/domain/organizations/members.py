"""The users of an organization: listed, and removed with their sessions.

A removed account is closed, and its e-mail address is free for another registration. The invite code changes, so that
nobody returns with the code that they joined with.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import paging
from chalicelib.domain.access import accounts, lock_outs
from chalicelib.domain.organizations import invitations
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import Conflict, InvalidState, NotFound
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Login, Member, Organization
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.access import AccountStatus, Portal, TixRole


class OrganizationMember(Struct, frozen=True):
    """A user of an organization, as shown to its users."""

    id: str
    email: str
    name: str
    role: str
    email_verified: bool
    joined_at: datetime


def page(organization_id: str, *, page_size: int, cursor: str | None) -> Page[OrganizationMember]:
    """Return a page of an organization's users, newest first. Raises InvalidCursor."""
    every = keys.organizations.member(organization_id)

    def read(after: str | None, limit: int) -> list[tuple[str, Member]]:
        one_more = limit + (after is not None)
        within = Between(every.sk, after or f"{every.sk}~")
        raws = operations.query(every.pk, within, newest_first=True, limit=one_more, consistent=True)
        rows = [(raw["sk"]["S"], Member.from_raw_data(raw)) for raw in raws]
        return [row for row in rows if row[0] != after][:limit]

    def load(members: Sequence[Member]) -> list[OrganizationMember | None]:
        places = [keys.access.account(member.user_id) for member in members]
        found = operations.get_many(places)
        return [
            _shown(found[place], member) if place in found else None
            for place, member in zip(places, members, strict=True)
        ]

    return paging.walk(PageRequest(f"members/{organization_id}", page_size, cursor), read, load, budget=ReadBudget())


def _shown(account: Account, member: Member) -> OrganizationMember:
    return OrganizationMember(
        id=account.account_id,
        email=account.login,
        name=account.name,
        role=str(account.role),
        email_verified=account.address_proven_at is not None,
        joined_at=member.joined_at,
    )


def remove(organization_id: str, user_id: str, *, by: str) -> None:
    """Close a user's account and end their sessions and live connections within REFRESH_SECONDS.

    Raises NotFound, also for another organization's user, InvalidState for the last admin, Conflict.
    """
    member = keys.organizations.member(organization_id, user_id)
    places = keys.access.account(user_id), member
    found = operations.get_many(places)
    account = found.get(places[0])
    if not isinstance(account, Account) or member not in found:
        raise NotFound("There is no such member.")
    is_admin = account.role == TixRole.ADMIN
    fewer: list[Action] = [Organization.members.add(-1), *invitations.rotation()]
    remains: Condition = Organization.pk.exists()
    if is_admin:
        fewer, remains = [*fewer, Organization.admins.add(-1)], Organization.admins > 1
    closed = [
        Account.status.set(AccountStatus.DEACTIVATED),
        Account.sessions_end_before.set(clock.now()),
        Account.kept_session_id.remove(),
    ]
    login = keys.access.login(Portal.TIX, account.login)
    try:
        operations.commit(
            operations.change(keys.organizations.organization(organization_id), fewer, remains),
            operations.remove(member, Member.pk.exists()),
            operations.change(places[0], closed, Account.role == account.role),
            operations.remove(login, Login.account_id == user_id),
            *lock_outs.revocations(Portal.TIX, user_id),
        )
    except operations.ConditionFailed as failure:
        if 1 in failure.failures:
            raise NotFound("There is no such member.") from failure
        if 0 in failure.failures:
            raise InvalidState("The last admin of an organization cannot be removed.") from failure
        raise Conflict("The account is being changed by others. Try again.") from failure
    lock_outs.forget()
    accounts.log_security_event("member removed", account_id=user_id, organization_id=organization_id, by=by)
