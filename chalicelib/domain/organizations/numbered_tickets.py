"""Numbered tickets of an organization: ids, lookup, the single scan, deletion.

An id contains its ticket's ordinal, which determines the ticket's key. So a scan is one conditional update without a
lookup. The rest of the id is a hash keyed with its range's seed, so the next id cannot be guessed from a ticket. The
next number can be, so printed codes hold ids. A number is for hands: it costs one more request to find its ticket
(D-TIX-03).
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from ulid import ULID

from chalicelib import clock
from chalicelib.errors import BeingWritten, NotFound, Refusal
from chalicelib.identifiers import ticket_number, ulid_of
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import NumberedTicket, NumberRange, NumberSeries, RangePlace, TicketTally
from chalicelib.table.ranges import Between

_PREFIX = "tkt_"
_TIME_BYTES, _ORDINAL_BYTES, _REST_BYTES = 6, 4, 6
_NUMBER = re.compile(r"([A-Z0-9-]{1,20})-([0-9]{6,10})")
# When a client may ask again for a ticket that is being written; ten thousand take a few seconds.
_WRITTEN_SECONDS = 2
# Longer than the longest delay of a worker that writes tickets.
TOMBSTONE_KEPT = timedelta(days=7)

# First and last of a run of consecutive ordinals, both included.
Span = tuple[int, int]


class NumberedDenial(StrEnum):
    """Why a scan is refused."""

    ALREADY_SCANNED = "already_scanned"
    VOIDED = "voided"


class NumberedScan(Struct, frozen=True):
    """The result of a scan: the ticket's current state, and the reason where it is refused."""

    ticket: NumberedTicket
    denial: NumberedDenial | None = None


def number_of(ticket: NumberedTicket) -> str:
    """Return a ticket's number as printed, such as `VIP-000001`."""
    return ticket_number(ticket.prefix, ticket.number)


def parse_number(text: str) -> tuple[str, int] | None:
    """Return the prefix and the number of a text such as `VIP-000001`, or None for any other text."""
    found = _NUMBER.fullmatch(text)
    if found is None or ticket_number(found[1], int(found[2])) != text:
        return None
    return found[1], int(found[2])


def id_of(of: NumberRange, ordinal: int) -> str:
    """Return the id of the ticket with an ordinal: deterministic, and sortable by time and order of generation."""
    made_at = int(of.created_at.timestamp() * 1000).to_bytes(_TIME_BYTES)
    place = ordinal.to_bytes(_ORDINAL_BYTES)
    rest = hashlib.blake2b(place, key=of.seed, digest_size=_REST_BYTES).digest()
    return f"{_PREFIX}{ULID.from_bytes(made_at + place + rest)}"


def ordinal_of(ticket_id: str) -> int | None:
    """Return the ordinal in a ticket's id, or None for any other text."""
    ulid = ulid_of(ticket_id) if ticket_id.startswith(_PREFIX) else None
    if ulid is None:
        return None
    return int.from_bytes(ulid.bytes[_TIME_BYTES : _TIME_BYTES + _ORDINAL_BYTES]) or None


def ticket_of(of: NumberRange, offset: int, *, first: int, first_ordinal: int) -> NumberedTicket:
    """Return the ticket at an offset of a range, as first written."""
    ordinal = first_ordinal + offset
    return NumberedTicket(
        *keys.organizations.numbered_ticket(of.owner_id, ordinal),
        ticket_id=id_of(of, ordinal),
        organization_id=of.owner_id,
        job_id=of.job_id,
        prefix=of.prefix,
        number=first + offset,
        ordinal=ordinal,
        extra=of.extra,
        created_by=of.created_by,
        generated_at=of.created_at,
    )


def find(organization_id: str, name: str) -> NumberedTicket:
    """Return a ticket by its id or its number. Raises NotFound, also for another organization's ticket.

    Raises BeingWritten for a ticket that was given out and is not written yet.
    """
    ticket = _written(organization_id, name)
    if ticket.deleted_at is not None:
        raise NotFound("There is no such ticket.")
    return ticket


def _written(organization_id: str, name: str) -> NumberedTicket:
    """Return a ticket by its id or its number, also a deleted one. Raises NotFound, BeingWritten."""
    ordinal = ordinal_of(name)
    by_id = ordinal is not None
    if ordinal is None:
        ordinal = _ordinal_of_number(organization_id, name)
    ticket = operations.get(keys.organizations.numbered_ticket(organization_id, ordinal)) if ordinal else None
    if ticket is None and by_id and ordinal:
        raise _missing(organization_id, ordinal, name)
    if ticket is None or (by_id and ticket.ticket_id != name):
        raise NotFound("There is no such ticket.")
    return ticket


def _missing(organization_id: str, ordinal: int, ticket_id: str) -> Refusal:
    """Return why a ticket was not found by its id: its range is being written, or there is none."""
    tally = operations.get(keys.organizations.ticket_tally(organization_id))
    job_id = _job_that_writes(tally, ordinal) if tally else None
    if job_id is not None:
        made = operations.get(keys.organizations.number_range(job_id))
        if made is not None and id_of(made, ordinal) == ticket_id:
            return BeingWritten(retry_after=_WRITTEN_SECONDS)
    elif tally is not None and ordinal <= tally.last:
        # Its range may have been completed since.
        now = operations.get(keys.organizations.numbered_ticket(organization_id, ordinal))
        if now is not None and now.deleted_at is None and now.ticket_id == ticket_id:
            return BeingWritten(retry_after=_WRITTEN_SECONDS)
    return NotFound("There is no such ticket.")


def _job_that_writes(tally: TicketTally, ordinal: int) -> str | None:
    """Return the job that writes the range of an ordinal, or None where the range is complete."""
    quantities = tally.quantities.as_dict()
    firsts = ((job_id, int(first)) for job_id, first in tally.firsts.as_dict().items())
    return next((job_id for job_id, first in firsts if first <= ordinal < first + int(quantities[job_id])), None)


def being_written(tally: TicketTally) -> list[Span]:
    """Return the ordinals of ranges that are not visible yet."""
    quantities = tally.quantities.as_dict()
    firsts = [(int(first), int(quantities[job_id])) for job_id, first in tally.firsts.as_dict().items()]
    return [(first, first + quantity - 1) for first, quantity in firsts]


def ranges_being_written(series: NumberSeries, first: int, last: int) -> list[NumberRange]:
    """Return the ranges with one of these numbers that the series lists as being written; one may be complete since."""
    begins = {job_id: int(begin) for job_id, begin in series.firsts.as_dict().items() if int(begin) <= last}
    found = operations.get_many(map(keys.organizations.number_range, begins)).values()
    return [each for each in found if first < begins[each.job_id] + int(each.quantity or 0)]


def _ordinal_of_number(organization_id: str, text: str) -> int | None:
    """Return the ordinal of a number, None where it was not given out. Raises BeingWritten."""
    named = parse_number(text)
    if named is None:
        return None
    prefix, number = named
    place = _range_with(organization_id, prefix, number)
    if place is None:
        series = operations.get(keys.organizations.last_number(organization_id, prefix))
        if series is None or series.last < number:
            return None
        if ranges_being_written(series, number, number):
            raise BeingWritten(retry_after=_WRITTEN_SECONDS)
        # Its range may have been completed since.
        place = _range_with(organization_id, prefix, number)
    return place.first_ordinal + number - place.first if place is not None else None


def _range_with(organization_id: str, prefix: str, number: int) -> RangePlace | None:
    """Return the complete range that has a number."""
    place = _place_at(organization_id, prefix, number)
    return place if place is not None and number < place.first + place.quantity else None


def _place_at(organization_id: str, prefix: str, number: int) -> RangePlace | None:
    """Return the last range that begins at or before a number."""
    lowest, place = (keys.organizations.range_place(organization_id, prefix, each) for each in (0, number))
    raws = operations.query(place.pk, Between(lowest.sk, place.sk), newest_first=True, limit=1, consistent=True)
    return RangePlace.from_raw_data(raws[0]) if raws else None


def of_numbers(organization_id: str, prefix: str, first: int, last: int) -> Iterator[NumberedTicket]:
    """Yield the tickets of a prefix from one number to another, in order, without deleted ones."""
    before = _place_at(organization_id, prefix, first)
    begin, end = (keys.organizations.range_place(organization_id, prefix, number) for number in (first + 1, last))
    raws = operations.query(begin.pk, Between(begin.sk, end.sk), consistent=True) if first < last else []
    places = [*([before] if before else []), *map(RangePlace.from_raw_data, raws)]
    for place in places:
        low = max(first, place.first)
        high = min(last, place.first + place.quantity - 1)
        shift = place.first_ordinal - place.first
        if low <= high:
            yield from of_ordinals(organization_id, low + shift, high + shift)


def of_range(of: NumberRange) -> Iterator[NumberedTicket]:
    """Yield the tickets of a complete range, in order, without deleted ones."""
    if of.first_ordinal is not None and of.quantity is not None:
        yield from of_ordinals(of.owner_id, of.first_ordinal, of.first_ordinal + of.quantity - 1)


def of_ordinals(organization_id: str, low: int, high: int) -> Iterator[NumberedTicket]:
    """Yield the tickets from one ordinal to another, in order, without deleted ones."""
    while low <= high:
        bucket_ends = (keys.organizations.bucket_of(low) + 1) * keys.organizations.TICKETS_PER_BUCKET
        begin = keys.organizations.numbered_ticket(organization_id, low)
        end = keys.organizations.numbered_ticket(organization_id, min(high, bucket_ends))
        for raw in operations.query(begin.pk, Between(begin.sk, end.sk), consistent=True):
            ticket = NumberedTicket.from_raw_data(raw)
            if ticket.deleted_at is None:
                yield ticket
        low = bucket_ends + 1


def scan(organization_id: str, name: str, *, user_id: str, operation_id: str) -> NumberedScan:
    """Admit a ticket, by its id or its number, exactly once; later scans return the first one. Idempotent by operation.

    Raises NotFound, and BeingWritten for a ticket that was given out and is not written yet.
    """
    ordinal = ordinal_of(name)
    by_number = None if ordinal is not None else parse_number(name)
    if by_number is not None:
        ordinal = _ordinal_of_number(organization_id, name)
    if ordinal is None:
        raise NotFound("There is no such ticket.")
    is_it = NumberedTicket.ticket_id == name
    if by_number is not None:
        is_it = (NumberedTicket.prefix == by_number[0]) & (NumberedTicket.number == by_number[1])
    actions = [
        NumberedTicket.scanned_at.set(clock.now()),
        NumberedTicket.scanned_by.set(user_id),
        NumberedTicket.scan_operation.set(operation_id),
    ]
    fresh = (
        is_it
        & NumberedTicket.deleted_at.does_not_exist()
        & NumberedTicket.voided_at.does_not_exist()
        & NumberedTicket.scanned_at.does_not_exist()
    )
    place = keys.organizations.numbered_ticket(organization_id, ordinal)
    try:
        raw = operations.record(operations.change(place, actions, fresh))
    except operations.ConditionFailed as failure:
        found = failure.found(NumberedTicket)
        if found is None:
            raise _missing(organization_id, ordinal, name) from failure
        result = _refused(found, name, operation_id)
    else:
        result = NumberedScan(NumberedTicket.from_raw_data(raw))
    # Without the id, which is the secret in the ticket's code.
    facts = {"organization_id": organization_id, "ordinal": ordinal, "denial": result.denial}
    logger.info("numbered ticket scanned", extra=facts)
    return result


def _refused(found: NumberedTicket, name: str, operation_id: str) -> NumberedScan:
    """Return the denial of a refused scan; none where an earlier try of this request succeeded. Raises NotFound."""
    if name not in (found.ticket_id, number_of(found)) or found.deleted_at is not None:
        raise NotFound("There is no such ticket.")
    if found.scan_operation == operation_id:
        return NumberedScan(found)
    return NumberedScan(found, NumberedDenial.VOIDED if found.voided_at is not None else NumberedDenial.ALREADY_SCANNED)


def delete(organization_id: str, name: str) -> None:
    """Delete a ticket by its id or its number; the number is never reused. A deleted one stays deleted.

    Raises NotFound, and BeingWritten while its range is being written: the totals do not count it yet.
    """
    ticket = _written(organization_id, name)
    if ticket.deleted_at is not None:
        return
    tally = operations.get(keys.organizations.ticket_tally(organization_id))
    if tally is not None and _job_that_writes(tally, ticket.ordinal):
        raise BeingWritten(retry_after=_WRITTEN_SECONDS)
    now = clock.now()
    try:
        operations.record(deletion(organization_id, ticket.ordinal, now))
    except operations.ConditionFailed as failure:
        if failure.found(NumberedTicket) is None:
            raise NotFound("There is no such ticket.") from failure
        return  # another request was faster
    logger.info("numbered ticket deleted", extra={"organization_id": organization_id, "ordinal": ticket.ordinal})


def deletion(organization_id: str, ordinal: int, now: datetime) -> operations.Write:
    """Return the write that deletes a ticket, on condition that it is not deleted yet."""
    actions = [
        NumberedTicket.deleted_at.set(now),
        NumberedTicket.ttl.set(int((now + TOMBSTONE_KEPT).timestamp())),
        NumberedTicket.extra.remove(),
    ]
    there = NumberedTicket.pk.exists() & NumberedTicket.deleted_at.does_not_exist()
    return operations.change(keys.organizations.numbered_ticket(organization_id, ordinal), actions, there)
