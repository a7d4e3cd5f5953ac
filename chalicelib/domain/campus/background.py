"""Stream followers, facts, background jobs and what is due at a time, of campus attendance."""

from collections.abc import Callable
from typing import Any

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.background.sweep import SweepTaker
from chalicelib.domain.campus.analytics import attendance_counts, recounts
from chalicelib.domain.campus.attendance import (
    code_readings,
    last_places,
    photo_check_jobs,
    photo_checks,
    record_notices,
    resubmission,
)
from chalicelib.domain.campus.people import student_counts
from chalicelib.domain.campus.privacy import campus_erasure, own_export, retention
from chalicelib.domain.campus.reports import report_runs
from chalicelib.table.items import (
    AttendanceRecount,
    CampusErasure,
    CampusExport,
    CampusReportRun,
    EvidenceErasure,
    Job,
    PhotoCheck,
)
from chalicelib.vocabulary.messages import Fact

FOLLOWERS: tuple[Follower, ...] = (
    attendance_counts.follow,
    recounts.follow,
    student_counts.follow,
    # After the numbers of students have moved.
    recounts.follow_groups,
    code_readings.follow,
    resubmission.follow,
    last_places.follow,
    photo_check_jobs.follow,
    retention.follow,
    retention.follow_late,
    campus_erasure.follow,
    record_notices.follow,
)
FACT_TAKERS: dict[Fact, Callable[[dict[str, Any]], None]] = {Fact.ATTENDANCE_DECIDED: record_notices.send}
JOB_KINDS: dict[type[Job], JobKind] = {
    AttendanceRecount: JobKind("attendance_recount", recounts.run_step),
    CampusReportRun: JobKind("campus_report", report_runs.run_step, report_runs.result),
    CampusErasure: JobKind("campus_erasure", campus_erasure.run_step),
    CampusExport: JobKind("campus_export", own_export.run_step, own_export.result),
    EvidenceErasure: JobKind("evidence_erasure", retention.run_step),
    PhotoCheck: JobKind("photo_check", photo_checks.run_step),
}
SWEEP_TAKERS: dict[str, SweepTaker] = {}
