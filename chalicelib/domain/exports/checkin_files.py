"""The check-in log of one event as a CSV file, for the event's own ushers."""

import io

from chalicelib.domain.documents import spreadsheets
from chalicelib.domain.exports.checkin_rows import COLUMNS, row_of
from chalicelib.domain.gate import checkin_log
from chalicelib.domain.gate.checkin_log import CheckinFilters

CONTENT_TYPE = "text/csv; charset=utf-8"
MOST_ROWS = 10_000
# A function's answer has 6 MB at most (AWS Lambda), with its quotation marks and line ends escaped.
MOST_CHARACTERS = 2_500_000
# Entries that are read at a time, so that only the file grows.
_SLICE = 500


def csv_of(event_id: str, filters: CheckinFilters, *, most: int = MOST_ROWS) -> str:
    """Return the entries that fit, newest first, as CSV. It ends after `most` rows or MOST_CHARACTERS.

    What is older than its last row is found with `date_to`.
    """
    file = io.StringIO(newline="")
    file.write("\ufeff")  # a spreadsheet reads the file as UTF-8 by its byte order mark
    writer = spreadsheets.csv_writer(file)
    writer.write(COLUMNS)
    rows, after = 0, None
    while True:
        left = most - rows
        found = checkin_log.slice_of(event_id, filters, after=after, limit=min(_SLICE, left), most=left)
        for entry in found.entries:
            writer.write(row_of(entry))
        rows, after = rows + len(found.entries), found.after
        if after is None or rows >= most or file.tell() >= MOST_CHARACTERS:
            return file.getvalue()
