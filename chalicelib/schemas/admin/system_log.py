"""Bodies of the staff's portal: the audit log."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.schemas.admin.exports import Format
from chalicelib.schemas.admin.lists import ListIn, SearchText
from chalicelib.schemas.wire import BetweenIn, Day, Filter, Id, Instant, Moment, Out
from chalicelib.vocabulary.audit import AuditResult, Wholeness
from chalicelib.vocabulary.work import ExportFormat

_FILTERS = ("actor_id", "actor_type", "action", "entity_type", "entity_id", "result")


class SystemLogIn(ListIn):
    """A page of the audit log."""

    verify: Filter[Literal["true", "false"]] | None = Field(
        None, description="`true` verifies the whole log: at once, or in a job that the answer names."
    )

    @property
    def wants_verification(self) -> bool:
        """Whether the log is to be verified."""
        return self.verify == "true"


class SystemLogExportIn(BetweenIn):
    """What to export of the audit log, and as which kind of file."""

    actor_id: Id | None = None
    actor_type: Id | None = None
    action: Id | None = None
    entity_type: Id | None = None
    entity_id: Id | None = None
    result: Filter[AuditResult] | None = None
    at_from: Instant | Day | None = Field(None, description="As `date_from`.")
    at_to: Instant | Day | None = Field(None, description="As `date_to`.")
    search: SearchText | None = Field(None, description="As in the list.")
    ordering: Filter[Literal["date", "-date", "at", "-at"]] | None = Field(None, description="As in the list.")
    format: Annotated[Format, Field(description="The kind of file.")] = ExportFormat.CSV

    def filters(self) -> dict[str, str | bool]:
        """Return the filters that were sent."""
        return {name: value for name in _FILTERS if (value := getattr(self, name)) is not None}

    def ranges(self) -> dict[str, tuple[datetime | None, datetime | None]]:
        """Return the period, if there is one."""
        first, last = self.date_from or self.at_from, self.date_to or self.at_to
        period = BetweenIn(date_from=first, date_to=last)
        ends = (period.begins_at(), period.ends_at())
        return {} if ends == (None, None) else {"date": ends}


class AuditEntryOut(Out):
    """What a member of staff did, or was refused; `before` and `after` hold the changed fields."""

    id: str
    at: Moment
    actor_id: str
    actor_type: str
    role: str
    action: str = Field(description="What was done to which kind of thing, such as venue.change.")
    entity_type: str
    entity_id: str | None
    result: AuditResult
    code: str | None = Field(description="Of a refusal.")
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    erased: bool = Field(description="Whether before and after were personal, and erased with the customer.")
    address: str
    request_id: str
    shard: int
    number: int = Field(description="The place in the chain of the shard, from 1.")
    digest: str = Field(description="SHA-256 over the entry, which holds the digest of the one before.")


class BreakOut(Out):
    """The first break of the log."""

    where: str = Field(description="`seals`, or a shard such as `shard 3`.")
    number: int = Field(description="The place in the chain, from 1.")
    problem: str


class VerificationOut(Out):
    """What a verification found; `running` goes on in the job."""

    status: Wholeness
    entries: int
    seals: int
    first_break: BreakOut | None
    job_id: str | None


class SystemLogPage(Out):
    """A page of the audit log."""

    results: list[AuditEntryOut]
    next: str | None = Field(description="The cursor of the page after this one.")
    count: int | None = Field(description="The length of the whole list, if a counter has it.")
    verification: VerificationOut | None = Field(description="Where `verify` asked for it.")
