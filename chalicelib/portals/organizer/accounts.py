"""The organizers' portal: log-in, forgotten password, profile."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain import photos
from chalicelib.domain.access import resets
from chalicelib.domain.customers import registration
from chalicelib.domain.organizers import organizers
from chalicelib.domain.organizers.organizers import LoggedInOrganizer
from chalicelib.portals import session_routes
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import ORGANIZER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import BODY_LIMIT, Call, FormBody, Link, Route
from chalicelib.portals.session_routes import Audience, OpenStep
from chalicelib.schemas.log_ins import ChallengeOut, ContactLoginIn, ContactVerifyIn
from chalicelib.schemas.organizer import accounts as schema
from chalicelib.schemas.wire import Nothing
from chalicelib.vocabulary.access import Portal

bp = Blueprint(__name__)
_BASE = "/api/organizer"
_AUDIENCE = Audience("organizer", Portal.ORGANIZER, ORGANIZER)


def _logged_in_out(log_in: LoggedInOrganizer) -> schema.OrganizerLoggedInOut:
    pair = log_in.tokens
    return schema.OrganizerLoggedInOut(
        access=pair.access,
        refresh=pair.refresh,
        token_type=pair.token_type,
        expires_in=pair.expires_in,
        organizer=schema.OrganizerProfileOut.read(log_in.organizer),
    )


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
        links=(Link("public_organizer_verify_otp", body={"challenge_id": "/challenge_id"}),),
    ),
)
def public_organizer_login(call: Call[ContactLoginIn, None]) -> ChallengeOut:
    """Check number and password and send the log-in's code."""
    body = call.body
    sent = registration.log_in(
        mobile_number=body.contact_mobile, password=body.password, address=call.address, portal=Portal.ORGANIZER
    )
    return ChallengeOut.read(sent)


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
def public_organizer_verify_otp(call: Call[ContactVerifyIn, None]) -> schema.OrganizerLoggedInOut:
    """Complete a log-in by its code."""
    body = call.body
    log_in = organizers.complete_log_in(
        code=body.otp, challenge_id=body.challenge_id, mobile_number=body.contact_mobile, visitor=call.visitor
    )
    return _logged_in_out(log_in)


def _send_code(body: schema.ForgotPasswordIn, address: str) -> ChallengeOut:
    return ChallengeOut.read(resets.forget(Portal.ORGANIZER, body.contact_mobile, address=address))


def _set_password(body: schema.ResetPasswordIn, address: str) -> Nothing:
    resets.reset(
        Portal.ORGANIZER,
        body.contact_mobile,
        code=body.otp,
        new_password=body.new_password,
        address=address,
        challenge_id=body.challenge_id,
    )
    return Nothing()


_CODE = OpenStep(
    path=f"{_BASE}/forgot-password",
    operation_id="public_organizer_forgot_password",
    body=schema.ForgotPasswordIn,
    reply=ChallengeOut,
    act=_send_code,
    summary="Send a code for a new password; the answer does not show whether there is an account",
)
_PASSWORD = OpenStep(
    path=f"{_BASE}/reset-password",
    operation_id="public_organizer_reset_password",
    body=schema.ResetPasswordIn,
    reply=Nothing,
    act=_set_password,
    summary="Set a new password by the code and end all sessions",
)
session_routes.add_code_for_password(bp, _CODE, then=_PASSWORD.operation_id)
session_routes.add_password_by_code(bp, _PASSWORD)


session_routes.add_refresh(bp, f"{_BASE}/token/refresh", _AUDIENCE)
session_routes.add_log_out(bp, f"{_BASE}/logout", _AUDIENCE)
session_routes.add_change_password(bp, f"{_BASE}/profile/change-password", _AUDIENCE)


@door(bp, Route("GET", f"{_BASE}/me", guard=ORGANIZER, reply=schema.OrganizerProfileOut))
def organizer_me(call: Call[None, None]) -> schema.OrganizerProfileOut:
    """Show one's own account."""
    return schema.OrganizerProfileOut.read(organizers.show(call.principal.id))


@door(bp, Route("GET", f"{_BASE}/profile", guard=ORGANIZER, reply=schema.OrganizerProfileOut))
def organizer_profile(call: Call[None, None]) -> schema.OrganizerProfileOut:
    """Show one's own profile, which is one's own account."""
    return schema.OrganizerProfileOut.read(organizers.show(call.principal.id))


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
def organizer_change_profile(call: Call[schema.ProfileIn, None]) -> schema.ChangedProfileOut:
    """Change one's own profile, by JSON or by a form with the image; an omitted field keeps its value."""
    changes = call.body.model_dump(mode="json", exclude_unset=True)
    changed = organizers.change(call.principal.id, changes, image=call.files.get("image"))
    return schema.ChangedProfileOut.read(changed)
