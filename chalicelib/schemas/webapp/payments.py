"""Bodies of the web app: payments."""

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib.config import config
from chalicelib.schemas.texts import ONE_LINE
from chalicelib.schemas.usher.scans import CardName
from chalicelib.schemas.webapp.shared import TicketOut
from chalicelib.schemas.wire import Amount, Id, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.payments import PaymentMethod, PaymentStatus

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def _allowed(value: str) -> str:
    """Return a URL of an allowed origin: https, and in local runs also http on the same machine."""
    problem = "must be an https address of an origin that the platform allows"
    try:
        parts = urlsplit(value)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        # What is no port raises.
        is_loopback = parts.scheme == "http" and host in _LOOPBACK and parts.username is None and parts.port != 0
        origin = f"{parts.scheme}://{parts.netloc}"
    except ValueError as error:
        raise ValueError(problem) from error
    if parts.scheme == "https" and origin in config().return_origins:
        return value
    if is_loopback and config().stage == "local":
        return value
    raise ValueError(problem)


# The exact origin is compared, so neither user info nor a longer host can pass for an allowed one.
ReturnUrl = Annotated[
    str,
    StringConstraints(max_length=2048, pattern=r"^https?://[^\s\\]+$"),
    ONE_LINE,
    AfterValidator(_allowed),
    Field(description="Where the provider sends the customer back to: https, of an origin that the platform allows."),
]


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
        description=(
            "The means of payment. The sandbox knows tok_ok (the default), tok_declined, tok_timeout and tok_3ds, "
            "which must be confirmed twice: after the first time its owner acts at the bank."
        ),
    )
    return_url: ReturnUrl | None = None


class ConfirmIn(In):
    """The payment to charge."""

    payment_id: Id


class NextActionOut(Out):
    """What the customer must do at their bank, such as 3-D Secure: open `url`, or act with `client_secret`."""

    type: str = Field(description="The provider's word, such as redirect_to_url or use_stripe_sdk.")
    url: str | None = Field(description="The page to open, at the bank or the provider.")
    client_secret: str | None


class PaymentOut(Out):
    """A payment. `failure_reason` is the reason of its failure or of its refund.

    With the status `requires_action` the customer does what `next_action` says, and confirms again.
    """

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
    next_action: NextActionOut | None


class PaidEventOut(Out):
    """The event that a payment's tickets are for."""

    id: str
    title: str


class ConfirmedOut(PaymentOut):
    """A confirmed payment, with the tickets that it paid; none before it succeeded, and for money on a card."""

    event: PaidEventOut | None = Field(description="The event of the tickets.")
    ticket_ids: list[str] = Field(description="The ids of the tickets.")
    tickets: list[TicketOut]

    @classmethod
    def from_confirmation(cls, confirmed: Any) -> Self:
        """Return the payment, its event and its tickets."""
        event = confirmed.event
        return cls(
            **PaymentOut.read(confirmed.payment).model_dump(),
            event=PaidEventOut(id=event.event_id, title=event.title) if event else None,
            ticket_ids=[each.ticket.ticket_id for each in confirmed.tickets],
            tickets=[TicketOut.from_ticket(each) for each in confirmed.tickets],
        )


class WebhookOut(Out):
    """The callback was accepted."""

    received: bool = True
