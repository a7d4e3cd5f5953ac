"""Campus: its people for the office, and the campuses."""

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.campus.people import campus_changes, campus_users, campuses
from chalicelib.domain.lists.campus import CAMPUS_USERS
from chalicelib.portals.http.auth import CAMPUS, CAMPUS_OFFICE
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import asked_of, query_with
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.campus import users as schema
from chalicelib.schemas.wire import PageIn, PageOut

bp = Blueprint(__name__)
_USERS = "/api/campus/users"
_ONE = f"{_USERS}/{{user_id}}"
_LIST = query_with(CAMPUS_USERS, ListIn)


@door(
    bp,
    Route(
        "GET",
        _USERS,
        guard=CAMPUS_OFFICE,
        query=_LIST,
        reply=PageOut[schema.CampusUserOut],
        links=(Link("campus_user", {"user_id": "/results/0/id"}), Link("campus_list_users", {"cursor": "/next"})),
    ),
)
def campus_list_users(call: Call[None, ListIn]) -> PageOut[schema.CampusUserOut]:
    """List the people of all campuses, newest first; `campus` takes an id or a name."""
    return PageOut.of(campus_users.page(asked_of(CAMPUS_USERS, call)), schema.CampusUserOut.read)


@door(
    bp,
    Route(
        "GET",
        _ONE,
        guard=CAMPUS_OFFICE,
        query=schema.UserQueryIn,
        reply=schema.AuditedUserOut,
        refuses=(errors.NotFound, errors.InvalidCursor),
        links=(Link("campus_change_user", {"user_id": "/id"}), Link("campus_verify_user", {"user_id": "/id"})),
    ),
)
def campus_user(call: Call[None, schema.UserQueryIn]) -> schema.AuditedUserOut:
    """Show a person, with the tried log-ins if asked."""
    query = call.query
    found = campus_users.show(
        call.path["user_id"],
        caller_id=call.principal.id,
        audit=query.audit,
        page_size=query.page_size,
        cursor=query.cursor,
    )
    return schema.AuditedUserOut.read(found)


@door(
    bp,
    Route(
        "PUT",
        _ONE,
        guard=CAMPUS_OFFICE,
        body=schema.UserChangeIn,
        reply=schema.CampusUserOut,
        refuses=(errors.NotFound, errors.AlreadyExists, errors.Conflict),
    ),
)
def campus_change_user(call: Call[schema.UserChangeIn, None]) -> schema.CampusUserOut:
    """Change a person: role, department, campus, student number, card, access."""
    changes = call.body.model_dump(exclude_unset=True)
    return schema.CampusUserOut.read(campus_changes.change(call.path["user_id"], changes, by=call.principal.id))


@door(
    bp,
    Route(
        "POST",
        f"{_ONE}/verify",
        guard=CAMPUS_OFFICE,
        reply=schema.CampusUserOut,
        refuses=(errors.NotFound, errors.Conflict),
    ),
)
def campus_verify_user(call: Call[None, None]) -> schema.CampusUserOut:
    """Verify a person and their student number; a number has one verified account."""
    return schema.CampusUserOut.read(campus_changes.verify(call.path["user_id"], by=call.principal.id))


@door(
    bp,
    Route(
        "GET",
        "/api/campus/campuses",
        guard=CAMPUS,
        query=PageIn,
        reply=PageOut[schema.CampusOut],
        refuses=(errors.InvalidCursor,),
        links=(Link("campus_campuses", {"cursor": "/next"}),),
    ),
)
def campus_campuses(call: Call[None, PageIn]) -> PageOut[schema.CampusOut]:
    """List the campuses; filters take their id or name."""
    query = call.query
    page = campuses.page(call.principal.id, page_size=query.page_size, cursor=query.cursor)
    return PageOut.of(page, schema.CampusOut.read)
