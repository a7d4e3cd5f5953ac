"""The list of an organization's tickets, newest first, by page number.

A page is found without reading the pages before it. Groups of 100,000 ordinals and buckets of 1,000 store how many
tickets of the list they contain; a bucket's bits store which. Both are projections of the stream and may lag. So each
ticket is checked again after it is read. The tally bounds the list; it changes in the transactions of each range.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.domain.background import jobs
from chalicelib.domain.organizations import numbered_tickets, ticket_totals
from chalicelib.domain.organizations.numbered_tickets import Span
from chalicelib.domain.organizations.ticket_totals import bits
from chalicelib.table import keys, operations
from chalicelib.table.items import BucketGroup, NumberedTicket, NumberRange, TicketBucket, TicketTally
from chalicelib.table.ranges import Begins, Between
from chalicelib.vocabulary.numbered_tickets import TicketFilter
from chalicelib.vocabulary.work import JobStatus

_IN_GROUP = keys.organizations.TICKETS_PER_BUCKET * keys.organizations.BUCKETS_PER_GROUP
# The newest buckets of a group are read first: they usually contain the page.
_FEW_BUCKETS = 10
# A bucket is read with one query where more than one in so many of its span is wanted.
_THIN = 4


class JobState(Struct, frozen=True):
    """Progress of a job: `done` tickets of `count`."""

    id: str
    status: JobStatus
    done: int
    count: int


class TicketPage(Struct, frozen=True):
    """One page of a list; `total` counts the tickets of all pages."""

    tickets: list[NumberedTicket]
    total: int
    page: int
    limit: int
    job: JobState | None = None


def page(organization_id: str, only: TicketFilter | None, *, job_id: str | None, page: int, limit: int) -> TicketPage:
    """Return a page of an organization's tickets, or of those that one of its jobs made. Raises NotFound."""
    if job_id is None:
        return newest(organization_id, only, page=page, limit=limit)
    job = jobs.get(job_id, owner_id=organization_id)
    found = of_range(job, page=page, limit=limit) if isinstance(job, NumberRange) else TicketPage([], 0, page, limit)
    state = JobState(job.job_id, job.status, job.done, int(job.quantity or 0))
    return replace(found, job=state)


def newest(organization_id: str, only: TicketFilter | None, *, page: int, limit: int) -> TicketPage:
    """Return a page of an organization's tickets; pages are numbered from 1."""
    tally = operations.get(keys.organizations.ticket_tally(organization_id)) or TicketTally()
    hidden = numbered_tickets.being_written(tally)
    live, scanned = tally.live, tally.scanned - ticket_totals.scanned_within(organization_id, hidden)
    total = {None: live, TicketFilter.SCANNED: scanned, TicketFilter.NOT_SCANNED: live - scanned}[only]
    listed = OrdinalList(organization_id, tally.last, hidden, only)
    ordinals = list(listed.ordinals(skip=(page - 1) * limit, limit=limit))
    tickets = [ticket for ticket in _read(organization_id, ordinals) if _fits(ticket, only)]
    return TicketPage(tickets, total, page, limit)


def of_range(made: NumberRange, *, page: int, limit: int) -> TicketPage:
    """Return a page of a range's tickets, ordered by number; empty until the range is complete."""
    if made.status != JobStatus.COMPLETE or made.first_ordinal is None:
        return TicketPage([], 0, page, limit)
    quantity = int(made.quantity or 0)
    low = made.first_ordinal + (page - 1) * limit
    high = min(low + limit, made.first_ordinal + quantity) - 1
    tickets = list(numbered_tickets.of_ordinals(made.owner_id, low, high))
    return TicketPage(tickets, quantity, page, limit)


def live_below(organization_id: str, ordinal: int, spared: Sequence[Span], *, limit: int) -> list[int]:
    """Return the ordinals of the last tickets below an ordinal, the highest first, as far as the totals know."""
    return list(OrdinalList(organization_id, ordinal - 1, spared, None).ordinals(skip=0, limit=limit))


def _fits(ticket: NumberedTicket, only: TicketFilter | None) -> bool:
    return only is None or (ticket.scanned_at is not None) == (only is TicketFilter.SCANNED)


class OrdinalList:
    """The ordinals of one list: up to the last, without those that are left out."""

    def __init__(self, organization_id: str, last: int, without: Sequence[Span], only: TicketFilter | None) -> None:
        self._organization_id = organization_id
        self._last = last
        self._without = without
        self._only = only

    def ordinals(self, *, skip: int, limit: int) -> Iterator[int]:
        """Yield the ordinals of a page, newest first."""
        if not self._last:
            return
        groups = range((self._last - 1) // _IN_GROUP, -1, -1)
        known = self._groups() if len(groups) > 1 else {}
        for group in groups:
            passed = self._passed(group, known.get(group), skip) if len(groups) > 1 else None
            if passed is not None:
                skip -= passed
                continue
            for number, shown in self._buckets(group):
                found = shown.bit_count()
                if skip >= found:
                    skip -= found
                    continue
                first = number * keys.organizations.TICKETS_PER_BUCKET + 1
                for place in _highest_first(shown):
                    if skip:
                        skip -= 1
                        continue
                    yield first + place
                    limit -= 1
                    if not limit:
                        return

    def _groups(self) -> dict[int, BucketGroup]:
        place = keys.organizations.bucket_groups(self._organization_id)
        raws = operations.query(place.pk, Begins(place.sk), consistent=True)
        return {item.group: item for item in map(BucketGroup.from_raw_data, raws)}

    def _passed(self, group: int, known: BucketGroup | None, skip: int) -> int | None:
        """Return how many tickets of the list are skipped with a whole group; None where its buckets must be read.

        With `skip` at 0, only an empty group is skipped. Its sums show that also where the list ends within it.
        """
        if skip:
            count = self._count(group, known)
            return count if count <= skip else None
        if self._only is TicketFilter.SCANNED:
            return 0 if known is None or not known.scanned else None
        return 0 if known is not None and known.deleted >= _IN_GROUP else None

    def _count(self, group: int, known: BucketGroup | None) -> int:
        """Return how many tickets of the list are in a group."""
        low, high = group * _IN_GROUP + 1, min((group + 1) * _IN_GROUP, self._last)
        scanned, deleted = (known.scanned, known.deleted) if known else (0, 0)
        hidden = [
            (max(low, begin), min(high, end)) for begin, end in self._without if max(low, begin) <= min(high, end)
        ]
        # The sums know no ranges: a ticket of one that is being written may be scanned, and is not in the list.
        scanned -= ticket_totals.scanned_within(self._organization_id, hidden) if scanned and self._only else 0
        live = high - low + 1 - sum(end - begin + 1 for begin, end in hidden) - deleted
        return {None: live, TicketFilter.SCANNED: scanned, TicketFilter.NOT_SCANNED: live - scanned}[self._only]

    def _buckets(self, group: int) -> Iterator[tuple[int, int]]:
        """Yield the buckets of a group, newest first, as number and the bits of the tickets in the list."""
        lowest = group * keys.organizations.BUCKETS_PER_GROUP
        highest = min(lowest + keys.organizations.BUCKETS_PER_GROUP - 1, keys.organizations.bucket_of(self._last))
        parts = (range(max(lowest, highest - _FEW_BUCKETS + 1), highest + 1), range(lowest, highest - _FEW_BUCKETS + 1))
        for part in parts:
            known = self._read(part.start, part.stop - 1) if part else {}
            for number in reversed(part):
                yield number, self._shown(number, known.get(number))

    def _read(self, lowest: int, highest: int) -> dict[int, TicketBucket]:
        begin, end = (keys.organizations.ticket_bucket(self._organization_id, number) for number in (lowest, highest))
        raws = operations.query(begin.pk, Between(begin.sk, end.sk), consistent=True)
        return {item.bucket: item for item in map(TicketBucket.from_raw_data, raws)}

    def _shown(self, number: int, known: TicketBucket | None) -> int:
        before = number * keys.organizations.TICKETS_PER_BUCKET
        there = _ones(min(keys.organizations.TICKETS_PER_BUCKET, self._last - before))
        for begin, end in self._without:
            low, high = max(begin - before, 1), min(end - before, keys.organizations.TICKETS_PER_BUCKET)
            if low <= high:
                there &= ~(_ones(high) & ~_ones(low - 1))
        scanned, deleted = (bits(known.scanned), bits(known.deleted)) if known else (0, 0)
        live = there & ~deleted
        return {None: live, TicketFilter.SCANNED: live & scanned, TicketFilter.NOT_SCANNED: live & ~scanned}[self._only]


def _ones(count: int) -> int:
    return (1 << count) - 1


def _highest_first(shown: int) -> Iterator[int]:
    while shown:
        place = shown.bit_length() - 1
        yield place
        shown ^= 1 << place


def _read(organization_id: str, ordinals: Sequence[int]) -> list[NumberedTicket]:
    """Read tickets in the given order of ordinals; dense buckets are read with one query each."""
    found: dict[int, NumberedTicket] = {}
    apart: list[int] = []
    for bucket in _by_bucket(ordinals):
        if bucket[0] - bucket[-1] < _THIN * len(bucket):
            for ticket in numbered_tickets.of_ordinals(organization_id, bucket[-1], bucket[0]):
                found[ticket.ordinal] = ticket
        else:
            apart += bucket
    places = [keys.organizations.numbered_ticket(organization_id, ordinal) for ordinal in apart]
    found |= {t.ordinal: t for t in operations.get_many(places).values() if t.deleted_at is None}
    return [found[ordinal] for ordinal in ordinals if ordinal in found]


def _by_bucket(ordinals: Iterable[int]) -> Iterable[list[int]]:
    buckets: dict[int, list[int]] = {}
    for ordinal in ordinals:
        buckets.setdefault(keys.organizations.bucket_of(ordinal), []).append(ordinal)
    return buckets.values()
