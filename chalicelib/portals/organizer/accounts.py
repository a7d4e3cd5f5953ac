"""The organizers' door: log-in, forgotten password, profile."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain import photos
from chalicelib.domain.access import accounts, sessions
from chalicelib.domain.customers import registration
from chalicelib.domain.organizers import organizers
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import ORGANIZER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import BODY_LIMIT, Call, FormBody, Link, Route
from chalicelib.schemas.log_ins import ChallengeOut, ContactLoginIn, ContactVerifyIn, PasswordChangeIn
from chalicelib.schemas.organizer import accounts as schema
from chalicelib.schemas.wire import Nothing, RefreshIn, TokensOut
from chalicelib.vocabulary import Portal

bp = Blueprint(__name__)
_BASE = "/api/organizer"


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/login",
        guard=None,
        padded=True,
        body=ContactLoginIn,
        reply=ChallengeOut,
        refuses=refusals.LOG_IN,
    ),
)
def public_organizer_login(call: Call[ContactLoginIn, None]) -> Any:
    """Check number and password and send the log-in's code."""
    body = call.body
    return registration.log_in(
        mobile_number=body.contact_mobile, password=body.password, address=call.address, portal=Portal.ORGANIZER
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/verify-otp",
        guard=None,
        padded=True,
        body=ContactVerifyIn,
        reply=schema.OrganizerLoggedInOut,
        refuses=(*refusals.CODE, errors.AccountSuspended),
        links=(Link("organizer_refresh", body={"refresh": "/refresh"}),),
    ),
)
def public_organizer_verify_otp(call: Call[ContactVerifyIn, None]) -> Any:
    """Complete a log-in by its code."""
    body = call.body
    result = registration.confirm_log_in(
        code=body.otp,
        challenge_id=body.challenge_id,
        mobile_number=body.contact_mobile,
        address=call.address,
        portal=Portal.ORGANIZER,
    )
    organizer = organizers.show(result.account.account_id)
    return {**TokensOut.model_validate(result.tokens).model_dump(), "organizer": organizer}


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/forgot-password",
        guard=None,
        padded=True,
        body=schema.ForgotPasswordIn,
        reply=ChallengeOut,
        status=202,
        refuses=(errors.RateLimited,),
    ),
)
def public_organizer_forgot_password(call: Call[schema.ForgotPasswordIn, None]) -> Any:
    """Send a code for a new password, without telling whether there is an account."""
    return registration.forget_password(
        mobile_number=call.body.contact_mobile, address=call.address, portal=Portal.ORGANIZER
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/reset-password",
        guard=None,
        padded=True,
        body=schema.ResetPasswordIn,
        reply=Nothing,
        refuses=(*refusals.CODE, errors.Conflict),
    ),
)
def public_organizer_reset_password(call: Call[schema.ResetPasswordIn, None]) -> Any:
    """Set a new password by the code and end all sessions."""
    body = call.body
    registration.reset_password(
        mobile_number=body.contact_mobile,
        code=body.otp,
        new_password=body.new_password,
        address=call.address,
        portal=Portal.ORGANIZER,
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/token/refresh",
        guard=None,
        body=RefreshIn,
        reply=TokensOut,
        refresh=True,
        refuses=refusals.REFRESH,
        links=(Link("organizer_refresh", body={"refresh": "/refresh"}),),
    ),
)
def organizer_refresh(call: Call[RefreshIn, None]) -> Any:
    """Spend a refresh token for the next pair."""
    return sessions.refresh(call.body.refresh, Portal.ORGANIZER)


@door(bp, Route("POST", f"{_BASE}/logout", guard=ORGANIZER, reply=Nothing))
def organizer_logout(call: Call[None, None]) -> Any:
    """End the session."""
    sessions.end(call.principal.session_id, ended_because="logged out")


@door(bp, Route("GET", f"{_BASE}/me", guard=ORGANIZER, reply=schema.OrganizerProfileOut))
def organizer_me(call: Call[None, None]) -> Any:
    """Show one's own account."""
    return organizers.show(call.principal.id)


@door(bp, Route("GET", f"{_BASE}/profile", guard=ORGANIZER, reply=schema.OrganizerProfileOut))
def organizer_profile(call: Call[None, None]) -> Any:
    """Show one's own profile, which is one's own account."""
    return organizers.show(call.principal.id)


@door(
    bp,
    Route(
        "PUT",
        f"{_BASE}/profile",
        guard=ORGANIZER,
        body=schema.ProfileIn,
        reply=schema.ChangedProfileOut,
        form=FormBody(photos.MAX_BYTES + BODY_LIMIT, files=("image",)),
        refuses=(errors.Conflict,),
    ),
)
def organizer_change_profile(call: Call[schema.ProfileIn, None]) -> Any:
    """Change one's own profile, by JSON or by a form that carries the image; a field that is left out stays."""
    changes = call.body.model_dump(mode="json", exclude_unset=True)
    return organizers.change(call.principal.id, changes, image=call.files.get("image"))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/profile/change-password",
        guard=ORGANIZER,
        body=PasswordChangeIn,
        reply=Nothing,
        refuses=refusals.LOG_IN,
    ),
)
def organizer_change_password(call: Call[PasswordChangeIn, None]) -> Any:
    """Change the password and end all other sessions."""
    accounts.change_password(
        call.principal.id,
        old_password=call.body.old_password,
        new_password=call.body.new_password,
        kept_session_id=call.principal.session_id,
    )
