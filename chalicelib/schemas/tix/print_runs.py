"""Bodies of Tix: print runs, and voided tickets."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from chalicelib.schemas.texts import LINES
from chalicelib.schemas.tix.settings import Prefix
from chalicelib.schemas.wire import In, Moment, Out
from chalicelib.vocabulary.numbered_tickets import PrintFormat
from chalicelib.vocabulary.work import JobStatus

# The most numbers of one request, as many as one generation makes.
_MOST = 10_000
Number = Annotated[int, Field(ge=1, le=9_999_999_999)]
_NAMED = ConfigDict(from_attributes=True, defer_build=True, serialize_by_alias=True, validate_by_name=True)


class NumbersIn(In):
    """A range of numbers of a prefix, both ends included."""

    prefix: Prefix
    first: Number = Field(alias="from")
    last: Number = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("`to` must not be less than `from`")
        if self.last - self.first >= _MOST:
            raise ValueError(f"the range from `from` to `to` must have at most {_MOST} numbers")
        return self


class PrintIn(NumbersIn):
    """The range to print, as sheets (PDF) or as a list (CSV)."""

    format: PrintFormat = PrintFormat.PDF


class VoidIn(NumbersIn):
    """The range to void, and the reason."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), LINES] | None = None


class PrintStartedOut(Out):
    """The job that prints; its progress is at `tickets/print/{job_id}`."""

    job_id: str


class PrintedFileOut(Out):
    """One file of a run: its first and last ticket, its URL and the URL's expiry."""

    model_config = _NAMED

    url: str
    expires_at: Moment
    first: str = Field(alias="from")
    last: str = Field(alias="to")
    tickets: int


class PrintRunOut(Out):
    """The progress of a run; its files are available for a day once it is complete."""

    model_config = _NAMED

    job_id: str
    status: JobStatus
    format: PrintFormat
    prefix: str
    first: int = Field(alias="from")
    last: int = Field(alias="to")
    count: int
    done: int
    problem: str | None
    files: list[PrintedFileOut]
    created_at: Moment
    completed_at: Moment | None


class VoidedOut(Out):
    """What became of the tickets: those that are void now, of these the ones that were before, and those that were
    scanned already, which stay as they are."""

    voided: int
    voided_before: int
    scanned: int
