"""Bodies of campus: reports."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from chalicelib.schemas import messages
from chalicelib.schemas.campus.records import RecordOut
from chalicelib.schemas.wire import BetweenIn, Filter, Id, In, Moment, Out
from chalicelib.vocabulary.campus import (
    AttendanceMethod,
    AttendanceStatus,
    ReportFormat,
    ReportKind,
    ReportVersion,
    VerificationStatus,
)
from chalicelib.vocabulary.work import JobStatus

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")]


class CheckReportIn(In):
    """The hash of a copy, to compare with the registered ones."""

    sha256: Sha256 | None = Field(None, description="SHA-256 of the copy in hex (docs/campus.md: of which bytes).")


class CheckedReportOut(Out):
    """Whether a report is genuine; no person is in it."""

    valid: bool = Field(description="The platform signed it; and a given `sha256` is of one of its two versions.")
    report_id: str
    generated_at: Moment
    kind: ReportKind
    format: ReportFormat
    event_title: str | None
    rows: int = Field(description="How many records the report has.")
    sha256: str
    signature: str = Field(description="Ed25519 in base64url, over the canonical JSON (RFC 8785) of the statement.")
    redacted_sha256: str = Field(description="The hash of the version for third parties, without names and numbers.")
    redacted_signature: str
    kid: str = Field(description="The name of the key that signed.")
    public_key: str | None = Field(description="That key, raw, in base64url; null where it was retired.")
    matches: ReportVersion | None = Field(description="Which version a given `sha256` is of.")


class VersionIn(In):
    """Which version of a report is wanted."""

    redacted: Filter[Literal["true", "false"]] | None = Field(
        None, description="`true`: the version for third parties, without names, numbers, photos and signatures."
    )
    report_id: Id | None = Field(
        None, description="With `redacted=true`: the redacted version of a report that was made before."
    )

    @property
    def is_redacted(self) -> bool:
        """Whether the version for third parties is asked for."""
        return self.redacted == "true"

    @model_validator(mode="after")
    def _names_only_redacted_ones(self) -> Self:
        if self.report_id is not None and not self.is_redacted:
            raise messages.of_field("report_id", "the full version is not kept; ask with redacted=true")
        return self


class AttendanceReportIn(BetweenIn, VersionIn):
    """The filters of a report and its format; its days are those of the event, else of the caller's campus."""

    format: Filter[Literal[ReportFormat.JSON, ReportFormat.CSV, ReportFormat.XLSX]] = ReportFormat.JSON
    event: Id | None = None
    department: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None


class ReportEventIn(In):
    """The event of a document."""

    event: Id


class EventReportIn(ReportEventIn, VersionIn):
    """The event of a document, and which version is wanted."""


class IndividualReportIn(VersionIn):
    """The format of a person's report."""

    format: Filter[Literal["json", "pdf", "zip"]] = Field(
        "json", description="`zip`: the job that packs all that is known of the person, for them, hr and admins."
    )

    @property
    def report_format(self) -> ReportFormat | None:
        """The format of the report; None where everything is asked for."""
        return None if self.format == "zip" else ReportFormat(self.format)


class TotalsOut(Out):
    """The totals of a report; each status, verification and method is there, also with 0."""

    records: int
    people: int
    events: int
    by_status: dict[AttendanceStatus, int]
    by_verification: dict[VerificationStatus, int]
    by_method: dict[AttendanceMethod, int]
    flagged: int = Field(description="Records with at least one flag.")
    corrected: int
    open_appeals: int


class ReportOut(Out):
    """A report. `sha256` is of its canonical JSON (RFC 8785) without `sha256` and `signature`."""

    report_id: str
    generated_at: Moment
    filters: dict[str, str]
    totals: TotalsOut
    rows: list[RecordOut]
    sha256: str
    signature: str = Field(description="Ed25519 in base64url; reports/verify says of which key.")


class StartedReportOut(Out):
    """The job of a report that is too large for one answer; GET /api/jobs/{job_id}/ shows its progress."""

    job_id: str
    status: JobStatus
    url: str | None = Field(description="The link to the file, once it is complete.")
