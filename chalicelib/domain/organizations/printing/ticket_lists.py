"""Lists of numbered tickets as CSV (RFC 4180), safe against formula injection in spreadsheets."""

import csv
import io
import json
from collections.abc import Iterable

from chalicelib import clock
from chalicelib.domain.organizations import numbered_tickets
from chalicelib.legible import spreadsheet_cell
from chalicelib.table.items import NumberedTicket

COLUMNS = ("number", "id", "extra", "generated_at", "scanned_at", "voided_at")


def render(tickets: Iterable[NumberedTicket]) -> bytes:
    """Return tickets as CSV in UTF-8 with a byte order mark and a header row."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for ticket in tickets:
        moments = (ticket.generated_at, ticket.scanned_at, ticket.voided_at)
        cells = [numbered_tickets.number_of(ticket), ticket.ticket_id, _extra(ticket)]
        rows.writerow([*map(spreadsheet_cell, cells), *(clock.to_text(at) if at else "" for at in moments)])
    # Excel detects UTF-8 only by the byte order mark.
    return written.getvalue().encode("utf-8-sig")


def _extra(ticket: NumberedTicket) -> str:
    """Return the extra data as it was sent: a text without the quotes and escapes of JSON, an object as JSON."""
    said = json.loads(ticket.extra) if ticket.extra else ""
    return said if isinstance(said, str) else str(ticket.extra)
