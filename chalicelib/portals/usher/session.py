"""The ushers' portal: log-in at one event."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import ushers
from chalicelib.domain.access.ushers import UsherLogIn
from chalicelib.portals import session_routes
from chalicelib.portals.http import refusals
from chalicelib.portals.http.auth import USHER
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.portals.session_routes import Audience
from chalicelib.portals.usher.events import event_out
from chalicelib.schemas.usher import session as schema
from chalicelib.vocabulary.access import Portal, UsherRole

bp = Blueprint(__name__)
_BASE = "/api/usher"
_AUDIENCE = Audience("usher", Portal.USHER, USHER)


def _logged_in_out(log_in: UsherLogIn) -> schema.LoginOut:
    account, pair = log_in.account, log_in.tokens
    usher = schema.UsherOut(
        id=account.account_id,
        username=account.login,
        name=account.name,
        roles=[UsherRole(role) for role in account.roles or []],
    )
    return schema.LoginOut(
        access=pair.access,
        refresh=pair.refresh,
        token_type=pair.token_type,
        expires_in=pair.expires_in,
        usher=usher,
        event=event_out(log_in.event),
    )


@door(
    bp,
    Route(
        "POST",
        f"{_BASE}/login",
        guard=None,
        padded=True,
        body=schema.LoginIn,
        reply=schema.LoginOut,
        refuses=(*refusals.LOG_IN, errors.Forbidden, errors.NotAssigned, errors.NotFound),
        links=(
            Link("usher_event", {"event_id": "/event/id"}),
            Link("usher_event_status", {"event_id": "/event/id"}),
            Link("usher_validate_assignment", {"event_id": "/event/id"}),
            Link("usher_refresh", body={"refresh": "/refresh"}),
        ),
    ),
)
def usher_login(call: Call[schema.LoginIn, None]) -> schema.LoginOut:
    """Log in at one event; the role and the assignment are checked."""
    body = call.body
    log_in = ushers.log_in(
        body.username,
        body.password,
        event_id=body.event_id,
        visitor=call.visitor,
        installation_id=body.installation_id,
    )
    return _logged_in_out(log_in)


session_routes.add_refresh(bp, f"{_BASE}/token/refresh", _AUDIENCE, refuses=(errors.Forbidden, errors.NotAssigned))
session_routes.add_log_out(bp, f"{_BASE}/logout", _AUDIENCE)
