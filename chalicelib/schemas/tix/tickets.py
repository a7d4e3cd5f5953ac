"""Bodies of the door of Tix: numbers, tickets and their scan."""

import json
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, RootModel, StringConstraints

from chalicelib.schemas.wire import Filter, Id, In, Moment, Out
from chalicelib.vocabulary import JobStatus, TicketFilter

_EXTRA_BYTES = 1000


def _small(value: dict[str, JsonValue] | str) -> dict[str, JsonValue] | str:
    if len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode()) > _EXTRA_BYTES:
        raise ValueError(f"must have at most {_EXTRA_BYTES} bytes as JSON")
    return value


Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9-]{1,20}$")]
Extra = Annotated[dict[str, JsonValue] | str, AfterValidator(_small)]


class GenerateIn(In):
    """How many tickets of which prefix; `extra` is kept with each of them."""

    count: Annotated[int, Field(ge=1, le=10_000)]
    prefix: Prefix
    extra: Extra | None = None


class TicketOut(Out):
    """A numbered ticket; `scanned_by` and `created_by` are ids of users."""

    id: str
    number: str = Field(description="As it stands on the ticket, such as `VIP-000001`.")
    prefix: str
    extra: dict[str, JsonValue] | str | None
    generated_at: Moment
    scanned_at: Moment | None
    scanned_by: str | None
    voided_at: Moment | None
    organization_id: str
    created_by: str


_SHOWN = ("prefix", "generated_at", "scanned_at", "scanned_by", "voided_at", "organization_id", "created_by")


def ticket_fields(ticket: Any, *, number: str) -> dict[str, Any]:
    """Return the fields of a ticket; `number` is written as on the ticket."""
    return {
        "id": ticket.ticket_id,
        "number": number,
        "extra": json.loads(ticket.extra) if ticket.extra else None,
        **{name: getattr(ticket, name) for name in _SHOWN},
    }


class GeneratedOut(RootModel[list[TicketOut]]):
    """The tickets, in the order of their numbers."""


class JobStartedOut(Out):
    """Work that goes on behind the answer; `GET tickets?job_id=` tells how far it is."""

    job_id: str


class TicketsIn(In):
    """Which tickets: all, those of a filter, or those that a job made; pages are numbered from 1."""

    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    filter: Filter[TicketFilter] | None = None
    job_id: Id | None = None


class JobOut(Out):
    """How far a job is: `done` tickets of `count`."""

    id: str
    status: JobStatus
    done: int
    count: int


class TicketsOut(Out):
    """One page of tickets; `total` counts all pages. A job's tickets are all there once it is complete."""

    tickets: list[TicketOut]
    total: int
    page: int
    limit: int
    job: JobOut | None = None


class ClearIn(In):
    """The name of the organization, in full, so that nobody clears its tickets by mistake."""

    confirm: Annotated[str, StringConstraints(max_length=200)] | None = None


class DoneOut(Out):
    """It is done."""

    success: bool = True


class ClearingOut(DoneOut):
    """It goes on behind the answer; `GET tickets?job_id=` tells how far it is."""

    job_id: str


class ScannedOut(DoneOut):
    """The ticket as this scan left it."""

    ticket: TicketOut
