"""Lists of numbered tickets as CSV (RFC 4180), safe against formula injection in spreadsheets."""

import csv
import io
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
        cells = [numbered_tickets.number_of(ticket), ticket.ticket_id, ticket.extra or ""]
        rows.writerow([*map(spreadsheet_cell, cells), *(clock.to_text(at) if at else "" for at in moments)])
    # Excel detects UTF-8 only by the byte order mark.
    return written.getvalue().encode("utf-8-sig")
