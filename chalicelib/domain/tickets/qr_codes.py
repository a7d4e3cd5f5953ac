"""The QR code of a ticket: what a gate reads, as text and as a picture."""

import io
from dataclasses import dataclass
from datetime import datetime

from chalicelib.domain.events import events, gate_control
from chalicelib.domain.tickets import tickets, transfers
from chalicelib.errors import InvalidState
from chalicelib.vocabulary import TicketStatus

# Pixels a module and modules of quiet zone round it (ISO/IEC 18004 asks for four): sharp on a phone's screen.
_SCALE = 8
_BORDER = 4
# A seventh of the code may be scratched or glare (ISO/IEC 18004, level M); more would make its modules smaller.
_ERROR_CORRECTION = "m"


@dataclass(frozen=True, slots=True)
class QrCode:
    """A ticket's signed code; it opens the gate until `expires_at`, unless the ticket changes hands before."""

    ticket_id: str
    payload: str
    expires_at: datetime

    @property
    def picture(self) -> bytes:
        """The code as a PNG in black and white."""
        import segno  # its tables would weigh on the cold start of every route

        drawn = io.BytesIO()
        code = segno.make(self.payload, error=_ERROR_CORRECTION, micro=False)
        code.save(drawn, kind="png", scale=_SCALE, border=_BORDER)
        return drawn.getvalue()


def of(customer_id: str, ticket_id: str) -> QrCode:
    """Return the code of a customer's valid ticket. Raises NotFound, InvalidState."""
    ticket = transfers.own(customer_id, ticket_id)
    if ticket.status != TicketStatus.VALID:
        raise InvalidState(f"This ticket is {ticket.status}; only a valid one has a QR code.")
    closes_at = gate_control.facts_of(events.get(ticket.event_id)).closes_at
    return QrCode(ticket_id=ticket.ticket_id, payload=tickets.code(ticket), expires_at=closes_at)
