"""A door of a declared list, which is exported where its query asks for a `format`: the one place of all exports."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from chalice import Blueprint, Response
from msgspec.structs import replace

from chalicelib.domain.exports import list_files
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.pages import Asked
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import asked_of
from chalicelib.portals.http.route import AnyRoute, Call
from chalicelib.schemas.admin.exports import ExportOut

ViewT = TypeVar("ViewT", bound=Callable[[Call[None, Any]], Any])
_STARTED = 202


def _all_of(asked: Asked) -> Asked:
    return asked


def list_door(
    blueprint: Blueprint, listed: AnyList, declared: AnyRoute, narrowed: Callable[[Asked], Asked] = _all_of
) -> Callable[[ViewT], Callable[..., Response]]:
    """Register a view that answers with pages of a list; its export is a job, and an act in the audit log.

    `narrowed` is what the view itself makes of a request, such as one kind of user.
    """
    route = replace(declared, also={**declared.also, _STARTED: ExportOut}, exports=f"{listed.name}.export")

    def declare(view: ViewT) -> Callable[..., Response]:
        @functools.wraps(view)
        def page_or_file(call: Call[None, Any]) -> Any:
            wanted = call.query.file_format
            if wanted is None:
                return view(call)
            asked, role = narrowed(asked_of(listed, call)), call.principal.claims.get("role")
            return ExportOut.read(list_files.begin(listed, asked, wanted=wanted, role=role))

        return door(blueprint, route)(page_or_file)

    return declare
