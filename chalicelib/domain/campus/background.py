"""Stream followers, background jobs and what is due at a time, of campus attendance."""

from chalicelib.domain.campus.analytics import attendance_counts
from chalicelib.domain.campus.attendance import code_readings, last_places, resubmission
from chalicelib.domain.campus.people import student_counts
from chalicelib.domain.changes import Follower
from chalicelib.domain.jobs import JobKind
from chalicelib.domain.sweep import SweepTaker
from chalicelib.table.items import Job

FOLLOWERS: tuple[Follower, ...] = (
    attendance_counts.follow,
    student_counts.follow,
    code_readings.follow,
    resubmission.follow,
    last_places.follow,
)
JOB_KINDS: dict[type[Job], JobKind] = {}
SWEEP_TAKERS: dict[str, SweepTaker] = {}
