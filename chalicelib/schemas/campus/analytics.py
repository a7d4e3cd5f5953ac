"""Bodies of campus attendance: dashboards, histograms, trends, anomalies, events, the live view."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib.schemas.campus.records import RecordOut
from chalicelib.schemas.wire import In, Moment, Out, RootOut
from chalicelib.vocabulary.campus import AnomalyType, AttendanceStatus, HistogramType, Severity, VerificationStatus

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

    @classmethod
    def from_copy(cls, copy: Any) -> "RecentSubmissionOut":
        """Return one of the newest submissions as it is shown."""
        return cls(
            first_name=copy.first_name,
            last_name=copy.last_name,
            student__first_name=copy.first_name,
            student__last_name=copy.last_name,
            submitted_at=copy.submitted_at,
            verification_status=copy.verification_status,
        )


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

    @classmethod
    def from_view(cls, view: Any) -> "RealtimeOut":
        """Return a live view as it is shown."""
        return cls(
            event_id=view.event_id,
            attendance_summary=[SummaryRowOut.read(row) for row in view.attendance_summary],
            recent_submissions=[RecentSubmissionOut.from_copy(copy) for copy in view.recent_submissions],
            total_registered=view.total_registered,
            expected=view.expected,
            last_updated=view.last_updated,
        )


def _within_a_year(days: int) -> int:
    if not 1 <= days <= _MOST_DAYS:
        raise ValueError(f"must be between 1 and {_MOST_DAYS}")
    return days


_MOST_DAYS = 366
_CAMPUS = "The id or the name of a campus."
CampusName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Days = Annotated[
    int,
    AfterValidator(_within_a_year),
    Field(json_schema_extra={"minimum": 1, "maximum": _MOST_DAYS}, description="The last days, today included."),
]


class DashboardIn(In):
    """The days of a dashboard."""

    days: Days = 30


class HistogramIn(In):
    """The days and the campus of a histogram."""

    days: Days = 7
    campus_id: CampusName | None = Field(default=None, description=_CAMPUS)


class FiguresIn(In):
    """The days and the campus of a report."""

    days: Days = 30
    campus_id: CampusName | None = Field(default=None, description=_CAMPUS)


class DateRangeOut(Out):
    """Days, both inclusive, in the time zone of the events."""

    start: date
    end: date


class RecentActivityOut(Out):
    """A submission of the last day."""

    attendance_id: str
    event_id: str
    title: str
    first_name: str
    last_name: str
    submitted_at: Moment
    status: AttendanceStatus
    verification_status: VerificationStatus


class DepartmentRateOut(Out):
    """A department and its rate."""

    department: str
    avg_rate: Rate


class OfficeSummaryOut(Out):
    """The sums of all events of the days."""

    total_events: int
    total_attendees: int
    avg_attendance_rate: Rate
    verified_count: int
    pending_count: int


class OfficeDashboardOut(Out):
    """What hr and admins see."""

    summary: OfficeSummaryOut
    recent_activity: list[RecentActivityOut]
    top_departments: list[DepartmentRateOut] = Field(description="Five at most, those with a rate first.")
    date_range: DateRangeOut


class EventLineOut(Out):
    """An event of a dashboard."""

    id: str
    title: str
    submitted: int
    rate: Rate


class OrganizerSummaryOut(Out):
    """The sums of the caller's events of the days."""

    events: int
    submissions: int
    pending: int
    flagged: int
    rate: Rate


class OrganizerDashboardOut(Out):
    """What organizers see of their events, and supervisors of those of their campus."""

    summary: OrganizerSummaryOut
    events: list[EventLineOut] = Field(description="The newest first, 50 at most.")
    recent_activity: list[RecentActivityOut]
    date_range: DateRangeOut


class StudentSummaryOut(Out):
    """A student's figures. `absent` follows from rosters of events that are over, or was marked by staff."""

    expected: int
    present: int
    late: int
    left_early: int
    excused: int
    absent: int
    rate: Rate
    flagged: int
    open_appeals: int


class StudentDashboardOut(Out):
    """What students see of their own attendance."""

    summary: StudentSummaryOut
    recent: list[RecordOut] = Field(description="The newest five records of the days.")
    streak: int = Field(description="How many events they attended since their last absence, within the days.")
    date_range: DateRangeOut


class DashboardOut(RootOut[OfficeDashboardOut | OrganizerDashboardOut | StudentDashboardOut]):
    """The dashboard of the caller's role."""


class HistogramMetadataOut(Out):
    """What a histogram is about."""

    date_range: DateRangeOut
    campus_filter: str | None = Field(description="The id of the campus that was asked for.")
    generated_at: Moment


class HistogramOut(Out):
    """The bars of a histogram."""

    histogram_type: HistogramType
    bins: list[int] = Field(description="Hours, seconds where a bin begins, or the numbers of the bars.")
    values: list[int]
    labels: list[str]
    total_samples: int = Field(description="How many records the bars count.")
    peak_hour: str | None = Field(description="The hour with the most records, of the hourly histogram.")
    metadata: HistogramMetadataOut


class TrendDayOut(Out):
    """A day of the series."""

    date: date
    expected: Expected
    submitted: int
    rate: Rate
    moving_average: float = Field(description="The mean of `submitted` over the window that ends with this day.")


class TrendsOut(Out):
    """Attendance by day, the oldest first."""

    series: list[TrendDayOut]
    window: int = Field(description="Days of the moving average.")


class DepartmentOut(Out):
    """A department; `expected` and `rate` are of the events whose rule names it."""

    department: str
    events: int = Field(description="Events with records of the department.")
    expected: Expected
    submitted: int
    rate: Rate
    verified: int
    pending: int
    flagged: int


class DepartmentsOut(Out):
    """The departments with attendance."""

    departments: list[DepartmentOut]


class SubjectOut(Out):
    """Whom or what an anomaly is about."""

    kind: Literal["event", "student", "department"]
    id: str


class AnomalyOut(Out):
    """Something unusual: a reason to look, and no proof."""

    type: AnomalyType
    severity: Severity
    subjects: list[SubjectOut]
    evidence: dict[str, float]
    detected_at: Moment
    message: str


class AnomaliesOut(Out):
    """What is unusual, the most severe first, and how much was looked through."""

    anomalies: list[AnomalyOut]
    flagged_examined: int
    events_examined: int


class DashboardRefreshOut(Out):
    """The dashboard as it is now; `recounting` says that events are counted again in the background."""

    message: str
    recounting: bool
    dashboard: DashboardOut
