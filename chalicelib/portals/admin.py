"""The staff's door, as far as the gate needs it: log-in and devices."""

from typing import Any

from chalice import Blueprint

from chalicelib import clock, errors
from chalicelib.domain.access import accounts, devices, permissions, sessions, staff
from chalicelib.portals.http import cookies, refusals
from chalicelib.portals.http.answer import Reply
from chalicelib.portals.http.auth import DEVICE_MANAGERS, DEVICE_READERS, STAFF
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas import admin as schema
from chalicelib.schemas.wire import Nothing, PageOut
from chalicelib.vocabulary import Portal

bp = Blueprint(__name__)
_BASE = "/api"


def _admin_out(account: Any) -> dict[str, Any]:
    return {
        "id": account.account_id,
        "email": account.login,
        "name": account.name,
        "role": account.role,
        "permissions": permissions.granted(account.role),
    }


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/auth/login",
        guard=None,
        padded=True,
        body=schema.LoginIn,
        query=schema.LoginQuery,
        reply=schema.LoginOut,
        refuses=refusals.LOG_IN,
        links=(Link("admin_refresh", body={"refresh": "/refresh"}),),
    ),
)
def admin_login(call: Call[schema.LoginIn, schema.LoginQuery]) -> Any:
    """Log in, with TOTP where it is switched on; `?cookie=1` for browsers."""
    body = call.body
    in_cookie = call.query.cookie == "1"
    account, pair = staff.log_in(email=body.email, password=body.password, totp=body.totp, in_cookie=in_cookie)
    return cookies.reply(pair, in_cookie=in_cookie, admin=_admin_out(account))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/auth/refresh",
        guard=None,
        body=schema.RefreshIn,
        reply=schema.RefreshOut,
        refresh=True,
        refuses=refusals.REFRESH,
        links=(Link("admin_refresh", body={"refresh": "/refresh"}),),
    ),
)
def admin_refresh(call: Call[schema.RefreshIn, None]) -> Any:
    """Spend a refresh token, from the body or from the cookie with its X-CSRF-Token."""
    token, in_cookie = cookies.refresh_token(call.headers, call.body.refresh)
    return cookies.reply(sessions.refresh(token, Portal.ADMIN, in_cookie=in_cookie), in_cookie=in_cookie)


@door(bp, Route("POST", f"{_BASE}/auth/logout", guard=STAFF, reply=Nothing))
def admin_logout(call: Call[None, None]) -> Any:
    """End the session."""
    sessions.end(call.principal.session_id, ended_because="logged out")
    return Reply(None, headers=cookies.clearing(call.headers))


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/auth/change-password",
        guard=STAFF,
        body=schema.ChangePasswordIn,
        reply=Nothing,
        refuses=refusals.LOG_IN,
    ),
)
def admin_change_password(call: Call[schema.ChangePasswordIn, None]) -> Any:
    """Change the password and end every session."""
    old, new = call.body.old_password, call.body.new_password
    accounts.change_password(call.principal.id, old_password=old, new_password=new)


@door(bp, Route("GET", f"{_BASE}/auth/me", guard=STAFF, reply=schema.AdminOut))
def admin_me(call: Call[None, None]) -> Any:
    """Show one's own account and role."""
    return _admin_out(accounts.get(call.principal.id))


def _device_out(device: Any) -> dict[str, Any]:
    return {
        **{name: getattr(device, name) for name in schema.DeviceOut.model_fields if hasattr(device, name)},
        "id": device.device_id,
        "online": devices.is_online(device, clock.now()),
    }


@door(
    bp,
    Route(
        "GET",
        f"{_BASE}/devices",
        guard=DEVICE_READERS,
        query=schema.DevicesIn,
        reply=PageOut[schema.DeviceOut],
        links=(Link("admin_revoke_device", {"device_id": "/results/0/id"}), Link("admin_devices", {"cursor": "/next"})),
    ),
)
def admin_devices(call: Call[None, schema.DevicesIn]) -> Any:
    """List reader devices, newest first."""
    query = call.query
    page = devices.list_all(
        caller_id=call.principal.id,
        page_size=query.page_size,
        cursor=query.cursor,
        event_id=query.event_id,
        status=query.status,
    )
    return {"results": [_device_out(device) for device in page.results], "next": page.next, "count": page.count}


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/devices",
        guard=DEVICE_MANAGERS,
        body=schema.DeviceIn,
        reply=schema.ProvisionOut,
        status=201,
        refuses=(errors.NotFound,),
        links=(
            Link("device_enroll", body={"code": "/enrollment_code"}),
            Link("admin_revoke_device", {"device_id": "/device_id"}),
        ),
    ),
)
def admin_provision_device(call: Call[schema.DeviceIn, None]) -> Any:
    """Provision a reader and show its one-time enrolment code."""
    body = call.body
    return devices.provision(event_id=body.event_id, gate_name=body.gate, name=body.name, by=call.principal.id)


@door(
    bp, Route("DELETE", f"{_BASE}/devices/{{device_id}}", guard=DEVICE_MANAGERS, status=204, refuses=(errors.NotFound,))
)
def admin_revoke_device(call: Call[None, None]) -> Any:
    """Revoke a reader at once."""
    devices.revoke(call.path["device_id"])
