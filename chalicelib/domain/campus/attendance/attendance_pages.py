"""Pages of the declared lists of attendance, narrowed to what their reader may see."""

from collections.abc import Mapping
from typing import TypeVar

from msgspec.structs import replace

from chalicelib.domain import paging
from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.attendance import event_staff
from chalicelib.domain.campus.people import campuses, student_numbers
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.declaration import ListOf
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.paging import Page
from chalicelib.errors import Conflict, NotFound
from chalicelib.table.items import Item

ItemT = TypeVar("ItemT", bound=Item)
Wish = str | bool
_USER, _CAMPUS = "usr_", "cam_"


def scoped(listed: ListOf[ItemT], caller: Principal, asked: Asked) -> Page[ItemT]:
    """Return a page of what the caller may read. Raises InvalidCursor, ValidationFailed."""
    return narrowed(listed, asked, event_staff.scope_of(caller))


def narrowed(listed: ListOf[ItemT], asked: Asked, scope: Mapping[str, str]) -> Page[ItemT]:
    """Return a page within a scope; a filter that contradicts the scope finds nothing.

    Raises InvalidCursor, ValidationFailed.
    """
    filters = {name: _resolved(name, value) for name, value in asked.filters.items()}
    if any(filters.get(name, value) != value for name, value in scope.items()):
        return paging.nothing(asked.cursor)
    return pages.page(listed, replace(asked, filters={**filters, **scope}))


def _resolved(name: str, value: Wish) -> Wish:
    """Return the id that a filter names: of a campus by its name, of a person by their student number."""
    if not isinstance(value, str):
        return value
    if name == "campus" and not value.startswith(_CAMPUS):
        return _campus_id(value)
    if name == "student" and not value.startswith(_USER):
        return _user_id(value)
    return value


def _campus_id(text: str) -> str:
    known = campuses.find(text, campuses.every())
    return known.campus_id if known is not None else text


def _user_id(number: str) -> str:
    try:
        return student_numbers.resolve(number)
    except (NotFound, Conflict):
        return number
