"""Items of cancelled events."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.events import CancellationRefund, CancellationStatus


class CancellationPreview(Item, discriminator="cancellation_preview"):
    """What a member of staff was shown of a cancellation; `challenge_id` is the code that was sent for it."""

    event_id = UnicodeAttribute()
    admin_id = UnicodeAttribute()
    challenge_id = UnicodeAttribute()
    previewed_at = MomentAttribute()


class Cancellation(Item, discriminator="cancellation"):
    """The cancellation of an event: what was asked, by whom, and the job that gives the money back.

    `total` is what was paid for its tickets when it was asked, in minor units.
    """

    event_id = UnicodeAttribute()
    status = EnumAttribute(CancellationStatus)
    refund = EnumAttribute(CancellationRefund)
    notify = BooleanAttribute()
    reason = UnicodeAttribute()
    tickets = IntegerAttribute()
    total = IntegerAttribute()
    currency = UnicodeAttribute()
    asked_by = UnicodeAttribute()
    asked_at = MomentAttribute()
    confirmed_by = UnicodeAttribute(null=True)
    cancelled_at = MomentAttribute(null=True)
    job_id = UnicodeAttribute(null=True)
    # The requests that asked for it and confirmed it, so that a repeat of either gets its answer.
    asked_operation = UnicodeAttribute()
    confirmed_operation = UnicodeAttribute(null=True)


class CancellationRun(Job, discriminator="cancellation_run"):
    """The job of a cancellation. It goes over the event's paid orders until every ticket is done or needs staff.

    `shard` and `after` say where the present pass is. `sums` are what it has counted so far; `shown` are the sums of
    the last whole pass. At `moved_at` a dispute or a refund of the event moved at its provider.
    """

    event_id = UnicodeAttribute()
    refund = EnumAttribute(CancellationRefund)
    cancelled_at = MomentAttribute()
    pass_began_at = MomentAttribute()
    moved_at = MomentAttribute(null=True)
    passes = IntegerAttribute(default=0)
    shard = IntegerAttribute(default=0)
    after = UnicodeAttribute(null=True)
    sums: JSONAttribute = JSONAttribute(default=dict)
    shown: JSONAttribute = JSONAttribute(null=True)
