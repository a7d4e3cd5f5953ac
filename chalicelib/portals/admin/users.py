"""The staff's portal: users of every kind."""

from functools import partial

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import user_changes, users
from chalicelib.domain.access.users import NewUser
from chalicelib.domain.lists.users import USERS
from chalicelib.portals.http.auth import GATE_READERS, MANAGERS, READERS, USHER_MANAGERS
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_doors import list_door
from chalicelib.portals.http.list_pages import asked_of, list_query
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import users as schema
from chalicelib.schemas.admin.lists import ListIn
from chalicelib.schemas.wire import PageOut
from chalicelib.vocabulary.access import UserType

bp = Blueprint(__name__)
_BASE = "/api/users"
_ONE = f"{_BASE}/{{user_id}}"
_NEXT = (
    Link("admin_change_user", {"user_id": "/id"}, {"version": "/version"}),
    Link("admin_deactivate_user", {"user_id": "/id"}),
    Link("admin_verify_user", {"user_id": "/id"}),
)

_LIST = list_query(USERS)


@list_door(
    bp,
    USERS,
    Route(
        "GET",
        _BASE,
        guard=GATE_READERS,
        query=_LIST,
        reply=PageOut[schema.UserOut],
        links=(Link("admin_user", {"user_id": "/results/0/id"}), Link("admin_users", {"cursor": "/next"})),
    ),
)
def admin_users(call: Call[None, ListIn]) -> PageOut[schema.UserOut]:
    """List users of every kind, newest first; those who handle ushers only see ushers."""
    return PageOut.of(users.page(asked_of(USERS, call)), schema.UserOut.read)


@list_door(
    bp,
    USERS,
    Route(
        "GET",
        "/api/organizers",
        guard=READERS,
        query=_LIST,
        reply=PageOut[schema.UserOut],
        links=(Link("admin_organizers", {"cursor": "/next"}),),
    ),
    narrowed=partial(users.selected, only=UserType.ORGANIZER),
)
def admin_organizers(call: Call[None, ListIn]) -> PageOut[schema.UserOut]:
    """List organizers, newest first."""
    return PageOut.of(users.page(asked_of(USERS, call), only=UserType.ORGANIZER), schema.UserOut.read)


@list_door(
    bp,
    USERS,
    Route(
        "GET",
        "/api/merchants",
        guard=READERS,
        query=_LIST,
        reply=PageOut[schema.UserOut],
        links=(Link("admin_merchants", {"cursor": "/next"}),),
    ),
    narrowed=partial(users.selected, only=UserType.MERCHANT),
)
def admin_merchants(call: Call[None, ListIn]) -> PageOut[schema.UserOut]:
    """List merchants, newest first."""
    return PageOut.of(users.page(asked_of(USERS, call), only=UserType.MERCHANT), schema.UserOut.read)


@list_door(
    bp,
    USERS,
    Route(
        "GET",
        "/api/ushers",
        guard=GATE_READERS,
        query=_LIST,
        reply=PageOut[schema.UsherUserOut],
        links=(Link("admin_ushers", {"cursor": "/next"}),),
    ),
    narrowed=partial(users.selected, only=UserType.USHER),
)
def admin_ushers(call: Call[None, ListIn]) -> PageOut[schema.UsherUserOut]:
    """List ushers with their assignments, newest first."""
    page = users.page(asked_of(USERS, call), only=UserType.USHER, with_events=True)
    return PageOut.of(page, schema.UsherUserOut.read)


@list_door(
    bp,
    USERS,
    Route(
        "GET",
        "/api/admins",
        guard=READERS,
        query=_LIST,
        reply=PageOut[schema.UserOut],
        links=(Link("admin_admins", {"cursor": "/next"}),),
    ),
    narrowed=partial(users.selected, only=UserType.ADMIN),
)
def admin_admins(call: Call[None, ListIn]) -> PageOut[schema.UserOut]:
    """List members of staff, newest first."""
    return PageOut.of(users.page(asked_of(USERS, call), only=UserType.ADMIN), schema.UserOut.read)


@door(
    bp,
    Route(
        "POST",
        _BASE,
        guard=USHER_MANAGERS,
        body=schema.UserIn,
        reply=schema.UserOut,
        status=201,
        refuses=(errors.AlreadyExists,),
        links=_NEXT,
        audited="user.create",
    ),
)
def admin_create_user(call: Call[schema.UserIn, None]) -> schema.UserOut:
    """Create an organizer, a merchant, an usher or a member of staff."""
    body = call.body
    new = NewUser(
        type=body.type,
        name=body.name,
        email=body.email,
        mobile_number=body.number,
        username=body.username,
        password=body.password,
        role=body.role,
        roles=body.roles,
        event_ids=body.event_ids,
    )
    return schema.UserOut.read(users.create(new, by=call.principal.id))


@door(
    bp,
    Route("GET", _ONE, guard=GATE_READERS, reply=schema.UserOut, refuses=(errors.NotFound,)),
)
def admin_user(call: Call[None, None]) -> schema.UserOut:
    """Show a user."""
    return schema.UserOut.read(users.show(call.path["user_id"], by=call.principal.id))


@door(
    bp,
    Route(
        "PUT",
        _ONE,
        guard=USHER_MANAGERS,
        body=schema.UserChangeIn,
        reply=schema.UserOut,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState, errors.AlreadyExists),
        links=_NEXT,
        audited="user.change",
    ),
)
def admin_change_user(call: Call[schema.UserChangeIn, None]) -> schema.UserOut:
    """Change a user; `password` sends them a link to set one."""
    changed = user_changes.change(
        call.path["user_id"], call.body.changes(), version=call.body.version, by=call.principal.id
    )
    return schema.UserOut.read(changed)


@door(
    bp,
    Route(
        "DELETE",
        _ONE,
        guard=USHER_MANAGERS,
        status=204,
        refuses=(errors.NotFound, errors.Conflict, errors.InvalidState),
        audited="user.deactivate",
    ),
)
def admin_deactivate_user(call: Call[None, None]) -> None:
    """Deactivate a user and end their sessions."""
    user_changes.deactivate(call.path["user_id"], by=call.principal.id)


@door(
    bp,
    Route(
        "POST",
        f"{_ONE}/verify",
        guard=MANAGERS,
        reply=schema.UserOut,
        refuses=(errors.NotFound, errors.InvalidState),
        links=_NEXT,
        audited="user.verify",
    ),
)
def admin_verify_user(call: Call[None, None]) -> schema.UserOut:
    """Mark an organizer or merchant as checked: before that no payout and no stock."""
    return schema.UserOut.read(users.verify(call.path["user_id"], by=call.principal.id))
