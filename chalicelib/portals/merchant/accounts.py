"""The merchants' door: log-in, settings, change of number."""

from typing import Any

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import accounts, sessions
from chalicelib.domain.customers import registration
from chalicelib.domain.merchants import merchant_settings
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import MERCHANT
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.log_ins import ChallengeOut, MobileLoginIn, PasswordChangeIn, VerifyIn
from chalicelib.schemas.merchant import accounts as schema
from chalicelib.schemas.wire import Nothing, RefreshIn, TokensOut
from chalicelib.vocabulary import Portal

bp = Blueprint(__name__)
_BASE = "/api/merchant"


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/login",
        guard=None,
        padded=True,
        body=MobileLoginIn,
        reply=ChallengeOut,
        refuses=refusals.LOG_IN,
    ),
)
def public_merchant_login(call: Call[MobileLoginIn, None]) -> Any:
    """Check number and password and send the log-in's code."""
    body = call.body
    return registration.log_in(
        mobile_number=body.mobile_number, password=body.password, address=call.address, portal=Portal.MERCHANT
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/verify-otp",
        guard=None,
        padded=True,
        body=VerifyIn,
        reply=schema.ShopLoggedInOut,
        refuses=(*refusals.CODE, errors.AccountSuspended),
        links=(Link("merchant_refresh", body={"refresh": "/refresh"}),),
    ),
)
def public_merchant_verify_otp(call: Call[VerifyIn, None]) -> Any:
    """Complete a log-in by its code."""
    body = call.body
    result = registration.confirm_log_in(
        code=body.otp,
        challenge_id=body.challenge_id,
        mobile_number=body.mobile_number,
        address=call.address,
        portal=Portal.MERCHANT,
    )
    shop = merchant_settings.show(result.account.account_id)
    return {**TokensOut.model_validate(result.tokens).model_dump(), "merchant": shop}


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
        links=(Link("merchant_refresh", body={"refresh": "/refresh"}),),
    ),
)
def merchant_refresh(call: Call[RefreshIn, None]) -> Any:
    """Spend a refresh token for the next pair."""
    return sessions.refresh(call.body.refresh, Portal.MERCHANT)


@door(bp, Route("POST", f"{_BASE}/logout", guard=MERCHANT, reply=Nothing))
def merchant_logout(call: Call[None, None]) -> Any:
    """End the session."""
    sessions.end(call.principal.session_id, ended_because="logged out")


@door(bp, Route("GET", f"{_BASE}/settings", guard=MERCHANT, reply=schema.ShopSettingsOut))
def merchant_shop_settings(call: Call[None, None]) -> Any:
    """Show the shop's settings."""
    return merchant_settings.show(call.principal.id)


@door(bp, Route("PUT", f"{_BASE}/settings", guard=MERCHANT, body=schema.ShopSettingsIn, reply=schema.ShopSettingsOut))
def merchant_change_settings(call: Call[schema.ShopSettingsIn, None]) -> Any:
    """Change the shop's settings; a field that is left out stays."""
    return merchant_settings.change(call.principal.id, call.body.model_dump(exclude_unset=True))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/change-password",
        guard=MERCHANT,
        body=PasswordChangeIn,
        reply=Nothing,
        refuses=refusals.LOG_IN,
    ),
)
def merchant_change_password(call: Call[PasswordChangeIn, None]) -> Any:
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
        f"{_BASE}/change-mobile",
        guard=MERCHANT,
        body=schema.ChangeMobileIn,
        reply=ChallengeOut,
        refuses=refusals.LOG_IN,
        links=(Link("merchant_verify_mobile_change", body={"challenge_id": "/challenge_id"}),),
    ),
)
def merchant_change_mobile(call: Call[schema.ChangeMobileIn, None]) -> Any:
    """Send a code to the number that the shop wants to log in with."""
    return merchant_settings.begin_number_change(
        call.principal.id, new_mobile=call.body.new_mobile, password=call.body.password, address=call.address
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/verify-mobile-change",
        guard=MERCHANT,
        body=schema.VerifyMobileChangeIn,
        reply=schema.ShopOut,
        refuses=(*refusals.CODE, errors.AccountSuspended, errors.AlreadyExists, errors.Conflict),
    ),
)
def merchant_verify_mobile_change(call: Call[schema.VerifyMobileChangeIn, None]) -> Any:
    """Move the log-in to the number that the code proves."""
    return merchant_settings.confirm_number_change(
        call.principal.id, challenge_id=call.body.challenge_id, code=call.body.otp, address=call.address
    )
