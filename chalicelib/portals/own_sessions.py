"""A caller's own sessions, in any portal."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import sessions
from chalicelib.portals.http.auth import ANYBODY
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas import sessions as schema
from chalicelib.schemas.wire import PageIn, PageOut

bp = Blueprint(__name__)
_BASE = "/api/sessions"


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=ANYBODY,
        query=PageIn,
        reply=PageOut[schema.SessionOut],
        links=(
            Link("end_own_session", {"session_id": "/results/0/id"}),
            Link("own_sessions", {"cursor": "/next"}),
        ),
    ),
)
def own_sessions(call: Call[None, PageIn]) -> PageOut[schema.SessionOut]:
    """List one's own sessions, newest first."""
    page = sessions.list_own(call.principal, page_size=call.query.page_size, cursor=call.query.cursor)
    return PageOut.of(page, schema.SessionOut.read)


@door(
    bp,
    Route(
        "DELETE",
        f"{_BASE}/{{session_id}}",
        guard=ANYBODY,
        status=204,
        refuses=(errors.NotFound,),
        audited="session.end",
    ),
)
def end_own_session(call: Call[None, None]) -> None:
    """End one of one's own sessions, with its tokens and sockets."""
    sessions.end_own(call.principal, call.path["session_id"])
