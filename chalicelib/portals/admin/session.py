"""The staff's portal: log-in."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import second_factor, sessions, staff
from chalicelib.domain.access.sessions import Tokens
from chalicelib.domain.access.staff import StaffLogIn
from chalicelib.portals import session_routes
from chalicelib.portals.http import cookies, refusals
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.auth import ENROLLING_STAFF, STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.session_routes import Audience
from chalicelib.schemas.admin import session as schema
from chalicelib.vocabulary.access import Portal

bp = Blueprint(__name__)
_BASE = "/api/auth"
_REFRESH = Link("admin_refresh", body={"refresh": "/refresh"})
_AUDIENCE = Audience("admin", Portal.ADMIN, STAFF)
_LEAVING = Audience("admin", Portal.ADMIN, ENROLLING_STAFF)


def _logged_in_out(log_in: StaffLogIn, *, in_cookie: bool) -> Reply[schema.LoginOut]:
    placed = cookies.place(log_in.tokens.refresh, in_cookie=in_cookie)
    content = schema.LoginOut(
        access=log_in.tokens.access,
        refresh=placed.refresh,
        token_type=log_in.tokens.token_type,
        expires_in=log_in.tokens.expires_in,
        csrf_token=placed.csrf_token,
        admin=schema.AdminOut.read(log_in.member),
        must_enrol=log_in.must_enrol,
    )
    return Reply(content, headers=placed.headers)


def _refreshed_out(pair: Tokens, *, in_cookie: bool) -> Reply[schema.RefreshOut]:
    placed = cookies.place(pair.refresh, in_cookie=in_cookie)
    content = schema.RefreshOut(
        access=pair.access,
        refresh=placed.refresh,
        token_type=pair.token_type,
        expires_in=pair.expires_in,
        csrf_token=placed.csrf_token,
    )
    return Reply(content, headers=placed.headers)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/login",
        guard=None,
        padded=True,
        body=schema.LoginIn,
        query=schema.LoginQuery,
        reply=schema.LoginOut,
        refuses=refusals.LOG_IN,
        links=(_REFRESH,),
    ),
)
def admin_login(call: Call[schema.LoginIn, schema.LoginQuery]) -> Reply[schema.LoginOut]:
    """Log in, with TOTP where it is switched on; `?cookie=1` for browsers."""
    body, in_cookie = call.body, call.query.in_cookie
    log_in = staff.log_in(
        email=body.email, password=body.password, totp=body.totp, in_cookie=in_cookie, visitor=call.visitor
    )
    return _logged_in_out(log_in, in_cookie=in_cookie)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/refresh",
        guard=None,
        body=schema.RefreshIn,
        reply=schema.RefreshOut,
        refresh=True,
        refuses=refusals.REFRESH,
        links=(_REFRESH,),
    ),
)
def admin_refresh(call: Call[schema.RefreshIn, None]) -> Reply[schema.RefreshOut]:
    """Exchange a refresh token, from the body or from the cookie with its X-CSRF-Token."""
    token, in_cookie = cookies.refresh_token(call.headers, call.body.refresh)
    return _refreshed_out(
        sessions.refresh(token, Portal.ADMIN, in_cookie=in_cookie, visitor=call.visitor), in_cookie=in_cookie
    )


session_routes.add_log_out(bp, f"{_BASE}/logout", _LEAVING, headers=cookies.clearing)
session_routes.add_change_password(bp, f"{_BASE}/change-password", _AUDIENCE, keeps_session=False)


@door(bp, Route("GET", f"{_BASE}/me", guard=STAFF, reply=schema.AdminOut))
def admin_me(call: Call[None, None]) -> schema.AdminOut:
    """Show one's own account and role."""
    return schema.AdminOut.read(staff.me(call.principal.id))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/totp",
        guard=ENROLLING_STAFF,
        body=schema.SecondFactorIn,
        reply=schema.SecondFactorOut,
        refuses=(errors.InvalidState, errors.InvalidCredentials, errors.RateLimited),
        audited="second_factor.set_up",
    ),
)
def admin_second_factor(call: Call[schema.SecondFactorIn, None]) -> schema.SecondFactorOut:
    """Begin the second factor and show its secret once; with a code of it, switch it on; with another, renew codes."""
    body = call.body
    state = second_factor.set_up(call.principal.id, code=body.code, current=body.current, address=call.address)
    return schema.SecondFactorOut.read(state)


@door(
    bp,
    Route(
        "DELETE",
        f"{_BASE}/totp",
        guard=STAFF,
        body=schema.SecondFactorRemovalIn,
        status=204,
        refuses=(errors.InvalidState, errors.InvalidCredentials, errors.RateLimited),
        audited="second_factor.remove",
    ),
)
def admin_remove_second_factor(call: Call[schema.SecondFactorRemovalIn, None]) -> None:
    """Remove the second factor by one of its codes, where the role does not require it."""
    second_factor.remove(call.principal.id, code=call.body.code, address=call.address)
