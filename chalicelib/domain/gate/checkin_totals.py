"""An event's running totals and log, updated from the table's stream; each scan is counted once.

A scan's record carries `counted`, set in the same transaction that adds it to the totals. So a batch is idempotent,
also if it is redelivered, split or retried after a crash. A batch id would not do, since a split batch has another.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain.admission import VALID
from chalicelib.domain.cards import cards
from chalicelib.domain.events import gate_control
from chalicelib.domain.gate.answers import ScanFacts, scan_record
from chalicelib.domain.gate.checkin_buckets import CheckinBuckets
from chalicelib.domain.gate.readings import Caller, Reading
from chalicelib.domain.platform_totals import sums as platform_sums
from chalicelib.errors import NotFound, Unavailable
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Counters, Event, Scan, Ticket
from chalicelib.vocabulary import Direction, ScanResult, ScanSource

# A transaction has at most 100 actions (AWS): one for the totals, up to two a scan (its mark and its day), and one for
# each day (UTC) on which they were decided: a batch has two at most, around midnight.
_SCANS_PER_TRANSACTION = 48
_ATTEMPTS = 12


@dataclass(slots=True)
class _Sums:
    """The increments that some scans add to the totals of one event."""

    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    buckets: CheckinBuckets = field(default_factory=CheckinBuckets)
    last_scan_at: datetime | None = None

    def add(self, scan: Scan, event: Event | None) -> None:
        self.buckets.add(scan, event)
        self.numbers["scans"] += 1
        self.numbers[f"result_{scan.result}"] += 1
        if scan.result == ScanResult.VALID:
            entry = scan.direction == Direction.ENTRY
            self.numbers["inside"] += 1 if entry else -1
            if scan.first_entry:
                self.numbers["admitted"] += 1
            else:
                self.numbers["on_leave"] += -1 if entry else 1
        self.last_scan_at = max(self.last_scan_at or scan.decided_at, scan.decided_at)

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
    won = after.admission
    subject = won.subject or after.ticket_id
    caller = Caller(
        id=won.caller_id,
        event_id=after.event_id,
        name=won.caller_name,
        source=ScanSource(won.source or ScanSource.ONLINE),
    )
    facts = ScanFacts(
        subject=subject,
        log_id=won.log_id,
        verdict=VALID,
        ticket_id=after.ticket_id,
        card_uid=subject.removeprefix("card:") if subject.startswith("card:") else None,
        first_scan=None,
        remaining=won.remaining,
        at=won.scanned_at or won.decided_at,
        decided_at=won.decided_at,
        gate_name=won.gate,
    )
    reading = Reading(scan_id=won.scan_id, direction=Direction(won.direction or Direction.ENTRY))
    record = scan_record(caller, reading, facts)
    record.first_entry = True
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
    for scans, is_new in ((unrecorded, True), (recorded, False)):
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
            cards.hint_admitted(scan.card_uid, ticket_id=scan.ticket_id, scan_key=scan_key)
    return counted


def _count(event_id: str, scans: Sequence[tuple[Scan, bool]]) -> Counter[str]:
    pending = list(scans)
    event = _event(event_id)
    seen: operations.RawItem | None = None
    for _ in retries.attempts(_ATTEMPTS):
        sums = _Sums()
        for scan, _is_new in pending:
            sums.add(scan, event)
        marks = [_mark(scan, is_new=is_new) for scan, is_new in pending]
        admitted = platform_sums.of_admissions(scan.decided_at for scan, _ in pending if _is_first_entry(scan))
        try:
            operations.commit(*marks, *sums.writes(event_id, seen), *admitted)
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
        scan.counted = True
        return operations.put(scan, Scan.pk.does_not_exist())
    return operations.change(
        scan.place,
        [Scan.counted.set(True)],
        Scan.pk.exists() & Scan.counted.does_not_exist(),
    )
