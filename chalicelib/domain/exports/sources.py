"""The sources of exports, by name: the check-in log, and every declared list."""

from chalicelib.domain.exports import list_rows
from chalicelib.domain.exports.attendee_rows import ATTENDEES
from chalicelib.domain.exports.audit_rows import AUDIT_LOG
from chalicelib.domain.exports.checkin_rows import CHECKIN_LOG
from chalicelib.domain.exports.rows import ExportSource
from chalicelib.domain.lists.audit_entries import AUDIT_ENTRIES
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.declared import LISTS

_LISTS = {listed.name: list_rows.source_of(listed) for listed in LISTS} | {AUDIT_ENTRIES.name: AUDIT_LOG}
SOURCES: dict[str, ExportSource] = {source.name: source for source in (CHECKIN_LOG, ATTENDEES, *_LISTS.values())}


def of_list(listed: AnyList) -> ExportSource:
    """Return the source of a declared list."""
    return _LISTS[listed.name]
