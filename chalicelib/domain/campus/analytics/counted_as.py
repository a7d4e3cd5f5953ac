"""What a record or an event is counted as, and which numbers of which totals that is. Pure.

The text of a `Standing` is stored with the record. To move the totals is to take away what the stored text counts and
to add what the new one counts. So a text must mean the same for ever: a new meaning is a new `form`.

Numbers of the totals: `n` records, `st_…` by status, `ve_…` by verification status, `fl_…` by flag, `h08` by hour,
`t3` by bin of seconds, `q17` by finer bin, `m05` by minute. Of those expected: `x` attended, `z` excused. Of events:
`ev` events, `ee` those with a roster, `ex` people expected. `ap` are open appeals,
`d:Physics` an event's records of a department, `late/pending` those of a status and a verification status. In a
student's own figures, in the row of an event: `li` where the roster lists them, `o:late` a record of another day.
`p0003` are the events of the third further part of a rule's month, and `e:…` is one of them.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from chalicelib import clock, folding
from chalicelib.domain.campus.analytics import seconds_bins
from chalicelib.domain.campus.events import event_windows
from chalicelib.domain.timezones import local
from chalicelib.table import keys
from chalicelib.table.items import AttendanceRecord, AttendanceTotals, CampusEvent, EventsOfRule, RosterEntry
from chalicelib.table.places import Place
from chalicelib.vocabulary.campus import AppealStatus, AttendanceStatus

# In form 1 the departments of an event were counted in the row of all campuses, in form 2 in that of its campus. Since
# form 3 a record of another day than its event's is also in the student's row of the event.
_FORM = 3
# Since form 2 an event is among those of its rule.
_FORM_OF_EVENT = 2
# Before the id of an event, among the events of a rule.
EVENT = "e:"
# Before a status, among the numbers of a student's row of an event.
ON_ANOTHER_DAY = "o:"
# Before the name of a department, among the numbers of an event.
DEPARTMENT = "d:"
ATTENDED = frozenset((AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.LEFT_EARLY))


class Move(Struct):
    """What changes at one place of the totals: numbers that are added, and texts that are set."""

    numbers: Counter[str] = field(default_factory=Counter)
    texts: dict[str, Any] = field(default_factory=dict)

    @property
    def says_something(self) -> bool:
        """Whether it changes what is read: a number, or what the row says of an event."""
        return any(self.numbers.values()) or any(name in _READ or name.startswith(EVENT) for name in self.texts)


# Texts that may change where no number does.
_READ = frozenset(("title", "expects"))
# A place, the numbers that are added there, and the texts that are set.
_Part = tuple[Place[AttendanceTotals], dict[str, int], dict[str, Any]]
Moves = dict[Place[AttendanceTotals], Move]


class RecordStanding(Struct, frozen=True):
    """What a record is counted as. `day` and `hour` are those of the event's time zone.

    `event_day` is the day on which the event begins there. `user_id` is empty for an erased person.
    """

    attendance_id: str
    event_id: str
    user_id: str
    organizer_id: str
    campus_id: str
    department: str
    timezone: str
    day: str
    hour: int
    event_day: str
    minute: str
    status: str
    verification: str
    flags: list[str]
    seconds: float | None
    is_expected: bool
    is_department_expected: bool
    is_contested: bool
    form: int = _FORM
    # Whether it expects the person once it expects anybody again; a standing of before it was kept does not say so.
    is_named: bool = False
    # The rule by which that was found. Empty for a roster, and for a standing of before it was kept.
    named_by: str = ""

    @property
    def text(self) -> str:
        """The standing as it is stored."""
        return _text(asdict(self))

    def moves(self, by: int) -> Iterator[_Part]:
        """Yield the numbers that this standing is counted in, times `by`, and the texts of their places."""
        numbers = dict.fromkeys(self._numbers(), by)
        rate = dict.fromkeys(self._rate(), by)
        of_department = rate if self.is_department_expected else {}
        at_hour = {f"h{self.hour:02}": by}
        binned = {} if self.seconds is None else {f"t{seconds_bins.bin_of(self.seconds)}": by}
        fine = {} if self.seconds is None else {f"q{seconds_bins.fine_bin_of(self.seconds)}": by}
        pair = {f"{self.status}/{self.verification}": by}
        yield keys.campus_analytics.event_totals(self.event_id), numbers | rate | fine | pair, {}
        yield keys.campus_analytics.event_hour(self.event_id, self.minute[:13]), {f"m{self.minute[14:16]}": by}, {}
        for scope, part, texts in _scopes(self.organizer_id, self.campus_id, self.timezone):
            yield keys.campus_analytics.day(scope, self.day, part), numbers | at_hour | binned, texts
            department = texts | {"department": self.department}
            yield keys.campus_analytics.day(scope, self.day, part, self.department), numbers, department
            # A rate belongs to the day of the event, since its roster does.
            yield keys.campus_analytics.day(scope, self.event_day, part), rate, texts
            yield keys.campus_analytics.day(scope, self.event_day, part, self.department), of_department, department
            row = texts | {"event_id": self.event_id, "campus_id": self.campus_id}
            is_campus = scope == keys.campus_analytics.of_campus(self.campus_id)
            departments = {f"{DEPARTMENT}{self.department}": by} if is_campus and self.form > 1 else {}
            place = keys.campus_analytics.event_of_day(scope, self.event_day, self.event_id)
            yield place, numbers | rate | departments, row
        if self.user_id:
            mine = keys.campus_analytics.of_student(self.user_id)
            texts = {"event_id": self.event_id, "attendance_id": self.attendance_id, "department": self.department}
            texts |= {"timezone": self.timezone, "campus_id": self.campus_id}
            place = keys.campus_analytics.day(mine, self.day, self.campus_id, self.event_id)
            yield place, numbers | at_hour | binned | rate, texts
            if self.form > 2 and self.day != self.event_day:
                of_event = {"event_id": self.event_id, "timezone": self.timezone, "campus_id": self.campus_id}
                place = keys.campus_analytics.event_of_day(mine, self.event_day, self.event_id)
                yield place, {f"{ON_ANOTHER_DAY}{self.status}": by}, of_event

    def _numbers(self) -> list[str]:
        names = ["n", f"st_{self.status}", f"ve_{self.verification}", *(f"fl_{flag}" for flag in self.flags)]
        return [*names, "ap"] if self.is_contested else names

    def _rate(self) -> list[str]:
        if not self.is_expected:
            return []
        if self.status in ATTENDED:
            return ["x"]
        return ["z"] if self.status == AttendanceStatus.EXCUSED else []


class EventStanding(Struct, frozen=True):
    """What an event is counted as; `expected` is None without a roster.

    `department` is the one whose people alone its rule expects. `expects` has what tells whether one person is
    expected: whether people are listed, the rule, and when it ends.
    """

    event_id: str
    organizer_id: str
    campus_id: str
    timezone: str
    day: str
    title: str
    expected: int | None
    department: str | None
    expects: dict[str, Any]
    # In which part of its rule's month the event is.
    part: int = 0
    form: int = 1
    # Whether a rule's number was counted after the end, and so stays; None before that was kept, and it stays too.
    is_final: bool | None = None

    @property
    def text(self) -> str:
        """The standing as it is stored."""
        return _text(asdict(self))

    def moves(self, by: int) -> Iterator[_Part]:
        """Yield the numbers that this standing is counted in, times `by`, and the texts of their places."""
        numbers = {"ev": by} | ({} if self.expected is None else {"ee": by, "ex": by * self.expected})
        for scope, part, texts in _scopes(self.organizer_id, self.campus_id, self.timezone):
            yield keys.campus_analytics.day(scope, self.day, part), numbers, texts
            if self.department is not None:
                department = texts | {"department": self.department}
                yield keys.campus_analytics.day(scope, self.day, part, self.department), numbers, department
            row: dict[str, Any] = {**texts, "event_id": self.event_id, "campus_id": self.campus_id}
            row |= {"title": self.title, "expects": self.expects}
            yield keys.campus_analytics.event_of_day(scope, self.day, self.event_id), numbers, row
        first, mine = self.of_rule(), self.of_rule(self.part)
        if self.form > 1 and first is not None and mine is not None:
            count = {part_name(self.part): by}
            said = f"{self.day} {self.expects['ends_at']} {self.timezone}"
            yield mine, count, {f"{EVENT}{self.event_id}": said if by > 0 else None}
            if self.part:
                yield first, count, {}

    def of_rule(self, part: int = 0) -> Place[EventsOfRule] | None:
        """Return a part of the events of its rule and month; None where it expects nobody by a rule."""
        rule = self.expects.get("rule")
        if self.expected is None or self.expects.get("listed") or not rule:
            return None
        return keys.campus_analytics.events_of_rule(rule_name(**rule), self.day[:7], part)


class ListingStanding(Struct, frozen=True):
    """What a person's place on a roster is counted as. An event that expects nobody counts nowhere."""

    event_id: str
    user_id: str
    campus_id: str
    timezone: str
    day: str
    ends_at: str
    is_expecting: bool
    form: int = 1

    @property
    def text(self) -> str:
        """The standing as it is stored."""
        return _text(asdict(self))

    def moves(self, by: int) -> Iterator[_Part]:
        """Yield the numbers that this standing is counted in, times `by`, and the texts of their places."""
        if self.is_expecting:
            row: dict[str, Any] = {"event_id": self.event_id, "timezone": self.timezone, "campus_id": self.campus_id}
            row["expects"] = {"listed": True, "ends_at": self.ends_at}
            mine = keys.campus_analytics.of_student(self.user_id)
            yield keys.campus_analytics.event_of_day(mine, self.day, self.event_id), {"li": by}, row


Standing = RecordStanding | EventStanding | ListingStanding


def of_record(record: AttendanceRecord, event: CampusEvent, *, is_named: bool) -> RecordStanding:
    """Return what a record is to be counted as; `is_named` is whether roster or rule name the person."""
    is_expected = is_named and event_windows.expects(event)
    rule = (event.rule_of_expected or {}) if not event.roster_size else {}
    here = local(record.submitted_at, event.timezone)
    return RecordStanding(
        attendance_id=record.attendance_id,
        event_id=record.event_id,
        user_id="" if record.erased_at else record.user_id,
        organizer_id=event.organizer_id,
        campus_id=event.campus_id,
        department=record.department,
        timezone=event.timezone,
        day=here.date().isoformat(),
        hour=here.hour,
        event_day=local(event.starts_at, event.timezone).date().isoformat(),
        minute=record.submitted_at.isoformat()[:16],
        status=record.status,
        verification=record.verification_status,
        flags=sorted(record.flags or {}),
        seconds=None if record.seconds is None else float(record.seconds),
        is_expected=is_expected,
        is_department_expected=is_expected and _is_same(rule.get("department"), record.department),
        is_contested=record.appeal_status is AppealStatus.OPEN,
        is_named=is_named,
        named_by=rule_name(**rule) if rule else "",
    )


def of_event(
    event: CampusEvent, *, expected: int | None, is_final: bool | None = False, part: int = 0
) -> EventStanding | None:
    """Return what an event is to be counted as; None once it is deleted. `part` is of its rule's month."""
    if event.deleted_at is not None:
        return None
    return EventStanding(
        event_id=event.event_id,
        organizer_id=event.organizer_id,
        campus_id=event.campus_id,
        timezone=event.timezone,
        day=local(event.starts_at, event.timezone).date().isoformat(),
        title=event.title,
        expected=expected,
        department=None if event.roster_size else (event.rule_of_expected or {}).get("department"),
        expects={"listed": event.roster_size > 0, "rule": event.rule_of_expected, "ends_at": _end_of(event)},
        part=part,
        form=_FORM_OF_EVENT,
        is_final=is_final,
    )


def of_listing(entry: RosterEntry, event: CampusEvent) -> ListingStanding | None:
    """Return what a place on a roster is to be counted as; None once the event is deleted."""
    if event.deleted_at is not None:
        return None
    return ListingStanding(
        event_id=event.event_id,
        user_id=entry.user_id,
        campus_id=event.campus_id,
        timezone=event.timezone,
        day=local(event.starts_at, event.timezone).date().isoformat(),
        ends_at=_end_of(event),
        is_expecting=event_windows.expects(event),
    )


def record_standing(text: str | None) -> RecordStanding | None:
    """Return the standing of a stored text; None where nothing is counted."""
    return RecordStanding(**json.loads(text)) if text else None


def event_standing(text: str | None) -> EventStanding | None:
    """Return the standing of a stored text; None where nothing is counted."""
    return EventStanding(**json.loads(text)) if text else None


def listing_standing(text: str | None) -> ListingStanding | None:
    """Return the standing of a stored text; None where nothing is counted."""
    return ListingStanding(**json.loads(text)) if text else None


def rule_name(*, campus_id: str | None = None, department: str | None = None, year_level: str | None = None) -> str:
    """Return what keys call a rule: two that name the same people are one."""
    named = (None if text is None else folding.typed(text) for text in (department, year_level))
    return keys.campus_analytics.rule(campus_id, *named)


def part_name(part: int) -> str:
    """Return the name of the number of events in a part of a rule's month."""
    return f"p{part:04}"


def further_parts(numbers: Counter[str]) -> list[int]:
    """Return the parts of a rule's month, beside the first, that have events."""
    parts = (int(name[1:]) for name, number in numbers.items() if name[0] == "p" and number > 0)
    return sorted(part for part in parts if part)


def add(moves: Moves, former: Standing | None, present: Standing | None) -> None:
    """Add to the moves what one thing changes that was counted as `former` and is `present` now."""
    for standing, by in ((former, -1), (present, +1)):
        if standing is not None:
            for place, numbers, texts in standing.moves(by):
                move = moves.setdefault(place, Move())
                move.numbers.update(numbers)
                move.texts.update(texts)


def _scopes(organizer_id: str, campus_id: str, timezone: str) -> list[tuple[str, str, dict[str, str]]]:
    """Return the scopes of staff in which an event counts, each with the part and the texts of its days.

    The figures of all campuses are made of the campuses' own (figures_of_all.py).
    """
    of_campus = {"timezone": timezone, "campus_id": campus_id}
    return [
        (keys.campus_analytics.of_organizer(organizer_id), campus_id, of_campus),
        (keys.campus_analytics.of_campus(campus_id), campus_id, of_campus),
    ]


def _is_same(department: str | None, other: str) -> bool:
    return department is not None and folding.typed(department) == folding.typed(other)


def _end_of(event: CampusEvent) -> str:
    return clock.to_text(event_windows.last_end(event))


def _text(fields: dict[str, object]) -> str:
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
