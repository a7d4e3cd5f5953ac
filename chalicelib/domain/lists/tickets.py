"""The list of tickets."""

from chalicelib import clock
from chalicelib.domain.lists.declaration import Filter, ListOf, Ordering
from chalicelib.table.items import Ticket
from chalicelib.vocabulary.gate import ScanStatus
from chalicelib.vocabulary.tickets import TicketShown, TicketStatus


def shown_status(ticket: Ticket) -> TicketShown:
    """Return a ticket's status as its customer sees it; an expired reservation counts as cancelled before its sweep."""
    if ticket.status == TicketStatus.VALID and ticket.admission is not None:
        return TicketShown.USED
    if ticket.status == TicketStatus.RESERVED and ticket.reserved_until and ticket.reserved_until <= clock.now():
        return TicketShown.CANCELLED
    return TicketShown(ticket.status)


TICKETS = ListOf(
    name="tickets",
    item=Ticket,
    id_name="ticket_id",
    orderings={"issued_at": Ordering(lambda ticket: ticket.issued_at)},
    filters={
        "event_id": Filter(lambda ticket: ticket.event_id),
        "customer_id": Filter(lambda ticket: ticket.customer_id),
        "category_id": Filter(lambda ticket: ticket.category_id),
        "status": Filter(shown_status, TicketShown, live=True),
        "scan_status": Filter(
            lambda ticket: ScanStatus.SCANNED if ticket.admission else ScanStatus.NOT_SCANNED, ScanStatus, live=True
        ),
    },
    indexes=(("event_id",), ("customer_id",)),
    # Without the hyphen it is one word. The place in the order would be a word of its own, and of most tickets the
    # same: a hot key. Both ways of typing a number find it.
    texts=lambda ticket: (ticket.number.replace("-", ""),),
    columns=("number", "tier", "holder_name", "labels", "order_id"),
    amounts=("price",),
    shards=3,
)
