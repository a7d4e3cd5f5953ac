"""Tix: settings."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.organizations import organization_settings
from chalicelib.domain.organizations.organization_settings import InviteInput
from chalicelib.portals.http.auth import TIX, TIX_ADMIN
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.tix import settings as schema
from chalicelib.vocabulary.access import TixRole

bp = Blueprint(__name__)
_PATH = "/api/tix/settings"


def _invite(body: schema.SettingsIn) -> InviteInput | None:
    return InviteInput(days=body.invite_days, uses=body.invite_uses) if body.rotate_invite else None


@door(bp, Route("GET", _PATH, guard=TIX, reply=schema.SettingsOut, refuses=(errors.NotFound,)))
def tix_settings(call: Call[None, None]) -> schema.SettingsOut:
    """Show the organization's settings."""
    is_admin = call.principal.claims.get("role") == TixRole.ADMIN
    return schema.SettingsOut.read(organization_settings.show(call.principal.organization_id, to_admin=is_admin))


@door(
    bp,
    Route(
        "PUT",
        _PATH,
        guard=TIX_ADMIN,
        body=schema.SettingsIn,
        reply=schema.SettingsOut,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
    ),
)
def tix_change_settings(call: Call[schema.SettingsIn, None]) -> schema.SettingsOut:
    """Change the organization's settings; an omitted field keeps its value."""
    changes = call.body.model_dump(exclude_unset=True, exclude={"rotate_invite", "invite_days", "invite_uses"})
    settings = organization_settings.change(call.principal.organization_id, changes, invite=_invite(call.body))
    return schema.SettingsOut.read(settings)
