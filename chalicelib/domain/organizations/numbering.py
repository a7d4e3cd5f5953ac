"""Numbers without gaps or repeats, for any number of concurrent callers (D-TIX-01).

One transaction increments a prefix's series and the organization's tally, and writes the range. The same update stores
the start of the range in the counters: no read before it, and no gap if the process dies.
The tickets are written afterwards, in several transactions, each with an optimistic lock on the range's progress. So
the work can be resumed any number of times, also concurrently. The last transaction makes the whole range visible.
Until then, readers omit its ordinals, and its numbers are answered as being written.
"""

import secrets
import time
from collections.abc import Iterator

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.background import jobs
from chalicelib.domain.organizations import numbered_tickets, organizations, quotas
from chalicelib.domain.organizations.organization_days import day_of
from chalicelib.errors import InvalidState, NotFound, Unavailable
from chalicelib.identifiers import new_id
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Item, NumberedTicket, NumberRange, NumberSeries, RangePlace, TicketDay, TicketTally
from chalicelib.table.operations import Write
from chalicelib.table.places import Place
from chalicelib.vocabulary.work import JobStatus

# A transaction takes 100 actions: the range itself, and in the last one tally, series, place and day as well.
_PER_TRANSACTION = operations.TRANSACTION_LIMIT - 5
# A step ends within the function's time-out of 30 s; the next one resumes.
_TURN_SECONDS = 15.0
_SEED_BYTES = 16
# Positions in the transaction that reserves numbers.
_OF_TALLY, _OF_DAY = 2, 4


class GeneratedTickets(Struct, frozen=True):
    """The tickets of one generation; `job_id` names the job where they are written behind the answer."""

    job_id: str | None
    tickets: list[NumberedTicket]


class GenerationInput(Struct, frozen=True):
    """A request for numbers of a prefix; `extra` is JSON to print on each ticket."""

    quantity: int
    prefix: str
    extra: str | None = None


def generate(organization_id: str, wanted: GenerationInput, *, user_id: str, operation_id: str) -> NumberRange:
    """Reserve the next numbers of a prefix, idempotent by operation; large ranges are written in the background.

    The range is complete where there are no more than `limits.numbers_at_once`. Raises AccountUnverified, RateLimited
    and Unavailable; where the range was stored, the numbers are given out all the same, now or later.
    """
    made = _reserve(organization_id, wanted, user_id=user_id, operation_id=operation_id)
    if _size(made) <= config().limits.numbers_at_once:
        made = _write(made)
    if made.status == JobStatus.OPEN:
        jobs.start(made.job_id)
    return made


def _reserve(organization_id: str, wanted: GenerationInput, *, user_id: str, operation_id: str) -> NumberRange:
    organization = organizations.ordered_by(organization_id, user_id)
    now, job_id = clock.now(), new_id("job")
    due = jobs.due_place(job_id)
    place = keys.jobs.job(job_id)
    made = NumberRange(
        *place,
        gsi2=due,
        job_id=job_id,
        owner_id=organization_id,
        prefix=wanted.prefix,
        quantity=wanted.quantity,
        extra=wanted.extra,
        seed=secrets.token_bytes(_SEED_BYTES),
        status=JobStatus.OPEN,
        created_by=user_id,
        created_at=now,
        day=day_of(organization, now).isoformat(),
    )
    for _ in retries.attempts():
        try:
            operations.commit(
                idempotency.once(operation_id, job_id),
                operations.put(made, NumberRange.pk.does_not_exist()),
                *_count_up(made),
                quotas.numbers(organization, wanted.quantity, now),
            )
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                return _known(idempotency.result_of(operation_id) or job_id)
            if _OF_DAY in failure.failures:
                raise quotas.too_many_numbers(organization, now) from failure
            if failure.found(TicketTally, _OF_TALLY) is not None:
                quotas.free_places(organization_id)
            else:
                _begin(organization_id, wanted.prefix)
        else:
            facts = {"organization_id": organization_id, "job_id": job_id, "quantity": wanted.quantity}
            logger.info("numbers given out", extra=facts)
            return made
    raise Unavailable(retry_after=1)


def _count_up(made: NumberRange) -> list[Write]:
    """Return the writes that reserve the numbers and the ordinals of a range, and store where it begins."""
    quantity, exists = _size(made), TicketTally.pk.exists()
    tally: list[Action] = [
        TicketTally.firsts[made.job_id].set(TicketTally.last + 1),
        TicketTally.quantities[made.job_id].set(quantity),
        TicketTally.last.add(quantity),
    ]
    series: list[Action] = [
        NumberSeries.firsts[made.job_id].set(NumberSeries.last + 1),
        NumberSeries.last.add(quantity),
    ]
    if quantity > config().limits.numbers_at_once:
        taken, is_free = quotas.place_of_job(made.job_id)
        tally, exists = [*tally, *taken], exists & is_free
    return [
        operations.change(keys.organizations.ticket_tally(made.owner_id), tally, exists),
        operations.change(_series(made), series, NumberSeries.pk.exists()),
    ]


def _series(of: NumberRange) -> Place[NumberSeries]:
    return keys.organizations.last_number(of.owner_id, of.prefix)


def _begin(organization_id: str, prefix: str) -> None:
    """Create the counters where they do not exist yet; idempotent."""
    tally = TicketTally(*keys.organizations.ticket_tally(organization_id), organization_id=organization_id)
    series = NumberSeries(
        *keys.organizations.last_number(organization_id, prefix), organization_id=organization_id, prefix=prefix
    )
    for item in (tally, series):
        try:
            operations.record(operations.put(item, type(item).pk.does_not_exist()))
        except operations.ConditionFailed:
            continue  # exists already


def _known(job_id: str) -> NumberRange:
    known = operations.get(keys.organizations.number_range(job_id))
    if known is None:
        raise Unavailable(retry_after=1)
    return known


def run_step(job_id: str) -> bool:
    """Write the rest of a range; return True where another step is needed."""
    return _write(_known(job_id)).status == JobStatus.OPEN


def _write(made: NumberRange) -> NumberRange:
    """Write the remaining tickets of a range until the deadline, and return its new state."""
    if made.status != JobStatus.OPEN:
        return made
    begins, deadline = _beginning(made), time.monotonic() + _TURN_SECONDS
    while begins is not None and made.status == JobStatus.OPEN and time.monotonic() < deadline:
        try:
            operations.commit(*_next(made, *begins))
        except operations.ConditionFailed as failure:
            if 0 not in failure.failures:
                raise
        except Unavailable:
            # Contention on the counters. The numbers are reserved, so retry until the deadline.
            if time.monotonic() > deadline:
                raise
        else:
            _move_on(made, *begins)
            continue
        # Another worker has progressed on the same range, or our own write succeeded and its answer was lost.
        made = _known(made.job_id)
    return made if begins else _known(made.job_id)


def _beginning(made: NumberRange) -> tuple[int, int] | None:
    """Return the first number and ordinal of an open range, from the counters; None where it is complete by now."""
    places: list[Place[Item]] = [keys.organizations.ticket_tally(made.owner_id), _series(made)]
    found = operations.get_many(places)
    tally, series = (found.get(place) for place in places)
    if not isinstance(tally, TicketTally) or not isinstance(series, NumberSeries):
        return None
    first, first_ordinal = (item.firsts.as_dict().get(made.job_id) for item in (series, tally))
    return (int(first), int(first_ordinal)) if first is not None and first_ordinal is not None else None


def _size(made: NumberRange) -> int:
    return int(made.quantity or 0)


def _offsets(made: NumberRange) -> range:
    done = made.done
    return range(done, min(done + _PER_TRANSACTION, _size(made)))


def _next(made: NumberRange, first: int, first_ordinal: int) -> Iterator[Write]:
    """Yield the writes of a range's next transaction; the last one also completes the range."""
    offsets = _offsets(made)
    ends = offsets.stop == _size(made)
    actions: list[Action] = [NumberRange.done.set(offsets.stop)]
    if not ends:
        # What goes on is not queued a second time.
        actions += NumberRange.due_at(jobs.due_place(made.job_id))
    else:
        actions += [
            NumberRange.status.set(JobStatus.COMPLETE),
            NumberRange.completed_at.set(clock.now()),
            NumberRange.first.set(first),
            NumberRange.first_ordinal.set(first_ordinal),
            *NumberRange.not_due(),
        ]
    as_read = (NumberRange.status == JobStatus.OPEN) & (NumberRange.done == made.done)
    yield operations.change(keys.organizations.number_range(made.job_id), actions, as_read)
    for offset in offsets:
        ticket = numbered_tickets.ticket_of(made, offset, first=first, first_ordinal=first_ordinal)
        yield operations.put(ticket, NumberedTicket.pk.does_not_exist())
    if ends:
        yield from _show(made, first, first_ordinal)


def _show(made: NumberRange, first: int, first_ordinal: int) -> Iterator[Write]:
    """Yield the writes that make a range visible and count it in the reports."""
    quantity = _size(made)
    tally: list[Action] = [
        TicketTally.firsts[made.job_id].remove(),
        TicketTally.quantities[made.job_id].remove(),
        TicketTally.live.add(quantity),
    ]
    day: list[Action] = [
        TicketDay.kind.set(TicketDay),
        TicketDay.organization_id.set(made.owner_id),
        TicketDay.date.set(made.day),
        TicketDay.generated.add(quantity),
    ]
    place = RangePlace(
        *keys.organizations.range_place(made.owner_id, made.prefix, first),
        job_id=made.job_id,
        first=first,
        quantity=quantity,
        first_ordinal=first_ordinal,
    )
    yield operations.change(keys.organizations.ticket_tally(made.owner_id), tally)
    yield operations.change(_series(made), [NumberSeries.firsts[made.job_id].remove()])
    yield operations.put(place)
    yield operations.change(keys.organizations.ticket_day(made.owner_id, made.day), day)


def _move_on(made: NumberRange, first: int, first_ordinal: int) -> None:
    """Update a range in memory after a successful write."""
    made.done = _offsets(made).stop
    if made.done == _size(made):
        made.status, made.first, made.first_ordinal = JobStatus.COMPLETE, first, first_ordinal


def generate_tickets(
    organization_id: str, wanted: GenerationInput, *, user_id: str, operation_id: str
) -> GeneratedTickets:
    """Generate tickets as `generate` does, and return all of them, also those that are not written yet.

    Of more than `limits.numbers_at_once`, the same request within ten minutes returns the same tickets (jobs.py).
    Raises as `generate` does.
    """
    is_job = wanted.quantity > config().limits.numbers_at_once
    if is_job:
        request = ("generate", organization_id, wanted.quantity, wanted.prefix, wanted.extra)
        operation_id = jobs.operation_of(operation_id, starter_id=user_id, request=request)
    made = generate(organization_id, wanted, user_id=user_id, operation_id=operation_id)
    return GeneratedTickets(made.job_id if is_job else None, as_generated(made))


def as_generated(made: NumberRange) -> list[NumberedTicket]:
    """Return the tickets of a range as first generated, in order, whether or not they are written yet."""
    begins = _beginning(made) if made.first is None else None
    if begins is None:
        complete = _known(made.job_id) if made.first is None else made
        begins = int(complete.first or 0), int(complete.first_ordinal or 0)
    first, first_ordinal = begins
    return [
        numbered_tickets.ticket_of(made, offset, first=first, first_ordinal=first_ordinal)
        for offset in range(_size(made))
    ]


def require_given_out(organization_id: str, prefix: str, first: int, last: int) -> None:
    """Require that all numbers from `first` to `last` were given out and are written.

    Raises NotFound, InvalidState.
    """
    series = operations.get(keys.organizations.last_number(organization_id, prefix))
    if series is None or series.last < last:
        given = f"Numbers of {prefix} were given out up to {series.last}." if series else f"{prefix} has no numbers."
        raise NotFound(f"Not all of these numbers were given out. {given}")
    require_written(organization_id, prefix, first, last)


def require_written(organization_id: str, prefix: str, first: int, last: int) -> None:
    """Require that numbers from `first` to `last` were given out, and none is still being written.

    Raises NotFound where none was given out, InvalidState where some are being written.
    """
    series = operations.get(keys.organizations.last_number(organization_id, prefix))
    if series is None or series.last < first:
        raise NotFound("There are no tickets with these numbers.")
    if any(each.status != JobStatus.COMPLETE for each in numbered_tickets.ranges_being_written(series, first, last)):
        raise InvalidState("Tickets with these numbers are being written. Try again when their job is complete.")
