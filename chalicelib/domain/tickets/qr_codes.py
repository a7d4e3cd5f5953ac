"""The QR code of a ticket, as text and as an image."""

import io
from datetime import datetime

from msgspec import Struct

from chalicelib.domain.events import deeds, events, gate_control
from chalicelib.domain.events.deeds import Deed
from chalicelib.domain.tickets import tickets, transfers

# Pixels per module, and modules of quiet zone (ISO/IEC 18004 requires four): sharp on a phone's screen.
_SCALE = 8
_BORDER = 4
# Level M (ISO/IEC 18004) recovers about a seventh of a damaged code; a higher level makes the modules smaller.
_ERROR_CORRECTION = "m"


class QrCode(Struct, frozen=True):
    """A ticket's signed code, accepted at the gate until `expires_at` or until the ticket is transferred."""

    ticket_id: str
    payload: str
    expires_at: datetime

    @property
    def picture(self) -> bytes:
        """The code as a black and white PNG."""
        import segno  # its tables would slow the cold start of every route

        drawn = io.BytesIO()
        code = segno.make(self.payload, error=_ERROR_CORRECTION, micro=False)
        code.save(drawn, kind="png", scale=_SCALE, border=_BORDER)
        return drawn.getvalue()


def of(customer_id: str, ticket_id: str) -> QrCode:
    """Return the code of a customer's valid ticket. Raises NotFound, InvalidState (also if the event is over)."""
    ticket = transfers.own(customer_id, ticket_id)
    event = events.get(ticket.event_id)
    deeds.require(Deed.SHOW_CODE, event, ticket)
    closes_at = gate_control.facts_of(event).closes_at
    return QrCode(ticket_id=ticket.ticket_id, payload=tickets.code(ticket), expires_at=closes_at)
