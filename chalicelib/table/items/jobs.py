"""Items of background jobs and the sweep."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.vocabulary.work import ExportFormat, JobStatus


class Job(SweptItem, discriminator="job"):
    """A background job; each kind is a subclass. It is in the sweep's index while open."""

    job_id = UnicodeAttribute()
    # The organization or account that it belongs to; `created_by` is the account that started it.
    owner_id = UnicodeAttribute()
    status = EnumAttribute(JobStatus)
    # How many of its `quantity` parts are done.
    done = IntegerAttribute(default=0)
    quantity = IntegerAttribute(null=True)
    created_by = UnicodeAttribute()
    created_at = MomentAttribute()
    completed_at = MomentAttribute(null=True)
    # How often in a row the sweep queued it again without progress, and how many parts were done then.
    revivals = IntegerAttribute(null=True)
    revived_at_done = IntegerAttribute(null=True)


class ExportRun(Job, discriminator="export"):
    """The job that writes the rows of a source into one file.

    `position` is where the source goes on; `parts` are the keys of rows that are read, `file` of the file at the end.
    """

    source = UnicodeAttribute()
    query: JSONAttribute = JSONAttribute()
    format = EnumAttribute(ExportFormat)
    position = UnicodeAttribute(null=True)
    parts: JSONAttribute = JSONAttribute(default=list)
    file = UnicodeAttribute(null=True)
    problem = UnicodeAttribute(null=True)


class SettlementFile(Job, discriminator="settlement_file"):
    """The job that writes the lines of an event's settlement into a file."""

    event_id = UnicodeAttribute()


class JobRequest(Item, discriminator="job_request"):
    """The operation of a request that started a job, so that the same request soon after is the same job."""

    operation_id = UnicodeAttribute()
    expires_at = MomentAttribute()


class SweepMark(Item, discriminator="sweep_mark"):
    """The minute up to which the sweep has processed all due items."""

    minute = UnicodeAttribute()
