"""Items of campus reports: what is registered of a report, and the jobs that write large ones."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.campus import ReportFormat, ReportKind


class CampusReport(Item, discriminator="campus_report"):
    """What is registered of a report: hashes and signatures of both its versions, and what it was made from.

    It holds no personal data beside ids, and is never changed. `redacted_key` is the file of the redacted version.
    """

    report_id = UnicodeAttribute()
    report_kind = EnumAttribute(ReportKind)
    format = EnumAttribute(ReportFormat)
    generated_at = MomentAttribute()
    generated_by = UnicodeAttribute()
    filters: JSONAttribute = JSONAttribute(default=dict)
    totals: JSONAttribute = JSONAttribute(default=dict)
    row_count = IntegerAttribute()
    event_id = UnicodeAttribute(null=True)
    event_title = UnicodeAttribute(null=True)
    sha256 = UnicodeAttribute()
    signature = UnicodeAttribute()
    redacted_sha256 = UnicodeAttribute()
    redacted_signature = UnicodeAttribute()
    redacted_key = UnicodeAttribute(null=True)
    kid = UnicodeAttribute()


class CampusReportRun(Job, discriminator="campus_report_run"):
    """The job that writes a large report.

    `request` is the report as it was asked for, in the words of its starter. `position` is where the rows go on,
    `parts` are the keys of rows that are read, `report_id` is of the report at the end.
    """

    request: JSONAttribute = JSONAttribute()
    report_id = UnicodeAttribute()
    position = UnicodeAttribute(null=True)
    parts: JSONAttribute = JSONAttribute(default=list)
    file = UnicodeAttribute(null=True)
    problem = UnicodeAttribute(null=True)
