"""Reconciliation: each day's list of the provider against the journal, both ways (D-DSP-05).

First every charge and refund of the provider's list is looked for in the books. Then every movement of the journal on
the provider's account is looked for among what was found, and else at the provider. The run stores where it is after
each page. So it continues after a crash, and each difference is one row.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic

from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.clients.providers import ListedMoney, MoveKind, MoveWord, OutcomeStatus
from chalicelib.config import config
from chalicelib.domain import ledger, paging
from chalicelib.domain.money import Money
from chalicelib.domain.paging import Page, PageRequest, ReadBudget
from chalicelib.domain.payments import providers
from chalicelib.errors import ValidationFailed
from chalicelib.observability import logger
from chalicelib.table import keys, operations
from chalicelib.table.items import ClearedMoney, Difference, Journal, Payment, Reconciliation, SeenMoney
from chalicelib.table.places import Place
from chalicelib.table.ranges import Between
from chalicelib.vocabulary import DifferenceKind, DifferenceState, ReconciliationState

# A provider's list of a day is complete soon after its end; callbacks are usually late by seconds.
_RUNS_AFTER = timedelta(days=1, hours=2)
# Below the function's time-out; the next run of the sweep continues.
_BUDGET_SECONDS = 15.0
_ROWS_AT_ONCE = 100
# How long it is known what was found; movements of the next days may belong to it.
_SEEN_FOR = timedelta(days=10)
_PREFIX = "rec_"
_OWNER = "finance"
_BOOKS = "books"


@dataclass(frozen=True, slots=True)
class StaffDifference:
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


@dataclass(frozen=True, slots=True)
class ReconciledDay:
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
    if not cursor.startswith(_BOOKS):
        page = providers.named(run.provider).listed(day, cursor or None)
        found, at_provider = list(_against_books(run.provider, page.found)), len(page.found)
        following: str | None = page.after or f"{_BOOKS}:0:"
    else:
        rows, following = _rows(run.provider, day, cursor)
        found, in_journal = list(_against_provider(run.provider, day, rows)), len(rows)
    for difference in found:
        _store(run.date, difference)
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


@dataclass(frozen=True, slots=True)
class _Found:
    kind: DifferenceKind
    reference: str
    payment_id: str | None
    at_provider: Money | None = None
    in_journal: Money | None = None


def _against_books(provider: str, listed: Sequence[ListedMoney]) -> Iterator[_Found]:
    """Yield what of a provider's list differs from the books, and remember what does not."""
    ids = {money.payment_id for money in listed if money.payment_id}
    payments = operations.get_many([keys.money.payment(payment_id) for payment_id in ids])
    journals = operations.get_many([keys.money.journal(f"jrn_charge_{payment_id}") for payment_id in ids])
    agreed = []
    for money in listed:
        payment = payments.get(keys.money.payment(money.payment_id or "-"))
        journal = journals.get(keys.money.journal(f"jrn_charge_{money.payment_id or '-'}"))
        difference = _compared(money, provider, payment, journal)
        if difference is not None:
            yield difference
        name = f"jrn_charge_{money.payment_id}" if money.is_charge else money.reference
        if difference is None or difference.kind is not DifferenceKind.TWICE:
            agreed.append(_seen(provider, name))
    operations.put_many({(row.pk, row.sk): row for row in agreed}.values())


def _seen(provider: str, name: str) -> SeenMoney:
    until = int((clock.now() + _SEEN_FOR).timestamp())
    return SeenMoney(*keys.reconciliation.seen(provider, name), ttl=until)


def _compared(money: ListedMoney, provider: str, payment: Payment | None, journal: Journal | None) -> _Found | None:
    """Return how a charge or a refund of the provider differs from the books, or None."""
    theirs = Money(money.amount, money.currency)
    is_failed = money.status is not OutcomeStatus.SUCCEEDED
    if money.is_charge:
        if payment is not None and payment.provider_reference not in (None, money.reference):
            kind = None if is_failed else DifferenceKind.TWICE
            return _Found(kind, money.reference, money.payment_id, theirs) if kind else None
        ours = _cleared(journal, provider) if journal is not None else None
    else:
        move = (payment.moves or {}).get(money.reference) if payment is not None else None
        currency = (payment.taken_currency or payment.currency) if payment is not None else money.currency
        ours = Money(int(move["amount"]), currency) if move else None
        if move is not None and is_failed is (MoveWord.FAILED in move["words"]):
            is_failed = False  # both say the same
        elif move is not None:
            is_failed = True
    kind = _kind(theirs, ours, is_failed=is_failed)
    return _Found(kind, money.reference, money.payment_id, theirs, ours) if kind else None


def _kind(theirs: Money, ours: Money | None, *, is_failed: bool) -> DifferenceKind | None:
    if ours is None:
        return None if is_failed else DifferenceKind.MISSING
    if is_failed:
        return DifferenceKind.OTHER_STATUS
    if theirs.currency != ours.currency:
        return DifferenceKind.OTHER_CURRENCY
    return DifferenceKind.OTHER_AMOUNT if theirs != ours else None


def _cleared(journal: Journal, provider: str) -> Money:
    account = ledger.clearing(provider)
    booked = sum(int(entry["amount"]) for entry in journal.entries if entry["account"] == account)
    return Money(-booked, journal.currency)


def _rows(provider: str, day: date, cursor: str) -> tuple[list[ClearedMoney], str | None]:
    """Return the next rows of a day, and where to continue."""
    _, shard, last = cursor.split(":", 2)
    partitions = keys.reconciliation.cleared_partitions(provider, day.isoformat())
    where = Between(f"{last}!", "~") if last else None
    raws = operations.query(partitions[int(shard)], where, limit=_ROWS_AT_ONCE, consistent=True)
    rows = [ClearedMoney.from_raw_data(raw) for raw in raws]
    if len(rows) == _ROWS_AT_ONCE:
        return rows, f"{_BOOKS}:{shard}:{rows[-1].journal_id}"
    following = int(shard) + 1
    return rows, f"{_BOOKS}:{following}:" if following < len(partitions) else None


def _against_provider(provider: str, day: date, rows: Sequence[ClearedMoney]) -> Iterator[_Found]:
    """Yield what of a day's journal the provider does not have, or has otherwise."""
    places = {keys.money.payment(row.payment_id) for row in rows if row.payment_id}
    payments = operations.get_many(places)
    wanted: dict[str, tuple[str, bool, Payment, ClearedMoney]] = {}
    for row in rows:
        payment = payments.get(keys.money.payment(row.payment_id or "-"))
        if payment is None:
            yield _Found(DifferenceKind.EXTRA, row.journal_id, row.payment_id, None, Money(row.amount, row.currency))
        elif row.type == "charge":
            wanted[row.journal_id] = (payment.provider_reference or row.journal_id, True, payment, row)
        else:
            for reference, move in (payment.moves or {}).items():
                if move["kind"] == MoveKind.REFUND and move["created_at"][:10] == day.isoformat():
                    wanted[reference] = (reference, False, payment, row)
    known = operations.get_many([keys.reconciliation.seen(provider, name) for name in wanted])
    for name, (reference, is_charge, payment, row) in wanted.items():
        if keys.reconciliation.seen(provider, name) in known:
            continue
        money = providers.named(provider).found(reference, is_charge=is_charge)
        if money is None:
            ours = Money(abs(row.amount), row.currency)
            yield _Found(DifferenceKind.EXTRA, reference, payment.payment_id, None, ours)
            continue
        journal = operations.get(keys.money.journal(row.journal_id)) if is_charge else None
        difference = _compared(money, provider, payment, journal)
        if difference is not None:
            yield difference


def _store(day: str, found: _Found) -> None:
    name = f"{found.kind}-{found.reference}"
    theirs, ours = found.at_provider, found.in_journal
    difference = Difference(
        *keys.reconciliation.difference(day, name),
        difference_id=name,
        date=day,
        kind_of=found.kind,
        state=DifferenceState.OPEN,
        owner=_OWNER,
        reference=found.reference,
        payment_id=found.payment_id,
        provider_amount=theirs.minor if theirs else None,
        provider_currency=theirs.currency if theirs else None,
        journal_amount=ours.minor if ours else None,
        journal_currency=ours.currency if ours else None,
        found_at=clock.now(),
    )
    try:
        operations.record(operations.put(difference, Difference.pk.does_not_exist()))
    except operations.ConditionFailed:
        return  # a run that was interrupted found it
    # An alarm counts these lines.
    logger.error("provider and journal differ", extra={"date": day, "what": found.kind, "reference": found.reference})


def of_day(day: date | None, *, caller_id: str, page_size: int, cursor: str | None) -> ReconciledDay:
    """Return the reconciliation of a day, yesterday's by default; a day that was not reconciled says so.

    Raises ValidationFailed for a day that is not over, InvalidCursor.
    """
    today = clock.now().date()
    wanted = day or today - timedelta(days=1)
    if wanted > today:
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
