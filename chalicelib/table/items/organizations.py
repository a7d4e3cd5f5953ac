"""Items of organizations with numbered tickets: number ranges, tickets, totals and jobs."""

from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, JSONAttribute, MapAttribute, UnicodeAttribute

from chalicelib.table.items.attributes import EnumAttribute, IntegerAttribute, MomentAttribute
from chalicelib.table.items.item import Item, SweptItem
from chalicelib.table.items.jobs import Job
from chalicelib.vocabulary.numbered_tickets import PrintFormat


class Organization(Item, discriminator="organization"):
    """A small organization with its own tickets. Invariants: `members` <= `max_users`, `admins` >= 1."""

    organization_id = UnicodeAttribute()
    name = UnicodeAttribute()
    timezone = UnicodeAttribute()
    # The previous time zones: [{"name", "until"}], the earliest first.
    zones: JSONAttribute = JSONAttribute(default=list)
    ticket_prefix = UnicodeAttribute()
    max_users = IntegerAttribute()
    members = IntegerAttribute()
    admins = IntegerAttribute(default=1)
    # How often the invite code was changed; the code itself is derived.
    invite_generation = IntegerAttribute(default=1)
    # How long the code is valid, and how many more people may join with it.
    invite_expires_at = MomentAttribute()
    invite_uses = IntegerAttribute()
    # Whether its users must prove their addresses before they order numbers; not in the demo organization.
    needs_proof = BooleanAttribute(default=True)
    logo_url = UnicodeAttribute(null=True)
    # The layout of tickets on a printed sheet, as the settings write it.
    paper: JSONAttribute = JSONAttribute(null=True)
    created_at = MomentAttribute()


class Member(Item, discriminator="member"):
    """A user of an organization; name and address are in the account alone."""

    user_id = UnicodeAttribute()
    joined_at = MomentAttribute()


class NumberSeries(Item, discriminator="number_series"):
    """The last allocated number of a prefix, and the first number of each range being written."""

    organization_id = UnicodeAttribute()
    prefix = UnicodeAttribute()
    last = IntegerAttribute(default=0)
    # By job.
    firsts: MapAttribute[str, Any] = MapAttribute(default=dict)


class TicketTally(Item, discriminator="ticket_tally"):
    """The ticket totals of an organization. Ordinals count its tickets from 1, across all prefixes.

    Tickets up to the `last` ordinal are visible, except the ranges being written. `firsts` and `quantities` hold,
    by job, the first ordinal and the size of each such range. `jobs` holds the last background jobs, ended ones too.
    """

    organization_id = UnicodeAttribute()
    last = IntegerAttribute(default=0)
    firsts: MapAttribute[str, Any] = MapAttribute(default=dict)
    quantities: MapAttribute[str, Any] = MapAttribute(default=dict)
    jobs: MapAttribute[str, Any] = MapAttribute(default=dict)
    # Excludes deleted tickets.
    live = IntegerAttribute(default=0)
    scanned = IntegerAttribute(default=0)


class NumberRange(Job, discriminator="number_range"):
    """Consecutive numbers allocated together, and the job that writes their tickets.

    The ticket at `offset` (0 is the first) has number `first + offset` and ordinal `first_ordinal + offset`. The
    tickets are hidden until the range is `complete`. Until then the series and the tally list the range.
    """

    prefix = UnicodeAttribute()
    first = IntegerAttribute(null=True)
    first_ordinal = IntegerAttribute(null=True)
    # As JSON: the organization's own fields on each ticket.
    extra = UnicodeAttribute(null=True)
    # The source of its ticket ids.
    seed = BinaryAttribute(legacy_encoding=False)
    # The day that the reports count it under.
    day = UnicodeAttribute()


class RangePlace(Item, discriminator="range_place"):
    """Maps a number to its range: stored in the prefix's partition under the first number, once complete."""

    job_id = UnicodeAttribute()
    first = IntegerAttribute()
    quantity = IntegerAttribute()
    first_ordinal = IntegerAttribute()


class NumberedTicket(Item, discriminator="numbered_ticket"):
    """One ticket of a range. It can be scanned once, unless it is voided or deleted.

    A deleted ticket remains for some days, so that a late worker does not write it again.
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
    # The request that scanned it, so that its retry gets the same success.
    scan_operation = UnicodeAttribute(null=True)
    voided_at = MomentAttribute(null=True)
    voided_by = UnicodeAttribute(null=True)
    void_reason = UnicodeAttribute(null=True)
    deleted_at = MomentAttribute(null=True)


class TicketBucket(Item, discriminator="ticket_bucket"):
    """Two bitmaps over a thousand ordinals: scanned and deleted tickets, as counted in the totals.

    Bits are only ever set, in one transaction with the totals. So redelivered, split or reordered batches count once.
    """

    organization_id = UnicodeAttribute()
    bucket = IntegerAttribute()
    scanned = BinaryAttribute(legacy_encoding=False)
    deleted = BinaryAttribute(legacy_encoding=False)


class BucketGroup(Item, discriminator="bucket_group"):
    """The deleted tickets of a hundred buckets, and the scanned ones that are not deleted."""

    organization_id = UnicodeAttribute()
    group = IntegerAttribute()
    scanned = IntegerAttribute(default=0)
    deleted = IntegerAttribute(default=0)


class TicketDay(Item, discriminator="ticket_day"):
    """The tickets generated and scanned on one day of the organization's time zone, without deleted ones.

    `ordered` and `print_runs` count what was ordered on that day, and are never reduced.
    """

    organization_id = UnicodeAttribute()
    date = UnicodeAttribute()
    generated = IntegerAttribute(default=0)
    scanned = IntegerAttribute(default=0)
    ordered = IntegerAttribute(default=0)
    print_runs = IntegerAttribute(default=0)


class SellerBatch(SweptItem, discriminator="seller_batch"):
    """Numbers that a seller has taken to sell, and what came back. Money is in minor units.

    It is in the sweep's index while returned numbers may not all be void yet.
    """

    batch_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    seller = UnicodeAttribute()
    prefix = UnicodeAttribute()
    first = IntegerAttribute()
    last = IntegerAttribute()
    price = IntegerAttribute()
    currency = UnicodeAttribute()
    # [[first, last]] in order, without overlap; they only grow.
    returned: JSONAttribute = JSONAttribute(default=list)
    # What the seller has paid; None until the batch is settled.
    cash = IntegerAttribute(null=True)
    # Returned tickets that had been scanned before, which therefore were sold or used.
    scanned_of_returned = IntegerAttribute(default=0)
    # The optimistic lock.
    version = IntegerAttribute(default=0)
    returned_by = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute()
    created_at = MomentAttribute()
    settled_at = MomentAttribute(null=True)


class BatchPlace(Item, discriminator="batch_place"):
    """The numbers of a batch, stored in the prefix's partition under the first number."""

    batch_id = UnicodeAttribute()
    first = IntegerAttribute()
    last = IntegerAttribute()


class BatchLock(Item, discriminator="batch_lock"):
    """Counts the batches of a prefix: the optimistic lock against batches that overlap."""

    batches = IntegerAttribute(default=0)


class TicketClearing(Job, discriminator="ticket_clearing"):
    """The job that deletes all tickets that existed when it was created, the newest first."""

    # Ordinals from this one up are done.
    below = IntegerAttribute()
    # [[first, last]] ordinals of the ranges being written at that moment; they are kept.
    spared: JSONAttribute = JSONAttribute(default=list)


class PrintRun(Job, discriminator="print_run"):
    """The job that creates files of a range of numbers: PDFs to print, or a CSV."""

    prefix = UnicodeAttribute()
    first = IntegerAttribute()
    last = IntegerAttribute()
    format = EnumAttribute(PrintFormat)
    # The layout on a sheet, from the settings at the time of the request.
    paper: JSONAttribute = JSONAttribute(null=True)
    # Its files in the bucket, each with key and numbers; `problem` is why it failed.
    files: JSONAttribute = JSONAttribute(null=True)
    problem = UnicodeAttribute(null=True)
