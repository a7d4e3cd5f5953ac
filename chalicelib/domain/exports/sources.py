"""The sources of exports, by name. A source names its columns like the fields of its list on the wire."""

from chalicelib.domain.exports.checkin_rows import CHECKIN_LOG
from chalicelib.domain.exports.rows import ExportSource

SOURCES: dict[str, ExportSource] = {source.name: source for source in (CHECKIN_LOG,)}
