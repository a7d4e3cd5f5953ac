"""Bodies of campus attendance: records, decisions, appeals, histories, marks by hand."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from chalicelib import scanned_text
from chalicelib.schemas.admin.lists import OrderedIn
from chalicelib.schemas.campus.accounts import left_out
from chalicelib.schemas.campus.users import CardUid
from chalicelib.schemas.texts import LINES
from chalicelib.schemas.wire import Filter, In, Moment, Out, RootOut, Scanned
from chalicelib.vocabulary.campus import (
    AppealStatus,
    AttendanceMethod,
    AttendanceStatus,
    EvidenceFactor,
    EvidenceFlag,
    ReviewDecision,
    VerificationStatus,
)

# An empty optional field counts as left out, so these texts need no least length.
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), LINES]
OptionalReason = Annotated[Reason | None, BeforeValidator(left_out, json_schema_input_type=str | None)]
Statement = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), LINES]
StudentName = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] | None,
    BeforeValidator(left_out, json_schema_input_type=str | None),
    Field(description="The user id, or the student number."),
]
OptionalUid = Annotated[CardUid | None, BeforeValidator(left_out, json_schema_input_type=str | None)]
OptionalStatus = Annotated[
    Filter[AttendanceStatus] | None, BeforeValidator(left_out, json_schema_input_type=AttendanceStatus | None)
]
OptionalId = Annotated[
    Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$"), Scanned(scanned_text.identifier)]
    | None,
    BeforeValidator(left_out, json_schema_input_type=str | None),
]


class DatedIn(OrderedIn):
    """A page of a list that is ordered by `date`; its fields come from the list (`query_with`)."""

    @property
    def period(self) -> tuple[datetime | date | None, datetime | date | None]:
        """Return both ends of the period that is asked for: moments, or days as people at the campus mean them."""
        return self._end("from"), self._end("to")

    def _end(self, end: str) -> datetime | date | None:
        sent = (getattr(self, f"{name}_{end}", None) for name in ("date", "submitted_at", "filed_at"))
        return next((value for value in sent if value is not None), None)


class RecordsIn(DatedIn):
    """A page of records, or of the people who were expected at an event and have none."""

    missing: Filter[Literal["true", "false"]] | None = Field(
        None, description="`true`: those who were expected at the event and have no record; `event` is needed."
    )

    @property
    def wants_missing(self) -> bool:
        """Whether the people without a record are asked for."""
        return self.missing == "true"


class EventBriefOut(Out):
    """The event of a record."""

    id: str
    title: str


class StudentBriefOut(Out):
    """The person of a record; `student_id` is the student number."""

    id: str
    student_id: str | None
    full_name: str
    department: str
    year_level: str | None


class RecordFactorOut(Out):
    """A part of the evidence; `passed` is null where it was not asked for or is not checked yet."""

    factor: EvidenceFactor
    passed: bool | None
    message: str


class RecordFlagOut(Out):
    """What staff should look at; `evidence` has the numbers."""

    flag: EvidenceFlag
    evidence: dict[str, int]
    message: str


class RecordAppealOut(Out):
    """The newest appeal against a record."""

    statement: str
    at: Moment
    status: AppealStatus
    answer: str | None
    answered_at: Moment | None
    answered_by: str | None


class RecordOut(Out):
    """A record: whether one person was at one event."""

    id: str
    event: EventBriefOut
    student: StudentBriefOut
    status: AttendanceStatus
    verification_status: VerificationStatus
    location_verified: bool | None
    distance_m: float | None
    submitted_at: Moment
    method: AttendanceMethod
    factors: list[RecordFactorOut]
    flags: list[RecordFlagOut]
    verified_by: str | None = Field(description="Who decided last.")
    verified_at: Moment | None
    note: str | None
    appeal: RecordAppealOut | None
    corrected: bool = Field(description="Whether staff changed the status.")


class MissingOut(Out):
    """A person who was expected and has no record; `id` is what an appeal is filed under.

    `status` is null until the time of the event is over.
    """

    id: str
    event: EventBriefOut
    student: StudentBriefOut
    status: Literal[AttendanceStatus.ABSENT] | None
    appeal: RecordAppealOut | None = Field(description="The person's appeal, until its answer makes the record.")


class RecordEntryOut(RootOut[RecordOut | MissingOut]):
    """An entry of a list: a record, or with `missing` a person who has none."""


class DecisionIn(In):
    """A decision. `correct` needs a status; `reject` and `correct` need a note, and so does the answer to an appeal."""

    decision: Filter[ReviewDecision]
    status: OptionalStatus = None
    note: OptionalReason = None


class MarkIn(In):
    """A mark by hand or by card. By hand, status and reason are needed; a card may leave them out where it is new."""

    student_id: StudentName = None
    card_uid: OptionalUid = None
    status: OptionalStatus = None
    reason: OptionalReason = None


class AppealIn(In):
    """An appeal; `event_id` is needed where there is no record."""

    statement: Statement
    event_id: OptionalId = None


class AppealsIn(DatedIn):
    """A page of appeals; the open ones without a status."""


class AppealOut(Out):
    """An appeal, with the record that it contests; null where there is none."""

    id: str
    attendance_id: str
    event: EventBriefOut
    student: StudentBriefOut
    statement: str
    filed_at: Moment
    status: AppealStatus
    answer: str | None
    answered_by: str | None
    answered_at: Moment | None
    record: RecordOut | None


class VersionOut(Out):
    """A version of a record; `replaced_…` and `reason` say by whom, when and why the next one replaced it."""

    version: int
    status: AttendanceStatus
    verification_status: VerificationStatus
    method: AttendanceMethod
    submitted_at: Moment
    location_verified: bool | None
    distance_m: float | None
    factors: list[RecordFactorOut]
    flags: list[RecordFlagOut]
    note: str | None
    decided_by: str | None
    decided_at: Moment | None
    replaced_by: str | None
    replaced_at: Moment | None
    reason: str | None
    is_original: bool
    is_current: bool


class FiledAppealOut(Out):
    """An appeal, as its record's history shows it."""

    statement: str
    filed_at: Moment
    status: AppealStatus
    answer: str | None
    answered_by: str | None
    answered_at: Moment | None


class ReadingOut(Out):
    """A reading of a code at the event; `reason` says why it was refused."""

    at: Moment
    reason: str | None
    age_seconds: float | None
    address_hint: str | None
    agent: str | None


class HistoryOut(Out):
    """Every version of a record, the original first; every appeal; for staff also the readings of codes."""

    id: str
    versions: list[VersionOut]
    appeals: list[FiledAppealOut]
    readings: list[ReadingOut]
