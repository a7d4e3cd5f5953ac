"""Keys of campus reports."""

from chalicelib.table.items.campus_reports import CampusReport, CampusReportRun
from chalicelib.table.keys import jobs
from chalicelib.table.places import Place, joined


def report(report_id: str) -> Place[CampusReport]:
    """Question 250: what is registered of a report."""
    return Place(CampusReport, joined("CAMPUS_REPORT", report_id), "CAMPUS_REPORT")


def run(job_id: str) -> Place[CampusReportRun]:
    """Question 69, for a report."""
    return Place(CampusReportRun, *jobs.job(job_id))
