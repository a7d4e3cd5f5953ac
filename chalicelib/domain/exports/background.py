"""The background job of exports."""

from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.exports import export_runs
from chalicelib.table.items import ExportRun, Job

JOB_KINDS: dict[type[Job], JobKind] = {ExportRun: JobKind("export", export_runs.run_step, export_runs.result)}
