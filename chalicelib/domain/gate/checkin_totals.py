"""An event's running totals and log, updated from the table's stream; each scan is counted once.

A scan's record carries `counted`, set in the same transaction that adds it to the totals. So a batch is idempotent,
also if it is redelivered, split or retried after a crash. A batch id would not do, since a split batch has another.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct, field
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.cards import cards
from chalicelib.domain.events import gate_control
from chalicelib.domain.gate import checkin_buckets, log_pages
from chalicelib.domain.gate.checkin_buckets import CheckinBuckets
from chalicelib.domain.gate.convergence import Effect
from chalicelib.domain.gate.passages import record_of
from chalicelib.domain.platform_totals import sums as platform_sums
from chalicelib.errors import NotFound, Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Counters, Event, Scan, Ticket
from chalicelib.vocabulary.gate import Direction, ScanKind, ScanResult

# A transaction has at most 100 actions (AWS): one for the totals, up to two a scan (its mark and its day), one for
# three scans (the page of their rows in the log), and one for each day (UTC) on which they were decided. A batch has
# two such days at most, around midnight.
_SCANS_PER_TRANSACTION = 41
_ATTEMPTS = 12


class _Sums(Struct):
    """The increments that some scans add to the totals of one event."""

    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    buckets: CheckinBuckets = field(default_factory=CheckinBuckets)
    last_scan_at: datetime | None = None

    def add(self, scan: Scan, event: Event | None) -> None:
        self.numbers["scans"] += 1
        self._part(scan, event, by=1)
        self.last_scan_at = max(self.last_scan_at or scan.decided_at, scan.decided_at)

    def change(self, before: Scan, after: Scan, event: Event | None) -> None:
        """Count a scan as something else than it was counted as."""
        self._part(before, event, by=-1)
        self._part(after, event, by=1)

    def _part(self, scan: Scan, event: Event | None, *, by: int) -> None:
        self.buckets.add(scan, event, by=by)
        self.numbers[f"result_{scan.result}"] += by
        if scan.scan_kind == ScanKind.COUNT and scan.result == ScanResult.VALID:
            self.numbers["counted_sum"] += by * (scan.delta or 0)
        elif scan.result == ScanResult.VALID and not scan.idle:
            entry = scan.direction == Direction.ENTRY
            self.numbers["inside"] += by if entry else -by
            if scan.first_entry:
                self.numbers["admitted"] += by
            else:
                self.numbers["on_leave"] += -by if entry else by

    def writes(self, event_id: str, seen: operations.RawItem | None) -> list[operations.Write]:
        """Return the change of the counters, then the writes of other days' hours.

        `seen` are the counters as last read. If None, the usual case is assumed: the same day, and no later scan.
        """
        actions: list[Action] = [getattr(Counters, name).add(number) for name, number in self.numbers.items() if number]
        condition: Condition = Counters.pk.exists()
        latest = Counters.from_raw_data(seen).last_scan_at if seen else None
        if self.last_scan_at is not None and (latest is None or latest < self.last_scan_at):
            actions.append(Counters.last_scan_at.set(self.last_scan_at))
            condition &= Counters.last_scan_at.does_not_exist() | (Counters.last_scan_at < self.last_scan_at)
        more, of_the_day, aside = self.buckets.writes(event_id, seen)
        if of_the_day is not None:
            condition &= of_the_day
        return [operations.change(keys.gate.counters(event_id), [*actions, *more], condition), *aside]


def record_of_first_entry(before: Ticket | None, after: Ticket) -> Scan | None:
    """Return the log entry of an admission made by this change of a ticket, or None.

    A contested ticket's admission wrote its own record in the same transaction.
    """
    if after.admission is None or after.contested or (before is not None and before.admission is not None):
        return None
    record = record_of(after, after.admission, Effect.ADMISSION)
    # The ticket itself names this scan, so the ticket's log needs no row of it: one write unit less for each scan.
    record.gsi2pk = record.gsi2sk = None
    return record


def count(unrecorded: Iterable[Scan], recorded: Iterable[Scan]) -> Counter[str]:
    """Add scans to the log and the totals, each exactly once; return the number of new ones, by result.

    `unrecorded` are admissions without a record in the table yet. `recorded` are scans with a record that may not
    be counted yet. Raises Unavailable where other writers of the counters keep winning.
    """
    by_event: dict[str, list[tuple[Scan, bool]]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    # A record in the table counts: it may say more than the admission it was made from (gate/merging.py).
    for scans, is_new in ((recorded, False), (unrecorded, True)):
        for scan in scans:
            if (scan.pk, scan.sk) not in seen:
                seen.add((scan.pk, scan.sk))
                by_event[scan.event_id].append((scan, is_new))
    counted: Counter[str] = Counter()
    for event_id, scans_of_event in by_event.items():
        for start in range(0, len(scans_of_event), _SCANS_PER_TRANSACTION):
            counted += _count(event_id, scans_of_event[start : start + _SCANS_PER_TRANSACTION])
    for scan, is_new in (entry for entries in by_event.values() for entry in entries):
        if is_new and scan.remaining is not None and scan.card_uid and scan.ticket_id:
            scan_key = f"{scan.principal_id}/{scan.scan_id}"
            cards.hint_admitted(scan.card_uid, ticket_id=scan.ticket_id, scan_key=scan_key, at=scan.scanned_at)
    return counted


def _count(event_id: str, scans: Sequence[tuple[Scan, bool]]) -> Counter[str]:
    pending = list(scans)
    event = _event(event_id)
    seen: operations.RawItem | None = None
    for _ in retries.attempts(_ATTEMPTS):
        sums = _Sums()
        for scan, _is_new in pending:
            scan.elsewhere = checkin_buckets.is_elsewhere(scan, event) or None
            sums.add(scan, event)
        pages = log_pages.place_rows([scan for scan, is_new in pending if is_new])
        marks = [_mark(scan, is_new=is_new) for scan, is_new in pending]
        admitted = platform_sums.of_admissions(Counter(scan.decided_at for scan, _ in pending if _is_first_entry(scan)))
        try:
            operations.commit(*marks, *sums.writes(event_id, seen), *admitted, *pages)
        except operations.ConditionFailed as failure:
            if len(pending) in failure.failures:
                seen = failure.failures[len(pending)]
                if seen is None:
                    raise
            pending = [entry for place, entry in enumerate(pending) if place not in failure.failures]
            if not pending:
                return Counter()
        else:
            return Counter(scan.result for scan, _ in pending)
    raise Unavailable(retry_after=1)


def recount(changes: Iterable[tuple[Scan, Scan]]) -> None:
    """Count scans whose part in their ticket's history changed as what they are now, each change exactly once.

    They come in the order of the changes of each scan, and after its first count. Raises Unavailable.
    """
    for before, after in changes:
        _recount(before, after)


def _recount(before: Scan, after: Scan) -> None:
    event = _event(after.event_id)
    stored = operations.get(after.place)
    # The records may be of before its first count.
    before.elsewhere = after.elsewhere = stored.elsewhere if stored is not None else None
    sums = _Sums()
    sums.change(before, after, event)
    as_counted: Condition = Scan.counted_revision.does_not_exist()
    if before.revision is not None:
        as_counted = Scan.counted_revision == before.revision
    mark = operations.change(
        after.place,
        [Scan.counted_revision.set(after.revision), Scan.projected.set(True)],
        Scan.counted.exists() & as_counted,
    )
    admitted = platform_sums.of_admissions({after.decided_at: _is_first_entry(after) - _is_first_entry(before)})
    seen: operations.RawItem | None = None
    for _ in retries.attempts(_ATTEMPTS):
        try:
            operations.commit(mark, *sums.writes(after.event_id, seen), *admitted)
        except operations.ConditionFailed as failure:
            if 0 in failure.failures:
                return  # counted by an earlier delivery
            seen = failure.failures.get(1)
        else:
            return
    raise Unavailable(retry_after=1)


def _is_first_entry(scan: Scan) -> bool:
    return scan.result == ScanResult.VALID and bool(scan.first_entry)


def _event(event_id: str) -> Event | None:
    """Return an event from the gates' cache, since its time zone and gates rarely change."""
    try:
        return gate_control.control(event_id).event
    except NotFound:
        return None


def _mark(scan: Scan, *, is_new: bool) -> operations.Write:
    if is_new:
        scan.counted = scan.projected = True
        return operations.put(scan, Scan.pk.does_not_exist())
    return operations.change(
        scan.place,
        [Scan.counted.set(True), Scan.projected.set(True), *([Scan.elsewhere.set(True)] if scan.elsewhere else [])],
        Scan.pk.exists() & Scan.counted.does_not_exist(),
    )
