"""A door of a declared list, which is exported where its query asks for a `format`: the one place of all exports."""

import functools
from collections.abc import Callable
from typing import Any

from chalice import Blueprint, Response
from msgspec.structs import replace

from chalicelib.domain.exports import list_files
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.pages import Asked
from chalicelib.portals.http.answer import File
from chalicelib.portals.http.door import door
from chalicelib.portals.http.list_pages import asked_of
from chalicelib.portals.http.route import AnyRoute, Call, OtherT, QueryT, ReplyT, Route
from chalicelib.schemas.admin.exports import ExportOut

_STARTED = 202


def _all_of(asked: Asked) -> Asked:
    return asked


def list_door(
    blueprint: Blueprint,
    listed: AnyList,
    declared: Route[None, QueryT, ReplyT, OtherT],
    *,
    narrowed: Callable[[Asked], Asked] = _all_of,
) -> Callable[[Callable[[Call[None, QueryT]], ReplyT | OtherT | File]], Callable[..., Response]]:
    """Register a view that answers with pages of a list; its export is a job, and an act in the audit log.

    `narrowed` is what the view itself makes of a request, such as one kind of user. A reply that the
    route declares with 202 shows the job, too.
    """
    reply: Any = declared.also.get(_STARTED, ExportOut)
    route: AnyRoute = replace(declared, also={**declared.also, _STARTED: reply}, exports=f"{listed.name}.export")

    def declare(view: Callable[[Call[None, QueryT]], Any]) -> Callable[..., Response]:
        @functools.wraps(view)
        def page_or_file(call: Call[None, Any]) -> Any:
            wanted = call.query.file_format
            if wanted is None:
                return view(call)
            asked, role = narrowed(asked_of(listed, call)), call.principal.claims.get("role")
            return reply.read(list_files.begin(listed, asked, wanted=wanted, role=role))

        return door(blueprint, route)(page_or_file)

    return declare
