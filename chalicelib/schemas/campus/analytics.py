"""Bodies of campus attendance: dashboards, histograms, trends, anomalies, events, the live view."""

from typing import Annotated

from pydantic import Field

from chalicelib.schemas.wire import Moment, Out
from chalicelib.vocabulary.campus import AttendanceStatus, VerificationStatus

_RATE = (
    "The share of those on the roster who attended, from 0 to 1; the excused are not expected. Null without a roster."
)
Rate = Annotated[float | None, Field(ge=0, le=1, description=_RATE)]
Expected = Annotated[int | None, Field(description="How many people the roster expects. Null without a roster.")]


class MinuteOut(Out):
    """A minute, and how many submitted in it."""

    minute: Moment
    count: int


class EventAnalyticsOut(Out):
    """The figures of an event."""

    event_id: str
    expected: Expected
    submitted: int = Field(description="All records of the event, those by hand included.")
    by_status: dict[AttendanceStatus, int]
    by_verification: dict[VerificationStatus, int]
    flags: dict[str, int] = Field(description="How many records have each flag; flags that none has are left out.")
    by_minute: list[MinuteOut] = Field(description="Minutes with submissions, of the first 48 hours that have any.")
    median_seconds: float | None = Field(
        description="The median time from the verified code to the submission, from bins of 1 s (5 s above a minute)."
    )
    rate: Rate


class SummaryRowOut(Out):
    """How many records have a status and a verification status."""

    status: AttendanceStatus
    verification_status: VerificationStatus
    count: int


class RecentSubmissionOut(Out):
    """A submission of the last minutes; the names are there twice, as the clients read them."""

    first_name: str
    last_name: str
    student__first_name: str
    student__last_name: str
    submitted_at: Moment
    verification_status: VerificationStatus


class RealtimeOut(Out):
    """What is shown while an event goes on."""

    event_id: str
    attendance_summary: list[SummaryRowOut]
    recent_submissions: list[RecentSubmissionOut] = Field(
        description="Of the last five minutes, newest first, ten at most."
    )
    total_registered: int = Field(description="All records of the event.")
    expected: Expected
    last_updated: Moment
