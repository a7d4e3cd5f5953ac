"""Settings of an organization: name, time zone, user limit, paper."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.organizations import invitations, organization_days, organizations
from chalicelib.domain.organizations.printing import sheet_layout
from chalicelib.errors import Conflict, InvalidState, NotFound, Refusal
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Organization

_PLAIN = ("name", "timezone", "ticket_prefix", "max_users", "logo_url")


class OrganizationSettings(Struct, frozen=True):
    """An organization as its users see it; only admins see the invite code."""

    id: str
    name: str
    logo_url: str | None
    timezone: str
    ticket_prefix: str
    max_users: int
    members: int
    paper: dict[str, Any]
    invite_code: str | None
    invite_expires_at: datetime | None
    invite_uses: int | None


class InviteInput(Struct, frozen=True):
    """The invite code that is wanted: for how many days it is valid, and how many people may join with it."""

    days: int = invitations.DAYS
    uses: int = invitations.USES


def show(organization_id: str, *, to_admin: bool) -> OrganizationSettings:
    """Return an organization's settings. Raises NotFound."""
    organization = organizations.get(organization_id)
    return OrganizationSettings(
        id=organization.organization_id,
        name=organization.name,
        logo_url=organization.logo_url,
        timezone=organization.timezone,
        ticket_prefix=organization.ticket_prefix,
        max_users=organization.max_users,
        members=organization.members,
        paper=sheet_layout.shown(organization.paper),
        invite_code=invitations.code(organization) if to_admin else None,
        invite_expires_at=organization.invite_expires_at if to_admin else None,
        invite_uses=organization.invite_uses if to_admin else None,
    )


def change(
    organization_id: str, changes: Mapping[str, Any], *, invite: InviteInput | None = None
) -> OrganizationSettings:
    """Change the given settings and return all; None clears a logo. `invite` makes the former invite code invalid.

    Raises NotFound, ValidationFailed for paper that no ticket fits on, InvalidState where there are more users already,
    Conflict where another request changes the time zone at the same time.
    """
    actions, condition = _plain(changes), Organization.pk.exists()
    if "paper" in changes:
        sheet_layout.layout(changes["paper"])
        actions.append(Organization.paper.set(changes["paper"]))
    if invite is not None:
        actions += invitations.rotation(days=invite.days, uses=invite.uses)
    if not actions:
        return show(organization_id, to_admin=True)
    if "max_users" in changes:
        condition &= Organization.members <= changes["max_users"]
    if "timezone" in changes:
        present = organizations.get(organization_id)
        condition &= Organization.timezone == present.timezone
        if present.timezone != changes["timezone"]:
            # Counted tickets keep the day on which they were counted.
            actions.append(Organization.zones.set(organization_days.zones_after(present, clock.now())))
    write = operations.change(keys.organizations.organization(organization_id), actions, condition)
    try:
        # A transaction, because its token makes a retried request idempotent: the code is rotated only once.
        operations.commit(write)
    except operations.ConditionFailed as failure:
        raise _refusal(failure.found(Organization), changes) from failure
    fields = sorted(changes) + ["invite_code"] * (invite is not None)
    logger.info("settings changed", extra={"organization_id": organization_id, "fields": fields})
    return show(organization_id, to_admin=True)


def _plain(changes: Mapping[str, Any]) -> list[Action]:
    attributes = {name: getattr(Organization, name) for name in _PLAIN if name in changes}
    return [
        attribute.remove() if changes[name] is None else attribute.set(changes[name])
        for name, attribute in attributes.items()
    ]


def _refusal(found: Organization | None, changes: Mapping[str, Any]) -> Refusal:
    """Return the error for a change whose condition failed."""
    if found is None:
        return NotFound()
    if found.members > changes.get("max_users", found.members):
        return InvalidState(f"The organization has {found.members} users already.")
    return Conflict("The settings are being changed by others. Try again.")
