"""Keys of exports and erasures of customers' personal data."""

from chalicelib.table.items.personal_data import Erasure, PersonalExport
from chalicelib.table.keys import jobs
from chalicelib.table.places import Place


def export(job_id: str) -> Place[PersonalExport]:
    """Question 69, of a job that exports what is known of a customer."""
    return Place(PersonalExport, *jobs.job(job_id))


def erasure(job_id: str) -> Place[Erasure]:
    """Question 69, of a job that erases a customer's personal data."""
    return Place(Erasure, *jobs.job(job_id))
