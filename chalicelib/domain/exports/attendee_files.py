"""The attendees of an event as a CSV file: in the answer while it is small, else written by a job."""

import io

from msgspec import Struct

from chalicelib.config import config
from chalicelib.domain.documents import spreadsheets
from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.domain.exports import export_runs
from chalicelib.domain.exports.attendee_rows import ATTENDEES
from chalicelib.domain.exports.export_runs import Export
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.organizers import organizer_events
from chalicelib.vocabulary.work import ExportFormat

CONTENT_TYPE = "text/csv; charset=utf-8"
_CALLER = "attendees"
_SLICE = 100


class AttendeeFile(Struct, frozen=True):
    """A file that is answered at once."""

    name: str
    content: str


def ask(organizer_id: str, event_id: str) -> AttendeeFile | Export:
    """Return the attendees of an organizer's event as a file, or the job that writes it where there are many.

    Raises NotFound, also for an event of another organizer.
    """
    organizer_events.own(organizer_id, event_id)
    asked = Asked(caller_id=_CALLER, filters={"event_id": event_id})
    query, most = ATTENDEES.stored(asked), config().limits.attendee_rows
    rows: list[list[Cell]] = []
    position: str | None = None
    while len(rows) <= most:
        found = ATTENDEES.read(query, position, _SLICE)
        rows += map(list, found.rows)
        position = found.position
        if position is None and len(rows) <= most:
            return AttendeeFile(name=f"attendees-{event_id}.csv", content=_content(rows))
    return export_runs.begin(ATTENDEES, asked, wanted=ExportFormat.CSV, starter_id=organizer_id)


def _content(rows: list[list[Cell]]) -> str:
    file = io.StringIO(newline="")
    file.write("\ufeff")  # a spreadsheet reads the file as UTF-8 by its byte order mark
    writer = spreadsheets.csv_writer(file)
    writer.write(ATTENDEES.columns)
    for row in rows:
        writer.write(row)
    return file.getvalue()
