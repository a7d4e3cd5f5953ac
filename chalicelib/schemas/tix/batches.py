"""Bodies of Tix: batches of numbered tickets for sellers."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from chalicelib.schemas.texts import Name, Sought
from chalicelib.schemas.tix.print_runs import Number, NumbersIn
from chalicelib.schemas.tix.settings import Prefix
from chalicelib.schemas.wire import Amount, ChangeIn, Filter, In, Moment, MoneyOut, Out, PageIn
from chalicelib.vocabulary.numbered_tickets import BatchStatus

_NAMED = ConfigDict(from_attributes=True, defer_build=True, serialize_by_alias=True, validate_by_name=True)

_SELLER = "Who sells the tickets of the batch."


class BatchIn(NumbersIn):
    """The numbers that a seller takes, and the price of one ticket."""

    seller: Name = Field(description=_SELLER)
    price: Amount


class BatchesIn(PageIn):
    """A filter of the list of batches."""

    seller: Sought | None = Field(default=None, description=_SELLER)
    prefix: Prefix | None = None
    status: Filter[BatchStatus] | None = None


class ReturnedIn(In):
    """A range of returned numbers, both ends included."""

    first: Number = Field(alias="from")
    last: Number = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("`to` must not be less than `from`")
        return self


class SettleIn(ChangeIn):
    """What a seller brings back: numbers, which are void at once and stay returned, and cash.

    An omitted field keeps its value; null clears the cash.
    """

    returned: Annotated[list[ReturnedIn], Field(max_length=100)] | None = None
    cash: Amount | None = None

    def changes(self) -> dict[str, Any]:
        """Return the fields that were sent, with ranges as pairs."""
        found: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if found.get("returned"):
            found["returned"] = [(each.first, each.last) for each in found["returned"]]
        return found


class ReturnedOut(Out):
    """A range of returned numbers, both ends included."""

    model_config = _NAMED

    first: int = Field(alias="from")
    last: int = Field(alias="to")


class BatchOut(Out):
    """A batch and what it comes to: `due` for the `sold` numbers, and the `difference` of the cash to it.

    `scanned_of_returned` counts returned tickets that had been scanned before.
    """

    model_config = _NAMED

    id: str
    seller: str = Field(description=_SELLER)
    prefix: str
    first: int = Field(alias="from")
    last: int = Field(alias="to")
    count: int
    price: MoneyOut
    status: BatchStatus
    returned: list[ReturnedOut]
    sold: int
    due: MoneyOut
    cash: MoneyOut | None
    difference: MoneyOut | None
    scanned_of_returned: int = Field(description="How many of the returned tickets had been scanned before.")
    created_at: Moment
    settled_at: Moment | None = Field(description="When the seller last brought something back.")
