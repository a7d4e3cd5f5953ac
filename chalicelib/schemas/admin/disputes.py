"""Bodies of the staff's portal: disputes."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.schemas.texts import LINES
from chalicelib.schemas.wire import In, Moment, MoneyOut, Out
from chalicelib.vocabulary.payments import DisputeAnswer, DisputeStatus

Evidence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000), LINES]


class DisputeAnswerIn(In):
    """An answer to the bank: give up, or contest with evidence."""

    action: DisputeAnswer
    evidence: Evidence | None = Field(None, description="Goes to the provider as it is, and is not stored here.")

    @model_validator(mode="after")
    def _evidence_of_contest(self) -> Self:
        if self.action is DisputeAnswer.CONTEST and not self.evidence:
            raise ValueError("contesting a dispute needs `evidence`")
        return self


class DisputeOut(Out):
    """A dispute (chargeback); what it takes is frozen on the event's account until its end."""

    id: str
    status: DisputeStatus
    payment_id: str
    booking_id: str | None
    event_id: str | None
    customer_id: str
    amount: MoneyOut
    answer: DisputeAnswer | None
    answered_by: str | None
    answered_at: Moment | None
    opened_at: Moment
