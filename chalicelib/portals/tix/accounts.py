"""Tix: registration and log-in."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.portals import session_routes
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import TIX
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.portals.session_routes import Audience
from chalicelib.schemas.tix import accounts as schema
from chalicelib.vocabulary import Portal

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
def public_tix_register(call: Call[schema.RegisterIn, None]) -> schema.LoggedInOut:
    """Found an organization, or join one by its invite code."""
    body = call.body
    who = TixRegistration(email=body.email, password=body.password, name=body.name)
    log_in = organizations.register(
        who, organization=body.organization, invite_code=body.invite_code, visitor=call.visitor
    )
    return schema.LoggedInOut.read(log_in)


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
def public_tix_login(call: Call[schema.LoginIn, None]) -> schema.LoggedInOut:
    """Log in with email address and password."""
    body = call.body
    return schema.LoggedInOut.read(organizations.log_in(email=body.email, password=body.password, visitor=call.visitor))


session_routes.add_log_out(bp, f"{_BASE}/logout", Audience("tix", Portal.TIX, TIX))


@door(bp, Route("GET", f"{_BASE}/me", guard=TIX, reply=schema.MeOut, refuses=(errors.NotFound,)))
def tix_me(call: Call[None, None]) -> schema.MeOut:
    """Show the caller's account and organization."""
    return schema.MeOut.read(organizations.me(call.principal.id, call.principal.organization_id))
