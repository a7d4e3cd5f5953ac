"""The customers' door: registration, log-in, codes, profile."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import accounts, otp, sessions
from chalicelib.domain.customers import customers, registration
from chalicelib.domain.customers.registration import CustomerLogIn
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import CUSTOMER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.log_ins import ChallengeOut, MobileLoginIn, PasswordChangeIn, VerifyIn
from chalicelib.schemas.webapp import accounts as schema
from chalicelib.schemas.wire import Nothing, RefreshIn, TokensOut
from chalicelib.vocabulary import Portal

bp = Blueprint(__name__)
BASE = "/api/v1"
_USERS = f"{BASE}/users"


def _logged_in_out(result: CustomerLogIn) -> dict[str, Any]:
    return {**TokensOut.model_validate(result.tokens).model_dump(), "customer": customers.show(result.account)}


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
    ),
)
def public_register(call: Call[schema.RegisterIn, None]) -> Any:
    """Begin a registration and send its code."""
    body = call.body
    return registration.register(
        mobile_number=body.mobile_number,
        password=body.password,
        name=body.name,
        email=body.email,
        date_of_birth=body.date_of_birth.isoformat() if body.date_of_birth else None,
        address=call.address,
    )


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/verify-otp",
        guard=None,
        padded=True,
        body=VerifyIn,
        reply=schema.LoggedInOut,
        status=201,
        refuses=(*refusals.CODE, errors.AlreadyExists),
        links=(Link("customer_refresh", body={"refresh": "/refresh"}),),
    ),
)
def public_verify_otp(call: Call[VerifyIn, None]) -> Any:
    """Complete a registration by its code and log in."""
    body = call.body
    return _logged_in_out(
        registration.confirm(
            code=body.otp, challenge_id=body.challenge_id, mobile_number=body.mobile_number, address=call.address
        )
    )


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
    ),
)
def public_login(call: Call[MobileLoginIn, None]) -> Any:
    """Check number and password and send the log-in's code."""
    body = call.body
    return registration.log_in(mobile_number=body.mobile_number, password=body.password, address=call.address)


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
def public_verify_login_otp(call: Call[VerifyIn, None]) -> Any:
    """Complete a log-in by its code."""
    body = call.body
    return _logged_in_out(
        registration.confirm_log_in(
            code=body.otp, challenge_id=body.challenge_id, mobile_number=body.mobile_number, address=call.address
        )
    )


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
def public_resend_otp(call: Call[schema.ResendIn, None]) -> Any:
    """Send a new code for a challenge, under the same limits."""
    return otp.resend(call.body.challenge_id, address=call.address)


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/token/refresh",
        guard=None,
        body=RefreshIn,
        reply=TokensOut,
        refresh=True,
        refuses=refusals.REFRESH,
        links=(Link("customer_refresh", body={"refresh": "/refresh"}),),
    ),
)
def customer_refresh(call: Call[RefreshIn, None]) -> Any:
    """Spend a refresh token for the next pair."""
    return sessions.refresh(call.body.refresh, Portal.WEBAPP)


@door(bp, Route("POST", f"{_USERS}/logout", guard=CUSTOMER, reply=Nothing))
def customer_logout(call: Call[None, None]) -> Any:
    """End the session."""
    sessions.end(call.principal.session_id, ended_because="logged out")


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
def customer_me(call: Call[None, None]) -> Any:
    """Show one's own account."""
    return customers.show(accounts.get(call.principal.id))


@door(bp, Route("PUT", f"{_USERS}/profile", guard=CUSTOMER, body=schema.ProfileIn, reply=schema.ProfileOut))
def customer_change_profile(call: Call[schema.ProfileIn, None]) -> Any:
    """Change one's own profile; null clears a field, one that is left out stays."""
    return customers.change(call.principal.id, call.body.model_dump(mode="json", exclude_unset=True))


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/change-password",
        guard=CUSTOMER,
        body=PasswordChangeIn,
        reply=Nothing,
        refuses=refusals.LOG_IN,
    ),
)
def customer_change_password(call: Call[PasswordChangeIn, None]) -> Any:
    """Change the password and end all other sessions."""
    accounts.change_password(
        call.principal.id,
        old_password=call.body.old_password,
        new_password=call.body.new_password,
        kept_session_id=call.principal.session_id,
    )


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/forgot-password/request-otp",
        guard=None,
        padded=True,
        body=schema.ForgotPasswordIn,
        reply=ChallengeOut,
        status=202,
        refuses=(errors.RateLimited,),
    ),
)
def public_forgot_password(call: Call[schema.ForgotPasswordIn, None]) -> Any:
    """Send a code for a new password, without telling whether there is an account."""
    return registration.forget_password(mobile_number=call.body.mobile_number, address=call.address)


@door(
    bp,
    Route(
        "POST",
        f"{_USERS}/reset-password",
        guard=None,
        padded=True,
        body=schema.ResetPasswordIn,
        reply=Nothing,
        refuses=(*refusals.CODE, errors.Conflict),
    ),
)
def public_reset_password(call: Call[schema.ResetPasswordIn, None]) -> Any:
    """Set a new password by the code and end all sessions."""
    body = call.body
    registration.reset_password(
        mobile_number=body.mobile_number, code=body.otp, new_password=body.new_password, address=call.address
    )
