"""Reconciliation: each day's list of the provider against the journal, both ways (D-DSP-05).

First every charge, refund, dispute and payout of the provider's list is looked for in the books. Then every movement of
the journal on the provider's account is looked for among what was found, and else at the provider. Last, the open
differences of the week before are compared again, and what agrees now is resolved. The run stores where it is after
each page. So it continues after a crash, and each difference is one row.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic

from msgspec import Struct
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.providers import ListedMoney, MoneyKind, MoveKind
from chalicelib.config import config
from chalicelib.domain import paging
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.domain.payments import comparisons, differences, providers
from chalicelib.domain.payments.comparisons import Mismatch
from chalicelib.errors import ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import ClearedMoney, Difference, Payment, Reconciliation, SeenMoney
from chalicelib.table.places import Place
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.payments import DifferenceKind, DifferenceState, ReconciliationState

# A provider's list of a day is complete soon after its end; callbacks are usually late by seconds.
_RUNS_AFTER = timedelta(days=1, hours=2)
# Below the function's time-out; the next run of the sweep continues.
_BUDGET_SECONDS = 15.0
_ROWS_AT_ONCE = 100
# How many movements a step looks up at the provider, one by one: at a second each, a run that began its last step late
# still ends within the function's time.
_LOOKED_UP_AT_ONCE = 10
# How long it is known what was found; movements of the next days may belong to it.
_SEEN_FOR = timedelta(days=10)
_PREFIX = "rec_"
# The parts of a run after the provider's list, as its cursor names them.
_BOOKS, _OPEN = "books", "open"
# How many earlier days a run looks at again.
_LOOKED_BACK = 7


class StaffDifference(Struct, frozen=True):
    """A difference between the provider's list and the journal."""

    id: str
    kind: DifferenceKind
    state: DifferenceState
    owner: str
    reference: str
    payment_id: str | None
    at_provider: Money | None
    in_journal: Money | None
    found_at: datetime


class ReconciledDay(Struct, frozen=True):
    """The reconciliation of a day, and a page of its differences."""

    date: date
    status: ReconciliationState
    provider: str
    provider_count: int
    journal_count: int
    finished_at: datetime | None
    is_first_page: bool
    page: Page[StaffDifference]

    @property
    def results(self) -> Sequence[StaffDifference]:
        """The differences of the page."""
        return self.page.results

    @property
    def next(self) -> str | None:
        """The cursor of the page after this one."""
        return self.page.next

    @property
    def count(self) -> int | None:
        """The number of differences of a reconciled day, where the page shows all of them."""
        is_all = self.status is ReconciliationState.DONE and self.page.next is None and self.is_first_page
        return len(self.page.results) if is_all else None


def schedule(day: date) -> None:
    """Have a day reconciled after its end; idempotent."""
    name = day.isoformat()
    due_at = datetime.combine(day, time.min, tzinfo=UTC) + _RUNS_AFTER
    place = keys.reconciliation.reconciliation(name)
    if operations.get(place, consistent=False) is not None:
        return
    run = Reconciliation(
        *place,
        gsi2=keys.jobs.due(max(due_at, clock.now()), f"{_PREFIX}{name}"),
        date=name,
        provider=config().payment_provider,
        state=ReconciliationState.NOT_YET,
    )
    try:
        operations.record(operations.put(run, Reconciliation.pk.does_not_exist()))
    except operations.ConditionFailed:
        return


def take_due(due_id: str) -> bool:
    """Reconcile a day whose time has come, as far as the time allows; for the sweep. Raises Unavailable."""
    day = date.fromisoformat(due_id.removeprefix(_PREFIX))
    place, ends_at = keys.reconciliation.reconciliation(day.isoformat()), monotonic() + _BUDGET_SECONDS
    while True:
        run = operations.get(place)
        if run is None or run.state is ReconciliationState.DONE:
            return False
        if not step(run, day):
            continue  # another process did this step
        if monotonic() > ends_at:
            later = Reconciliation.due_at(keys.jobs.due(clock.now(), due_id))
            operations.record(operations.change(place, later, Reconciliation.state != ReconciliationState.DONE))
            return True


def step(run: Reconciliation, day: date) -> bool:
    """Compare one page and store where the run continues; return whether this call did it."""
    cursor, at_provider, in_journal = run.cursor or "", 0, 0
    if not cursor.startswith((_BOOKS, _OPEN)):
        page = providers.named(run.provider).listed(day, cursor or None)
        found, at_provider = list(_against_books(run.provider, page.found)), len(page.found)
        following: str | None = page.after or f"{_BOOKS}:0:"
    elif cursor.startswith(_OPEN):
        found, following = [], _recheck(run.provider, day, cursor)
    else:
        rows, following = _rows(run.provider, day, cursor)
        found, in_journal = _against_provider(run.provider, day, rows)
        if in_journal < len(rows):
            following = _after(cursor, rows[in_journal - 1])
        following = following or f"{_OPEN}:1:"
    for difference in found:
        differences.store(run.date, difference)
    done: list[Action] = [
        Reconciliation.state.set(ReconciliationState.RUNNING if following else ReconciliationState.DONE),
        Reconciliation.cursor.set(following) if following else Reconciliation.cursor.remove(),
        Reconciliation.at_provider.add(at_provider),
        Reconciliation.in_journal.add(in_journal),
    ]
    if following is None:
        done += [Reconciliation.finished_at.set(clock.now()), *Reconciliation.not_due()]
    as_read = Reconciliation.state == run.state
    as_read &= Reconciliation.cursor == run.cursor if run.cursor else Reconciliation.cursor.does_not_exist()
    try:
        operations.record(operations.change(run.place, done, as_read))
    except operations.ConditionFailed:
        return False
    if following is None:
        logger.info("day reconciled", extra={"date": run.date, "provider": run.provider})
        schedule(day + timedelta(days=1))
    return True


def _against_books(provider: str, listed: Sequence[ListedMoney]) -> Iterator[Mismatch]:
    """Yield what of a provider's list differs from the books, and remember what does not."""
    books, agreed = comparisons.read(listed), []
    for money in listed:
        difference = comparisons.compared(money, provider, books)
        if difference is not None:
            yield difference
        name = f"jrn_charge_{money.payment_id}" if money.kind is MoneyKind.CHARGE else money.reference
        if difference is None or difference.kind is not DifferenceKind.TWICE:
            agreed.append(_seen(provider, name))
    operations.put_many({(row.pk, row.sk): row for row in agreed}.values())


def _seen(provider: str, name: str) -> SeenMoney:
    until = int((clock.now() + _SEEN_FOR).timestamp())
    return SeenMoney(*keys.reconciliation.seen(provider, name), ttl=until)


def _rows(provider: str, day: date, cursor: str) -> tuple[list[ClearedMoney], str | None]:
    """Return the next rows of a day, and where to continue."""
    _, shard, last = cursor.split(":", 2)
    partitions = keys.reconciliation.cleared_partitions(provider, day.isoformat())
    where = Between(f"{last}!", "~") if last else None
    raws = operations.query(partitions[int(shard)], where, limit=_ROWS_AT_ONCE, consistent=True)
    rows = [ClearedMoney.from_raw_data(raw) for raw in raws]
    if len(rows) == _ROWS_AT_ONCE:
        return rows, _after(cursor, rows[-1])
    following = int(shard) + 1
    return rows, f"{_BOOKS}:{following}:" if following < len(partitions) else None


def _after(cursor: str, row: ClearedMoney) -> str:
    """Return the cursor that continues after a row of the partition that a cursor is in."""
    return f"{_BOOKS}:{cursor.split(':')[1]}:{row.journal_id}"


class _Wanted(Struct, frozen=True):
    """A movement of the books that the provider should have."""

    reference: str
    kind: MoneyKind
    row: ClearedMoney


def _against_provider(provider: str, day: date, rows: Sequence[ClearedMoney]) -> tuple[list[Mismatch], int]:
    """Return what of a day's journal the provider does not have, or has otherwise, and how many rows were compared.

    These are fewer than all where many must be looked up.
    """
    payments = operations.get_many({keys.money.payment(row.payment_id) for row in rows if row.payment_id})
    paid = [payments.get(keys.money.payment(row.payment_id or "-")) for row in rows]
    wanted = [_of_row(row, payment, day) for row, payment in zip(rows, paid, strict=True)]
    names = dict.fromkeys(name for of_row in wanted for name in of_row)
    known = operations.get_many([keys.reconciliation.seen(provider, name) for name in names])
    unseen = {name for name in names if keys.reconciliation.seen(provider, name) not in known}
    found: list[Mismatch] = []
    looked_up = 0
    for place, (row, payment) in enumerate(zip(rows, paid, strict=True)):
        if looked_up >= _LOOKED_UP_AT_ONCE:
            return found, place
        if payment is None and row.payout_key is None:
            ours = Money(row.amount, row.currency)
            found.append(Mismatch(DifferenceKind.EXTRA, row.journal_id, row.payment_id, None, ours))
        for name, one in wanted[place].items():
            if name in unseen:
                unseen.remove(name)  # another row may be of the same movement
                looked_up += 1
                found += filter(None, [_looked_up(provider, one)])
    return found, len(rows)


def _of_row(row: ClearedMoney, payment: Payment | None, day: date) -> dict[str, _Wanted]:
    """Return what the provider should have for a movement of the journal, by the name that it is seen under."""
    if payment is None:
        return {row.payout_key: _Wanted(row.payout_key, MoneyKind.PAYOUT, row)} if row.payout_key else {}
    if row.type == "charge":
        return {row.journal_id: _Wanted(payment.provider_reference or row.journal_id, MoneyKind.CHARGE, row)}
    return {
        reference: _Wanted(reference, MoneyKind(move["kind"]), row)
        for reference, move in (payment.moves or {}).items()
        # A dispute goes on over days, and is looked at with each of its movements.
        if move["kind"] == MoveKind.DISPUTE or move["created_at"][:10] == day.isoformat()
    }


def _looked_up(provider: str, one: _Wanted) -> Mismatch | None:
    money = providers.named(provider).found(one.reference, one.kind)
    if money is None:
        ours = Money(abs(one.row.amount), one.row.currency)
        return Mismatch(DifferenceKind.EXTRA, one.reference, one.row.payment_id, None, ours, one.kind)
    return comparisons.compared(money, provider, comparisons.read([money]))


def _recheck(provider: str, day: date, cursor: str) -> str | None:
    """Resolve what of an earlier day's differences is no difference any more; return where to continue.

    A callback that was late, or a booking that was made by hand, ends a difference so.
    """
    _, back, last = cursor.split(":", 2)
    earlier = (day - timedelta(days=int(back))).isoformat()
    beginning = keys.reconciliation.difference(earlier, "")
    where = Between(f"{last or beginning.sk}!" if last else beginning.sk, f"{beginning.sk}~")
    raws = operations.query(beginning.pk, where, limit=_LOOKED_UP_AT_ONCE, consistent=True)
    for known in map(Difference.from_raw_data, raws):
        if known.state is DifferenceState.OPEN and known.money is not None and _is_over(provider, known):
            resolved = [Difference.state.set(DifferenceState.RESOLVED), Difference.resolved_at.set(clock.now())]
            operations.record(operations.change(known.place, resolved, Difference.pk.exists()))
            logger.info(
                "difference resolved", extra={"date": earlier, "what": known.kind_of, "id": known.difference_id}
            )
    if len(raws) == _LOOKED_UP_AT_ONCE:
        return f"{_OPEN}:{back}:{raws[-1]['sk']['S']}"
    return f"{_OPEN}:{int(back) + 1}:" if int(back) < _LOOKED_BACK else None


def _is_over(provider: str, known: Difference) -> bool:
    """Whether provider and books agree on a movement now."""
    money = providers.named(provider).found(known.reference, MoneyKind(str(known.money)))
    return money is not None and comparisons.compared(money, provider, comparisons.read([money])) is None


def of_day(day: date | None, *, caller_id: str, page_size: int, cursor: str | None) -> ReconciledDay:
    """Return the reconciliation of a day, yesterday's by default; a day that was not reconciled says so.

    Raises ValidationFailed for a day that has begun nowhere, InvalidCursor.
    """
    wanted = day or clock.now().date() - timedelta(days=1)
    if wanted > clock.latest_day():
        raise ValidationFailed(details=[{"field": "date", "message": "must not lie in the future"}])
    run = operations.get(keys.reconciliation.reconciliation(wanted.isoformat()))
    beginning = keys.reconciliation.difference(wanted.isoformat(), "")
    read = paging.rows_of(
        Difference, beginning.pk, index="", between=(beginning.sk, f"{beginning.sk}~"), newest_first=False
    )

    def load(places: Sequence[Place[Difference]]) -> list[StaffDifference | None]:
        found = operations.get_many(places)
        return [_for_staff(found[place]) if place in found else None for place in places]

    asked = PageRequest(f"reconciliation/{caller_id}/{wanted}", page_size, cursor)
    return ReconciledDay(
        date=wanted,
        status=run.state if run is not None else ReconciliationState.NOT_YET,
        provider=run.provider if run is not None else config().payment_provider,
        provider_count=run.at_provider if run is not None else 0,
        journal_count=run.in_journal if run is not None else 0,
        finished_at=run.finished_at if run is not None else None,
        is_first_page=cursor is None,
        page=paging.walk(asked, read, load, budget=ReadBudget()),
    )


def _for_staff(difference: Difference) -> StaffDifference:
    theirs = difference.provider_amount
    ours = difference.journal_amount
    return StaffDifference(
        id=difference.difference_id,
        kind=difference.kind_of,
        state=difference.state,
        owner=difference.owner,
        reference=difference.reference,
        payment_id=difference.payment_id,
        at_provider=Money(theirs, difference.provider_currency or "") if theirs is not None else None,
        in_journal=Money(ours, difference.journal_currency or "") if ours is not None else None,
        found_at=difference.found_at,
    )
