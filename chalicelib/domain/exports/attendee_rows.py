"""The rows of an event's attendees, for its organizer: what a ticket shows at the gate, and no contact or card."""

from collections.abc import Sequence

from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain.documents.spreadsheets import Cell
from chalicelib.domain.events import categories
from chalicelib.domain.exports import list_rows
from chalicelib.domain.lists.tickets import TICKETS
from chalicelib.table.items import Ticket

COLUMNS = ("number", "name", "category", "tier", "status", "entered", "issued_at")


def _rows(tickets: Sequence[Ticket]) -> list[list[Cell]]:
    events = dict.fromkeys(ticket.event_id for ticket in tickets)
    names = {each.category_id: each.name for event_id in events for each in categories.of(event_id)}
    return [_row(ticket, names.get(ticket.category_id or "")) for ticket in tickets]


def _row(ticket: Ticket, category: str | None) -> list[Cell]:
    entered = "yes" if ticket.admission else "no"
    issued_at = clock.to_text(ticket.issued_at)
    return [ticket.number, ticket.holder_name, category, ticket.tier, ticket.status, entered, issued_at]


ATTENDEES = replace(list_rows.source_of(TICKETS, COLUMNS, _rows), name="attendees")
