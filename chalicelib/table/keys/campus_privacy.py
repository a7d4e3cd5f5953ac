"""Keys of erasures and exports of the campus portal's people."""

from chalicelib.table.items.campus_privacy import CampusErasure, CampusExport
from chalicelib.table.keys import jobs
from chalicelib.table.places import Place


def erasure(job_id: str) -> Place[CampusErasure]:
    """Question 69, of a job that erases a person."""
    return Place(CampusErasure, *jobs.job(job_id))


def export(job_id: str) -> Place[CampusExport]:
    """Question 69, of a job that exports what is known of a person."""
    return Place(CampusExport, *jobs.job(job_id))
