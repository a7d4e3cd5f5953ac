"""Lists of numbered tickets as CSV (RFC 4180), safe against formula injection in spreadsheets."""

import csv
import io
from collections.abc import Iterable

from chalicelib import clock
from chalicelib.domain.organizations import numbered_tickets
from chalicelib.table.items import NumberedTicket

COLUMNS = ("number", "id", "extra", "generated_at", "scanned_at", "voided_at")
# Prefixes that spreadsheets parse as a formula (OWASP, "CSV Injection"); an apostrophe before them forces text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(tickets: Iterable[NumberedTicket]) -> bytes:
    """Return tickets as CSV in UTF-8 with a byte order mark and a header row."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for ticket in tickets:
        moments = (ticket.generated_at, ticket.scanned_at, ticket.voided_at)
        cells = [numbered_tickets.number_of(ticket), ticket.ticket_id, ticket.extra or ""]
        rows.writerow([*map(_harmless, cells), *(clock.to_text(at) if at else "" for at in moments)])
    # Excel detects UTF-8 only by the byte order mark.
    return written.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
