"""The door of Tix: registration and log-in."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import sessions
from chalicelib.domain.organizations import organizations
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import TIX
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.schemas.tix import accounts as schema
from chalicelib.schemas.wire import Nothing

bp = Blueprint(__name__)
_BASE = "/api/tix/auth"


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/register",
        guard=None,
        padded=True,
        body=schema.RegisterIn,
        reply=schema.LoggedInOut,
        status=201,
        refuses=(errors.AlreadyExists, errors.OrganizationFull, errors.RateLimited),
    ),
)
def public_tix_register(call: Call[schema.RegisterIn, None]) -> Any:
    """Found an organization, or join one by its invite code."""
    body = call.body
    who = organizations.TixRegistration(email=body.email, password=body.password, name=body.name)
    return organizations.register(
        who, organization=body.organization, invite_code=body.invite_code, address=call.address
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/login",
        guard=None,
        padded=True,
        body=schema.LoginIn,
        reply=schema.LoggedInOut,
        refuses=refusals.LOG_IN,
    ),
)
def public_tix_login(call: Call[schema.LoginIn, None]) -> Any:
    """Log in with address and password."""
    return organizations.log_in(email=call.body.email, password=call.body.password)


@door(bp, Route("POST", f"{_BASE}/logout", guard=TIX, reply=Nothing))
def tix_logout(call: Call[None, None]) -> Any:
    """Revoke the token."""
    sessions.end(call.principal.session_id, ended_because="logged out")


@door(bp, Route("GET", f"{_BASE}/me", guard=TIX, reply=schema.MeOut, refuses=(errors.NotFound,)))
def tix_me(call: Call[None, None]) -> Any:
    """Show the caller's account and organization."""
    return organizations.me(call.principal.id, call.principal.organization_id)
