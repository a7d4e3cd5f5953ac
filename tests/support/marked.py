"""Scans and tickets that were marked: as a conflict, and with new codes."""

from chalicelib.domain.gate import conflicts
from chalicelib.domain.tickets import states
from chalicelib.table import keys, operations
from chalicelib.table.items import Scan, Ticket


def mark_conflict(scan: Scan, conflict: str) -> None:
    """Mark a stored scan as a conflict, as the merging of an offline record does; idempotent."""
    as_new = Scan.pk.exists() & Scan.resolution.does_not_exist()
    marked = operations.change(scan.place, [Scan.conflict.set(conflict)], as_new)
    operations.commit(marked, conflicts.address(scan, is_conflict=True))


def renew_credential(ticket_id: str) -> Ticket:
    """Give a ticket new codes, as a transfer does without another holder; older ones are stale."""
    return Ticket.from_raw_data(operations.record(operations.change(keys.tickets.ticket(ticket_id), states.renewing())))
