"""Campus: registration, log-in, passwords, the own profile."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import sessions
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.people import campus_changes, campus_log_ins, campus_profiles
from chalicelib.domain.campus.people.campus_accounts import CampusPerson
from chalicelib.portals import session_routes
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import CAMPUS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.session_routes import Audience, OpenStep
from chalicelib.schemas.campus import accounts as schema
from chalicelib.schemas.wire import Nothing, RefreshIn
from chalicelib.vocabulary.access import Portal

bp = Blueprint(__name__)
_BASE = "/api/campus/auth"
_AUDIENCE = Audience("campus", Portal.CAMPUS, CAMPUS)


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/register",
        guard=None,
        padded=True,
        body=schema.RegisterIn,
        reply=schema.RegisteredOut,
        status=201,
        refuses=(errors.AlreadyExists, errors.RateLimited),
        links=(Link("campus_refresh", body={"refresh": "/tokens/refresh"}),),
    ),
)
def campus_register(call: Call[schema.RegisterIn, None]) -> schema.RegisteredOut:
    """Register a student and log in."""
    body = call.body
    person = CampusPerson(
        username=body.username,
        email=body.email,
        password=body.password,
        first_name=body.first_name,
        last_name=body.last_name,
        department=body.department,
        campus_id=body.campus,
        student_id=body.student_id,
        year_level=body.year_level,
    )
    answer = campus_log_ins.register(person, visitor=call.visitor)
    return schema.RegisteredOut(
        user=schema.RegisteredUserOut.read(answer.user), tokens=schema.TokenPairOut.read(answer.tokens)
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
        links=(Link("campus_refresh", body={"refresh": "/refresh"}),),
    ),
)
def campus_login(call: Call[schema.LoginIn, None]) -> schema.LoggedInOut:
    """Log in with user name or email address, and password."""
    answer = campus_log_ins.log_in(call.body.username, call.body.password, visitor=call.visitor)
    tokens = answer.tokens
    return schema.LoggedInOut(
        access=tokens.access, refresh=tokens.refresh, user=schema.LoggedInUserOut.read(answer.user)
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/refresh",
        guard=None,
        body=RefreshIn,
        reply=schema.AccessOut,
        refresh=True,
        refuses=(errors.Unauthenticated, errors.TokenExpired, errors.AccountSuspended),
    ),
)
def campus_refresh(call: Call[RefreshIn, None]) -> schema.AccessOut:
    """Return a fresh access token; the refresh token stays valid."""
    return schema.AccessOut.read(sessions.refresh(call.body.refresh, Portal.CAMPUS, visitor=call.visitor))


session_routes.add_log_out(bp, f"{_BASE}/logout", _AUDIENCE)


def _known(principal: Principal) -> list[str]:
    return campus_log_ins.known_of(principal.id)


# The refresh token of the session does not rotate, so a thief may share it: no session is kept.
session_routes.add_change_password(bp, f"{_BASE}/password-change", _AUDIENCE, keeps_session=False, also_known=_known)


def _mail_code(body: schema.ForgotPasswordIn, address: str) -> Nothing:
    campus_log_ins.forget_password(body.email, address=address)
    return Nothing()


def _set_password(body: schema.ResetPasswordIn, address: str) -> Nothing:
    campus_log_ins.reset_password(body.email, code=body.code, new_password=body.new_password, address=address)
    return Nothing()


_CODE = OpenStep(
    path=f"{_BASE}/password-reset",
    operation_id="campus_password_reset",
    body=schema.ForgotPasswordIn,
    reply=Nothing,
    act=_mail_code,
    summary="Mail a code for a new password; the answer does not show whether there is an account",
)
_PASSWORD = OpenStep(
    path=f"{_BASE}/password-reset-confirm",
    operation_id="campus_password_reset_confirm",
    body=schema.ResetPasswordIn,
    reply=Nothing,
    act=_set_password,
    summary="Set a new password by the code, and end all sessions",
)
session_routes.add_code_for_password(bp, _CODE, then=_PASSWORD.operation_id)
session_routes.add_password_by_code(bp, _PASSWORD)


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/profile",
        guard=CAMPUS,
        reply=schema.ProfileOut,
        refuses=(errors.NotFound,),
        links=(Link("campus_individual_report", {"user_id": "/id"}),),
    ),
)
def campus_profile(call: Call[None, None]) -> schema.ProfileOut:
    """Show the own profile."""
    return schema.ProfileOut.read(campus_profiles.view(call.principal.id))


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/profile/update",
        guard=CAMPUS,
        body=schema.ProfileChangeIn,
        reply=schema.ProfileOut,
        refuses=(errors.AlreadyExists, errors.Conflict, errors.NotFound),
    ),
)
def campus_update_profile(call: Call[schema.ProfileChangeIn, None]) -> schema.ProfileOut:
    """Change the own profile; a changed name, number, department or campus is to be verified again."""
    changes = call.body.model_dump(exclude_unset=True)
    return schema.ProfileOut.read(campus_changes.change_own(call.principal.id, changes))
