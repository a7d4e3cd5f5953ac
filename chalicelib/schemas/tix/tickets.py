"""Bodies of Tix: numbers, tickets and their scan."""

import json
from datetime import datetime
from typing import Annotated, Any, Protocol, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from chalicelib import clock
from chalicelib.identifiers import ticket_number
from chalicelib.schemas.texts import LINES, ONE_LINE, Title
from chalicelib.schemas.tix.settings import Prefix, bytes_as_json
from chalicelib.schemas.wire import BareErrorOut, Filter, Id, In, Moment, Out, RootOut
from chalicelib.vocabulary.numbered_tickets import TicketFilter
from chalicelib.vocabulary.work import JobStatus

_EXTRA_BYTES = 1000
# A response of a function has at most 6 MB (AWS: "Lambda quotas"); the rest is for headers.
_ANSWER_BYTES = 6 * 1024 * 1024 - 64 * 1024


def _small(value: dict[str, JsonValue] | str) -> dict[str, JsonValue] | str:
    if bytes_as_json(value) > _EXTRA_BYTES:
        raise ValueError(f"must have at most {_EXTRA_BYTES} bytes as JSON")
    return value


def _checked(value: Any) -> Any:
    """Return what is printed on a ticket with each of its texts checked."""
    if isinstance(value, str):
        return LINES.checked(value)
    if isinstance(value, dict):
        return {ONE_LINE.checked(name): _checked(part) for name, part in value.items()}
    return [_checked(part) for part in value] if isinstance(value, list) else value


Extra = Annotated[dict[str, JsonValue] | str, AfterValidator(_small), AfterValidator(_checked)]


class GenerateIn(In):
    """The number of tickets and their prefix; `extra` is stored with each ticket."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    prefix: Prefix
    extra: Extra | None = None

    @model_validator(mode="after")
    def _fits_into_one_answer(self) -> Self:
        most = _ANSWER_BYTES // _bytes_of_one(self.prefix, self.extra)
        if self.count > most:
            raise ValueError(f"with this `extra` at most {most} tickets fit into one answer; ask for fewer")
        return self


def _bytes_of_one(prefix: str, extra: dict[str, JsonValue] | str | None) -> int:
    """Return the most bytes that one ticket takes in an answer, as Lambda writes it: JSON within JSON."""
    longest, now = "0" * 30, clock.now()
    ticket = TicketOut(
        id=longest,
        number=f"{prefix}-9999999999",
        prefix=prefix,
        extra=extra,
        generated_at=now,
        scanned_at=None,
        scanned_by=None,
        voided_at=None,
        organization_id=longest,
        created_by=longest,
    )
    return len(json.dumps(ticket.model_dump_json() + ","))


class _Ticket(Protocol):
    """A numbered ticket, as the domain returns it."""

    @property
    def ticket_id(self) -> str: ...

    @property
    def prefix(self) -> str: ...

    @property
    def number(self) -> int: ...

    @property
    def extra(self) -> str | None: ...

    @property
    def generated_at(self) -> datetime: ...

    @property
    def scanned_at(self) -> datetime | None: ...

    @property
    def scanned_by(self) -> str | None: ...

    @property
    def voided_at(self) -> datetime | None: ...

    @property
    def organization_id(self) -> str: ...

    @property
    def created_by(self) -> str: ...


class TicketOut(Out):
    """A numbered ticket; `scanned_by` and `created_by` are ids of users."""

    id: str
    number: str = Field(description="The number as printed, such as `VIP-000001`.")
    prefix: str
    extra: dict[str, JsonValue] | str | None
    generated_at: Moment
    scanned_at: Moment | None
    scanned_by: str | None
    voided_at: Moment | None
    organization_id: str
    created_by: str

    @classmethod
    def from_ticket(cls, ticket: _Ticket) -> Self:
        """Return a ticket as its organization sees it."""
        return cls(
            id=ticket.ticket_id,
            number=ticket_number(ticket.prefix, ticket.number),
            prefix=ticket.prefix,
            extra=json.loads(ticket.extra) if ticket.extra else None,
            generated_at=ticket.generated_at,
            scanned_at=ticket.scanned_at,
            scanned_by=ticket.scanned_by,
            voided_at=ticket.voided_at,
            organization_id=ticket.organization_id,
            created_by=ticket.created_by,
        )


class GeneratedOut(RootOut[list[TicketOut]]):
    """The tickets, in the order of their numbers.

    Of more than 1,000 the header X-Job-Id names the job that writes them; `GET tickets?job_id=` returns its progress.
    """


class ErrorOut(BareErrorOut):
    """The envelope of every refusal to Tix; that of a scan also carries the ticket."""

    ticket: Annotated[TicketOut | None, Field(exclude_if=lambda ticket: ticket is None)]
    duplicate: Annotated[
        bool | None,
        Field(exclude_if=lambda said: said is None, description="Whether the ticket was admitted before."),
    ]


class TicketsIn(In):
    """All tickets, those of a filter, or those of a job; pages are numbered from 1."""

    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    filter: Filter[TicketFilter] | None = None
    job_id: Id | None = None


class JobOut(Out):
    """The progress of a job: `done` of `count` tickets."""

    id: str
    status: JobStatus
    done: int
    count: int


class TicketsOut(Out):
    """One page of tickets; `total` counts all pages. A job's tickets are listed once it is complete."""

    tickets: list[TicketOut]
    total: int
    page: int
    limit: int
    job: JobOut | None


class ClearIn(In):
    """The full name of the organization, which confirms the deletion."""

    confirm: Title | None = None


class DoneOut(Out):
    """The request succeeded."""

    success: bool = True


class ClearingOut(DoneOut):
    """The deletion continues in the background; `GET tickets?job_id=` returns its progress."""

    job_id: str


class _Clearing(Protocol):
    """The job that deletes tickets, as the domain returns it."""

    @property
    def job_id(self) -> str: ...

    @property
    def status(self) -> str: ...


def cleared_out(clearing: _Clearing) -> DoneOut | ClearingOut:
    """Return the end of a deletion, or its job while it is open."""
    return ClearingOut(job_id=clearing.job_id) if clearing.status == JobStatus.OPEN else DoneOut()


class ScannedOut(DoneOut):
    """The ticket after this scan."""

    ticket: TicketOut
