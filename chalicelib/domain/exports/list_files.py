"""A declared list as a file: what a request for its pages selects, whole."""

from msgspec.structs import replace

from chalicelib.domain.access import permissions
from chalicelib.domain.access.permissions import Permission
from chalicelib.domain.exports import export_runs, sources
from chalicelib.domain.exports.export_runs import Export
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.declaration import ItemT, ListOf
from chalicelib.domain.lists.pages import Asked
from chalicelib.errors import Forbidden
from chalicelib.vocabulary.work import ExportFormat


def begin(listed: ListOf[ItemT], asked: Asked, *, wanted: ExportFormat, role: str | None) -> Export:
    """Start an export, or return the one that the same request started within the last ten minutes.

    Raises Forbidden (a list of people, for a role that only reads it), ValidationFailed, Unavailable.
    """
    if listed.has_people and not permissions.may(role, Permission.MANAGE):
        raise Forbidden("This list has personal data. Ask an administrator to export it.")
    pages.page(listed, replace(asked, page_size=1, cursor=None))  # refuses what a page would refuse
    return export_runs.begin(sources.of_list(listed), asked, wanted=wanted, starter_id=asked.caller_id)
