"""Check-ins by hour and results by gate, stored in an event's counters.

They are attributes of the counters, and their names are defined here. Every counted scan updates that item already; a
second item in the transaction would cost two more write units. To bound its size, the item holds the hours of one day
only. The first scan of the next day moves them to a CheckinDay item. A late scan of an earlier day is written there
directly. Gates are those named by the event; scans at others are counted together.

A day's name includes the UTC offset of the event's time zone, so an hour repeated by a clock change counts as two.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.domain import timezones
from chalicelib.table import keys, operations
from chalicelib.table.items import CheckinDay, Counters, Event, Scan
from chalicelib.table.items.attributes import IntegerAttribute
from chalicelib.table.operations import RawItem, Write
from chalicelib.vocabulary.gate import Direction, ScanKind, ScanResult

_HOURS_OF_A_DAY = 24
# The results of a gate, as the letter in the attribute's name.
_ADMITTED, _DUPLICATE, _INVALID = "a", "d", "i"
_GATE = "gate"
# Counts the scans that name no gate of the event.
_ELSEWHERE = ""
# Gates beyond this number are counted together, to bound the item's size.
_GATES_AT_MOST = 100


class HourCheckins(Struct, frozen=True):
    """The first entries in one hour; `hour` is its start in the event's time zone."""

    hour: datetime
    count: int


class GateCheckins(Struct, frozen=True):
    """The results of one gate; `gate` is None for scans that named no gate of the event."""

    gate: str | None
    admitted: int
    duplicates_refused: int
    invalid_refused: int


def _hour(number: int) -> IntegerAttribute[int]:
    return IntegerAttribute(attr_name=f"h{number:02}")


def _gate(letter: str, name: str) -> IntegerAttribute[int]:
    return IntegerAttribute(attr_name=f"{_GATE}_{letter}:{name}")


def _begins(day: str) -> datetime:
    return datetime.fromisoformat(f"{day[:10]}T00:00:00{day[10:]}")


def is_elsewhere(scan: Scan, event: Event | None) -> bool:
    """Whether a scan that is not counted yet names a gate that its event does not have."""
    named = list(event.gates or ())[:_GATES_AT_MOST] if event else []
    return scan.gate is not None and scan.gate not in named


class CheckinBuckets(Struct):
    """The increments that some scans of one event add to its hours and gates."""

    hours: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    gates: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, scan: Scan, event: Event | None, *, by: int = 1) -> None:
        """Count a scan; of those that were valid, only a first entry. It is no longer counted with `by` -1.

        A scan stays at the gate at which it was counted first: the event may get and lose gates.
        """
        if scan.scan_kind == ScanKind.COUNT and scan.result == ScanResult.VALID:
            return
        gate = _ELSEWHERE if scan.elsewhere else scan.gate or _ELSEWHERE
        if scan.result == ScanResult.VALID:
            if not scan.first_entry or scan.direction != Direction.ENTRY:
                return
            # A reader's clock may be ahead; no hour is in the future.
            moment = timezones.local(min(scan.scanned_at, scan.decided_at), event.timezone if event else "UTC")
            self.hours[f"{moment:%Y-%m-%d}{moment.isoformat()[-6:]}"][moment.hour] += by
            self.gates[_ADMITTED, gate] += by
        elif scan.result == ScanResult.ALREADY_SCANNED:
            self.gates[_DUPLICATE, gate] += by
        else:
            self.gates[_INVALID, gate] += by

    def latest(self) -> str | None:
        """Return the last day among the hours."""
        return max(self.hours, key=_begins, default=None)

    def writes(self, event_id: str, seen: RawItem | None) -> tuple[list[Action], Condition | None, list[Write]]:
        """Return the changes of the counters, their condition, and the writes to other items.

        `seen` are the counters as last read. If None, they are assumed to hold the latest of these days.
        """
        actions: list[Action] = [_gate(*which).add(count) for which, count in self.gates.items() if count]
        latest = self.latest()
        if latest is None:
            return actions, None, []
        held = seen["day"]["S"] if seen is not None and "day" in seen else latest
        aside = {day: Counter(hours) for day, hours in self.hours.items()}
        if _begins(held) >= _begins(latest):
            here = aside.pop(held, Counter())
            if not here:
                return actions, None, _put_aside(event_id, aside)
            actions += [Counters.day.set(held), *(_hour(number).add(count) for number, count in here.items())]
            # Before the first check-in the counters have no day.
            return (
                actions,
                Counters.day.does_not_exist() | (Counters.day == held),
                _put_aside(event_id, aside),
            )
        here, before = aside.pop(latest), _hours_in(seen or {})
        actions += [Counters.day.set(latest), *(_hour(number).set(count) for number, count in here.items())]
        actions += [_hour(number).remove() for number in before if number not in here]
        # `+` of counters would drop what is below zero.
        aside.setdefault(held, Counter()).update(before)
        # The moved hours are as read: a scan may have been counted since, or counted as another one (`recount`).
        unchanged: Condition = Counters.day == held
        for number in range(_HOURS_OF_A_DAY):
            known = before.get(number)
            unchanged &= _hour(number).does_not_exist() if known is None else _hour(number) == known
        return actions, unchanged, _put_aside(event_id, aside)


def _put_aside(event_id: str, hours: dict[str, Counter[int]]) -> list[Write]:
    return [
        operations.change(
            keys.gate.checkin_day(event_id, day),
            [
                CheckinDay.kind.set(CheckinDay),
                CheckinDay.event_id.set(event_id),
                CheckinDay.day.set(day),
                *(_hour(number).add(count) for number, count in of_day.items()),
            ],
        )
        for day, of_day in hours.items()
        if of_day
    ]


def _hours_in(raw: RawItem) -> Counter[int]:
    found = {number: raw.get(_hour(number).attr_name) for number in range(_HOURS_OF_A_DAY)}
    return Counter({number: int(value["N"]) for number, value in found.items() if value})


def by_hour(raws: Iterable[RawItem]) -> list[HourCheckins]:
    """Return the check-ins by hour, the earliest first, from an event's counters and its CheckinDay items."""
    hours: Counter[datetime] = Counter()
    for raw in raws:
        if "day" in raw:
            begins = _begins(raw["day"]["S"])
            hours.update({begins + timedelta(hours=number): count for number, count in _hours_in(raw).items()})
    return [HourCheckins(hour, count) for hour, count in sorted(hours.items())]


def by_gate(counters: RawItem, gates: Sequence[str]) -> list[GateCheckins]:
    """Return the results by gate, those named by the event first."""
    counts: dict[str, dict[str, int]] = {gate: {} for gate in gates}
    for name, value in counters.items():
        kind, separator, gate = name.partition(":")
        if separator and kind.startswith(f"{_GATE}_"):
            counts.setdefault(gate, {})[kind.removeprefix(f"{_GATE}_")] = int(value["N"])
    return [
        GateCheckins(gate or None, answers.get(_ADMITTED, 0), answers.get(_DUPLICATE, 0), answers.get(_INVALID, 0))
        for gate, answers in counts.items()
    ]
