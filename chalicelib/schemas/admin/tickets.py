"""Bodies of the staff's portal: tickets."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.schemas.texts import LINES, Name
from chalicelib.schemas.wire import Id, In, Moment, MoneyOut, Out, Phone, ScanId, Version
from chalicelib.vocabulary.gate import ScanStatus
from chalicelib.vocabulary.tickets import TicketShown, TicketStatus

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINES]


class TicketChangeIn(In):
    """A change of a ticket, with its reason and the version that was read.

    Of the statuses staff set `cancelled`. `category_id` names another category of the event, at the same price.
    """

    reason: Reason
    version: Version
    holder_name: Name | None = None
    labels: Annotated[list[Name], Field(max_length=10)] | None = None
    status: TicketStatus | None = None
    category_id: Id | None = None

    @model_validator(mode="after")
    def _moved_or_ended(self) -> Self:
        if self.category_id is not None and self.status is not None:
            raise ValueError("send category_id or status, not both")
        return self


class CheckInIn(In):
    """A check-in by hand."""

    scan_id: ScanId
    gate: Name | None = None
    note: Reason | None = None


class StaffTransferIn(In):
    """The receiver of a ticket, or `resend` to send it and its receipt to its customer again."""

    mobile_number: Phone | None = None
    reason: Reason | None = None
    resend: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if not self.resend and (self.mobile_number is None or self.reason is None):
            raise ValueError("send mobile_number and reason, or resend")
        return self


class StaffTicketOut(Out):
    """A ticket; one that is `disputed` opens the gate until staff decide."""

    id: str
    number: str
    event_id: str
    category_id: str | None
    tier: str | None
    customer_id: str | None
    dependent_id: str | None
    holder_name: str
    labels: list[str]
    status: TicketShown
    scan_status: ScanStatus
    disputed: bool
    price: MoneyOut | None
    booking_id: str | None
    issued_at: Moment
    version: int = Field(description="Changes with each change by staff, customers or refunds, not with a scan.")
