"""Bodies of the staff's portal: refund requests."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.schemas.texts import LINES
from chalicelib.schemas.wire import Amount, Id, In, Moment, MoneyOut, Out
from chalicelib.vocabulary.tickets import RefundRequestStatus, RefundVerdict

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINES]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), LINES]


class OpenRefundIn(In):
    """A refund that staff ask for, for a ticket's customer; `amount` is the price by default."""

    ticket_id: Id
    reason: Reason
    amount: Amount | None = None


class RefundDecisionIn(In):
    """A decision; a rejection says why. `amount` is what was asked for by default."""

    decision: RefundVerdict
    note: Note | None = None
    amount: Amount | None = None

    @model_validator(mode="after")
    def _reason_of_rejection(self) -> Self:
        if self.decision is RefundVerdict.REJECT and not self.note:
            raise ValueError("name the reason of a rejection in `note`")
        return self


class RefundRequestOut(Out):
    """A request for a refund; `amount` is what is paid back, or would be.

    One that is `awaiting_second` needs the approval of another member of staff than `first_approved_by`.
    """

    id: str
    status: RefundRequestStatus
    ticket_id: str
    customer_id: str | None
    event_id: str
    reason: str
    amount: MoneyOut
    opened_by: str | None = Field(description="The member of staff who opened it for the customer.")
    first_approved_by: str | None
    decided_by: str | None
    decided_at: Moment | None
    note: str | None
    waits_for: str | None = Field(
        description="What an approved one waits for, such as `provider_funds`: our balance at the provider."
    )
    created_at: Moment
