"""The merchants' portal: log-in, settings, change of number."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.customers import registration
from chalicelib.domain.merchants import merchant_settings
from chalicelib.domain.merchants.merchant_settings import LoggedInShop
from chalicelib.portals import session_routes
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import MERCHANT
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.session_routes import Audience
from chalicelib.schemas.log_ins import ChallengeOut, MobileLoginIn, VerifyIn
from chalicelib.schemas.merchant import accounts as schema
from chalicelib.vocabulary.access import Portal

bp = Blueprint(__name__)
_BASE = "/api/merchant"
_AUDIENCE = Audience("merchant", Portal.MERCHANT, MERCHANT)


def _logged_in_out(log_in: LoggedInShop) -> schema.ShopLoggedInOut:
    pair = log_in.tokens
    return schema.ShopLoggedInOut(
        access=pair.access,
        refresh=pair.refresh,
        token_type=pair.token_type,
        expires_in=pair.expires_in,
        merchant=schema.ShopOut.read(log_in.shop),
    )


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
        links=(Link("public_merchant_verify_otp", body={"challenge_id": "/challenge_id"}),),
    ),
)
def public_merchant_login(call: Call[MobileLoginIn, None]) -> ChallengeOut:
    """Check number and password and send the log-in's code."""
    body = call.body
    sent = registration.log_in(
        mobile_number=body.mobile_number, password=body.password, address=call.address, portal=Portal.MERCHANT
    )
    return ChallengeOut.read(sent)


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
def public_merchant_verify_otp(call: Call[VerifyIn, None]) -> schema.ShopLoggedInOut:
    """Complete a log-in by its code."""
    body = call.body
    log_in = merchant_settings.complete_log_in(
        code=body.otp, challenge_id=body.challenge_id, mobile_number=body.mobile_number, visitor=call.visitor
    )
    return _logged_in_out(log_in)


session_routes.add_refresh(bp, f"{_BASE}/token/refresh", _AUDIENCE)
session_routes.add_log_out(bp, f"{_BASE}/logout", _AUDIENCE)
session_routes.add_change_password(bp, f"{_BASE}/change-password", _AUDIENCE)


@door(bp, Route("GET", f"{_BASE}/settings", guard=MERCHANT, reply=schema.ShopSettingsOut))
def merchant_shop_settings(call: Call[None, None]) -> schema.ShopSettingsOut:
    """Show the shop's settings."""
    return schema.ShopSettingsOut.read(merchant_settings.show(call.principal.id))


@door(bp, Route("PUT", f"{_BASE}/settings", guard=MERCHANT, body=schema.ShopSettingsIn, reply=schema.ShopSettingsOut))
def merchant_change_settings(call: Call[schema.ShopSettingsIn, None]) -> schema.ShopSettingsOut:
    """Change the shop's settings; an omitted field keeps its value."""
    changes = call.body.model_dump(exclude_unset=True)
    return schema.ShopSettingsOut.read(merchant_settings.change(call.principal.id, changes))


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
def merchant_change_mobile(call: Call[schema.ChangeMobileIn, None]) -> ChallengeOut:
    """Send a code to the shop's new log-in number."""
    sent = merchant_settings.begin_number_change(
        call.principal.id, new_mobile=call.body.new_mobile, password=call.body.password, address=call.address
    )
    return ChallengeOut.read(sent)


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
def merchant_verify_mobile_change(call: Call[schema.VerifyMobileChangeIn, None]) -> schema.ShopOut:
    """Change the log-in number to the one that the code confirms."""
    shop = merchant_settings.confirm_number_change(
        call.principal.id, challenge_id=call.body.challenge_id, code=call.body.otp, address=call.address
    )
    return schema.ShopOut.read(shop)
