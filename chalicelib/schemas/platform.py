"""The JSON of the doors that belong to no portal."""

from typing import Literal

from pydantic import Field

from chalicelib.schemas.wire import Moment, Out
from chalicelib.vocabulary.work import JobStatus


class HealthOut(Out):
    """The service is up."""

    status: Literal["ok"] = Field(description="Always ok: the service answers.")
    time: Moment


class JobProblemOut(Out):
    """Why a row of a job failed; rows are counted from 1, and `field` names the value that is wrong."""

    row: int
    field: str | None
    message: str


class BackgroundJobOut(Out):
    """The progress of a job: `done` of `total` parts, and the link to its file once it is complete."""

    job_id: str
    kind: str = Field(description="What the job does, such as tickets_print.")
    status: JobStatus
    done: int
    total: int
    errors: list[JobProblemOut]
    url: str | None = Field(description="Of a job with one file.")
    expires_at: Moment | None = Field(description="When the link stops working; a later request has another.")
