"""Bodies of the web app: a customer's tickets."""

import base64
from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.texts import LINES, Name
from chalicelib.schemas.wire import Filter, Id, In, Moment, MoneyOut, Out, PageIn, Phone
from chalicelib.vocabulary.tickets import GiftStatus, RefundRequestStatus, TicketShown, TicketStatus

# Two text messages of 160 characters, less the platform's own text.
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), LINES]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINES]


class TicketsIn(PageIn):
    """A filter of the tickets."""

    status: Filter[TicketShown] | None = None
    upcoming: bool | None = Field(default=None, description="Whether the event has not ended yet.")
    event_id: Id | None = None


class QrCodeOut(Out):
    """A ticket's signed code, as text and as a picture (a data URL)."""

    ticket_id: str
    payload: str
    image: str = Field(description="The QR code as a PNG, in a data URL.")
    expires_at: Moment | None = Field(description="The time when the gates close.")

    def png(self) -> bytes:
        """Return the picture."""
        return base64.b64decode(self.image.partition(",")[2])


class TransferIn(In):
    """The receiver of the ticket: a registered customer's number."""

    mobile_number: Phone
    message: Words | None = None


class TransferOut(Out):
    """A transferred ticket."""

    ticket_id: str
    status: TicketStatus
    mobile_number: str


class GiftIn(In):
    """The receiver of the ticket, registered or not; the sender's own number takes it back."""

    mobile_number: Phone
    name: Name | None = None
    message: Words | None = None


class GiftOut(Out):
    """A gift: it waits until its number registers, or has arrived."""

    id: str
    status: GiftStatus
    ticket_id: str
    name: str | None
    created_at: Moment


class RefundRequestIn(In):
    """The reason for the refund."""

    reason: Reason


class RefundRequestOut(Out):
    """A request for a refund; `amount` is the price that was paid."""

    id: str
    status: RefundRequestStatus
    ticket_id: str
    amount: MoneyOut
    created_at: Moment
