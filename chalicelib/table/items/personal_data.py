"""Items of exports and erasures of customers' personal data."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import MomentAttribute
from chalicelib.table.items.jobs import Job


class PersonalExport(Job, discriminator="personal_export"):
    """The job that gathers all that is known of a customer (its `owner_id`); `quantity` is the number of places."""

    # The file in the bucket, once it is complete.
    file_key = UnicodeAttribute(null=True)


class Erasure(Job, discriminator="erasure"):
    """The job that erases a customer's personal data (its `owner_id`), and proves that it did.

    `done` is the number of completed phases.
    """

    # Whether tickets and balances are given back first.
    force = BooleanAttribute(default=False)
    # The role of the member of staff who asked for it.
    role = UnicodeAttribute(default="")
    closed_at = MomentAttribute()
    erased_at = MomentAttribute(null=True)
    # What was looked through, when and by whom; no personal data.
    certificate: JSONAttribute = JSONAttribute(null=True)
