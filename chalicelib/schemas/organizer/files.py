"""Bodies of the organizers' portal: what some routes answer as a file."""

from typing import Literal

from pydantic import Field

from chalicelib.schemas.wire import Filter, In, Out
from chalicelib.vocabulary.work import JobStatus


class AttendeesIn(In):
    """How an event is answered."""

    format: Filter[Literal["json", "csv"]] = Field("json", description="`csv` lists the attendees of the event.")


class MovementsIn(In):
    """How a payout is answered."""

    format: Filter[Literal["json", "csv"]] = Field(
        "json", description="`csv` lists every movement of the event's money; those before the close are the payout's."
    )


class FileJobOut(Out):
    """The job that writes a large file; `GET /api/jobs/{job_id}/` shows its progress and the link."""

    job_id: str
    status: JobStatus
