"""The jobs of the audit log."""

from chalicelib.domain.audit import verification_runs
from chalicelib.domain.background.jobs import JobKind
from chalicelib.table.items import AuditVerification, Job

JOB_KINDS: dict[type[Job], JobKind] = {
    AuditVerification: JobKind("audit_verify", verification_runs.run_step, verification_runs.result)
}
