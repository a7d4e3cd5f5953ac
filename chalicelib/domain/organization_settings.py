"""What an organization says of itself: its name, its time zone, how many users it may have, its paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.domain import organizations, paper
from chalicelib.errors import InvalidState, NotFound
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import Organization

_PLAIN = ("name", "timezone", "ticket_prefix", "max_users", "logo_url")


@dataclass(frozen=True, slots=True)
class Settings:
    """An organization as its users see it; who is no admin sees no invite code."""

    id: str
    name: str
    logo_url: str | None
    timezone: str
    ticket_prefix: str
    max_users: int
    members: int
    paper: dict[str, Any]
    invite_code: str | None


def show(organization_id: str, *, to_admin: bool) -> Settings:
    """Return an organization. Raises NotFound."""
    return _shown(organizations.get(organization_id), to_admin=to_admin)


def _shown(organization: Organization, *, to_admin: bool) -> Settings:
    return Settings(
        id=organization.organization_id,
        name=organization.name,
        logo_url=organization.logo_url,
        timezone=organization.timezone,
        ticket_prefix=organization.ticket_prefix,
        max_users=int(organization.max_users),
        members=int(organization.members),
        paper=paper.shown(organization.paper),
        invite_code=organizations.invite_code(organization) if to_admin else None,
    )


def change(organization_id: str, changes: Mapping[str, Any], *, rotate_invite: bool = False) -> Settings:
    """Change what is named and return all of it; None clears a logo. A rotated invite code is worth nothing any more.

    Raises ValidationFailed for paper that no ticket fits on, InvalidState where there are more users already.
    """
    actions: list[Action] = []
    for name in _PLAIN:
        if name in changes:
            attribute, value = getattr(Organization, name), changes[name]
            actions.append(attribute.remove() if value is None else attribute.set(value))
    if "paper" in changes:
        paper.layout(changes["paper"])
        actions.append(Organization.paper.set(changes["paper"]))
    if rotate_invite:
        actions.append(Organization.invite_generation.add(1))
    if not actions:
        return show(organization_id, to_admin=True)
    condition = Organization.pk.exists()
    if "max_users" in changes:
        condition &= Organization.members <= changes["max_users"]
    try:
        raw = operations.record(operations.change(Organization, keys.organization(organization_id), actions, condition))
    except operations.ConditionFailed as failure:
        organization = failure.found(Organization)
        if organization is None:
            raise NotFound from failure
        raise InvalidState(f"The organization has {int(organization.members)} users already.") from failure
    fields = sorted(changes) + ["invite_code"] * rotate_invite
    logger.info("settings changed", extra={"organization_id": organization_id, "fields": fields})
    return _shown(Organization.from_raw_data(raw), to_admin=True)
