"""Lists of numbered tickets as CSV (RFC 4180), which a spreadsheet opens without harm."""

import csv
import io
from collections.abc import Iterable

from chalicelib import clock
from chalicelib.domain.organizations import numbered_tickets
from chalicelib.table.items import NumberedTicket

COLUMNS = ("number", "id", "extra", "generated_at", "scanned_at", "voided_at")
# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection"); an apostrophe makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(tickets: Iterable[NumberedTicket]) -> bytes:
    """Return a list of tickets, with a heading."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    for ticket in tickets:
        moments = (ticket.generated_at, ticket.scanned_at, ticket.voided_at)
        cells = [numbered_tickets.number_of(ticket), ticket.ticket_id, ticket.extra or ""]
        rows.writerow([*map(_harmless, cells), *(clock.to_text(at) if at else "" for at in moments)])
    # Excel takes a file for UTF-8 only where it begins with this mark.
    return written.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
