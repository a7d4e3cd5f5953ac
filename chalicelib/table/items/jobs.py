"""The item of a background job."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.table.items.base import Item, MomentAttribute


class Job(Item, discriminator="job"):
    """Work that goes on in the background; each kind is a subclass. Due in the sweep's index while open."""

    job_id = UnicodeAttribute()
    # The organization or account that may read it.
    owner_id = UnicodeAttribute()
    status = UnicodeAttribute()
    # How many of its `quantity` parts are done.
    done = NumberAttribute(default=0)
    quantity = NumberAttribute(null=True)
    created_by = UnicodeAttribute()
    created_at = MomentAttribute()
    completed_at = MomentAttribute(null=True)
