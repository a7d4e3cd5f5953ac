"""The staff's portal: the one-time links of the first administrator, and of users who set their password."""

from pathlib import Path

from chalice import Blueprint

from chalicelib import errors
from chalicelib.domain.access import first_admin, password_links
from chalicelib.portals.http.answer import File
from chalicelib.portals.http.door import door
from chalicelib.portals.http.pages import Page
from chalicelib.portals.http.route import Call, Link, Route
from chalicelib.schemas.admin import session as schema

bp = Blueprint(__name__)
_PATH = "/api/auth/first-admin"
_PAGE = Page(Path(__file__).parent)


@door(bp, Route("GET", _PATH, guard=None, media_type="text/html"))
def public_first_admin_page(_: Call[None, None]) -> File:
    """Show the page of the one-time link; its token stays in the browser until the form is sent."""
    return _PAGE.file


@door(
    bp,
    Route(
        "POST",
        _PATH,
        guard=None,
        padded=True,
        body=schema.FirstAdminIn,
        reply=schema.AdminOut,
        status=201,
        refuses=(errors.InvalidCredentials, errors.AlreadyExists),
        links=(Link("admin_login", body={"email": "/email"}),),
    ),
)
def public_first_admin(call: Call[schema.FirstAdminIn, None]) -> schema.AdminOut:
    """Create the first administrator by the token of the one-time link."""
    return schema.AdminOut.read(first_admin.accept(token=call.body.token, password=call.body.password))


@door(
    bp,
    Route(
        "PUT",
        _PATH,
        guard=None,
        padded=True,
        body=schema.FirstAdminIn,
        status=204,
        refuses=(errors.InvalidCredentials,),
    ),
)
def public_set_password(call: Call[schema.FirstAdminIn, None]) -> None:
    """Set the password of a user by the token of a one-time link, and end their sessions."""
    password_links.accept(token=call.body.token, password=call.body.password)
