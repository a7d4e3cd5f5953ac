"""Bodies of the web app: payments."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.schemas.texts import ONE_LINE
from chalicelib.schemas.usher.scans import CardName
from chalicelib.schemas.wire import Amount, Id, In, Moment, MoneyOut, Out
from chalicelib.vocabulary import PaymentMethod, PaymentStatus


class ProcessIn(In):
    """A payment for a booking, or for an amount that is added to a card."""

    booking_id: Id | None = None
    card_id: CardName | None = Field(
        default=None,
        description="The card that receives `amount`; with a booking the card that pays, for method wallet.",
    )
    amount: Amount | None = None
    method: PaymentMethod
    payment_token: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = Field(
        default=None,
        description="The means of payment. The sandbox knows tok_ok (the default), tok_declined and tok_timeout.",
    )
    return_url: Annotated[str, StringConstraints(max_length=2048, pattern=r"^https?://[^\s]+$"), ONE_LINE] | None = None


class ConfirmIn(In):
    """The payment to charge."""

    payment_id: Id


class PaymentOut(Out):
    """A payment. `failure_reason` is the reason of its failure or of its refund."""

    id: str
    status: PaymentStatus
    amount: MoneyOut
    provider: str
    method: PaymentMethod
    client_secret: str | None
    booking_id: str | None
    card_id: str | None
    receipt_number: str | None
    failure_reason: str | None
    created_at: Moment


class WebhookOut(Out):
    """The callback was accepted."""

    received: bool = True
