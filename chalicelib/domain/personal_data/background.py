"""The jobs of personal data."""

from chalicelib.domain.background.jobs import JobKind
from chalicelib.domain.personal_data import erasures, exports
from chalicelib.table.items import Erasure, Job, PersonalExport

JOB_KINDS: dict[type[Job], JobKind] = {
    PersonalExport: JobKind("personal_export", exports.run_step, exports.result),
    Erasure: JobKind("customer_erasure", erasures.run_step, erasures.result),
}
