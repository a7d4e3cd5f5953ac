"""Changes of a ticket's state, each with its time, so that a late scan can be judged as of its own moment.

Every writer of a ticket's status or credential number takes its actions from here.
"""

from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.table.items import Ticket
from chalicelib.vocabulary.tickets import TicketStatus


def becoming(status: TicketStatus, *, at: datetime | None = None) -> list[Action]:
    """Return the actions that change a ticket's status. Without `at` it changes now.

    A void ticket also gets a new credential number, for devices that sync only the number. It keeps the time of the
    first change that made it void.
    """
    if status is TicketStatus.VALID:
        return [Ticket.status.set(status), Ticket.void_since.remove()]
    moment = at or clock.now()
    return [
        Ticket.status.set(status),
        Ticket.void_since.set(Ticket.void_since | moment),
        Ticket.credential.add(1),
    ]


def renewing() -> list[Action]:
    """Return the actions that give a ticket a new credential number now, which makes its earlier codes stale."""
    return [Ticket.credential.add(1), Ticket.renewed_at.set(clock.now())]


def status_at(ticket: Ticket, at: datetime) -> TicketStatus:
    """Return the status of a ticket at a moment: one that became void later was valid then."""
    was_valid = ticket.void_since is not None and at < ticket.void_since
    return TicketStatus.VALID if was_valid else ticket.status


def had_come(ticket: Ticket, at: datetime) -> bool:
    """Whether a ticket was its present customer's at a moment: bought by then, and handed to them."""
    came: datetime = ticket.renewed_at or ticket.issued_at
    return came <= at


def was_current(ticket: Ticket, credential: int, at: datetime) -> bool:
    """Whether a code with this credential number was the ticket's at a moment."""
    if credential == ticket.credential:
        return True
    before_renewal = ticket.renewed_at is not None and at < ticket.renewed_at
    if ticket.void_since is not None and at < ticket.void_since:
        # The number rose when the ticket became void, too.
        return credential == ticket.credential - 1 or ticket.renewed_at is None or before_renewal
    return before_renewal and credential == ticket.credential - 1
