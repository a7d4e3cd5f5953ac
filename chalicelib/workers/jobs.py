"""Event door of the jobs queue: work that goes on after the answer."""

import json
from typing import Any

from chalicelib.domain.audit import background as audit
from chalicelib.domain.background import jobs
from chalicelib.domain.campus import background as campus
from chalicelib.domain.cancellations import background as cancellations
from chalicelib.domain.card_office import background as card_office
from chalicelib.domain.customer_notices import background as customer_notices
from chalicelib.domain.exports import background as exports
from chalicelib.domain.offline import background as offline
from chalicelib.domain.organizations import background as organizations
from chalicelib.domain.payouts import background as payouts
from chalicelib.domain.personal_data import background as personal_data
from chalicelib.workers import Failures, each_message

# Every kind of job, by its item.
KINDS = {
    **organizations.JOB_KINDS,
    **customer_notices.JOB_KINDS,
    **cancellations.JOB_KINDS,
    **exports.JOB_KINDS,
    **payouts.JOB_KINDS,
    **personal_data.JOB_KINDS,
    **card_office.JOB_KINDS,
    **audit.JOB_KINDS,
    **offline.JOB_KINDS,
    **campus.JOB_KINDS,
}


def handle(batch: dict[str, Any]) -> Failures:
    """Run one step of each job."""
    return each_message(batch, _take)


def _take(body: str) -> None:
    run_step(json.loads(body)["job_id"])


def run_step(job_id: str) -> None:
    """Run one step of a job, by the taker that its area names."""
    jobs.run_step(job_id, KINDS)
