"""Tix: registration, log-in, proof of the address, passwords."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.organizations import addresses, organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.portals import session_routes
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import TIX
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Route
from chalicelib.portals.session_routes import Audience, OpenStep
from chalicelib.schemas.tix import accounts as schema
from chalicelib.schemas.tix.tickets import DoneOut
from chalicelib.vocabulary.access import Portal

bp = Blueprint(__name__)
_BASE = "/api/tix/auth"
_AUDIENCE = Audience("tix", Portal.TIX, TIX)


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


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/verify-email",
        guard=TIX,
        body=schema.VerifyEmailIn,
        reply=DoneOut,
        refuses=(*refusals.CODE, errors.Conflict),
    ),
)
def tix_verify_email(call: Call[schema.VerifyEmailIn, None]) -> DoneOut:
    """Prove the caller's address by the code that was mailed at registration or log-in."""
    addresses.prove(call.principal.id, email=call.body.email, code=call.body.code, address=call.address)
    return DoneOut()


def _mail_code(body: schema.ForgotPasswordIn, address: str) -> DoneOut:
    addresses.forget_password(body.email, address=address)
    return DoneOut()


def _set_password(body: schema.ResetPasswordIn, address: str) -> DoneOut:
    addresses.reset_password(body.email, code=body.code, new_password=body.new_password, address=address)
    return DoneOut()


_CODE = OpenStep(
    path=f"{_BASE}/forgot-password",
    operation_id="public_tix_forgot_password",
    body=schema.ForgotPasswordIn,
    reply=DoneOut,
    act=_mail_code,
    summary="Mail a code for a new password; the answer does not show whether there is an account",
)
_PASSWORD = OpenStep(
    path=f"{_BASE}/reset-password",
    operation_id="public_tix_reset_password",
    body=schema.ResetPasswordIn,
    reply=DoneOut,
    act=_set_password,
    summary="Set a new password by the code, end all sessions, and prove the address",
)
session_routes.add_code_for_password(bp, _CODE, then=_PASSWORD.operation_id)
session_routes.add_password_by_code(bp, _PASSWORD)


def _known_to_members(principal: Principal) -> list[str]:
    return addresses.known_to_members(principal.organization_id)


session_routes.add_log_out(bp, f"{_BASE}/logout", _AUDIENCE)
session_routes.add_change_password(bp, f"{_BASE}/change-password", _AUDIENCE, also_known=_known_to_members)


@door(bp, Route("GET", f"{_BASE}/me", guard=TIX, reply=schema.MeOut, refuses=(errors.NotFound,)))
def tix_me(call: Call[None, None]) -> schema.MeOut:
    """Show the caller's account and organization."""
    return schema.MeOut.read(organizations.me(call.principal.id, call.principal.organization_id))
