"""The job of cancellations."""

from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.cancellations import runs
from chalicelib.table.items import CancellationRun, Job

JOB_KINDS: dict[type[Job], JobKind] = {CancellationRun: JobKind("event_cancellation", runs.run_step, runs.result)}
