"""The job of cancellations, and the stream follower that has it count again."""

from chalicelib.domain.background.changes import Follower
from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.cancellations import runs
from chalicelib.table.items import CancellationRun, Job

JOB_KINDS: dict[type[Job], JobKind] = {CancellationRun: JobKind("event_cancellation", runs.run_step, runs.result)}
FOLLOWERS: tuple[Follower, ...] = (runs.follow, runs.follow_answers)
