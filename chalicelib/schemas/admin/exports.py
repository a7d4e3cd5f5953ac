"""Bodies of exports of the staff's portal."""

from pydantic import Field

from chalicelib.schemas.wire import Filter, Out
from chalicelib.vocabulary.work import ExportFormat, JobStatus

Format = Filter[ExportFormat]


class ExportOut(Out):
    """An export, which a job writes in the background. The link works for 15 minutes; the file is kept for a day."""

    job_id: str
    status: JobStatus
    url: str | None = Field(description="A link to the file, once it is written.")
