"""The web app: registration, log-in, codes, profile."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain import photos
from chalicelib.domain.access import otp, resets
from chalicelib.domain.customers import customers, registration
from chalicelib.domain.customers.registration import LoggedInCustomer, RegistrationNamed
from chalicelib.portals import session_routes
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import BODY_LIMIT, Call, FormBody, Link, Route
from chalicelib.portals.session_routes import Audience, OpenStep
from chalicelib.schemas.log_ins import ChallengeOut, MobileLoginIn, VerifyIn
from chalicelib.schemas.webapp import accounts as schema
from chalicelib.schemas.wire import Nothing
from chalicelib.vocabulary.access import Portal

bp = Blueprint(__name__)
BASE = "/api/v1"
_USERS = f"{BASE}/users"
_AUDIENCE = Audience("customer", Portal.WEBAPP, CUSTOMER)


def _logged_in_out(log_in: LoggedInCustomer) -> schema.LoggedInOut:
    pair = log_in.tokens
    return schema.LoggedInOut(
        access=pair.access,
        refresh=pair.refresh,
        token_type=pair.token_type,
        expires_in=pair.expires_in,
        customer=schema.CustomerOut.read(log_in.customer),
    )


def _birthday(body: schema.RegisterIn) -> str | None:
    return body.date_of_birth.isoformat() if body.date_of_birth else None


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/register",
        guard=None,
        padded=True,
        body=schema.RegisterIn,
        reply=ChallengeOut,
        status=202,
        refuses=(errors.RateLimited,),
        links=(
            Link("public_verify_otp", body={"challenge_id": "/challenge_id"}),
            Link("public_resend_otp", body={"challenge_id": "/challenge_id"}),
        ),
    ),
)
def public_register(call: Call[schema.RegisterIn, None]) -> ChallengeOut:
    """Begin a registration and send its code."""
    body = call.body
    sent = registration.register(
        mobile_number=body.mobile_number,
        password=body.password,
        name=body.name,
        email=body.email,
        date_of_birth=_birthday(body),
        address=call.address,
    )
    return ChallengeOut.read(sent)


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/verify-otp",
        guard=None,
        padded=True,
        body=schema.VerifyRegistrationIn,
        reply=schema.LoggedInOut,
        status=201,
        refuses=(*refusals.CODE, errors.AlreadyExists),
        links=(Link("customer_refresh", body={"refresh": "/refresh"}),),
    ),
)
def public_verify_otp(call: Call[schema.VerifyRegistrationIn, None]) -> schema.LoggedInOut:
    """Complete a registration by its code and log in; by number it takes the registration's password."""
    body = call.body
    registered = RegistrationNamed(body.challenge_id, body.mobile_number, body.password)
    log_in = registration.complete(code=body.otp, registered=registered, visitor=call.visitor)
    return _logged_in_out(log_in)


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/login",
        guard=None,
        padded=True,
        body=MobileLoginIn,
        reply=ChallengeOut,
        refuses=refusals.LOG_IN,
        links=(
            Link("public_verify_login_otp", body={"challenge_id": "/challenge_id"}),
            Link("public_resend_otp", body={"challenge_id": "/challenge_id"}),
        ),
    ),
)
def public_login(call: Call[MobileLoginIn, None]) -> ChallengeOut:
    """Check number and password and send the log-in's code."""
    body = call.body
    return ChallengeOut.read(
        registration.log_in(mobile_number=body.mobile_number, password=body.password, address=call.address)
    )


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/verify-login-otp",
        guard=None,
        padded=True,
        body=VerifyIn,
        reply=schema.LoggedInOut,
        refuses=(*refusals.CODE, errors.AccountSuspended),
        links=(Link("customer_refresh", body={"refresh": "/refresh"}),),
    ),
)
def public_verify_login_otp(call: Call[VerifyIn, None]) -> schema.LoggedInOut:
    """Complete a log-in by its code."""
    body = call.body
    log_in = registration.complete_log_in(
        code=body.otp, challenge_id=body.challenge_id, mobile_number=body.mobile_number, visitor=call.visitor
    )
    return _logged_in_out(log_in)


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/resend-otp",
        guard=None,
        padded=True,
        body=schema.ResendIn,
        reply=ChallengeOut,
        status=202,
        refuses=(errors.RateLimited,),
    ),
)
def public_resend_otp(call: Call[schema.ResendIn, None]) -> ChallengeOut:
    """Send a new code for a challenge, under the same limits."""
    return ChallengeOut.read(otp.resend(call.body.challenge_id, address=call.address))


session_routes.add_refresh(bp, f"{_USERS}/token/refresh", _AUDIENCE)
session_routes.add_log_out(bp, f"{_USERS}/logout", _AUDIENCE)
session_routes.add_change_password(bp, f"{_USERS}/change-password", _AUDIENCE)


@door(
    bp,
    Route(
        "GET",
        f"{_USERS}/me",
        guard=CUSTOMER,
        reply=schema.MeOut,
        links=(Link("merchant_verify_customer", {"mobile": "/mobile_number"}),),
    ),
)
def customer_me(call: Call[None, None]) -> schema.MeOut:
    """Show one's own account."""
    return schema.MeOut.read(customers.own(call.principal.id))


@door(
    bp,
    Route(
        "PUT",
        f"{_USERS}/profile",
        guard=CUSTOMER,
        body=schema.ProfileIn,
        reply=schema.ProfileOut,
        form=FormBody(photos.MAX_BYTES + BODY_LIMIT, files=("photo",)),
    ),
)
def customer_change_profile(call: Call[schema.ProfileIn, None]) -> schema.ProfileOut:
    """Change one's own profile, by JSON or by a form with the photo; an omitted field keeps its value."""
    changes = call.body.model_dump(mode="json", exclude_unset=True)
    return schema.ProfileOut.read(customers.change(call.principal.id, changes, photo=call.files.get("photo")))


def _send_code(body: schema.ForgotPasswordIn, address: str) -> ChallengeOut:
    return ChallengeOut.read(resets.forget(Portal.WEBAPP, body.mobile_number, address=address))


def _set_password(body: schema.ResetPasswordIn, address: str) -> Nothing:
    resets.reset(
        Portal.WEBAPP,
        body.mobile_number,
        code=body.otp,
        new_password=body.new_password,
        address=address,
        challenge_id=body.challenge_id,
    )
    return Nothing()


_CODE = OpenStep(
    path=f"{_USERS}/forgot-password/request-otp",
    operation_id="public_forgot_password",
    body=schema.ForgotPasswordIn,
    reply=ChallengeOut,
    act=_send_code,
    summary="Send a code for a new password; the answer does not show whether there is an account",
)
_PASSWORD = OpenStep(
    path=f"{_USERS}/reset-password",
    operation_id="public_reset_password",
    body=schema.ResetPasswordIn,
    reply=Nothing,
    act=_set_password,
    summary="Set a new password by the code and end all sessions",
)
session_routes.add_code_for_password(bp, _CODE, then=_PASSWORD.operation_id)
session_routes.add_password_by_code(bp, _PASSWORD)
