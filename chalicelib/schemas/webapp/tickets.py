"""Bodies of the customers' door: a customer's tickets."""

import base64
from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.wire import Filter, Id, In, Moment, MoneyOut, Name, Out, PageIn, Phone
from chalicelib.vocabulary import GiftStatus, RefundRequestStatus, TicketShown, TicketStatus

# Two text messages of 160 characters, less what the platform itself says.
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class TicketsIn(PageIn):
    """What narrows the list."""

    status: Filter[TicketShown] | None = None
    upcoming: bool | None = Field(default=None, description="Whether the event has not ended yet.")
    event_id: Id | None = None


class QrCodeOut(Out):
    """A ticket's signed code, as text and as a picture (a data URL)."""

    ticket_id: str
    payload: str
    image: str = Field(description="The QR code as a PNG, in a data URL.")
    expires_at: Moment | None = Field(description="When the gates close for good.")

    def png(self) -> bytes:
        """Return the picture."""
        return base64.b64decode(self.image.partition(",")[2])


class TransferIn(In):
    """Who gets the ticket: a registered customer's number."""

    mobile_number: Phone
    message: Words | None = None


class TransferOut(Out):
    """A ticket that has left its sender."""

    ticket_id: str
    status: TicketStatus
    mobile_number: str


class GiftIn(In):
    """Who gets the ticket, registered or not; one's own number takes it back."""

    mobile_number: Phone
    name: Name | None = None
    message: Words | None = None


class GiftOut(Out):
    """A gift: it waits until its number registers, or has reached it."""

    id: str
    status: GiftStatus
    ticket_id: str
    name: str | None
    created_at: Moment


class RefundRequestIn(In):
    """Why the ticket is given back."""

    reason: Reason


class RefundRequestOut(Out):
    """A request for a refund; `amount` is what was paid for the ticket."""

    id: str
    status: RefundRequestStatus
    ticket_id: str
    amount: MoneyOut
    created_at: Moment
