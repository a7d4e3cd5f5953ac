"""The items of organizations with tickets of their own: numbers, tickets, totals and kinds of jobs."""

from typing import Any

from pynamodb.attributes import BinaryAttribute, JSONAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary import PrintFormat


class Organization(Item, discriminator="organization"):
    """A small organization with its own tickets; `members` never is over `max_users`."""

    organization_id = UnicodeAttribute()
    name = UnicodeAttribute()
    timezone = UnicodeAttribute()
    # Those that were in force before: [{"name", "until"}], the earliest first.
    zones: JSONAttribute = JSONAttribute(default=list)
    ticket_prefix = UnicodeAttribute()
    max_users = IntegerAttribute()
    members = IntegerAttribute()
    # How often the invite code was changed; the code itself is derived.
    invite_generation = IntegerAttribute(default=1)
    logo_url = UnicodeAttribute(null=True)
    # How tickets lie on a printed sheet, as the settings write it.
    paper: JSONAttribute = JSONAttribute(null=True)
    created_at = MomentAttribute()


class NumberSeries(Item, discriminator="number_series"):
    """The last number of a prefix that was given out, and the first of each range that is being written."""

    organization_id = UnicodeAttribute()
    prefix = UnicodeAttribute()
    last = IntegerAttribute(default=0)
    # By job.
    firsts: MapAttribute[str, Any] = MapAttribute(default=dict)


class TicketTally(Item, discriminator="ticket_tally"):
    """What an organization's tickets come to; their ordinals count all of them, whatever their prefix, from 1.

    The tickets up to the `last` ordinal are those that readers see, without the ranges that are being written:
    `firsts` and `quantities` say by job where each of these begins and how many it has.
    """

    organization_id = UnicodeAttribute()
    last = IntegerAttribute(default=0)
    firsts: MapAttribute[str, Any] = MapAttribute(default=dict)
    quantities: MapAttribute[str, Any] = MapAttribute(default=dict)
    # Without those that were deleted since.
    live = IntegerAttribute(default=0)
    scanned = IntegerAttribute(default=0)


class NumberRange(Job, discriminator="number_range"):
    """Consecutive numbers that were given out at once, and the job that writes their tickets.

    The ticket at `offset` (0 is the first) has number `first + offset` and ordinal `first_ordinal + offset`. Nobody
    sees any of them before the range is `complete`, and until then both stand in the series and in the tally.
    """

    prefix = UnicodeAttribute()
    first = IntegerAttribute(null=True)
    first_ordinal = IntegerAttribute(null=True)
    # As JSON; what the organization wants to stand on each ticket.
    extra = UnicodeAttribute(null=True)
    # What the ids of its tickets are made from.
    seed = BinaryAttribute(legacy_encoding=False)
    # The day on which the reports count it.
    day = UnicodeAttribute()


class RangePlace(Item, discriminator="range_place"):
    """Which range a number is in: stands in its prefix's partition under the first number, once it is complete."""

    job_id = UnicodeAttribute()
    first = IntegerAttribute()
    quantity = IntegerAttribute()
    first_ordinal = IntegerAttribute()


class NumberedTicket(Item, discriminator="numbered_ticket"):
    """One ticket of a range; it is scanned once, unless it was voided or deleted before.

    A deleted one stays for some days, so that no worker that comes late writes it anew.
    """

    ticket_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    job_id = UnicodeAttribute()
    prefix = UnicodeAttribute()
    number = IntegerAttribute()
    ordinal = IntegerAttribute()
    extra = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute()
    generated_at = MomentAttribute()
    scanned_at = MomentAttribute(null=True)
    scanned_by = UnicodeAttribute(null=True)
    # The request that scanned it, which finds its own success again.
    scan_operation = UnicodeAttribute(null=True)
    voided_at = MomentAttribute(null=True)
    voided_by = UnicodeAttribute(null=True)
    void_reason = UnicodeAttribute(null=True)
    deleted_at = MomentAttribute(null=True)


class TicketBucket(Item, discriminator="ticket_bucket"):
    """Which of a thousand ordinals were scanned and which deleted, as the totals know it: one bit for each.

    Bits are only ever set, together with what follows from them for the totals, so that whatever is told twice, cut
    or out of order counts once.
    """

    organization_id = UnicodeAttribute()
    bucket = IntegerAttribute()
    scanned = BinaryAttribute(legacy_encoding=False)
    deleted = BinaryAttribute(legacy_encoding=False)


class BucketGroup(Item, discriminator="bucket_group"):
    """How many tickets of a hundred buckets were deleted, and how many were scanned and not deleted."""

    organization_id = UnicodeAttribute()
    group = IntegerAttribute()
    scanned = IntegerAttribute(default=0)
    deleted = IntegerAttribute(default=0)


class TicketDay(Item, discriminator="ticket_day"):
    """What an organization generated and scanned on one day of its time zone, without what was deleted since."""

    organization_id = UnicodeAttribute()
    date = UnicodeAttribute()
    generated = IntegerAttribute(default=0)
    scanned = IntegerAttribute(default=0)


class TicketClearing(Job, discriminator="ticket_clearing"):
    """The job that deletes all tickets that an organization had at one moment, the newest first."""

    # It is done with all ordinals but those below this one.
    below = IntegerAttribute()
    # [[first, last]] ordinals of the ranges that were being written at that moment: they stay.
    spared: JSONAttribute = JSONAttribute(default=list)


class PrintRun(Job, discriminator="print_run"):
    """The job that makes files of a range of numbers: PDFs to print, or a CSV."""

    prefix = UnicodeAttribute()
    first = IntegerAttribute()
    last = IntegerAttribute()
    format = EnumAttribute(PrintFormat)
    # How the tickets lie on a sheet, as the settings said when it was asked for.
    paper: JSONAttribute = JSONAttribute(null=True)
    # Its files in the bucket, each with its key and the numbers in it; and why it failed.
    files: JSONAttribute = JSONAttribute(null=True)
    problem = UnicodeAttribute(null=True)
