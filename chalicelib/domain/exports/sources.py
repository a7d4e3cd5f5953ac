"""The sources of exports, by name: the check-in log, and every declared list."""

from chalicelib.domain.exports import list_rows
from chalicelib.domain.exports.attendee_rows import ATTENDEES
from chalicelib.domain.exports.audit_rows import AUDIT_LOG
from chalicelib.domain.exports.checkin_rows import CHECKIN_LOG
from chalicelib.domain.exports.rows import ExportSource
from chalicelib.domain.exports.shown_rows import SHOWN_ROWS
from chalicelib.domain.lists.declaration import AnyList
from chalicelib.domain.lists.declared import LISTS

_PLAIN = map(list_rows.source_of, LISTS)
SOURCES: dict[str, ExportSource] = {
    source.name: source for source in (*_PLAIN, *SHOWN_ROWS, AUDIT_LOG, CHECKIN_LOG, ATTENDEES)
}


def of_list(listed: AnyList) -> ExportSource:
    """Return the source of a declared list."""
    return SOURCES[list_rows.name_of(listed)]
