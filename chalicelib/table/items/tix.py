"""The items of the organizations that number and scan their own tickets: numbers, tickets, totals, jobs."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.table.items.base import Item, MomentAttribute


class Organization(Item, discriminator="organization"):
    """A small organization with its own tickets; `members` never is over `max_users`."""

    organization_id = UnicodeAttribute()
    name = UnicodeAttribute()
    timezone = UnicodeAttribute()
    ticket_prefix = UnicodeAttribute()
    max_users = NumberAttribute()
    members = NumberAttribute()
    # How often the invite code was changed; the code itself is derived.
    invite_generation = NumberAttribute(default=1)
    logo_url = UnicodeAttribute(null=True)
    # How tickets lie on a printed sheet, as the settings write it.
    paper: JSONAttribute = JSONAttribute(null=True)
    created_at = MomentAttribute()


class NumberSeries(Item, discriminator="number_series"):
    """The last number that was given out: of a prefix, or, without one, of all an organization's tickets (ordinals)."""

    organization_id = UnicodeAttribute()
    prefix = UnicodeAttribute(null=True)
    last = NumberAttribute(default=0)


class NumberRange(Item, discriminator="number_range"):
    """Consecutive numbers that were given out at once, and the job that writes their tickets.

    Its ULID is the base of its tickets' ids: the ticket at `offset` (0 is the first) has number `first + offset` and
    ordinal `first_ordinal + offset`. Nobody sees its tickets before it is `complete`.
    """

    job_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    prefix = UnicodeAttribute()
    first = NumberAttribute()
    quantity = NumberAttribute()
    first_ordinal = NumberAttribute()
    extra = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    # How many of its tickets are written.
    done = NumberAttribute(default=0)
    created_by = UnicodeAttribute()
    created_at = MomentAttribute()
    completed_at = MomentAttribute(null=True)


class RangePlace(Item, discriminator="range_place"):
    """Which range a number is in: stands in its prefix's partition under the range's first number."""

    job_id = UnicodeAttribute()
    first = NumberAttribute()
    quantity = NumberAttribute()


class NumberedTicket(Item, discriminator="numbered_ticket"):
    """One ticket of a range; it is scanned once, unless it was voided before."""

    ticket_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    job_id = UnicodeAttribute()
    prefix = UnicodeAttribute()
    number = NumberAttribute()
    ordinal = NumberAttribute()
    extra = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute()
    generated_at = MomentAttribute()
    scanned_at = MomentAttribute(null=True)
    scanned_by = UnicodeAttribute(null=True)
    voided_at = MomentAttribute(null=True)
    voided_by = UnicodeAttribute(null=True)
    void_reason = UnicodeAttribute(null=True)
    # Its scan is in the totals.
    scan_counted = BooleanAttribute(null=True)


class TicketBucket(Item, discriminator="ticket_bucket"):
    """How many tickets of a thousand ordinals there are, and how many of these were scanned."""

    organization_id = UnicodeAttribute()
    bucket = NumberAttribute()
    live = NumberAttribute(default=0)
    scanned = NumberAttribute(default=0)


class NumberedTotals(Item, discriminator="numbered_totals"):
    """What an organization generated and scanned, in all or in one day, week or month of its time zone."""

    organization_id = UnicodeAttribute()
    # TOTALS, DAY, WEEK or MONTH; and which.
    of = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    generated = NumberAttribute(default=0)
    scanned = NumberAttribute(default=0)


class PrintRun(Item, discriminator="print_run"):
    """The job that makes a file of a range of numbers: a PDF to print, or a CSV."""

    job_id = UnicodeAttribute()
    organization_id = UnicodeAttribute()
    prefix = UnicodeAttribute()
    first = NumberAttribute()
    last = NumberAttribute()
    format = UnicodeAttribute()
    status = UnicodeAttribute()
    # The tickets that are printed and proved, of `quantity`.
    done = NumberAttribute(default=0)
    quantity = NumberAttribute(null=True)
    paper: JSONAttribute = JSONAttribute(null=True)
    # The keys of its files in the bucket, and why it failed.
    files: JSONAttribute = JSONAttribute(null=True)
    problem = UnicodeAttribute(null=True)
    created_by = UnicodeAttribute()
    created_at = MomentAttribute()
    completed_at = MomentAttribute(null=True)
