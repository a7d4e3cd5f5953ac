"""Totals of generated and scanned tickets, a projection of the table's stream: each ticket counts once (D-TIX-02).

Whether a ticket is counted as scanned or as deleted is one bit, a thousand in an item. The bits are set in the
transaction that changes the totals. A bit that is already set changes nothing, so records that are repeated, cut or
out of order count once. A ticket needs no marker item: a hundred scans are one transaction of four writes.
Generated tickets are counted by the transaction that shows them (numbering.py). Deleted tickets are subtracted
from the days on which they were generated and scanned.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from pynamodb.expressions.update import Action

from chalicelib.clients.bus import Published
from chalicelib.domain.background.changes import Change, every, follows
from chalicelib.domain.organizations import organizations
from chalicelib.domain.organizations.numbered_tickets import Span
from chalicelib.domain.organizations.organization_days import day_of
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import BucketGroup, NumberedTicket, Organization, TicketBucket, TicketDay, TicketTally
from chalicelib.table.operations import Write

_BUCKET_BYTES = keys.organizations.TICKETS_PER_BUCKET // 8


def bit_of(ordinal: int) -> int:
    """Return the bit of an ordinal in its bucket."""
    return 1 << ((ordinal - 1) % keys.organizations.TICKETS_PER_BUCKET)


def bits(stored: bytes | None) -> int:
    """Return the stored bits of a bucket as an integer (little-endian); 0 where none are stored."""
    return int.from_bytes(stored or b"", "little")


def scanned_within(organization_id: str, spans: Sequence[Span]) -> int:
    """Return how many tickets in runs of ordinals are counted as scanned; the usual answer, for none, costs nothing.

    Tickets of a range that is being written may be scanned once each is there, and are shown once all are.
    """
    count = 0
    for first, last in spans:
        low, high = (keys.organizations.bucket_of(ordinal) for ordinal in (first, last))
        places = [keys.organizations.ticket_bucket(organization_id, number) for number in range(low, high + 1)]
        for bucket in operations.get_many(places).values():
            before = bucket.bucket * keys.organizations.TICKETS_PER_BUCKET
            from_first = bits(bucket.scanned) >> max(first - before - 1, 0)
            within = min(last - before, keys.organizations.TICKETS_PER_BUCKET) - max(first - before - 1, 0)
            count += (from_first & ((1 << within) - 1)).bit_count()
    return count


@follows(*every(NumberedTicket))
def follow(changes: Sequence[Change]) -> list[Published]:
    """Apply these changes to the totals; idempotent, in whole or in part. Raises NotFound, Unavailable."""
    told: dict[str, dict[int, NumberedTicket]] = defaultdict(dict)
    for change in changes:
        after = change.after
        if isinstance(after, NumberedTicket) and (after.scanned_at or after.deleted_at):
            # A ticket's deletion is its last change and includes the scan, in whichever order a batch has them.
            known = told[after.organization_id].get(after.ordinal)
            if known is None or not known.deleted_at:
                told[after.organization_id][after.ordinal] = after
    for organization_id, tickets in told.items():
        organization = organizations.get(organization_id)
        for chunk in _chunks(organization, [tickets[ordinal] for ordinal in sorted(tickets)]):
            _count(organization, chunk)
    return []


def _chunks(organization: Organization, tickets: Sequence[NumberedTicket]) -> Iterable[list[NumberedTicket]]:
    """Split tickets, ordered by ordinal, into parts whose totals fit into one transaction."""
    part: list[NumberedTicket] = []
    touched: set[object] = set()
    for ticket in tickets:
        more = _touched(organization, ticket)
        # One write is reserved for the tally.
        if part and len(touched | more) + 1 > operations.TRANSACTION_LIMIT:
            yield part
            part, touched = [], set()
        part.append(ticket)
        touched |= more
    yield part


def _touched(organization: Organization, ticket: NumberedTicket) -> set[object]:
    """Return the items that a ticket may change in addition to the tally."""
    bucket = keys.organizations.bucket_of(ticket.ordinal)
    moments = (ticket.generated_at, ticket.scanned_at)
    days = {day_of(organization, moment) for moment in moments if moment is not None}
    return {("bucket", bucket), ("group", bucket // keys.organizations.BUCKETS_PER_GROUP), *days}


class _TotalsChange(Struct):
    """The difference that some tickets make to the totals."""

    scanned: dict[int, int] = field(default_factory=dict)
    deleted: dict[int, int] = field(default_factory=dict)
    # Differences of the organization, of groups and of days.
    live: int = 0
    in_all: int = 0
    groups: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    days: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def _changed(
    organization: Organization, tickets: Sequence[NumberedTicket], known: dict[int, TicketBucket]
) -> _TotalsChange:
    changed = _TotalsChange()
    for number, item in known.items():
        changed.scanned[number], changed.deleted[number] = bits(item.scanned), bits(item.deleted)
    for ticket in tickets:
        number, bit = keys.organizations.bucket_of(ticket.ordinal), bit_of(ticket.ordinal)
        group = changed.groups[number // keys.organizations.BUCKETS_PER_GROUP]
        scanned, deleted = changed.scanned.get(number, 0), changed.deleted.get(number, 0)
        scan_day = day_of(organization, ticket.scanned_at).isoformat() if ticket.scanned_at else None
        by = 0
        if scan_day and not scanned & bit:
            changed.scanned[number] = scanned | bit
            by += 1
        if ticket.deleted_at and not deleted & bit:
            changed.deleted[number] = deleted | bit
            changed.live -= 1
            group["deleted"] += 1
            changed.days[day_of(organization, ticket.generated_at).isoformat()]["generated"] -= 1
            by -= 1 if scan_day else 0
        if scan_day and by:
            changed.days[scan_day]["scanned"] += by
            group["scanned"] += by
            changed.in_all += by
    return changed


def _count(organization: Organization, tickets: Sequence[NumberedTicket]) -> None:
    """Count these tickets in the totals where they are not counted yet. Raises Unavailable."""
    numbers = sorted({keys.organizations.bucket_of(ticket.ordinal) for ticket in tickets})
    for _ in retries.attempts():
        places = [keys.organizations.ticket_bucket(organization.organization_id, number) for number in numbers]
        found = operations.get_many(places).values()
        known = {item.bucket: item for item in found}
        changed = _changed(organization, tickets, known)
        writes = _writes(organization.organization_id, changed, known)
        if not writes:
            return
        try:
            operations.commit(*writes)
        except operations.ConditionFailed:
            continue  # another batch has set bits between the read and the write
        return
    raise Unavailable(retry_after=1)


def _writes(organization_id: str, changed: _TotalsChange, known: dict[int, TicketBucket]) -> list[Write]:
    """Return the writes that apply a difference; empty where there is none."""
    buckets = [
        write
        for number in sorted({*changed.scanned, *changed.deleted})
        if (write := _set_bits(organization_id, number, changed, known.get(number)))
    ]
    if not buckets:
        return []
    groups = [
        _of_group(organization_id, group, numbers) for group, numbers in changed.groups.items() if any(numbers.values())
    ]
    days = [_of_day(organization_id, day, numbers) for day, numbers in changed.days.items() if any(numbers.values())]
    tally: list[Action] = []
    if changed.live:
        tally.append(TicketTally.live.add(changed.live))
    if changed.in_all:
        tally.append(TicketTally.scanned.add(changed.in_all))
    of_all = [operations.change(keys.organizations.ticket_tally(organization_id), tally)] if tally else []
    return [*buckets, *groups, *days, *of_all]


def _set_bits(organization_id: str, number: int, changed: _TotalsChange, seen: TicketBucket | None) -> Write | None:
    scanned, deleted = (
        each.get(number, 0).to_bytes(_BUCKET_BYTES, "little") for each in (changed.scanned, changed.deleted)
    )
    if seen is not None and (seen.scanned, seen.deleted) == (scanned, deleted):
        return None
    place = keys.organizations.ticket_bucket(organization_id, number)
    bucket = TicketBucket(*place, organization_id=organization_id, bucket=number, scanned=scanned, deleted=deleted)
    if seen is None:
        return operations.put(bucket, TicketBucket.pk.does_not_exist())
    as_read = (TicketBucket.scanned == seen.scanned) & (TicketBucket.deleted == seen.deleted)
    return operations.put(bucket, as_read)


def _of_group(organization_id: str, group: int, numbers: Counter[str]) -> Write:
    actions: list[Action] = [
        BucketGroup.kind.set(BucketGroup),
        BucketGroup.organization_id.set(organization_id),
        BucketGroup.group.set(group),
    ]
    counts = ((BucketGroup.scanned, numbers["scanned"]), (BucketGroup.deleted, numbers["deleted"]))
    actions += [attribute.add(by) for attribute, by in counts if by]
    return operations.change(keys.organizations.bucket_group(organization_id, group), actions)


def _of_day(organization_id: str, day: str, numbers: Counter[str]) -> Write:
    actions: list[Action] = [
        TicketDay.kind.set(TicketDay),
        TicketDay.organization_id.set(organization_id),
        TicketDay.date.set(day),
    ]
    counts = ((TicketDay.generated, numbers["generated"]), (TicketDay.scanned, numbers["scanned"]))
    actions += [attribute.add(by) for attribute, by in counts if by]
    return operations.change(keys.organizations.ticket_day(organization_id, day), actions)
