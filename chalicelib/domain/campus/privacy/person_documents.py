"""What a person is given of themselves: the report of their attendance, or all that is known of them."""

from chalicelib.domain.access.tokens import Principal
from chalicelib.domain.campus.privacy import own_export
from chalicelib.domain.campus.privacy.own_export import StartedOwnExport
from chalicelib.domain.campus.reports import report_documents
from chalicelib.domain.campus.reports.report_documents import MadeReport, ReportVersionWish
from chalicelib.domain.campus.reports.report_runs import StartedReport
from chalicelib.vocabulary.campus import ReportFormat


def begin_or_make(
    caller: Principal, user_id: str, wanted: ReportFormat | None, *, version: ReportVersionWish
) -> MadeReport | StartedReport | StartedOwnExport:
    """Report a person's attendance; where no format is wanted, start the export of everything.

    Raises Forbidden, NotFound, Unavailable.
    """
    if wanted is None:
        return own_export.begin(caller, user_id)
    return report_documents.of_person(caller, user_id, wanted=wanted, version=version)
