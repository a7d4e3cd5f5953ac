"""Batches of numbered tickets for sellers: what they took, what they bring back, and what they owe.

Batches of a prefix never overlap. The ranges are stored in the prefix's partition, and a new one is written under the
count of batches that was read before it (optimistic lock).
Returned numbers are recorded first, in one conditional write that also makes the batch due. Then they are voided, all
before the answer. After a crash the sweep voids the rest. A returned number stays returned, since its ticket is void.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock, folding
from chalicelib.config import config
from chalicelib.domain import idempotency, money, paging
from chalicelib.domain.money import AmountInput, Money
from chalicelib.domain.organizations import numbering, organizations, voiding
from chalicelib.domain.organizations.voiding import NumberSpan
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.errors import Conflict, NotFound, Unavailable, ValidationFailed
from chalicelib.identifiers import new_id, ticket_number
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import BatchLock, BatchPlace, SellerBatch
from chalicelib.table.places import Place
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.numbered_tickets import BatchStatus

# Exceeds the run time of a request that voids ten thousand tickets.
_PATIENCE = timedelta(minutes=2)
_VOID_REASON = "returned by its seller"

Range = tuple[int, int]


class BatchInput(Struct, frozen=True):
    """A request for a batch: the numbers of a prefix that a seller takes, and the price of one."""

    seller: str
    numbers: NumberSpan
    price: AmountInput


class BatchFilters(Struct, frozen=True):
    """Filters of the list; `seller` finds a name as people type it (folding.py)."""

    seller: str | None = None
    prefix: str | None = None
    status: BatchStatus | None = None

    def fit(self, batch: SellerBatch) -> bool:
        """Whether a batch matches the filters."""
        return (
            (self.seller is None or folding.is_found(batch.seller, self.seller))
            and self.prefix in (None, batch.prefix)
            and self.status in (None, status_of(batch))
        )


class BatchShown(Struct, frozen=True):
    """A batch and what it comes to, in exact minor units.

    `difference` is the cash less what is due for the `sold` numbers; both are None until the batch is settled.
    """

    id: str
    seller: str
    prefix: str
    first: int
    last: int
    count: int
    price: Money
    status: BatchStatus
    returned: list[NumberSpan]
    sold: int
    due: Money
    cash: Money | None
    difference: Money | None
    scanned_of_returned: int
    created_at: datetime
    settled_at: datetime | None


def status_of(batch: SellerBatch) -> BatchStatus:
    """Return whether a batch is settled."""
    return BatchStatus.OPEN if batch.cash is None else BatchStatus.SETTLED


def _shown(batch: SellerBatch) -> BatchShown:
    returned = [NumberSpan(batch.prefix, first, last) for first, last in _ranges(batch)]
    count, currency = batch.last - batch.first + 1, batch.currency
    sold = count - sum(each.last - each.first + 1 for each in returned)
    due = sold * batch.price
    return BatchShown(
        id=batch.batch_id,
        seller=batch.seller,
        prefix=batch.prefix,
        first=batch.first,
        last=batch.last,
        count=count,
        price=Money(batch.price, currency),
        status=status_of(batch),
        returned=returned,
        sold=sold,
        due=Money(due, currency),
        cash=None if batch.cash is None else Money(batch.cash, currency),
        difference=None if batch.cash is None else Money(batch.cash - due, currency),
        scanned_of_returned=batch.scanned_of_returned,
        created_at=batch.created_at,
        settled_at=batch.settled_at,
    )


def create(organization_id: str, wanted: BatchInput, *, user_id: str, operation_id: str) -> BatchShown:
    """Give a seller a batch of numbers; idempotent by operation.

    Raises NotFound (not all numbers were given out), InvalidState (some are being written), Conflict (another batch
    has some of them), ValidationFailed (the price), AccountUnverified, Unavailable.
    """
    organizations.ordered_by(organization_id, user_id)
    numbers = wanted.numbers
    price = _money(wanted.price, currency=wanted.price.currency or config().currency, field="price")
    for _ in retries.attempts():
        done = idempotency.result_of(operation_id)
        if done is not None:
            return _shown(own(organization_id, done))
        numbering.require_given_out(organization_id, numbers.prefix, numbers.first, numbers.last)
        lock = keys.organizations.batch_lock(organization_id, numbers.prefix)
        # Read before the ranges: a batch that is stored meanwhile changes the count.
        seen = operations.get(lock)
        _require_free(organization_id, numbers)
        batch_id = new_id("bat")
        batch = SellerBatch(
            *keys.organizations.batch(batch_id),
            gsi1=keys.organizations.batches(organization_id, batch_id),
            batch_id=batch_id,
            organization_id=organization_id,
            seller=wanted.seller,
            prefix=numbers.prefix,
            first=numbers.first,
            last=numbers.last,
            price=price.minor,
            currency=price.currency,
            created_by=user_id,
            created_at=clock.now(),
        )
        place = keys.organizations.batch_place(organization_id, numbers.prefix, numbers.first)
        counted: list[Action] = [BatchLock.kind.set(BatchLock), BatchLock.batches.add(1)]
        as_seen = BatchLock.batches == seen.batches if seen else BatchLock.pk.does_not_exist()
        try:
            operations.commit(
                idempotency.once(operation_id, batch_id),
                operations.change(lock, counted, as_seen),
                operations.put(batch, SellerBatch.pk.does_not_exist()),
                operations.put(BatchPlace(*place, batch_id=batch_id, first=numbers.first, last=numbers.last)),
            )
        except operations.ConditionFailed:
            continue  # another batch of the prefix was stored meanwhile, or an earlier try of this one
        logger.info("batch given out", extra={"organization_id": organization_id, "batch_id": batch_id})
        return _shown(batch)
    raise Unavailable(retry_after=1)


def _money(given: AmountInput, *, currency: str, field: str) -> Money:
    """Return an amount in a currency, which may be zero. Raises ValidationFailed."""
    found = money.parse(given.amount, currency)
    if found is None or given.currency not in (None, currency):
        raise ValidationFailed(details=[{"field": field, "message": money.must_be_of(currency)}])
    return found


def _require_free(organization_id: str, numbers: NumberSpan) -> None:
    """Raise Conflict where a batch of the prefix has one of the numbers."""
    lowest, end = (
        keys.organizations.batch_place(organization_id, numbers.prefix, number) for number in (0, numbers.last)
    )
    # Batches do not overlap, so that the last one that begins at or before the end decides.
    raws = operations.query(end.pk, Between(lowest.sk, end.sk), newest_first=True, limit=1, consistent=True)
    before = BatchPlace.from_raw_data(raws[0]) if raws else None
    if before is not None and before.last >= numbers.first:
        taken = f"{ticket_number(numbers.prefix, before.first)} to {ticket_number(numbers.prefix, before.last)}"
        raise Conflict(f"Another batch has some of these numbers: {taken}.")


def own(organization_id: str, batch_id: str) -> SellerBatch:
    """Return an organization's batch. Raises NotFound, also for another organization's."""
    batch = operations.get(keys.organizations.batch(batch_id))
    if batch is None or batch.organization_id != organization_id:
        raise NotFound("There is no such batch.")
    return batch


def page(organization_id: str, filters: BatchFilters, *, page_size: int, cursor: str | None) -> Page[BatchShown]:
    """Return a page of an organization's batches, newest first. Raises InvalidCursor."""

    def load(places: Sequence[Place[SellerBatch]]) -> list[SellerBatch | None]:
        known = operations.get_many(places)
        found = [known.get(place) for place in places]
        return [batch if batch and filters.fit(batch) else None for batch in found]

    partition = keys.organizations.batches(organization_id).pk
    found = paging.walk(
        PageRequest(f"batches/{organization_id}/{filters}", page_size, cursor),
        paging.rows_of(SellerBatch, partition, index="gsi1"),
        load,
        budget=ReadBudget(),
    )
    return found.showing([_shown(batch) for batch in found.results])


def settle(organization_id: str, batch_id: str, given: Mapping[str, Any], *, user_id: str) -> BatchShown:
    """Take back numbers of a batch, which are void at once, and note the cash; idempotent.

    `given` may have `returned`, a list of number ranges, and `cash`, an AmountInput; what is left out stays, and None
    clears. Raises NotFound, ValidationFailed, Conflict (a number that is void already is not returned any more),
    Unavailable.
    """
    for _ in retries.attempts():
        batch = own(organization_id, batch_id)
        returned = _returned(batch, given)
        cash = _cash(batch, given)
        if (returned, cash) != (_ranges(batch), batch.cash) and not _record(batch, returned, cash, user_id):
            continue
        return _shown(_void_returned(batch_id))
    raise Unavailable(retry_after=1)


def _ranges(batch: SellerBatch) -> list[Range]:
    return [(int(first), int(last)) for first, last in batch.returned]


def _cash(batch: SellerBatch, given: Mapping[str, Any]) -> int | None:
    if "cash" not in given:
        return batch.cash
    cash: AmountInput | None = given["cash"]
    return None if cash is None else _money(cash, currency=batch.currency, field="cash").minor


def _returned(batch: SellerBatch, given: Mapping[str, Any]) -> list[Range]:
    """Return the ranges that are returned afterwards, in order and joined."""
    if "returned" not in given:
        return _ranges(batch)
    asked: list[Range] = sorted(given["returned"] or ())
    joined: list[Range] = []
    for first, last in asked:
        if first < batch.first or last > batch.last:
            raise _invalid(f"must lie between {batch.first} and {batch.last}, the numbers of the batch")
        if joined and first <= joined[-1][1]:
            raise _invalid("must not name a number twice")
        if joined and first == joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    for first, last in _ranges(batch):
        if not any(low <= first and last <= high for low, high in joined):
            names = f"{ticket_number(batch.prefix, first)} to {ticket_number(batch.prefix, last)}"
            raise Conflict(f"These numbers were returned before and are void: {names}. Name them again.")
    return joined


def _invalid(message: str) -> ValidationFailed:
    return ValidationFailed(details=[{"field": "returned", "message": message}])


def _record(batch: SellerBatch, returned: list[Range], cash: int | None, user_id: str) -> bool:
    """Store what came back under the version that was read; return False where it changed meanwhile."""
    now = clock.now()
    actions: list[Action] = [
        SellerBatch.returned.set([list(each) for each in returned]),
        SellerBatch.version.add(1),
        SellerBatch.returned_by.set(user_id),
        *SellerBatch.due_at(keys.jobs.due(now + _PATIENCE, batch.batch_id)),
    ]
    if cash is None:
        actions += [SellerBatch.cash.remove(), SellerBatch.settled_at.remove()]
    else:
        actions += [SellerBatch.cash.set(cash), SellerBatch.settled_at.set(batch.settled_at or now)]
    place = keys.organizations.batch(batch.batch_id)
    try:
        operations.record(operations.change(place, actions, SellerBatch.version == batch.version))
    except operations.ConditionFailed:
        return False
    return True


def sweep(batch_id: str) -> bool:
    """Void the rest of a batch's returned numbers; return whether the batch was due. Raises Unavailable."""
    batch = operations.get(keys.organizations.batch(batch_id))
    if batch is None or not batch.is_due:
        return False
    _void_returned(batch_id)
    return True


def _void_returned(batch_id: str) -> SellerBatch:
    """Void all returned numbers of a batch, count those that were scanned before, and return the batch.

    Raises Unavailable where the batch keeps changing.
    """
    place = keys.organizations.batch(batch_id)
    for _ in retries.attempts():
        batch = operations.get(place)
        if batch is None:
            raise NotFound("There is no such batch.")
        if not batch.is_due:
            return batch
        scanned = sum(_void(batch, first, last) for first, last in _ranges(batch))
        done = [SellerBatch.scanned_of_returned.set(scanned), *SellerBatch.not_due()]
        try:
            raw = operations.record(operations.change(place, done, SellerBatch.version == batch.version))
        except operations.ConditionFailed:
            continue  # more came back meanwhile
        logger.info("batch settled", extra={"batch_id": batch_id, "organization_id": batch.organization_id})
        return SellerBatch.from_raw_data(raw)
    raise Unavailable(retry_after=1)


def _void(batch: SellerBatch, first: int, last: int) -> int:
    """Void a range; return how many of its tickets had been scanned."""
    by = batch.returned_by or batch.created_by
    try:
        counts = voiding.void(
            batch.organization_id, NumberSpan(batch.prefix, first, last), reason=_VOID_REASON, user_id=by
        )
    except NotFound:
        return 0  # its tickets were deleted
    return counts.scanned
