"""A day without the network: what three gates recorded, what the platform must make of it, and what it made."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from chalicelib import clock
from chalicelib.domain.gate import replay
from chalicelib.domain.gate.readings import Caller
from chalicelib.domain.gate.replay import Batch
from chalicelib.domain.gate.uploads import ScanRecord, SenderClock
from chalicelib.domain.gate.verdicts import RecordVerdict
from chalicelib.domain.tickets import tickets
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Event, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import Direction, RecordStatus, ScanKind, ScanResult
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import card_states
from tests.support.factories import make_card, make_event, make_ticket

BEGINS = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
ENDS = BEGINS + timedelta(hours=5)
LARGEST_BATCH = 500


@dataclass(frozen=True)
class Made:
    """A record as a gate made it, with the true time, which only the test knows."""

    device: int
    record: ScanRecord
    at: datetime
    ticket: int


@dataclass
class Gate:
    """A device with a wrong clock."""

    caller: Caller
    wrong_by: timedelta

    def sender(self) -> SenderClock:
        """Return its clocks now; the monotonic one counts from the beginning of the day."""
        now = clock.now()
        return SenderClock(device_time=now + self.wrong_by, boot_id="boot", mono_ms=_since(now))


def _since(moment: datetime) -> int:
    return int((moment - BEGINS) / timedelta(milliseconds=1))


@dataclass
class Day:
    """The event, its tickets, the records of its gates, and when tickets and cards became void."""

    event: Event
    tickets: list[Ticket]
    cards: dict[int, Card]
    gates: list[Gate]
    made: list[Made] = field(default_factory=list)
    void_since: dict[int, datetime] = field(default_factory=dict)
    blocked_since: dict[int, datetime] = field(default_factory=dict)

    def send(self, made: Sequence[Made]) -> list[RecordVerdict]:
        """Send records as their gates do: each gate's in one call."""
        verdicts: list[RecordVerdict] = []
        by_gate: dict[int, list[ScanRecord]] = defaultdict(list)
        for each in made:
            by_gate[each.device].append(each.record)
        for device, records in by_gate.items():
            gate = self.gates[device]
            for start in range(0, len(records), LARGEST_BATCH):
                batch = Batch(records[start : start + LARGEST_BATCH], gate.sender())
                verdicts += replay.take(gate.caller, batch)
        return verdicts


def make_day(chance: random.Random, *, count: int, ticket_count: int, devices: int = 3) -> Day:
    """Make a day: overlaps, leaves, refusals, tickets refunded and cards blocked, clocks wrong by up to 10 minutes."""
    with clock.set_to(BEGINS - timedelta(hours=1)):
        event = make_event(starts_at=BEGINS, ends_at=ENDS, gates=["Gate 0", "Gate 1"], re_entry_allowed=True)
        issued = [make_ticket(event) for _ in range(ticket_count)]
        cards_of = {n: make_card(issued[n]) for n in range(0, ticket_count, 3)}
    gates = [
        Gate(
            Caller(id=f"dev_{event.event_id}_{n}", event_id=event.event_id, gate=f"Gate {n}"),
            timedelta(seconds=chance.randint(-600, 600)),
        )
        for n in range(devices)
    ]
    day = Day(event, issued, cards_of, gates)
    for n in range(count):
        day.made.append(_record(day, chance, n))
    for n in range(ticket_count):
        if chance.random() < 0.1:
            moment = BEGINS + timedelta(seconds=chance.randrange(4 * 3600))
            with clock.set_to(moment):
                if n in cards_of and chance.random() < 0.5:
                    card_states.put_into(cards_of[n].uid, CardStatus.BLOCKED)
                    day.blocked_since[n] = moment
                else:
                    tickets.set_status(issued[n].ticket_id, TicketStatus.CANCELLED)
                    day.void_since[n] = moment
    return day


def _record(day: Day, chance: random.Random, number: int) -> Made:
    device, ticket = chance.randrange(len(day.gates)), chance.randrange(len(day.tickets))
    # Whole seconds, so that some records have the same time.
    at = BEGINS + timedelta(seconds=chance.randrange(4 * 3600))
    shown = chance.choices([ScanResult.VALID, ScanResult.ALREADY_SCANNED, ScanResult.NOT_FOUND], [8, 1, 1])[0]
    kind = chance.choices([ScanKind.SCAN, ScanKind.LEAVE, ScanKind.RETURN], [6, 3, 1])[0]
    record = ScanRecord(
        scan_id=f"scn_{day.event.event_id}_{number:06}",
        scanned_at=at + day.gates[device].wrong_by,
        kind=kind,
        seq=number + 1,
        shown=shown,
    )
    if chance.random() < 0.5:  # a clock that says nothing, in a boot whose monotonic clock does
        wrong = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number)
        record = replace(record, scanned_at=wrong, boot_id="boot", mono_ms=_since(at))
    uid = day.cards[ticket].uid if ticket in day.cards and chance.random() < 0.7 else None
    record = replace(record, uid=uid) if uid else replace(record, ticket_id=day.tickets[ticket].ticket_id)
    return Made(device, record, at, ticket)


@dataclass
class Outcome:
    """What a day comes to: where each ticket's bearer is and by which scans, each log entry, and the totals."""

    tickets: dict[int, tuple[str | None, str | None, str | None]] = field(default_factory=dict)
    log: dict[str, tuple[str, str | None, bool, bool]] = field(default_factory=dict)
    conflicts: set[str] = field(default_factory=set)
    totals: dict[str, int] = field(default_factory=dict)


def expected(day: Day) -> Outcome:
    """Return what a day must come to, by a plain walk through the claims of each ticket in the order of true time."""
    outcome, totals = Outcome(), Counter[str]()
    for number in range(len(day.tickets)):
        presence, admission, last = None, None, None
        mine = sorted((m for m in day.made if m.ticket == number), key=lambda made: (made.at, made.record.scan_id))
        for made in mine:
            scan_id, shown = made.record.scan_id, made.record.shown
            totals["scans"] += 1
            if shown is not ScanResult.VALID:
                is_unknown = shown is ScanResult.NOT_FOUND and not _was_void(day, made)
                conflict = "unknown_then" if is_unknown else None
                outcome.log[scan_id] = (str(shown), conflict, False, False)
                totals[f"result_{shown}"] += 1
                continue
            if _was_void(day, made):
                outcome.log[scan_id] = ("invalid", "revoked_before", False, False)
                totals["result_invalid"] += 1
                continue
            totals["result_valid"] += 1
            goes_out = made.record.heading is Direction.EXIT
            if goes_out and presence == "inside":
                presence, last = "outside", scan_id
                outcome.log[scan_id] = ("valid", None, False, False)
            elif goes_out:
                outcome.log[scan_id] = ("valid", None, False, True)
            elif presence == "inside":
                outcome.log[scan_id] = ("valid", "double_admission", False, True)
            else:
                is_first = presence is None
                admission, last = (scan_id, last) if is_first else (admission, scan_id)
                presence = "inside"
                outcome.log[scan_id] = ("valid", None, is_first, False)
        outcome.tickets[number] = (presence, admission, last)
        totals["admitted"] += presence is not None
        totals["inside"] += presence == "inside"
        totals["on_leave"] += presence == "outside"
    outcome.conflicts = {scan_id for scan_id, entry in outcome.log.items() if entry[1] is not None}
    outcome.totals = {name: number for name, number in totals.items() if number}
    return outcome


def _was_void(day: Day, made: Made) -> bool:
    void = day.void_since.get(made.ticket)
    blocked = day.blocked_since.get(made.ticket) if made.record.uid else None
    return any(since is not None and since <= made.at for since in (void, blocked))


def found(day: Day) -> Outcome:
    """Return what the platform made of a day, read from the whole table, as only a test may."""
    outcome, addresses = Outcome(), set()
    for raw in _items():
        kind = raw["kind"]
        if kind == "scan" and raw["event_id"] == day.event.event_id:
            entry = (raw["result"], raw.get("conflict"), bool(raw.get("first_entry")), bool(raw.get("idle")))
            assert raw["scan_id"] not in outcome.log, "a scan has one entry"
            outcome.log[raw["scan_id"]] = entry
        elif kind == "conflict_address" and not raw.get("withdrawn"):
            addresses.add(raw["scan_pk"].rpartition("#")[2])
    outcome.conflicts = addresses & set(outcome.log)
    for number, ticket in enumerate(day.tickets):
        stored = tickets.get(ticket.ticket_id)
        outcome.tickets[number] = (
            stored.presence,
            stored.admission.scan_id if stored.admission else None,
            stored.passage.scan_id if stored.passage else None,
        )
    counters = operations.get(keys.gate.counters(day.event.event_id))
    assert counters is not None
    names = ("scans", "admitted", "inside", "on_leave", *(f"result_{word}" for word in ScanResult))
    outcome.totals = {name: number for name in names if (number := getattr(counters, name))}
    return outcome


def _items() -> list[dict[str, Any]]:
    pages = operations.client().get_paginator("scan").paginate(TableName="gatehouse", ConsistentRead=True)
    return [
        {name: next(iter(value.values())) for name, value in raw.items()} for page in pages for raw in page["Items"]
    ]


def statuses(verdicts: Sequence[RecordVerdict]) -> Counter[RecordStatus]:
    """Return how many verdicts there are of each kind."""
    return Counter(verdict.status for verdict in verdicts)
