"""Tix: the members of an organization."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.organizations import members
from chalicelib.portals.http.auth import TIX, TIX_ADMIN
from chalicelib.portals.http.door import door
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.tix.members import MemberOut
from chalicelib.schemas.tix.tickets import DoneOut
from chalicelib.schemas.wire import PageIn, PageOut

bp = Blueprint(__name__)
_BASE = "/api/tix/members"


@door(
    bp,
    Route(
        "GET",
        _BASE,
        guard=TIX,
        query=PageIn,
        reply=PageOut[MemberOut],
        links=(Link("tix_remove_member", {"user_id": "/results/0/id"}),),
    ),
)
def tix_members(call: Call[None, PageIn]) -> PageOut[MemberOut]:
    """List the organization's users, newest first."""
    query = call.query
    page = members.page(call.principal.organization_id, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, MemberOut.read)


@door(
    bp,
    Route(
        "DELETE",
        f"{_BASE}/{{user_id}}",
        guard=TIX_ADMIN,
        reply=DoneOut,
        refuses=(errors.NotFound, errors.InvalidState, errors.Conflict),
    ),
)
def tix_remove_member(call: Call[None, None]) -> DoneOut:
    """Remove a user with their sessions and live connections; the invite code changes."""
    members.remove(call.principal.organization_id, call.path["user_id"], by=call.principal.id)
    return DoneOut()
