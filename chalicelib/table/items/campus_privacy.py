"""Items of erasures and exports of the campus portal's people."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import MomentAttribute
from chalicelib.table.items.jobs import Job


class CampusErasure(Job, discriminator="campus_erasure"):
    """The job that erases one person of the campus portal (its `owner_id`); `done` counts the completed stages."""

    closed_at = MomentAttribute()
    # How many things each stage has erased; no personal data.
    certificate: JSONAttribute = JSONAttribute(default=dict)


class CampusExport(Job, discriminator="campus_export"):
    """The job that gathers all that is known of one person of the campus portal (its `owner_id`)."""

    # The file in the bucket, once it is complete.
    file_key = UnicodeAttribute(null=True)
