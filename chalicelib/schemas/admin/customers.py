"""Bodies of the staff's portal: customers."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from chalicelib.schemas.platform_names import PublicName
from chalicelib.schemas.profiles import Email
from chalicelib.schemas.texts import LINES, Name
from chalicelib.schemas.wire import Birthday, ChangeIn, Filter, In, Moment, MoneyOut, Out, PageIn, Phone, Version
from chalicelib.vocabulary.access import AccountStatus
from chalicelib.vocabulary.payments import OrderStatus
from chalicelib.vocabulary.work import JobStatus

_MOST_LABELS = 10
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), LINES]


class CustomerOut(Out):
    """A customer as staff see them; health and bank data are only in an export."""

    id: str
    name: str
    mobile_number: str | None = Field(description="Null once the customer is erased.")
    email: str | None
    date_of_birth: date | None
    photo_url: str | None
    labels: list[str]
    status: AccountStatus
    fee_paid: bool
    created_at: Moment
    version: int


class ListedCustomerOut(Out):
    """A customer in the list."""

    id: str
    name: str
    mobile_number: str | None = Field(description="Null once the customer is erased.")
    email: str | None
    labels: list[str]
    status: AccountStatus
    created_at: Moment
    version: int


class CustomerIn(ChangeIn):
    """The changes: null clears a field, an omitted one keeps its value. `version` is the one that was read."""

    name: Annotated[PublicName, Field(description="Cannot be cleared.")] = ""
    mobile_number: Annotated[
        Phone, Field(description="Cannot be cleared. It moves the log-in and ends all sessions.")
    ] = ""
    email: Email | None = None
    date_of_birth: Birthday | None = None
    labels: Annotated[list[Name], Field(max_length=_MOST_LABELS)] | None = None
    version: Version


class CustomerStatusIn(In):
    """The new status, and why."""

    status: Literal["active", "suspended", "blocked"]
    reason: Reason


class BookingsIn(PageIn):
    """The page of a customer's bookings."""


class BookedCategoryOut(Out):
    """The tickets of one category in a booking; `price` is the price of one."""

    category_id: str
    name: str
    quantity: int
    price: MoneyOut


class ListedBookingOut(Out):
    """A booking of a customer."""

    id: str
    status: OrderStatus
    event_id: str
    event_title: str | None
    items: list[BookedCategoryOut]
    ticket_ids: list[str]
    total: MoneyOut
    payment_id: str | None
    card_id: str | None
    created_at: Moment
    expires_at: Moment
    closed_at: Moment | None


class PersonalExportOut(Out):
    """The job that gathers everything that is known of a customer; it is also shown at `/api/jobs/{job_id}/`."""

    job_id: str
    status: JobStatus
    url: str | None = Field(description="The zip, once it is complete; a signed link for 15 minutes.")
    expires_at: Moment | None


class ErasureIn(In):
    """`force=true` gives valid tickets and balances back first."""

    force: Filter[Literal["true", "false"]] = "false"

    @property
    def is_forced(self) -> bool:
        """Whether tickets and balances are given back first."""
        return self.force == "true"


class ErasureOut(Out):
    """The job that erases a customer; once it is complete, its file at `/api/jobs/{job_id}/` is the certificate."""

    job_id: str
    status: JobStatus
