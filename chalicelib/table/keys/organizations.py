"""Keys of organizations with numbered tickets: number ranges, tickets, totals and jobs."""

from chalicelib.table.items.organizations import (
    BatchLock,
    BatchPlace,
    BucketGroup,
    Member,
    NumberedTicket,
    NumberRange,
    NumberSeries,
    Organization,
    PrintRun,
    RangePlace,
    SellerBatch,
    TicketBucket,
    TicketClearing,
    TicketDay,
    TicketTally,
)
from chalicelib.table.keys import jobs
from chalicelib.table.places import Key, Place, joined

# The tickets in one partition, and the partitions summed in one group.
TICKETS_PER_BUCKET = 1000
BUCKETS_PER_GROUP = 100


def organization(organization_id: str) -> Place[Organization]:
    """Question 66."""
    return Place(Organization, joined("TIX_ORG", organization_id), "TIX_ORG")


def member(organization_id: str, user_id: str = "") -> Place[Member]:
    """Question 75; without a user the prefix of all members, in the order of their joining."""
    return Place(Member, organization(organization_id).pk, joined("MEMBER", user_id))


def ticket_tally(organization_id: str) -> Place[TicketTally]:
    """Question 67."""
    return Place(TicketTally, organization(organization_id).pk, "TALLY")


def last_number(organization_id: str, prefix: str) -> Place[NumberSeries]:
    """Question 68: the series itself."""
    return Place(NumberSeries, joined("TIX_NUMBERS", organization_id, prefix), "LAST")


def range_place(organization_id: str, prefix: str, first: int) -> Place[RangePlace]:
    """Question 68: the range that begins with a number; ten digits, so that text order is number order."""
    return Place(RangePlace, joined("TIX_NUMBERS", organization_id, prefix), joined("RANGE", f"{first:010d}"))


def numbered_ticket(organization_id: str, ordinal: int) -> Place[NumberedTicket]:
    """Question 70; the organization is part of the key, so another's ticket is not found. Ten digits, as above."""
    return Place(NumberedTicket, joined("TIX_TICKETS", organization_id, str(bucket_of(ordinal))), f"{ordinal:010d}")


def bucket_of(ordinal: int) -> int:
    """Questions 70 and 71: which bucket an ordinal is in; ordinals begin at 1, buckets at 0."""
    return (ordinal - 1) // TICKETS_PER_BUCKET


def ticket_bucket(organization_id: str, bucket: int) -> Place[TicketBucket]:
    """Question 71; seven digits, so that text order is number order."""
    return Place(TicketBucket, joined("TIX_BUCKETS", organization_id), joined("BUCKET", f"{bucket:07d}"))


def bucket_group(organization_id: str, group: int) -> Place[BucketGroup]:
    """Question 72; six digits, as above."""
    return Place(BucketGroup, joined("TIX_BUCKETS", organization_id), joined("GROUP", f"{group:06d}"))


def bucket_groups(organization_id: str) -> Key:
    """Question 72: the prefix of all groups."""
    return Key(joined("TIX_BUCKETS", organization_id), "GROUP")


def ticket_day(organization_id: str, date: str) -> Place[TicketDay]:
    """Question 73."""
    return Place(TicketDay, joined("TIX_DAYS", organization_id), date)


def number_range(job_id: str) -> Place[NumberRange]:
    """Question 69, of a job that writes a range of numbers."""
    return Place(NumberRange, *jobs.job(job_id))


def ticket_clearing(job_id: str) -> Place[TicketClearing]:
    """Question 69, of a job that deletes tickets."""
    return Place(TicketClearing, *jobs.job(job_id))


def print_run(job_id: str) -> Place[PrintRun]:
    """Question 69, of a job that creates files to print."""
    return Place(PrintRun, *jobs.job(job_id))


def batch(batch_id: str) -> Place[SellerBatch]:
    """Question 78: the batch itself."""
    return Place(SellerBatch, joined("TIX_BATCH", batch_id), "TIX_BATCH")


def batches(organization_id: str, batch_id: str = "") -> Key:
    """Question 78: the batches of an organization, or the place of one in that list."""
    return Key(joined("TIX_BATCHES", organization_id), batch_id)


def batch_lock(organization_id: str, prefix: str) -> Place[BatchLock]:
    """Question 79: the lock against batches that overlap."""
    return Place(BatchLock, joined("TIX_BATCH_NUMBERS", organization_id, prefix), "LOCK")


def batch_place(organization_id: str, prefix: str, first: int) -> Place[BatchPlace]:
    """Question 79: the batch that begins with a number; ten digits, so that text order is number order."""
    return Place(BatchPlace, batch_lock(organization_id, prefix).pk, joined("RANGE", f"{first:010d}"))
